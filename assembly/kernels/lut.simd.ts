// What both SIMD look-up kernels share: tables of activation sums, built once per layer, and the way from table sums to y.
//
// For each group of 4 columns and each 4-bit index i:
//
//   T[i] = 512 + sum over the set bits j of i of x[j]        4 <= T <= 1020: ten bits, |x| <= 127
//
//   tablePtr  [K/4][16 B low | 16 B high]   low = T & 31, high = T >> 5
//             eight values of at most 31 add up to 248: they fit in a byte before widening

import { codesOf4 } from "./quantize.ts";

/** Tables of f32 x [K], quantized on the way; returns the sum of the codes. `columns` is a multiple of 4. */
export function prepareTables(xPtr: usize, tablePtr: usize, columns: i32, inverseScale: f32): i32 {
  const has0 = i16x8(0, -1, 0, -1, 0, -1, 0, -1);
  const has1 = i16x8(0, 0, -1, -1, 0, 0, -1, -1);
  const has2 = i16x8(0, 0, 0, 0, -1, -1, -1, -1);
  const inverse = f32x4.splat(inverseScale);
  const bias = i16x8.splat(512), five = i16x8.splat(31);
  let sum = i32x4.splat(0);
  for (const end = xPtr + (<usize>columns << 2); xPtr < end; xPtr += 16) {
    const x = codesOf4(v128.load(xPtr), inverse);
    sum = i32x4.add(sum, x);
    let t07 = i16x8.add(bias, v128.and(has0, v128.shuffle<i16>(x, x, 0, 0, 0, 0, 0, 0, 0, 0)));
    t07 = i16x8.add(t07, v128.and(has1, v128.shuffle<i16>(x, x, 2, 2, 2, 2, 2, 2, 2, 2)));
    t07 = i16x8.add(t07, v128.and(has2, v128.shuffle<i16>(x, x, 4, 4, 4, 4, 4, 4, 4, 4)));
    const t8f = i16x8.add(t07, v128.shuffle<i16>(x, x, 6, 6, 6, 6, 6, 6, 6, 6));
    store<v128>(tablePtr, i8x16.narrow_i16x8_u(v128.and(t07, five), v128.and(t8f, five)));
    store<v128>(tablePtr, i8x16.narrow_i16x8_u(i16x8.shr_u(t07, 5), i16x8.shr_u(t8f, 5)), 16);
    tablePtr += 32;
  }
  return i32x4.extract_lane(sum, 0) + i32x4.extract_lane(sum, 1) + i32x4.extract_lane(sum, 2) + i32x4.extract_lane(sum, 3);
}

/** y[0..15] = (T << double) - bias: even and odd rows come in u16 lanes of their own, low five bits and the rest apart. */
export function store16Rows(yPtr: usize, lowEven: v128, lowOdd: v128, highEven: v128, highOdd: v128, bias: v128, double: i32): void {
  const low = v128.shuffle<i16>(lowEven, lowOdd, 0, 8, 1, 9, 2, 10, 3, 11);
  const high = v128.shuffle<i16>(highEven, highOdd, 0, 8, 1, 9, 2, 10, 3, 11);
  store<v128>(yPtr, join(i32x4.extend_low_i16x8_u(low), i32x4.extend_low_i16x8_u(high), bias, double), 0);
  store<v128>(yPtr, join(i32x4.extend_high_i16x8_u(low), i32x4.extend_high_i16x8_u(high), bias, double), 16);
  const lowLast = v128.shuffle<i16>(lowEven, lowOdd, 4, 12, 5, 13, 6, 14, 7, 15);
  const highLast = v128.shuffle<i16>(highEven, highOdd, 4, 12, 5, 13, 6, 14, 7, 15);
  store<v128>(yPtr, join(i32x4.extend_low_i16x8_u(lowLast), i32x4.extend_low_i16x8_u(highLast), bias, double), 32);
  store<v128>(yPtr, join(i32x4.extend_high_i16x8_u(lowLast), i32x4.extend_high_i16x8_u(highLast), bias, double), 48);
}

@inline
function join(low: v128, high: v128, bias: v128, double: i32): v128 {
  return i32x4.sub(i32x4.shl(i32x4.add(low, i32x4.shl(high, 5)), double), bias);
}
