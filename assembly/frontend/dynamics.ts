// What all bands do together, as series over time: energy, flux, rhythm. Codes are summed over the 64 bands, so a unit is step / 64.
//
//   energy  e[t] = mean_m L[t][m]                         origin + step / 64 * sum_m code
//   flux    f[t] = mean_m max(0, L[t][m] - L[t-1][m])     step / 64 * sum_m max(0, code difference);  f[0] = 0
//   rhythm  r[l] = sum_t g[t] g[t+l] / (sum_t g[t]^2 + 1e-6),  g = f - mean f
//
// flux leaves T g in the first series for rhythm: |T g| <= T * 16,320 = 8.2e6, so a sum of products is below 3.4e16 < 2^63.

import { RING_FRAMES } from "../format/plan.ts";
import { codeMask, ringPtr, rowBytes, rowSum, secondShift } from "./ring.ts";
import { SERIES_BYTES, scratchPtr } from "./scratch.ts";
import { seriesDeviation, seriesLargest, seriesMean, seriesMeasure, seriesRank, seriesTotal } from "./series.ts";
import { M, origin, step, T } from "./tables.ts";

/** First lag of each range of rhythm, in frames, and the end of the last. */
const LAGS = memory.data<u8>([3, 9, 17, 33, 63, 113, 200]);

/** Seven values of the mean level at outPtr, the share of frames within 3 nat of the loudest at activePtr. */
export function energyFeatures(outPtr: usize, activePtr: usize): void {
  const unit = step / M;
  let row = ringPtr;
  for (let ptr = scratchPtr, end = ptr + SERIES_BYTES; ptr < end; ptr += 4) {
    store<i32>(ptr, rowSum(row));
    row += rowBytes();
  }
  summary(outPtr, origin, unit);
  const largest = seriesLargest();
  let active = 0;
  for (let ptr = scratchPtr, end = ptr + SERIES_BYTES; ptr < end; ptr += 4) {
    if (<f32>(largest - load<i32>(ptr)) * unit < 3) active++;
  }
  store<f32>(activePtr, <f32>active / T);
}

/** Seven values of the rise from frame to frame at outPtr. */
export function fluxFeatures(outPtr: usize): void {
  const end = scratchPtr + SERIES_BYTES, mask = codeMask(), second = secondShift(), row = rowBytes();
  let code = ringPtr + row;
  store<i32>(scratchPtr, 0);
  for (let ptr = scratchPtr + 4; ptr < end; ptr += 4) {
    let sum = 0;
    for (let next = code + row; code < next; code++) {
      const now = <i32>load<u8>(code), before = <i32>load<u8>(code - row);
      sum += max((now & mask) - (before & mask), 0) + max((now >> second) - (before >> second), 0);
    }
    store<i32>(ptr, sum);
  }
  summary(outPtr, 0, step / M);
  const total = seriesTotal();
  for (let ptr = scratchPtr; ptr < end; ptr += 4) store<i32>(ptr, load<i32>(ptr) * RING_FRAMES - total);
}

/** Largest r in range 0..5 of the lags, from what fluxFeatures left in the scratch. */
export function rhythmFeature(range: i32): f32 {
  let lag = <usize>load<u8>(LAGS + range);
  const end = <usize>load<u8>(LAGS + range, 1);
  let best = correlation(lag);
  while (++lag < end) {
    const value = correlation(lag);
    if (value > best) best = value;
  }
  const unit = step / (M * T);
  return <f32>best / (<f32>correlation(0) + <f32>1e-6 / (unit * unit));
}

function correlation(lag: usize): i64 {
  let sum: i64 = 0;
  const ahead = lag << 2;
  for (let ptr = scratchPtr, end = ptr + SERIES_BYTES - ahead; ptr < end; ptr += 4) {
    sum += <i64>load<i32>(ptr) * <i64>load<i32>(ptr + ahead);
  }
  return sum;
}

/** Mean, deviation, 5 %, 50 %, 95 %, max, (max - mean) / (deviation + 0.01) of the series at scratchPtr. */
function summary(outPtr: usize, offset: f32, unit: f32): void {
  seriesMeasure(scratchPtr);
  const mean = seriesMean(offset, unit), deviation = seriesDeviation(unit), max = offset + unit * <f32>seriesLargest();
  store<f32>(outPtr, mean, 0);
  store<f32>(outPtr, deviation, 4);
  store<f32>(outPtr, offset + unit * <f32>seriesRank(scratchPtr, 24), 8);
  store<f32>(outPtr, offset + unit * <f32>seriesRank(scratchPtr, 249), 12);
  store<f32>(outPtr, offset + unit * <f32>seriesRank(scratchPtr, 473), 16);
  store<f32>(outPtr, max, 20);
  store<f32>(outPtr, (max - mean) / (deviation + <f32>0.01), 24);
}
