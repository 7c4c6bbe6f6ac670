// 16-bit GEMV, SIMD, 4 rows at a time, exact: sums in i32 are carried over to i64 before they can overflow
//
//   y[n] = float32(sum_k x[k] * w[n][k])             the sum is exact in i64 and rounded once
//
//   preparedPtr  at +64 i16 [K]   activations, widened once per call
//   wPtr         LAYOUT_INT16_BLOCKED, drawn in int16_gemv.ts
//   yPtr         f32 [N]
//
// K % 16 == 0, N % 4 == 0. Bound: a dot adds two products of at most 127 * 32767 to an i32 lane: 258 of them stay below 2^31,
// so lanes are emptied after 2048 columns (256 dots). i64 holds any K.

import { dotAdd } from "./lanes.ts";

const FLUSH_BYTES: usize = 2048 * 2;

/** sum + both pairs of i32 lanes, in i64. */
@inline
function flush(sum: v128, lanes: v128): v128 {
  return i64x2.add(sum, i64x2.add(i64x2.extend_low_i32x4_s(lanes), i64x2.extend_high_i32x4_s(lanes)));
}

@inline
function total(sum: v128): f32 {
  return <f32>(i64x2.extract_lane(sum, 0) + i64x2.extract_lane(sum, 1));
}

export function int16GemvSimd(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32): void {
  const xFirst = preparedPtr + 64;
  const xEnd = xFirst + (<usize>columns << 1);
  for (const yEnd = yPtr + (<usize>rows << 2); yPtr < yEnd; yPtr += 16) {
    let y0 = i64x2.splat(0), y1 = i64x2.splat(0), y2 = i64x2.splat(0), y3 = i64x2.splat(0);
    for (let xPtr = xFirst; xPtr < xEnd;) {
      let a0 = i32x4.splat(0), a1 = i32x4.splat(0), a2 = i32x4.splat(0), a3 = i32x4.splat(0);
      for (const stop = min(xPtr + FLUSH_BYTES, xEnd); xPtr < stop; xPtr += 32) {
        let x = v128.load(xPtr);
        a0 = dotAdd(a0, v128.load(wPtr, 0), x);
        a1 = dotAdd(a1, v128.load(wPtr, 16), x);
        a2 = dotAdd(a2, v128.load(wPtr, 32), x);
        a3 = dotAdd(a3, v128.load(wPtr, 48), x);
        x = v128.load(xPtr, 16);
        a0 = dotAdd(a0, v128.load(wPtr, 64), x);
        a1 = dotAdd(a1, v128.load(wPtr, 80), x);
        a2 = dotAdd(a2, v128.load(wPtr, 96), x);
        a3 = dotAdd(a3, v128.load(wPtr, 112), x);
        wPtr += 128;
      }
      y0 = flush(y0, a0); y1 = flush(y1, a1); y2 = flush(y2, a2); y3 = flush(y3, a3);
    }
    store<f32>(yPtr, total(y0), 0);
    store<f32>(yPtr, total(y1), 4);
    store<f32>(yPtr, total(y2), 8);
    store<f32>(yPtr, total(y3), 12);
  }
}
