// 1-bit GEMV, SIMD table look-up, 32 rows at a time: ternary_lut_gemv.simd.ts with one plane
//
//   y[n] = sum_k x[k] * (2 * bit[n][k] - 1)
//
//   tablePtr  tables of x (lut.simd.ts)
//
//   wPtr      LAYOUT_INT1_LUT_SIMD: [N/32][K/4][16 B]
//
//       byte i   bit  7   6   5   4     3   2   1   0
//                    |k 3|k 2|k 1|k 0| |k 3|k 2|k 1|k 0|      k: column of the group
//                     row 16 + i        row i
//
//   yPtr      i32 [N]
//
// sum T = sum of x where the bit is set + 512 * K/4, so y = 2 * that - 256 K - sum x.
//
// K % 32 == 0 (eight groups between widenings), N % 32 == 0.
// Bound: u16 sums grow by 248 per 32 columns: 248 * K/32 <= 65535, so K <= 8448, above MAX_WIDTH.

import { store16Rows } from "./lut.simd.ts";

const MASKS: usize = memory.data<u16>([
  0x0f0f, 0x0f0f, 0x0f0f, 0x0f0f, 0x0f0f, 0x0f0f, 0x0f0f, 0x0f0f,
  0x00ff, 0x00ff, 0x00ff, 0x00ff, 0x00ff, 0x00ff, 0x00ff, 0x00ff,
], 16);

export function int1LutGemvSimd(tablePtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32, xSum: i32): void {
  const nibble = v128.load(MASKS);
  const evenByte = v128.load(MASKS, 16);
  const tableEnd = tablePtr + (<usize>columns << 3);
  const bias = i32x4.splat((columns << 8) + xSum);
  for (const yEnd = yPtr + (<usize>rows << 2); yPtr < yEnd; yPtr += 128) {
    let lowEvenA = i16x8.splat(0), lowOddA = i16x8.splat(0), highEvenA = i16x8.splat(0), highOddA = i16x8.splat(0);
    let lowEvenB = i16x8.splat(0), lowOddB = i16x8.splat(0), highEvenB = i16x8.splat(0), highOddB = i16x8.splat(0);
    for (let tPtr = tablePtr; tPtr < tableEnd;) {
      let lowA = i8x16.splat(0), highA = i8x16.splat(0);                         // rows 0..15
      let lowB = i8x16.splat(0), highB = i8x16.splat(0);                         // rows 16..31
      for (const stop = tPtr + 8 * 32; tPtr < stop; tPtr += 64) {                // 8 groups = 8 adds
        let lowTable = v128.load(tPtr), highTable = v128.load(tPtr, 16);
        let packed = v128.load(wPtr);
        let a = v128.and(packed, nibble), b = v128.and(i16x8.shr_u(packed, 4), nibble);
        lowA = i8x16.add(lowA, i8x16.swizzle(lowTable, a)); highA = i8x16.add(highA, i8x16.swizzle(highTable, a));
        lowB = i8x16.add(lowB, i8x16.swizzle(lowTable, b)); highB = i8x16.add(highB, i8x16.swizzle(highTable, b));
        lowTable = v128.load(tPtr, 32); highTable = v128.load(tPtr, 48);
        packed = v128.load(wPtr, 16);
        a = v128.and(packed, nibble); b = v128.and(i16x8.shr_u(packed, 4), nibble);
        lowA = i8x16.add(lowA, i8x16.swizzle(lowTable, a)); highA = i8x16.add(highA, i8x16.swizzle(highTable, a));
        lowB = i8x16.add(lowB, i8x16.swizzle(lowTable, b)); highB = i8x16.add(highB, i8x16.swizzle(highTable, b));
        wPtr += 32;
      }
      lowEvenA = i16x8.add(lowEvenA, v128.and(lowA, evenByte)); lowOddA = i16x8.add(lowOddA, i16x8.shr_u(lowA, 8));
      highEvenA = i16x8.add(highEvenA, v128.and(highA, evenByte)); highOddA = i16x8.add(highOddA, i16x8.shr_u(highA, 8));
      lowEvenB = i16x8.add(lowEvenB, v128.and(lowB, evenByte)); lowOddB = i16x8.add(lowOddB, i16x8.shr_u(lowB, 8));
      highEvenB = i16x8.add(highEvenB, v128.and(highB, evenByte)); highOddB = i16x8.add(highOddB, i16x8.shr_u(highB, 8));
    }
    store16Rows(yPtr, lowEvenA, lowOddA, highEvenA, highOddA, bias, 1);
    store16Rows(yPtr + 64, lowEvenB, lowOddB, highEvenB, highOddB, bias, 1);
  }
}
