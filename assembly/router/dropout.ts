// Dropout at inference (Gal & Ghahramani 2016, arXiv 1506.02142):  y[i] = keep_i ? x[i] / (1 - rate) : 0

import { nextRandom, nextRandom4 } from "./random.ts";

/** f32 [count] from xPtr to yPtr (may be the same place); one random number per element, rate in [0, 1). */
export function dropout(xPtr: usize, yPtr: usize, count: i32, rate: f32): void {
  const limit = (<u32>(<i32>(rate * <f32>16777216))) << 8; // rate * 2^32, from the 24 bits that a float32 holds
  const keep = <f32>1 / (<f32>1 - rate);
  const end = xPtr + (<usize>count << 2);
  // masks, not branches: which elements stay cannot be predicted
  if (ASC_FEATURE_SIMD) {
    const limits = i32x4.splat(limit), keeps = f32x4.splat(keep);
    for (; xPtr + 16 <= end; xPtr += 16) {
      store<v128>(yPtr, v128.and(f32x4.mul(v128.load(xPtr), keeps), i32x4.ge_u(nextRandom4(), limits)));
      yPtr += 16;
    }
  }
  for (; xPtr < end; xPtr += 4) {
    const mask = -(<i32>(nextRandom() >= limit));
    store<i32>(yPtr, reinterpret<i32>(load<f32>(xPtr) * keep) & mask);
    yPtr += 4;
  }
}
