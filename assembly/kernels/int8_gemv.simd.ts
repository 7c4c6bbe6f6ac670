// 8-bit GEMV, SIMD, 4 rows at a time, one weight stream
//
//   y[n] = sum_k x[k] * w[n][k]
//
//   preparedPtr  at +64 i16 [K]   activations, widened once per call
//   wPtr         LAYOUT_INT8_BLOCKED, drawn in int8_gemv.ts
//   yPtr         i32 [N]
//
// K % 16 == 0 (two blocks a step), N % 4 == 0. Bound: |x * w| <= 2^14, and y must fit in i32, so K < 2^17.

import { dotAdd, sumLanes4 } from "./lanes.ts";

export function int8GemvSimd(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32): void {
  const xFirst = preparedPtr + 64;
  const xEnd = xFirst + (<usize>columns << 1);
  for (const yEnd = yPtr + (<usize>rows << 2); yPtr < yEnd; yPtr += 16) {
    let a0 = i32x4.splat(0), a1 = i32x4.splat(0), a2 = i32x4.splat(0), a3 = i32x4.splat(0);
    for (let xPtr = xFirst; xPtr < xEnd; xPtr += 32) {
      let x = v128.load(xPtr);
      a0 = dotAdd(a0, v128.load8x8_s(wPtr, 0), x);
      a1 = dotAdd(a1, v128.load8x8_s(wPtr, 8), x);
      a2 = dotAdd(a2, v128.load8x8_s(wPtr, 16), x);
      a3 = dotAdd(a3, v128.load8x8_s(wPtr, 24), x);
      x = v128.load(xPtr, 16);
      a0 = dotAdd(a0, v128.load8x8_s(wPtr, 32), x);
      a1 = dotAdd(a1, v128.load8x8_s(wPtr, 40), x);
      a2 = dotAdd(a2, v128.load8x8_s(wPtr, 48), x);
      a3 = dotAdd(a3, v128.load8x8_s(wPtr, 56), x);
      wPtr += 64;
    }
    store<v128>(yPtr, sumLanes4(a0, a1, a2, a3));
  }
}
