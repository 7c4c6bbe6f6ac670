// Checks the input spec of a model that takes sound, and its front end section, before anything uses them: whatever their bytes are, nothing
// outside them is read, and what passes cannot make later float32 work overflow or give NaN.

import { ERROR_FRONT_END, ERROR_INPUT, ERROR_NOT_FINITE, OK } from "../format/errors.ts";
import {
  FRONT_END_BYTES,
  FRONT_END_CODES_4BIT,
  FRONT_END_DCT_OFFSET,
  FRONT_END_FIXED,
  FRONT_END_FLOAT32,
  FRONT_END_LOG_OFFSET,
  FRONT_END_MEL_BANDS_OFFSET,
  FRONT_END_MEL_WEIGHTS,
  FRONT_END_MEL_WEIGHTS_OFFSET,
  FRONT_END_REMOVE_DC,
  FRONT_END_TWIDDLE_OFFSET,
  FRONT_END_WINDOW_OFFSET,
  INPUT_ARITHMETIC,
  INPUT_BYTES,
  INPUT_FLOOR,
  INPUT_OPTIONS,
  INPUT_ORIGIN,
  INPUT_STEP,
} from "../format/file.ts";
import { ALIGNMENT, FEATURE_SET_RICH, INPUT_FRONT_END_LOG_MEL, SECTION_FRONT_END, SOURCE_AUDIO } from "../format/ids.ts";
import { BANDS, COEFFICIENTS, FFT_POINTS, FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE, WINDOW_SAMPLES } from "../format/input_spec.ts";
import { RICH_FEATURES, RING_BANDS } from "../format/plan.ts";
import { fail } from "../kernels/fail.ts";
import { USES_CODES_4BIT, USES_CODES_8BIT, USES_FIXED_FRONT_END, USES_FLOAT_FRONT_END, USES_REMOVE_DC } from "../uses.ts";

/** Bins of the power spectrum. */
const BINS: u32 = FFT_POINTS / 2 + 1;

const LOG_ENTRIES = 65;
/** Sum of the window's high parts, without their signs. */
const MOST_WINDOW: u32 = 208 * 32768;

/** The fields of an input spec in front of INPUT_ARITHMETIC, as this code is compiled. */
const COMPILED: usize = memory.data<u32>([
  SOURCE_AUDIO,
  FEATURE_SET_RICH,
  RICH_FEATURES,
  1,
  SAMPLE_RATE,
  WINDOW_SAMPLES,
  INPUT_FRONT_END_LOG_MEL,
  FRAME_SAMPLES,
  HOP_SAMPLES,
  FFT_POINTS,
  BANDS,
  COEFFICIENTS,
]);

let input: usize = 0;
let section: usize = 0;
let sectionBytes: u32 = 0;

/**
 * 0, or the error code whose details `fail` has recorded. The place is the field's byte offset, for ERROR_INPUT in the input spec, for
 * ERROR_FRONT_END in the section; floats are reported by their bits.
 */
export function frontEndValidate(inputPtr: usize, inputBytes: i32, sectionPtr: usize, bytes: i32): i32 {
  input = inputPtr;
  section = sectionPtr;
  sectionBytes = bytes;
  return parameters(inputBytes) || tables(bytes);
}

function parameters(bytes: i32): i32 {
  if (bytes != INPUT_BYTES) return fail(ERROR_INPUT, -1, INPUT_BYTES, bytes);
  for (let field = 0; field < INPUT_ARITHMETIC; field += 4) {
    const expected = load<u32>(COMPILED + field);
    if (ranged(field, load<u32>(input + field), expected, expected)) return ERROR_INPUT;
  }
  return (
    ranged(
      INPUT_ARITHMETIC,
      load<u8>(input, INPUT_ARITHMETIC),
      USES_FLOAT_FRONT_END ? FRONT_END_FLOAT32 : FRONT_END_FIXED,
      USES_FIXED_FRONT_END ? FRONT_END_FIXED : FRONT_END_FLOAT32,
    ) ||
    options(load<u8>(input, INPUT_OPTIONS)) ||
    float(INPUT_FLOOR, 1e-30, 1e6) ||
    float(INPUT_ORIGIN, -1024, 1024) ||
    float(INPUT_STEP, 1e-3, 1024)
  );
}

function tables(bytes: i32): i32 {
  if (bytes < FRONT_END_BYTES) return fail(ERROR_FRONT_END, 0, FRONT_END_BYTES, bytes);
  const weights = load<u32>(section, FRONT_END_MEL_WEIGHTS);
  if (weights > <u32>RING_BANDS * BINS) return fail(ERROR_FRONT_END, FRONT_END_MEL_WEIGHTS, RING_BANDS * BINS, weights);
  return (
    inside(FRONT_END_MEL_BANDS_OFFSET, RING_BANDS * 4) ||
    inside(FRONT_END_DCT_OFFSET, COEFFICIENTS * RING_BANDS * 2) ||
    (isFixed() ? fixedTables(weights) : floatTables(weights)) ||
    melBands(weights)
  );
}

function isFixed(): bool {
  return USES_FIXED_FRONT_END && (!USES_FLOAT_FRONT_END || load<u8>(input, INPUT_ARITHMETIC) == FRONT_END_FIXED);
}

function floatTables(weights: u32): i32 {
  return (
    table(FRONT_END_WINDOW_OFFSET, FRAME_SAMPLES * 4, -1) ||
    table(FRONT_END_TWIDDLE_OFFSET, FFT_POINTS * 4, -1) ||
    table(FRONT_END_MEL_WEIGHTS_OFFSET, weights * 4, 0)
  );
}

/** Integer tables may hold anything: sums wrap alike in both builds. fixed_frame.ts relies on the window's sum. */
function fixedTables(weights: u32): i32 {
  const error =
    inside(FRONT_END_LOG_OFFSET, LOG_ENTRIES * 2) ||
    inside(FRONT_END_WINDOW_OFFSET, FRAME_SAMPLES * 4) ||
    inside(FRONT_END_TWIDDLE_OFFSET, FFT_POINTS * 6) ||
    inside(FRONT_END_MEL_WEIGHTS_OFFSET, weights * 2);
  if (error) return error;
  let sum: u32 = 0;
  let ptr = section + load<u32>(section, FRONT_END_WINDOW_OFFSET);
  for (const end = ptr + FRAME_SAMPLES * 4; ptr < end; ptr += 4) sum += abs<i32>(load<i16>(ptr));
  return sum <= MOST_WINDOW ? OK : fail(ERROR_FRONT_END, FRONT_END_WINDOW_OFFSET, MOST_WINDOW, sum);
}

/** What this module has code for. */
function options(found: u32): i32 {
  const most = (USES_CODES_4BIT ? FRONT_END_CODES_4BIT : 0) | (USES_REMOVE_DC ? FRONT_END_REMOVE_DC : 0);
  const least = USES_CODES_8BIT ? 0 : FRONT_END_CODES_4BIT;
  return (found & ~most) == 0 && (found & least) == least ? OK : fail(ERROR_INPUT, INPUT_OPTIONS, most, found);
}

function ranged(field: usize, found: u32, low: u32, high: u32): i32 {
  return found >= low && found <= high ? OK : fail(ERROR_INPUT, <i32>field, high, found);
}

/** A parameter from low to high; NaN is in no range. */
function float(field: usize, low: f32, high: f32): i32 {
  const found = load<f32>(input + field);
  return found >= low && found <= high ? OK : fail(ERROR_INPUT, <i32>field, 0, reinterpret<i32>(found));
}

/** A table of `bytes` starts 16-aligned behind the parameters and ends inside the section. */
function inside(field: usize, bytes: u32): i32 {
  const offset = load<u32>(section + field);
  if (offset >= <u32>FRONT_END_BYTES && offset % ALIGNMENT == 0 && offset <= sectionBytes && bytes <= sectionBytes - offset) return OK;
  return fail(ERROR_FRONT_END, <i32>field, sectionBytes - bytes, offset);
}

/** A table of float32 from low to 1. */
function table(field: usize, bytes: u32, low: f32): i32 {
  const error = inside(field, bytes);
  if (error) return error;
  let ptr = section + load<u32>(section + field);
  for (const end = ptr + bytes; ptr < end; ptr += 4) {
    const value = load<f32>(ptr);
    if (!(value >= low && value <= 1)) return fail(ERROR_NOT_FINITE, SECTION_FRONT_END, 0, reinterpret<i32>(value));
  }
  return OK;
}

/** Every band has its bins in the spectrum, and the bands use up the weights. */
function melBands(weights: u32): i32 {
  let ptr = section + load<u32>(section, FRONT_END_MEL_BANDS_OFFSET);
  let used: u32 = 0;
  for (const end = ptr + RING_BANDS * 4; ptr < end; ptr += 4) {
    const last = <u32>load<u16>(ptr, 0) + <u32>load<u16>(ptr, 2);
    if (last > BINS) return fail(ERROR_FRONT_END, FRONT_END_MEL_BANDS_OFFSET, BINS, last);
    used += load<u16>(ptr, 2);
  }
  return used == weights ? OK : fail(ERROR_FRONT_END, FRONT_END_MEL_WEIGHTS, used, weights);
}
