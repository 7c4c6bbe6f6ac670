// Eleven values of one mel band over time, from the ring's codes:
// mean, standard deviation, max, delta 1, delta 4, percentiles 10 25 50 75 90, skew.

import { bandPtr, bandShift, codeMask, ringPtr, rowBytes } from "./ring.ts";
import { scratchPtr, SERIES_BYTES } from "./scratch.ts";
import {
  seriesCount,
  seriesDelta,
  seriesDeviation,
  seriesDigit,
  seriesLargest,
  seriesMean,
  seriesMeasure,
  seriesSkew,
} from "./series.ts";
import { origin, step } from "./tables.ts";

/** Band of the ring -> f32 [11] at outPtr. */
export function bandFeatures(band: i32, outPtr: usize): void {
  const x = scratchPtr, mask = codeMask(), shift = bandShift(band), next = rowBytes();
  let code = bandPtr(ringPtr, band);
  for (let ptr = x, end = x + SERIES_BYTES; ptr < end; ptr += 4) {
    store<i32>(ptr, (<i32>load<u8>(code) >> shift) & mask);
    code += next;
  }
  seriesMeasure(x);
  store<f32>(outPtr, seriesMean(origin, step), 0);
  store<f32>(outPtr, seriesDeviation(step), 4);
  store<f32>(outPtr, origin + step * <f32>seriesLargest(), 8);
  store<f32>(outPtr, seriesDelta(x, 1, step), 12);
  store<f32>(outPtr, seriesDelta(x, 4, step), 16);
  seriesCount(x, 0, 0);
  percentile(outPtr, 49);
  percentile(outPtr + 4, 124);
  percentile(outPtr + 8, 249);
  percentile(outPtr + 12, 373);
  percentile(outPtr + 16, 448);
  store<f32>(outPtr, seriesSkew(step), 40);
}

/** rank = floor(q T) */
function percentile(outPtr: usize, rank: i32): void {
  store<f32>(outPtr, origin + step * <f32>seriesDigit(rank), 20);
}
