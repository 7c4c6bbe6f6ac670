// 4-bit GEMV, SIMD mask-dot, 4 rows at a time: codes are multiplied where they lie
//
//   y[n] = sum_k x[k] * w[n][k]                              w: -8..7
//
//   wPtr  LAYOUT_INT4_MASKDOT: [N/4][K/32][4][16 B]; one i16 lane j (0..7) of a row's 16 bytes holds four columns:
//
//       bit  15    12 11     8 7      4 3      0
//           | 24 + j | 16 + j |  8 + j |  0 + j |            column within the block of 32
//           |   w3   | w2 + 8 | w1 + 8 | w0 + 8 |            as a signed number: lane = 4096 w3 + 256 w2 + 16 w1 + w0 + 0x888
//
//   high = lane >> 8. With q for w + 8 (fields 0 to 2), four products give 16 x[k] q[k] of all columns, two of them of words as they are:
//
//       lane        * x1                = 256 high x1 + 16 q1 x1 + q0 x1
//       lane & 15   * (16 x0 - x1)      =                        16 q0 x0 - q0 x1
//       high        * (x3 - 256 x1)     = 16 w3 x3 + q2 x3 - 256 high x1
//       high & 15   * (16 x2 - x3)      =                        16 q2 x2 - q2 x3
//
//   preparedPtr: i32x4 start, then at +64 i16 [K/32][x1 | 16 x0 - x1 | x3 - 256 x1 | 16 x2 - x3][8]  (prepareNibbles)
//   start = -16 * 8 * (x0 + x1 + x2), summed per lane: the zero points, paid once per call and not per row.
//
//   yPtr  i32 [N]
//
// K % 32 == 0, N % 4 == 0.
// Bound: x3 - 256 x1 fits in i16 because |x| <= 127. Sums may pass 2^31 on the way and come back: what is left in the end is
// 16 * y, at most 16 * 127 * 8 * K, so K < 2^17.

import { dotAdd, maskDot, sumLanes4 } from "./lanes.ts";

const MASK: usize = memory.data<u16>([0x000f, 0x000f, 0x000f, 0x000f, 0x000f, 0x000f, 0x000f, 0x000f], 16);

export function int4GemvSimd(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32): void {
  const start = v128.load(preparedPtr);
  const mask = v128.load(MASK);
  const xFirst = preparedPtr + 64;
  const xEnd = xFirst + (<usize>columns << 1);
  for (const yEnd = yPtr + (<usize>rows << 2); yPtr < yEnd; yPtr += 16) {
    let a0 = start, a1 = start, a2 = start, a3 = start;
    for (let xPtr = xFirst; xPtr < xEnd; xPtr += 64) {
      let v0 = v128.load(wPtr, 0), v1 = v128.load(wPtr, 16);
      let v2 = v128.load(wPtr, 32), v3 = v128.load(wPtr, 48);
      let x = v128.load(xPtr, 0);                                                // x1
      a0 = dotAdd(a0, v0, x); a1 = dotAdd(a1, v1, x);
      a2 = dotAdd(a2, v2, x); a3 = dotAdd(a3, v3, x);
      x = v128.load(xPtr, 16);                                                   // 16 x0 - x1
      a0 = maskDot(a0, v0, mask, x); a1 = maskDot(a1, v1, mask, x);
      a2 = maskDot(a2, v2, mask, x); a3 = maskDot(a3, v3, mask, x);
      v0 = i16x8.shr_s(v0, 8); v1 = i16x8.shr_s(v1, 8);
      v2 = i16x8.shr_s(v2, 8); v3 = i16x8.shr_s(v3, 8);
      x = v128.load(xPtr, 32);                                                   // x3 - 256 x1
      a0 = dotAdd(a0, v0, x); a1 = dotAdd(a1, v1, x);
      a2 = dotAdd(a2, v2, x); a3 = dotAdd(a3, v3, x);
      x = v128.load(xPtr, 48);                                                   // 16 x2 - x3
      a0 = maskDot(a0, v0, mask, x); a1 = maskDot(a1, v1, mask, x);
      a2 = maskDot(a2, v2, mask, x); a3 = maskDot(a3, v3, mask, x);
      wPtr += 64;
    }
    store<v128>(yPtr, i32x4.shr_s(sumLanes4(a0, a1, a2, a3), 4));
  }
}
