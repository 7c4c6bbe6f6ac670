// Nine values of four neighbouring mel bands: how strongly they swell and fade, by rate.
//
//   y[t] = mean of four L, minus its mean over t;  P = |FFT y|^2, 498 values padded to 512
//   out[i] = ln(mean of P[first_i .. last_i - 1] / T + 1e-3)
//
// With c the sum of four codes, y = (T c - sum c) step / (4 T): an exact integer, then one product.

import { RING_BANDS, RING_BYTES, RING_FRAMES } from "../format/plan.ts";
import { logf } from "../kernels/math.ts";
import { powerSpectrum } from "./fft.ts";
import { clearFrom } from "./frame.ts";
import { IMAGINARY, POWER, scratchPtr } from "./scratch.ts";
import { step, T } from "./tables.ts";

/** First bin of each of the nine rates, and the end of the last. */
export const EDGES = memory.data<u16>([2, 4, 7, 12, 20, 34, 58, 100, 170, 256]);
export const RATES = 9;

/** Ring u8 [498][64], bands 4 group .. 4 group + 3 -> f32 [9] at outPtr. */
export function modulationFeatures(ringPtr: usize, group: i32, outPtr: usize): void {
  const codes = ringPtr + (group << 2);
  const end = codes + RING_BYTES;
  let total = 0;
  for (let ptr = codes; ptr < end; ptr += RING_BANDS) total += sumOfFour(ptr);
  const unit = step / (<f32>4 * T);
  let out = scratchPtr;
  for (let ptr = codes; ptr < end; ptr += 2 * RING_BANDS) {
    store<f32>(out, <f32>(sumOfFour(ptr) * RING_FRAMES - total) * unit);
    store<f32>(out, <f32>(sumOfFour(ptr + RING_BANDS) * RING_FRAMES - total) * unit, IMAGINARY);
    out += 4;
  }
  clearFrom(out);
  powerSpectrum();
  for (let i: usize = 0; i < <usize>RATES; i++) {
    const first = <i32>load<u16>(EDGES + (i << 1));
    const last = <i32>load<u16>(EDGES + (i << 1), 2);
    store<f32>(outPtr + (i << 2), logf(powerSum(first, last) / <f32>((last - first) * RING_FRAMES) + <f32>1e-3));
  }
}

export function sumOfFour(ptr: usize): i32 {
  return load<u8>(ptr, 0) + load<u8>(ptr, 1) + load<u8>(ptr, 2) + load<u8>(ptr, 3);
}

/** Sum of P[first .. last - 1] in four partial sums that take turns, as in weightedSum. */
function powerSum(first: i32, last: i32): f32 {
  let s0: f32 = 0, s1: f32 = 0, s2: f32 = 0, s3: f32 = 0;
  const power = scratchPtr + POWER;
  for (let ptr = power + (first << 2), end = power + (last << 2); ptr < end; ptr += 4) {
    const sum = s0 + load<f32>(ptr);
    s0 = s1;
    s1 = s2;
    s2 = s3;
    s3 = sum;
  }
  return s0 + s2 + (s1 + s3);
}
