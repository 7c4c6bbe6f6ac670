// 8-bit GEMM, SIMD: four rows widened to i16, then the 4 x 2 register tile of gemm.simd.ts
//
//   y[m][n] = sum_k x[m][k] * w[n][k]
//
//   wPtr  LAYOUT_INT8_BLOCKED: i8 [N/4][K/8][4][8], drawn in int8_gemv.ts; the decoded order is the same, twice as wide
//
// K % 8 == 0, N % 4 == 0. Bound as int8_gemv.simd.ts: K < 2^17.

import { multiply4Rows } from "./gemm.simd.ts";

export function int8Gemm(
  x16Ptr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32, batch: i32, strideBytes: usize, scratchPtr: usize,
): void {
  for (const yEnd = yPtr + (<usize>rows << 2); yPtr < yEnd; yPtr += 16) {
    let outPtr = scratchPtr;
    for (const wEnd = wPtr + (<usize>columns << 2); wPtr < wEnd; wPtr += 16) {
      store<v128>(outPtr, v128.load8x8_s(wPtr, 0), 0);
      store<v128>(outPtr, v128.load8x8_s(wPtr, 8), 16);
      outPtr += 32;
    }
    multiply4Rows(x16Ptr, scratchPtr, yPtr, columns, batch, strideBytes);
  }
}
