// The front end's parameters and where its tables lie: pointers into the model file, set once by tablesOpen and read in place.

import {
  FRONT_END_DCT_OFFSET,
  FRONT_END_FIXED,
  FRONT_END_LOG_OFFSET,
  FRONT_END_MEL_BANDS_OFFSET,
  FRONT_END_MEL_WEIGHTS_OFFSET,
  FRONT_END_REMOVE_DC,
  FRONT_END_TWIDDLE_OFFSET,
  FRONT_END_WINDOW_OFFSET,
  INPUT_ARITHMETIC,
  INPUT_FLOOR,
  INPUT_OPTIONS,
  INPUT_ORIGIN,
  INPUT_STEP,
} from "../format/file.ts";
import { RING_BANDS, RING_FRAMES } from "../format/plan.ts";
import { USES_FIXED_FRONT_END } from "../uses.ts";

/** RING_FRAMES and RING_BANDS as divisors. */
export const T: f32 = <f32>RING_FRAMES;
export const M: f32 = <f32>RING_BANDS;

/** FRONT_END_FLOAT32 or FRONT_END_FIXED: what the tables hold and which code reads them. */
export let arithmetic = 0;
export let removesDc = false;
export let windowPtr: usize = 0;
export let twiddlePtr: usize = 0;
export let melBandsPtr: usize = 0;
export let melWeightsPtr: usize = 0;
export let dctPtr: usize = 0;
/** Only in sections of fixed-point arithmetic. */
export let logPtr: usize = 0;
export let powerFloor: f32 = 0;
/** L of code 0, in nats. */
export let origin: f32 = 0;
/** Nats per code. */
export let step: f32 = 0;
/** log2 at which the lower half of code 0 begins, in Q15, and codes per octave, in Q16: what fixed-point codes are computed with. */
export let codeOrigin = 0;
export let codeScale = 0;

/** Takes over the sections that frontEndValidate accepted: input spec and tables. */
export function tablesOpen(inputPtr: usize, sectionPtr: usize): void {
  arithmetic = load<u8>(inputPtr, INPUT_ARITHMETIC);
  removesDc = (load<u8>(inputPtr, INPUT_OPTIONS) & FRONT_END_REMOVE_DC) != 0;
  windowPtr = sectionPtr + load<u32>(sectionPtr, FRONT_END_WINDOW_OFFSET);
  twiddlePtr = sectionPtr + load<u32>(sectionPtr, FRONT_END_TWIDDLE_OFFSET);
  melBandsPtr = sectionPtr + load<u32>(sectionPtr, FRONT_END_MEL_BANDS_OFFSET);
  melWeightsPtr = sectionPtr + load<u32>(sectionPtr, FRONT_END_MEL_WEIGHTS_OFFSET);
  dctPtr = sectionPtr + load<u32>(sectionPtr, FRONT_END_DCT_OFFSET);
  powerFloor = load<f32>(inputPtr, INPUT_FLOOR);
  origin = load<f32>(inputPtr, INPUT_ORIGIN);
  step = load<f32>(inputPtr, INPUT_STEP);
  if (USES_FIXED_FRONT_END && arithmetic == FRONT_END_FIXED) {
    logPtr = sectionPtr + load<u32>(sectionPtr, FRONT_END_LOG_OFFSET);
    codeOrigin = <i32>((origin - <f32>0.5 * step) * <f32>(32768 / Math.LN2));
    codeScale = <i32>(<f32>(65536 * Math.LN2) / step);
  }
}
