// 4-bit GEMV, SIMD mask-dot, 4 rows at a time: codes are multiplied where they lie
//
//   y[n] = sum_k x[k] * (code[n][k] - 8)                     code: u4
//
//   wPtr  LAYOUT_INT4_MASKDOT: [N/4][K/32][4][16 B]; one u16 lane j (0..7) of a row's 16 bytes holds four columns:
//
//       bit  15    12 11     8 7      4 3      0
//           | 24 + j | 16 + j |  8 + j |  0 + j |            column within the block of 32
//           | field 3| field 2| field 1| field 0|
//
//   (lane & 0x000f) * (x << 4)  and  (lane & 0x00f0) * x  are both 16 * code * x: one accumulator
//   takes fields 0 and 1, and after lane >>= 8 fields 2 and 3. One shift per vector, no unpacking.
//
//   preparedPtr: i32x4 start, then at +64 i16 [K]: x << 4 for even fields, x for odd ones.
//   start = -16 * 8 * x, summed per lane: the zero point, paid once per call and not per row.
//
//   yPtr  i32 [N]
//
// K % 32 == 0, N % 4 == 0.
// Bound: at any moment a column counts 16 * x * (code - 8) or, not yet added, 16 * x * (0 - 8):
// at most 2^14. The four lanes are summed before the shift by 4, so K < 2^17.

import { maskDot, sumLanes4 } from "./lanes.ts";

const MASKS: usize = memory.data<u16>([
  0x000f, 0x000f, 0x000f, 0x000f, 0x000f, 0x000f, 0x000f, 0x000f,
  0x00f0, 0x00f0, 0x00f0, 0x00f0, 0x00f0, 0x00f0, 0x00f0, 0x00f0,
], 16);

export function int4GemvSimd(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32): void {
  const start = v128.load(preparedPtr);
  const mask0 = v128.load(MASKS);
  const mask1 = v128.load(MASKS, 16);
  const xFirst = preparedPtr + 64;
  const xEnd = xFirst + (<usize>columns << 1);
  for (const yEnd = yPtr + (<usize>rows << 2); yPtr < yEnd; yPtr += 16) {
    let a0 = start, a1 = start, a2 = start, a3 = start;
    for (let xPtr = xFirst; xPtr < xEnd; xPtr += 64) {
      let v0 = v128.load(wPtr, 0), v1 = v128.load(wPtr, 16);
      let v2 = v128.load(wPtr, 32), v3 = v128.load(wPtr, 48);
      let x = v128.load(xPtr, 0);                                                // field 0
      a0 = maskDot(a0, v0, mask0, x); a1 = maskDot(a1, v1, mask0, x);
      a2 = maskDot(a2, v2, mask0, x); a3 = maskDot(a3, v3, mask0, x);
      x = v128.load(xPtr, 16);                                                   // field 1
      a0 = maskDot(a0, v0, mask1, x); a1 = maskDot(a1, v1, mask1, x);
      a2 = maskDot(a2, v2, mask1, x); a3 = maskDot(a3, v3, mask1, x);
      v0 = i16x8.shr_u(v0, 8); v1 = i16x8.shr_u(v1, 8);
      v2 = i16x8.shr_u(v2, 8); v3 = i16x8.shr_u(v3, 8);
      x = v128.load(xPtr, 32);                                                   // field 2
      a0 = maskDot(a0, v0, mask0, x); a1 = maskDot(a1, v1, mask0, x);
      a2 = maskDot(a2, v2, mask0, x); a3 = maskDot(a3, v3, mask0, x);
      x = v128.load(xPtr, 48);                                                   // field 3
      a0 = maskDot(a0, v0, mask1, x); a1 = maskDot(a1, v1, mask1, x);
      a2 = maskDot(a2, v2, mask1, x); a3 = maskDot(a3, v3, mask1, x);
      wPtr += 64;
    }
    store<v128>(yPtr, i32x4.shr_s(sumLanes4(a0, a1, a2, a3), 4));
  }
}
