// Logarithm of a weighted power in integers: log2(sum_i weight[i] |X[first + i]|^2 + floor) in Q15.
//
//   |X|^2       re, im are shifted right, alike in the whole band, until both are below 2^15: p = re^2 + im^2 <= 2^31,
//               and the largest is at least 2^28 unless nothing had to be shifted
//   sum         of ((p + 2^14) >> 15) * weight >> 9: at most 2^23 each, 257 of them fit u32
//   numbers     mantissa u32 * 2^exponent, mantissas of the two addends with bit 30 as their highest
//
//   log2(m)     | 1 | index : 6 | rest : 16 | 9 not used |     31 - leading zeros, and a line between table[index] and table[index + 1]:
//               table u16 [65] in Q15, log2(1 + i / 64); the line is at most 3e-5 nat below the curve

import { FIXED_B, FIXED_BIN_BYTES, scratchPtr } from "./scratch.ts";
import { logPtr } from "./tables.ts";

let floorMantissa: u32 = 0;
let floorExponent = 0;

/** Sets the floor from a positive normal float, by its bits. */
export function setFloor(floor: f32): void {
  const bits = reinterpret<u32>(floor);
  floorMantissa = ((bits & 0x7fffff) | 0x800000) << 7;
  floorExponent = <i32>(bits >> 23) - 157;
}

/** log2(floor) in Q15. */
export function floorLog(): i32 {
  return log2(floorMantissa, floorExponent);
}

/**
 * The spectrum's bins from `first` on, in units of 2^unitExponent after squaring. Weights u16 in Q15, `weightBytes` apart: 0 repeats one.
 */
export function bandLog(first: usize, count: usize, weightsPtr: usize, weightBytes: usize, unitExponent: i32): i32 {
  const bin = scratchPtr + FIXED_B + first * FIXED_BIN_BYTES;
  const end = bin + count * FIXED_BIN_BYTES;
  let bits: u32 = 0;
  for (let ptr = bin; ptr < end; ptr += FIXED_BIN_BYTES) bits |= load<u32>(ptr, 8);
  const excess = 17 - <i32>clz(bits);
  const shift = excess > 0 ? excess : 0;
  let sum: u32 = 0;
  for (let ptr = bin; ptr < end; ptr += FIXED_BIN_BYTES) {
    const re = load<i32>(ptr, 0) >> shift, im = load<i32>(ptr, 4) >> shift;
    sum += ((<u32>(re * re + im * im) + 0x4000) >> 15) * <u32>load<u16>(weightsPtr) >> 9;
    weightsPtr += weightBytes;
  }
  if (sum == 0) return floorLog();
  const up = <i32>clz(sum) - 1;
  sum = up < 0 ? sum >> 1 : sum << up;
  const exponent = 9 + 2 * shift - up + unitExponent;
  const above = exponent - floorExponent;
  if (above >= 0) return log2(sum + (floorMantissa >> (above < 31 ? above : 31)), exponent);
  return log2(floorMantissa + (sum >> (above > -31 ? -above : 31)), floorExponent);
}

/** log2(mantissa * 2^exponent) in Q15; mantissa is not 0. */
function log2(mantissa: u32, exponent: i32): i32 {
  const zeros = <i32>clz(mantissa);
  const fraction = mantissa << zeros << 1;
  const entry = logPtr + ((fraction >> 26) << 1);
  const low = <i32>load<u16>(entry), high = <i32>load<u16>(entry, 2);
  return ((31 - zeros + exponent) << 15) + low + (((high - low) * <i32>((fraction >> 10) & 0xffff) + 0x8000) >> 16);
}
