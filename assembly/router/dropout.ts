// Dropout at inference (Gal & Ghahramani 2016, arXiv 1506.02142):  y[i] = keep_i ? x[i] / (1 - rate) : 0

import { nextRandom } from "./random.ts";

/** f32 [count] from xPtr to yPtr (may be the same place); one random number per element, rate in [0, 1). */
export function dropout(xPtr: usize, yPtr: usize, count: i32, rate: f32): void {
  const limit = (<u32>(<i32>(rate * <f32>16777216))) << 8; // rate * 2^32, from the 24 bits that a float32 holds
  const keep = <f32>1 / (<f32>1 - rate);
  for (const end = xPtr + ((<usize>count) << 2); xPtr < end; xPtr += 4) {
    store<f32>(yPtr, nextRandom() < limit ? 0 : load<f32>(xPtr) * keep);
    yPtr += 4;
  }
}
