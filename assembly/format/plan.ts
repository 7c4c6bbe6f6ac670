// Portable. The memory plan, computed alike by the exporter and by load().
//
//   work memory, from workPtr up
//
//   | arena: features | scratch: front end, then networks (never both) | ring of codes | PCM buffer |

import { BANDS, COEFFICIENTS, FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE, WINDOW_SAMPLES } from "./input_spec.ts";

// What follows from the default input spec: constants, so that the device's loops have constant bounds. input_spec.ts has the same formulas
// for any spec.

/** windowFrames: frames of a window; and mel bands of a frame. */
export const RING_FRAMES = (WINDOW_SAMPLES - FRAME_SAMPLES - ((WINDOW_SAMPLES - FRAME_SAMPLES) % HOP_SAMPLES)) / HOP_SAMPLES + 1;
export const RING_BANDS = BANDS;
export const FRAMES_A_SECOND = SAMPLE_RATE / HOP_SAMPLES;
/** Ring of codes of 8 bits. */
export const RING_BYTES = RING_FRAMES * RING_BANDS;
/** Ring of codes of 4 bits. */
export const RING_BYTES_4BIT = RING_BYTES / 2;

/** richFeatures: values that the front end computes from a full ring. */
export const RICH_FEATURES = 11 * BANDS + (9 * BANDS) / 4 + 21 + 5 * COEFFICIENTS;

/** audioBufferSamples: the PCM buffer of a model with a front end. */
export const AUDIO_SAMPLES = 1024;

/** frontEndScratchBytes. */
export const FRONT_END_SCRATCH_BYTES = 8192;

export function align16(n: i32): i32 {
  return (n + 15) & -16;
}

/**
 * Memory of the networks:
 *
 *   | buffers | scratch of an op | cache f32 [cache] | p, sum p, sum p^2: f32 [outputs] each |
 *
 * buffers: how far any op of any network reads or writes; scratch: what the op that needs most needs; cache: values that the router's
 * first op writes, when it samples; outputs: longest softmax.
 */
export function networkScratchBytes(buffers: i32, scratch: i32, cache: i32, outputs: i32): i32 {
  return align16(buffers) + align16(scratch) + align16(cache * 4) + 3 * align16(outputs * 4);
}

/** `frontEndScratch` is 0 without a front end. */
export function arenaBytes(features: i32, networkScratch: i32, frontEndScratch: i32): i32 {
  const scratch = frontEndScratch > networkScratch ? frontEndScratch : networkScratch;
  return align16(features * 4) + align16(scratch);
}
