// Activations as each kernel wants them: float32 vector -> prepared buffer, once per layer.
//
//   scalar, 4-bit and ternary   u8 [K]    code + 128
//   scalar, 8-bit               i8 [K]    code
//   SIMD                        i32x4 start, 48 bytes unused, i16 [K] code << shift of the column's bit field;
//                               4-bit: sums of two codes, as int4_gemv.simd.ts multiplies them
//
// xPtr is zero-padded to a multiple of 64 elements by the caller, so that no loop has a tail.

import { codeOf, codesOf4 } from "./quantize.ts";

/** Bytes code + 128 (bias = 128) or code (bias = 0); returns the sum of the codes. `columns` is a multiple of 4. */
export function prepareBytes(xPtr: usize, preparedPtr: usize, columns: i32, inverseScale: f32, bias: i32): i32 {
  let sum = 0;
  for (const end = preparedPtr + columns; preparedPtr < end; preparedPtr += 4) {
    const c0 = codeOf(load<f32>(xPtr, 0), inverseScale),
      c1 = codeOf(load<f32>(xPtr, 4), inverseScale);
    const c2 = codeOf(load<f32>(xPtr, 8), inverseScale),
      c3 = codeOf(load<f32>(xPtr, 12), inverseScale);
    sum += c0 + c1 + c2 + c3;
    store<u8>(preparedPtr, c0 + bias, 0);
    store<u8>(preparedPtr, c1 + bias, 1);
    store<u8>(preparedPtr, c2 + bias, 2);
    store<u8>(preparedPtr, c3 + bias, 3);
    xPtr += 16;
  }
  return sum;
}

/** Eight codes as i16 lanes. */
@inline
function codesOf8(xPtr: usize, inverse: v128): v128 {
  return i16x8.narrow_i32x4_s(codesOf4(v128.load(xPtr), inverse), codesOf4(v128.load(xPtr, 16), inverse));
}

/**
 * i16 lanes for the SIMD kernels. Field f = (k >> 3) & 3 of a column is shifted left by top - f * fieldBits, and wraps
 * below zero to top again: 8- and 16-bit have top 0; ternary 6, 4, 2, 0.
 * start = -zeroPoint * 2^top * (sum of codes), summed per lane. `columns` is a multiple of 8.
 */
export function prepareLanes(
  xPtr: usize,
  preparedPtr: usize,
  columns: i32,
  inverseScale: f32,
  top: i32,
  fieldBits: i32,
  zeroPoint: i32,
): void {
  const inverse = f32x4.splat(inverseScale);
  const zero = i16x8.splat(<i16>(-zeroPoint << top));
  let start = i32x4.splat(0);
  let shift = top;
  let outPtr = preparedPtr + 64;
  for (const end = outPtr + ((<usize>columns) << 1); outPtr < end; outPtr += 16) {
    const x = codesOf8(xPtr, inverse);
    store<v128>(outPtr, i16x8.shl(x, shift));
    start = i32x4.add(start, i32x4.dot_i16x8_s(x, zero));
    shift = shift == 0 ? top : shift - fieldBits;
    xPtr += 32;
  }
  store<v128>(preparedPtr, start);
}

/** The four factors and the start of int4_gemv.simd.ts. `columns` is a multiple of 32. */
export function prepareNibbles(xPtr: usize, preparedPtr: usize, columns: i32, inverseScale: f32): void {
  const inverse = f32x4.splat(inverseScale);
  const zero = i16x8.splat(-128);
  let start = i32x4.splat(0);
  let outPtr = preparedPtr + 64;
  for (const end = outPtr + ((<usize>columns) << 1); outPtr < end; outPtr += 64) {
    const x0 = codesOf8(xPtr, inverse),
      x1 = codesOf8(xPtr + 32, inverse);
    const x2 = codesOf8(xPtr + 64, inverse),
      x3 = codesOf8(xPtr + 96, inverse);
    store<v128>(outPtr, x1, 0);
    store<v128>(outPtr, i16x8.sub(i16x8.shl(x0, 4), x1), 16);
    store<v128>(outPtr, i16x8.sub(x3, i16x8.shl(x1, 8)), 32);
    store<v128>(outPtr, i16x8.sub(i16x8.shl(x2, 4), x3), 48);
    start = i32x4.add(start, i32x4.dot_i16x8_s(i16x8.add(i16x8.add(x0, x1), x2), zero));
    xPtr += 128;
  }
  store<v128>(preparedPtr, start);
}
