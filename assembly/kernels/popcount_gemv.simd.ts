// Ternary x ternary GEMV by counting bits, SIMD, 4 rows at a time: 128 MACs from a handful of logic operations
//
//   y[n] = sum_k x[k] * w[n][k],  x and w in {-1, 0, 1}
//
// Two bit planes: nonzero = (v != 0), negative = (v < 0).
//
//   both   = x.nonzero & w.nonzero                  columns that count
//   unlike = (x.negative ^ w.negative) & both       those of them that count -1
//   y      = popcount(both) - 2 * popcount(unlike)
//
//   preparedPtr  [K/128][nonzero 16 B | negative 16 B]     bit i of byte b: column 8b + i of the block
//   wPtr         LAYOUT_TERNARY_PLANES: [N/4][K/128][4][nonzero 16 B | negative 16 B]
//   yPtr         i32 [N]
//
// K % 128 == 0, N % 4 == 0. Bound: an i8 lane moves by at most 8 a block, so it is widened after 15 blocks (120 < 128).

import { sumLanes4 } from "./lanes.ts";

const WIDEN_BYTES: usize = 15 * 32;

/** acc + both - 2 * unlike, bit counts per byte. */
@inline
function count(acc: v128, xNonzero: v128, xNegative: v128, wNonzero: v128, wNegative: v128): v128 {
  const both = v128.and(xNonzero, wNonzero);
  const unlike = i8x16.popcnt(v128.and(v128.xor(xNegative, wNegative), both));
  return i8x16.sub(i8x16.add(acc, i8x16.popcnt(both)), i8x16.add(unlike, unlike));
}

@inline
function widenAdd(sum: v128, bytes: v128): v128 {
  return i32x4.add(sum, i32x4.extadd_pairwise_i16x8_s(i16x8.extadd_pairwise_i8x16_s(bytes)));
}

export function popcountGemvSimd(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32): void {
  const xEnd = preparedPtr + (<usize>columns >> 2);
  for (const yEnd = yPtr + (<usize>rows << 2); yPtr < yEnd; yPtr += 16) {
    let y0 = i32x4.splat(0), y1 = i32x4.splat(0), y2 = i32x4.splat(0), y3 = i32x4.splat(0);
    for (let xPtr = preparedPtr; xPtr < xEnd;) {
      let c0 = i8x16.splat(0), c1 = i8x16.splat(0), c2 = i8x16.splat(0), c3 = i8x16.splat(0);
      for (const stop = min(xPtr + WIDEN_BYTES, xEnd); xPtr < stop; xPtr += 32) {
        const nonzero = v128.load(xPtr), negative = v128.load(xPtr, 16);
        c0 = count(c0, nonzero, negative, v128.load(wPtr, 0), v128.load(wPtr, 16));
        c1 = count(c1, nonzero, negative, v128.load(wPtr, 32), v128.load(wPtr, 48));
        c2 = count(c2, nonzero, negative, v128.load(wPtr, 64), v128.load(wPtr, 80));
        c3 = count(c3, nonzero, negative, v128.load(wPtr, 96), v128.load(wPtr, 112));
        wPtr += 128;
      }
      y0 = widenAdd(y0, c0); y1 = widenAdd(y1, c1); y2 = widenAdd(y2, c2); y3 = widenAdd(y3, c3);
    }
    store<v128>(yPtr, sumLanes4(y0, y1, y2, y3));
  }
}
