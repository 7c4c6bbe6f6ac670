// 4-bit GEMM, SIMD: four rows decoded to i16, then the 4 x 2 register tile of gemm.simd.ts
//
//   y[m][n] = sum_k x[m][k] * w[n][k]
//
//   wPtr  LAYOUT_INT4_MASKDOT: [N/4][K/32][4][16 B], drawn in int4_gemv.simd.ts; field f of lane j is column 8f + j,
//         w + 8 in fields 0 to 2, w itself in field 3
//
// K % 32 == 0, N % 4 == 0. Bound as int8_gemv.simd.ts: K < 2^17.

import { multiply4Rows } from "./gemm.simd.ts";

@inline
function field(packed: v128, shift: i32): v128 {
  return i16x8.sub(v128.and(i16x8.shr_u(packed, shift), i16x8.splat(15)), i16x8.splat(8));
}

export function int4Gemm(
  x16Ptr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32, batch: i32, strideBytes: usize, scratchPtr: usize,
): void {
  for (const yEnd = yPtr + (<usize>rows << 2); yPtr < yEnd; yPtr += 16) {
    let outPtr = scratchPtr;
    for (const wEnd = wPtr + (<usize>columns << 1); wPtr < wEnd;) {              // a block of 32 columns: 64 B in, 256 B out
      for (const stop = wPtr + 64; wPtr < stop; wPtr += 16) {
        const packed = v128.load(wPtr);
        store<v128>(outPtr, field(packed, 0), 0);
        store<v128>(outPtr, field(packed, 4), 64);
        store<v128>(outPtr, field(packed, 8), 128);
        store<v128>(outPtr, i16x8.shr_s(packed, 12), 192);
        outPtr += 16;
      }
      outPtr += 192;
    }
    multiply4Rows(x16Ptr, scratchPtr, yPtr, columns, batch, strideBytes);
  }
}
