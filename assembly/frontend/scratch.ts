// Scratch of the front end: three uses that never overlap in time, 5132 of the FRONT_END_SCRATCH_BYTES given.
//
//   transform    0         1024      2048      3072      4096
//                | re f32  | im f32  | re f32  | im f32  |     complex [256] A, complex [256] B
//                                    | power f32 [257] |       over B, once the transform has ended in A
//
//   in integers  0                   2048                4096
//                | re, im i32 [256]  | re, im i32 [256]  |            complex [256] A, complex [256] B
//                                    | re, im, bits i32 [257]   |     over B, once the transform has ended in A
//
//   statistics   0                2000             4000             5024
//                | series i32[500] | series i32[500] | counters u32[256] |

import { RING_FRAMES } from "../format/plan.ts";

/** From the real to the imaginary part of a complex [256]. */
export const IMAGINARY: usize = 1024;
export const BUFFER_B: usize = 2048;
export const POWER: usize = 2048;
/** Of the integer transform, whose complex values are pairs. */
export const FIXED_B: usize = 2048;
export const FIXED_BIN_BYTES: usize = 12;
export const SECOND_SERIES: usize = 2000;
export const COUNTERS: usize = 4000;
/** Bytes of a series: one i32 per frame. */
export const SERIES_BYTES: usize = RING_FRAMES * 4;

export let scratchPtr: usize = 0;

export function scratchOpen(ptr: usize): void {
  scratchPtr = ptr;
}
