// GEMV of odd widths (3, 5 to 7, 9 to 15 bits), scalar: bits are never unpacked, each part of a code is multiplied where it lies
//
//   u = code + 2^(bits - 1) = high * 2^b + middle * 2^p + sum of bit j * 2^j       p = bits & 3,  b = bits & 7
//
//       bit of u  14           7 6       3 2     0             15 bits: 8, 4 and three planes
//                |     high     | middle  | p p p |
//                 int8Gemv       int4Gemv  int1Gemv
//
//   y[n] = sum_k x[k] * code[n][k] = 2^b * y.high + 2^p * y.middle + sum_j 2^j * (y.sign j + xSum) / 2
//
// since a bit is (sign + 1) / 2. The highest part is stored with its zero point, so that it is signed; a 3-bit code has planes only
// and 4 * xSum is subtracted.
//
//   preparedPtr  i8 [K]; overwritten by u8 x + 128 if there is a middle part
//   wPtr         LAYOUT_PACKED + bits: | INT8_BLOCKED [N][K] | INT4_SWAR [N][K] | INT1_LUT [p * N][K], plane 0 first |, each if it is there
//   tablePtr     | tables 4 KB | i32 [N] sums of the middle part | i32 [p][N] sums of signs |
//   yPtr         i32 [N]; f32 [N] above 8 bits, where sums need 64: exact, rounded once
//
// Bound: below 8 bits |y| <= 127 * 64 * 8192 < 2^31; above, 127 * 2^14 * 8192 < 2^35 in i64. Each part has its kernel's bounds.

import { LAYOUT_INT1_LUT, LAYOUT_INT4_SWAR, LUT_BYTES, packedOffset, padTo, signPlanes } from "../format/layouts.ts";
import { int1Gemv } from "./int1_gemv.ts";
import { int4Gemv } from "./int4_gemv.ts";
import { int8Gemv } from "./int8_gemv.ts";

/** `columns` and `rows` without padding; prepared codes are padded with zeros to a multiple of 64. */
export function packedGemv(
  layout: i32, preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32, tablePtr: usize, xSum: i32,
): void {
  const planes = signPlanes(layout);
  const k = padTo(columns, 16);
  const n = padTo(rows, 4);
  const middlePtr = tablePtr + LUT_BYTES;
  const signsPtr = middlePtr + (<usize>n << 2);
  // signs first: they read codes up to a multiple of 64, and int8Gemv writes behind the last multiple of 16
  if (planes > 0) {
    const partPtr = wPtr + packedOffset(layout, LAYOUT_INT1_LUT, rows, columns);
    int1Gemv(preparedPtr, partPtr, signsPtr, padTo(columns, 64), planes * rows, tablePtr);
  }
  if (layout & 8) int8Gemv(preparedPtr, wPtr, yPtr, k, n);
  if (layout & 4) {
    for (let i: usize = 0; i < <usize>k; i += 4) store<u32>(preparedPtr + i, load<u32>(preparedPtr + i) ^ 0x80808080);
    const partPtr = wPtr + packedOffset(layout, LAYOUT_INT4_SWAR, rows, columns);
    int4Gemv(preparedPtr, partPtr, middlePtr, k, n, layout & 8 ? 0 : xSum << 3);
  }
  addParts(layout, yPtr, rows, middlePtr, signsPtr, xSum);
}

function addParts(layout: i32, yPtr: usize, rows: i32, middlePtr: usize, signsPtr: usize, xSum: i32): void {
  const planes = signPlanes(layout);
  const planeBytes = <usize>rows << 2;
  const ofBits = ((1 << planes) - 1) * xSum;
  const zero = layout & 12 ? 0 : xSum << 2;
  for (const end = yPtr + planeBytes; yPtr < end; yPtr += 4) {
    let y = 0;
    for (let ptr = signsPtr + <usize>planes * planeBytes; ptr > signsPtr;) {
      ptr -= planeBytes;
      y = (y << 1) + load<i32>(ptr);
    }
    y = ((y + ofBits) >> 1) - zero;
    if (layout & 4) y += load<i32>(middlePtr) << planes;
    if (layout & 8) store<f32>(yPtr, <f32>((<i64>load<i32>(yPtr) << (layout & 7)) + y));
    else store<i32>(yPtr, y);
    middlePtr += 4;
    signsPtr += 4;
  }
}
