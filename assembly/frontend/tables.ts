// The front end's constants and where its tables lie: pointers into the model file, set once by tablesOpen and read in place.

import {
  FRONT_END_DCT_OFFSET,
  FRONT_END_FLOOR,
  FRONT_END_MEL_BANDS_OFFSET,
  FRONT_END_MEL_WEIGHTS_OFFSET,
  FRONT_END_ORIGIN,
  FRONT_END_STEP,
  FRONT_END_TWIDDLE_OFFSET,
  FRONT_END_WINDOW_OFFSET,
} from "../format/file.ts";
import { RING_BANDS, RING_FRAMES } from "../format/plan.ts";

export const SAMPLE_RATE = 16000;
export const FRAME_SAMPLES = 400;
export const HOP_SAMPLES = 160;
export const FFT_POINTS = 512;
export const COEFFICIENTS = 20;
/** RING_FRAMES and RING_BANDS as divisors. */
export const T: f32 = <f32>RING_FRAMES;
export const M: f32 = <f32>RING_BANDS;

export let windowPtr: usize = 0;
export let twiddlePtr: usize = 0;
export let melBandsPtr: usize = 0;
export let melWeightsPtr: usize = 0;
export let dctPtr: usize = 0;
export let powerFloor: f32 = 0;
/** L of code 0, in nats. */
export let origin: f32 = 0;
/** Nats per code. */
export let step: f32 = 0;

/** Takes over a section that frontEndValidate accepted. */
export function tablesOpen(sectionPtr: usize): void {
  windowPtr = sectionPtr + load<u32>(sectionPtr, FRONT_END_WINDOW_OFFSET);
  twiddlePtr = sectionPtr + load<u32>(sectionPtr, FRONT_END_TWIDDLE_OFFSET);
  melBandsPtr = sectionPtr + load<u32>(sectionPtr, FRONT_END_MEL_BANDS_OFFSET);
  melWeightsPtr = sectionPtr + load<u32>(sectionPtr, FRONT_END_MEL_WEIGHTS_OFFSET);
  dctPtr = sectionPtr + load<u32>(sectionPtr, FRONT_END_DCT_OFFSET);
  powerFloor = load<f32>(sectionPtr, FRONT_END_FLOOR);
  origin = load<f32>(sectionPtr, FRONT_END_ORIGIN);
  step = load<f32>(sectionPtr, FRONT_END_STEP);
}
