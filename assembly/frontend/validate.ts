// Checks a front end section before anything uses it: whatever its bytes are, nothing outside it is read, and what passes
// cannot make later float32 work overflow or give NaN.

import { ERROR_FRONT_END, ERROR_NOT_FINITE, OK } from "../format/errors.ts";
import {
  FRONT_END_ARITHMETIC,
  FRONT_END_BANDS,
  FRONT_END_BYTES,
  FRONT_END_CODES_4BIT,
  FRONT_END_COEFFICIENTS,
  FRONT_END_DCT_OFFSET,
  FRONT_END_FFT_POINTS,
  FRONT_END_FIXED,
  FRONT_END_FLOAT32,
  FRONT_END_FLOOR,
  FRONT_END_FRAME_SAMPLES,
  FRONT_END_FRAMES,
  FRONT_END_HOP_SAMPLES,
  FRONT_END_LOG_OFFSET,
  FRONT_END_MEL_BANDS_OFFSET,
  FRONT_END_MEL_WEIGHTS,
  FRONT_END_MEL_WEIGHTS_OFFSET,
  FRONT_END_OPTIONS,
  FRONT_END_ORIGIN,
  FRONT_END_REMOVE_DC,
  FRONT_END_SAMPLE_RATE,
  FRONT_END_STEP,
  FRONT_END_TWIDDLE_OFFSET,
  FRONT_END_WINDOW_OFFSET,
} from "../format/file.ts";
import { ALIGNMENT, SECTION_FRONT_END } from "../format/ids.ts";
import { COEFFICIENTS, FFT_POINTS, FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE } from "../format/input_spec.ts";
import { RING_BANDS, RING_FRAMES } from "../format/plan.ts";
import { fail } from "../kernels/fail.ts";
import { USES_CODES_4BIT, USES_CODES_8BIT, USES_FIXED_FRONT_END, USES_FLOAT_FRONT_END, USES_REMOVE_DC } from "../uses.ts";

/** Bins of the power spectrum. */
const BINS: u32 = FFT_POINTS / 2 + 1;

const LOG_ENTRIES = 65;
/** Sum of the window's high parts, without their signs. */
const MOST_WINDOW: u32 = 208 * 32768;

let section: usize = 0;
let sectionBytes: u32 = 0;

/**
 * 0, or the error code whose details `fail` has recorded. For ERROR_FRONT_END the place is the field's byte offset in the
 * section; floats are reported by their bits.
 */
export function frontEndValidate(sectionPtr: usize, bytes: i32): i32 {
  section = sectionPtr;
  sectionBytes = bytes;
  if (bytes < FRONT_END_BYTES) return fail(ERROR_FRONT_END, 0, FRONT_END_BYTES, bytes);
  const weights = load<u32>(section, FRONT_END_MEL_WEIGHTS);
  if (weights > <u32>RING_BANDS * BINS) return fail(ERROR_FRONT_END, FRONT_END_MEL_WEIGHTS, RING_BANDS * BINS, weights);
  return (
    integer(FRONT_END_SAMPLE_RATE, SAMPLE_RATE) ||
    integer(FRONT_END_FRAME_SAMPLES, FRAME_SAMPLES) ||
    integer(FRONT_END_HOP_SAMPLES, HOP_SAMPLES) ||
    integer(FRONT_END_FFT_POINTS, FFT_POINTS) ||
    integer(FRONT_END_BANDS, RING_BANDS) ||
    integer(FRONT_END_FRAMES, RING_FRAMES) ||
    ranged(FRONT_END_COEFFICIENTS, load<u16>(section, FRONT_END_COEFFICIENTS), COEFFICIENTS, COEFFICIENTS) ||
    ranged(
      FRONT_END_ARITHMETIC,
      load<u8>(section, FRONT_END_ARITHMETIC),
      USES_FLOAT_FRONT_END ? FRONT_END_FLOAT32 : FRONT_END_FIXED,
      USES_FIXED_FRONT_END ? FRONT_END_FIXED : FRONT_END_FLOAT32,
    ) ||
    options(load<u8>(section, FRONT_END_OPTIONS)) ||
    float(FRONT_END_FLOOR, 1e-30, 1e6) ||
    float(FRONT_END_ORIGIN, -1024, 1024) ||
    float(FRONT_END_STEP, 1e-3, 1024) ||
    inside(FRONT_END_MEL_BANDS_OFFSET, RING_BANDS * 4) ||
    inside(FRONT_END_DCT_OFFSET, COEFFICIENTS * RING_BANDS * 2) ||
    (isFixed() ? fixedTables(weights) : floatTables(weights)) ||
    melBands(weights)
  );
}

function isFixed(): bool {
  return USES_FIXED_FRONT_END && (!USES_FLOAT_FRONT_END || load<u8>(section, FRONT_END_ARITHMETIC) == FRONT_END_FIXED);
}

function floatTables(weights: u32): i32 {
  return (
    table(FRONT_END_WINDOW_OFFSET, FRAME_SAMPLES * 4, -1) ||
    table(FRONT_END_TWIDDLE_OFFSET, FFT_POINTS * 4, -1) ||
    table(FRONT_END_MEL_WEIGHTS_OFFSET, weights * 4, 0)
  );
}

/**
 * Integer tables may hold anything: sums wrap alike in both builds. fixed_frame.ts relies on the window's sum. The section is long enough
 * for FRONT_END_LOG_OFFSET: the cosines are inside it.
 */
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
  return (found & ~most) == 0 && (found & least) == least ? OK : fail(ERROR_FRONT_END, FRONT_END_OPTIONS, most, found);
}

function ranged(field: usize, found: u32, low: u32, high: u32): i32 {
  return found >= low && found <= high ? OK : fail(ERROR_FRONT_END, <i32>field, high, found);
}

function integer(field: usize, expected: u32): i32 {
  return ranged(field, load<u32>(section + field), expected, expected);
}

/** A parameter from low to high; NaN is in no range. */
function float(field: usize, low: f32, high: f32): i32 {
  const found = load<f32>(section + field);
  return found >= low && found <= high ? OK : fail(ERROR_FRONT_END, <i32>field, 0, reinterpret<i32>(found));
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
