// Statistics of a series i32[T], T = RING_FRAMES, exact in integers and rounded to float32 once at the end.
//
//   values           |x| <= 186,000 (MFCC in Q6; codes are at most 255, energy and flux 16,320)
//   S1 = sum x       |S1| <= 9.3e7
//   d = x - S1 div T |d| <= 186,000
//   D2 = sum d^2     T D2 <= T * T * 186,000^2 = 8.6e15 < 2^63
//   D3 = sum d^3     |D3| <= T * 186,000^3 = 3.2e18 < 2^63
//
// A value in nats is offset + unit * x.

import { RING_FRAMES } from "../format/plan.ts";
import { COUNTERS, SERIES_BYTES, scratchPtr } from "./scratch.ts";
import { T } from "./tables.ts";

let total = 0;
let largest = 0;
let deviation: f32 = 0;
let cubes: f32 = 0;

/** Takes sum, maximum, standard deviation and third moment of the series; the functions below report them. */
export function seriesMeasure(xPtr: usize): void {
  const end = xPtr + SERIES_BYTES;
  total = 0;
  largest = load<i32>(xPtr);
  for (let ptr = xPtr; ptr < end; ptr += 4) {
    const x = load<i32>(ptr);
    total += x;
    if (x > largest) largest = x;
  }
  const centre = total / RING_FRAMES;
  const rest = total - centre * RING_FRAMES;
  let squares: i64 = 0;
  let thirds: i64 = 0;
  for (let ptr = xPtr; ptr < end; ptr += 4) {
    const d = <i64>(load<i32>(ptr) - centre);
    squares += d * d;
    thirds += d * d * d;
  }
  // Moments about the mean from moments about `centre`, which is q = rest / T below it:
  // sum (d - q)^2 = D2 - T q^2,  sum (d - q)^3 = D3 - 3 q D2 + 2 T q^3.
  const q = <f32>rest / T;
  deviation = sqrt<f32>(<f32>(squares * RING_FRAMES - <i64>(rest * rest))) / T;
  cubes = <f32>thirds - <f32>3 * q * <f32>squares + <f32>2 * q * q * <f32>rest;
}

export function seriesTotal(): i32 {
  return total;
}

export function seriesLargest(): i32 {
  return largest;
}

/** Mean in nats. */
export function seriesMean(offset: f32, unit: f32): f32 {
  return offset + (<f32>total / T) * unit;
}

/** Population standard deviation in nats. */
export function seriesDeviation(unit: f32): f32 {
  return deviation * unit;
}

/** mean(((x - mean) / (deviation + 0.1 nat))^3) */
export function seriesSkew(unit: f32): f32 {
  const width = deviation + <f32>0.1 / unit;
  return cubes / T / (width * width * width);
}

/** sum_{t >= lag} |x[t] - x[t - lag]| / T in nats. */
export function seriesDelta(xPtr: usize, lag: usize, unit: f32): f32 {
  let sum = 0;
  const back = lag << 2;
  for (let ptr = xPtr + back, end = xPtr + SERIES_BYTES; ptr < end; ptr += 4) sum += abs<i32>(load<i32>(ptr) - load<i32>(ptr - back));
  return (<f32>sum / T) * unit;
}

/** Counts the values x with x >> (shift + 8) = prefix by their digit (x >> shift) & 255. */
export function seriesCount(xPtr: usize, prefix: i32, shift: i32): void {
  const counters = scratchPtr + COUNTERS;
  for (let ptr = counters; ptr < counters + 1024; ptr += 4) store<u32>(ptr, 0);
  for (let ptr = xPtr, end = xPtr + SERIES_BYTES; ptr < end; ptr += 4) {
    const x = load<i32>(ptr) >> shift;
    if (x >> 8 != prefix) continue;
    const counter = counters + ((x & 255) << 2);
    store<u32>(counter, load<u32>(counter) + 1);
  }
}

let rankInDigit = 0;

/** Digit of the counted value at sorted index `rank`. */
export function seriesDigit(rank: i32): i32 {
  let digit = 0;
  for (let counter = scratchPtr + COUNTERS; ; counter += 4) {
    const count = load<i32>(counter);
    if (rank < count) break;
    rank -= count;
    digit++;
  }
  rankInDigit = rank;
  return digit;
}

/** The value at sorted index `rank` of a series of values below 65,536: first its high byte, then its low byte. */
export function seriesRank(xPtr: usize, rank: i32): i32 {
  seriesCount(xPtr, 0, 8);
  const high = seriesDigit(rank);
  seriesCount(xPtr, high, 0);
  return (high << 8) | seriesDigit(rankInDigit);
}
