// Nine values of four neighbouring mel bands: how strongly they swell and fade, by rate.
//
//   y[t] = mean of four L, minus its mean over t;  P = |FFT y|^2, T values padded to 512
//   out[i] = ln(mean of P[first_i .. last_i - 1] / T + 1e-3)
//
// With c the sum of four codes, y = (T c - sum c) step / (4 T): an exact integer, then one product.

import { RING_FRAMES } from "../format/plan.ts";
import { logf } from "../kernels/math.ts";
import { powerSpectrum } from "./fft.ts";
import { clearFrom } from "./frame.ts";
import { bandPtr, bandShift, codeMask, ringPtr, ringRow, rowBytes } from "./ring.ts";
import { IMAGINARY, POWER, SERIES_BYTES, scratchPtr } from "./scratch.ts";
import { step, T } from "./tables.ts";

/** First bin of each of the nine rates, and the end of the last. */
export const EDGES = memory.data<u16>([2, 4, 7, 12, 20, 34, 58, 100, 170, 256]);
export const RATES = 9;

/** Bands 4 group .. 4 group + 3 of the ring -> f32 [9] at outPtr. */
export function modulationFeatures(group: i32, outPtr: usize): void {
  const total = sumsOfFour(group, scratchPtr + POWER);
  const unit = step / (<f32>4 * T);
  let out = scratchPtr;
  for (let ptr = out + POWER, end = ptr + SERIES_BYTES; ptr < end; ptr += 8) {
    store<f32>(out, <f32>(load<i32>(ptr, 0) * RING_FRAMES - total) * unit);
    store<f32>(out, <f32>(load<i32>(ptr, 4) * RING_FRAMES - total) * unit, IMAGINARY);
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

/** Sum of four neighbouring codes of each frame -> i32 [T] at outPtr; returns the sum of all. */
export function sumsOfFour(group: i32, outPtr: usize): i32 {
  const mask = codeMask() * 0x01010101, shift = bandShift(group << 2), next = rowBytes();
  let total = 0;
  for (let ptr = bandPtr(ringPtr, group << 2), end = ringRow(RING_FRAMES); ptr < end; ptr += next) {
    const four = (load<u32>(ptr) >>> shift) & mask;
    const pairs = (four & 0x00ff00ff) + ((four >>> 8) & 0x00ff00ff);
    const sum = (pairs + (pairs >>> 16)) & 0xffff;
    store<i32>(outPtr, sum);
    outPtr += 4;
    total += sum;
  }
  return total;
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
