// 16-bit GEMV, scalar, 4 rows at a time, exact: sums in i32 are carried over to i64 before they can overflow
//
//   y[n] = float32(sum_k x[k] * w[n][k])            the sum is exact in i64 and rounded once
//
//   preparedPtr  i8 [K]
//   wPtr         LAYOUT_INT16_BLOCKED: i16 [N/4][K/8][4][8], the order in which scalar and SIMD kernels both read:
//
//       | row 0, k 0..7 | row 1, k 0..7 | row 2, k 0..7 | row 3, k 0..7 | row 0, k 8..15 | ...
//         16 bytes        16 bytes        16 bytes        16 bytes
//
//   yPtr         f32 [N]
//
// K % 8 == 0, N % 4 == 0. Bound: |x * w| <= 127 * 2^15, and 512 of them stay below 2^31 (2,130,706,432), so sums are carried
// over every 512 columns. The i64 sum stays below 127 * 2^15 * 8192 < 2^35.

const FLUSH_COLUMNS: usize = 512;

export function int16Gemv(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32): void {
  const xEnd = preparedPtr + columns;
  for (const yEnd = yPtr + (<usize>rows << 2); yPtr < yEnd; yPtr += 16) {
    let y0: i64 = 0, y1: i64 = 0, y2: i64 = 0, y3: i64 = 0;
    for (let xPtr = preparedPtr; xPtr < xEnd;) {
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      for (const stop = min(xPtr + FLUSH_COLUMNS, xEnd); xPtr < stop;) {
        for (const half = xPtr + 8; xPtr < half; xPtr += 4) {
          let x = <i32>load<i8>(xPtr, 0);
          s0 += x * <i32>load<i16>(wPtr, 0); s1 += x * <i32>load<i16>(wPtr, 16); s2 += x * <i32>load<i16>(wPtr, 32); s3 += x * <i32>load<i16>(wPtr, 48);
          x = <i32>load<i8>(xPtr, 1);
          s0 += x * <i32>load<i16>(wPtr, 2); s1 += x * <i32>load<i16>(wPtr, 18); s2 += x * <i32>load<i16>(wPtr, 34); s3 += x * <i32>load<i16>(wPtr, 50);
          x = <i32>load<i8>(xPtr, 2);
          s0 += x * <i32>load<i16>(wPtr, 4); s1 += x * <i32>load<i16>(wPtr, 20); s2 += x * <i32>load<i16>(wPtr, 36); s3 += x * <i32>load<i16>(wPtr, 52);
          x = <i32>load<i8>(xPtr, 3);
          s0 += x * <i32>load<i16>(wPtr, 6); s1 += x * <i32>load<i16>(wPtr, 22); s2 += x * <i32>load<i16>(wPtr, 38); s3 += x * <i32>load<i16>(wPtr, 54);
          wPtr += 8;
        }
        wPtr += 48;
      }
      y0 += s0; y1 += s1; y2 += s2; y3 += s3;
    }
    store<f32>(yPtr, <f32>y0, 0);
    store<f32>(yPtr, <f32>y1, 4);
    store<f32>(yPtr, <f32>y2, 8);
    store<f32>(yPtr, <f32>y3, 12);
  }
}
