// Portable. The memory plan, computed alike by the exporter and by load().
//
//   work memory, from workPtr up
//
//   | arena: features | scratch: front end, then networks (never both) | ring of codes | PCM buffer |

/** Frames of a window and mel bands of a frame. */
export const RING_FRAMES = 498;
export const RING_BANDS = 64;
/** Ring of codes of 8 bits. */
export const RING_BYTES = RING_FRAMES * RING_BANDS;
/** Ring of codes of 4 bits. */
export const RING_BYTES_4BIT = RING_BYTES / 2;

/** Values that the front end computes from a full ring. */
export const RICH_FEATURES = 969;

/** PCM buffer of a model with a front end: a frame and a little more. */
export const AUDIO_SAMPLES = 1024;

/** Scratch of the front end; its drawing is in frontend/scratch.ts. */
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

export function arenaBytes(features: i32, networkScratch: i32, hasFrontEnd: boolean): i32 {
  const scratch = hasFrontEnd && FRONT_END_SCRATCH_BYTES > networkScratch ? FRONT_END_SCRATCH_BYTES : networkScratch;
  return align16(features * 4) + align16(scratch);
}
