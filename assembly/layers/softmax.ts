// p[i] = exp(z[i] - max z) / sum_j exp(z[j] - max z), out of place, f32 [count]

import { expf } from "../kernels/math.ts";
import { absmax, isFinite32 } from "../kernels/quantize.ts";

/** Returns false, with pPtr untouched, when a logit is not finite. */
export function softmax(zPtr: usize, pPtr: usize, count: i32): bool {
  if (!isFinite32(absmax(zPtr, count))) return false;
  let top = load<f32>(zPtr);
  for (let i = 1; i < count; i++) {
    const z = load<f32>(zPtr + ((<usize>i) << 2));
    if (z > top) top = z;
  }
  let s0: f32 = 0,
    s1: f32 = 0,
    s2: f32 = 0,
    s3: f32 = 0;
  for (let i = 0; i < count; i++) {
    // rotating the four partial sums keeps the fixed order without a tail
    const e = expf(load<f32>(zPtr + ((<usize>i) << 2)) - top);
    store<f32>(pPtr + ((<usize>i) << 2), e);
    const s = s0 + e;
    s0 = s1;
    s1 = s2;
    s2 = s3;
    s3 = s;
  }
  // after `count` rotations partial sum j stands in place (j - count) mod 4; pairs (0, 2) and (1, 3) stay pairs
  const even = s0 + s2,
    odd = s1 + s3;
  const inverse = <f32>1 / (even + odd);
  for (let i = 0; i < count; i++) {
    const ptr = pPtr + ((<usize>i) << 2);
    store<f32>(ptr, load<f32>(ptr) * inverse);
  }
  return true;
}

/** Index of the largest value; the lowest index wins a tie. */
export function argmax(pPtr: usize, count: i32): i32 {
  let best = 0;
  for (let i = 1; i < count; i++) {
    if (load<f32>(pPtr + ((<usize>i) << 2)) > load<f32>(pPtr + ((<usize>best) << 2))) best = i;
  }
  return best;
}
