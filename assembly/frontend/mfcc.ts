// Cepstral coefficients of every frame, two at a time, and five values of each: mean, deviation, delta 1, delta 4, skew.
//
//   c_k = sum_m w[k][m] L[m],  w[k][m] = sqrt(2/64) cos(pi k (m + 0.5) / 64), which is even in m about 31.5 for even k, odd for odd k:
//   c_k = sum_{m < 32} w[k][m] (L[m] + L[63 - m])  k even
//   c_k = sum_{m < 32} w[k][m] (L[m] - L[63 - m])  k odd
//
// On codes with w in Q15: |sum| <= 64 * 5793 * 255 = 9.5e7, rounded to Q6 (|x| <= 184,700). Origin counts in c_0 only: 8 sqrt(2) origin.

import { RING_BANDS } from "../format/plan.ts";
import { codeMask, mirrorShift, ringPtr, rowBytes } from "./ring.ts";
import { SECOND_SERIES, SERIES_BYTES, scratchPtr } from "./scratch.ts";
import { seriesDelta, seriesDeviation, seriesMean, seriesMeasure, seriesSkew } from "./series.ts";
import { dctPtr, M, origin, step } from "./tables.ts";

/** Coefficients 2 pair and 2 pair + 1 of every row of the ring -> f32 [10] at outPtr. */
export function mfccFeatures(pair: i32, outPtr: usize): void {
  const weights = dctPtr + pair * (4 * RING_BANDS);
  let row = ringPtr;
  for (let ptr = scratchPtr, end = ptr + SERIES_BYTES; ptr < end; ptr += 4) {
    if (ASC_FEATURE_SIMD) storePairSimd(row, weights, ptr);
    else storePair(row, weights, ptr);
    row += rowBytes();
  }
  const offset: f32 = pair == 0 ? <f32>11.3137085 * origin : 0;
  fiveValues(scratchPtr, offset, outPtr);
  fiveValues(scratchPtr + SECOND_SERIES, 0, outPtr + 20);
}

function storePair(codesPtr: usize, weightsPtr: usize, outPtr: usize): void {
  const mask = codeMask(), mirror = mirrorShift();
  let even = 0, odd = 0;
  let last = codesPtr + rowBytes() - 1;
  for (const end = codesPtr + RING_BANDS / 2; codesPtr < end; codesPtr++) {
    const low = <i32>load<u8>(codesPtr) & mask, high = <i32>load<u8>(last) >> mirror;
    even += (low + high) * <i32>load<i16>(weightsPtr);
    odd += (low - high) * <i32>load<i16>(weightsPtr, 2 * RING_BANDS);
    weightsPtr += 2;
    last--;
  }
  store<i32>(outPtr, (even + 256) >> 9);
  store<i32>(outPtr, (odd + 256) >> 9, SECOND_SERIES);
}

function storePairSimd(codesPtr: usize, weightsPtr: usize, outPtr: usize): void {
  let even = i32x4.splat(0), odd = i32x4.splat(0);
  const mask = i16x8.splat(<i16>codeMask());
  let last = codesPtr + rowBytes() - 8;
  for (const end = codesPtr + RING_BANDS / 2; codesPtr < end; codesPtr += 8) {
    const low = v128.and(v128.load_ext<u8>(codesPtr), mask), up = i16x8.shr_u(v128.load_ext<u8>(last), mirrorShift());
    const high = v128.shuffle<i16>(up, up, 7, 6, 5, 4, 3, 2, 1, 0);
    even = i32x4.add(even, i32x4.dot_i16x8_s(i16x8.add(low, high), v128.load(weightsPtr)));
    odd = i32x4.add(odd, i32x4.dot_i16x8_s(i16x8.sub(low, high), v128.load(weightsPtr, 2 * RING_BANDS)));
    last -= 8;
    weightsPtr += 16;
  }
  store<i32>(outPtr, (laneSum(even) + 256) >> 9);
  store<i32>(outPtr, (laneSum(odd) + 256) >> 9, SECOND_SERIES);
}

function laneSum(v: v128): i32 {
  return i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3);
}

function fiveValues(xPtr: usize, offset: f32, outPtr: usize): void {
  const unit = step / M;
  seriesMeasure(xPtr);
  store<f32>(outPtr, seriesMean(offset, unit), 0);
  store<f32>(outPtr, seriesDeviation(unit), 4);
  store<f32>(outPtr, seriesDelta(xPtr, 1, unit), 8);
  store<f32>(outPtr, seriesDelta(xPtr, 4, unit), 12);
  store<f32>(outPtr, seriesSkew(unit), 16);
}
