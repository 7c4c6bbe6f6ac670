// 8-bit GEMV, scalar, 4 rows at a time, one weight stream
//
//   y[n] = sum_k x[k] * w[n][k]
//
//   preparedPtr  i8 [K]
//   wPtr         LAYOUT_INT8_BLOCKED: i8 [N/4][K/8][4][8], the order in which scalar and SIMD kernels both read:
//
//       | row 0, k 0..7 | row 1, k 0..7 | row 2, k 0..7 | row 3, k 0..7 | row 0, k 8..15 | ...
//         8 bytes         8 bytes         8 bytes         8 bytes
//
//   yPtr         i32 [N]
//
// K % 8 == 0, N % 4 == 0. Bound: |x * w| <= 2^14 and y must fit in i32, so K < 2^17.

export function int8Gemv(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32): void {
  const xEnd = preparedPtr + columns;
  for (const yEnd = yPtr + (<usize>rows << 2); yPtr < yEnd; yPtr += 16) {
    let y0 = 0, y1 = 0, y2 = 0, y3 = 0;
    for (let xPtr = preparedPtr; xPtr < xEnd; xPtr += 8) {
      let x = <i32>load<i8>(xPtr, 0);
      y0 += x * <i32>load<i8>(wPtr, 0); y1 += x * <i32>load<i8>(wPtr, 8); y2 += x * <i32>load<i8>(wPtr, 16); y3 += x * <i32>load<i8>(wPtr, 24);
      x = <i32>load<i8>(xPtr, 1);
      y0 += x * <i32>load<i8>(wPtr, 1); y1 += x * <i32>load<i8>(wPtr, 9); y2 += x * <i32>load<i8>(wPtr, 17); y3 += x * <i32>load<i8>(wPtr, 25);
      x = <i32>load<i8>(xPtr, 2);
      y0 += x * <i32>load<i8>(wPtr, 2); y1 += x * <i32>load<i8>(wPtr, 10); y2 += x * <i32>load<i8>(wPtr, 18); y3 += x * <i32>load<i8>(wPtr, 26);
      x = <i32>load<i8>(xPtr, 3);
      y0 += x * <i32>load<i8>(wPtr, 3); y1 += x * <i32>load<i8>(wPtr, 11); y2 += x * <i32>load<i8>(wPtr, 19); y3 += x * <i32>load<i8>(wPtr, 27);
      x = <i32>load<i8>(xPtr, 4);
      y0 += x * <i32>load<i8>(wPtr, 4); y1 += x * <i32>load<i8>(wPtr, 12); y2 += x * <i32>load<i8>(wPtr, 20); y3 += x * <i32>load<i8>(wPtr, 28);
      x = <i32>load<i8>(xPtr, 5);
      y0 += x * <i32>load<i8>(wPtr, 5); y1 += x * <i32>load<i8>(wPtr, 13); y2 += x * <i32>load<i8>(wPtr, 21); y3 += x * <i32>load<i8>(wPtr, 29);
      x = <i32>load<i8>(xPtr, 6);
      y0 += x * <i32>load<i8>(wPtr, 6); y1 += x * <i32>load<i8>(wPtr, 14); y2 += x * <i32>load<i8>(wPtr, 22); y3 += x * <i32>load<i8>(wPtr, 30);
      x = <i32>load<i8>(xPtr, 7);
      y0 += x * <i32>load<i8>(wPtr, 7); y1 += x * <i32>load<i8>(wPtr, 15); y2 += x * <i32>load<i8>(wPtr, 23); y3 += x * <i32>load<i8>(wPtr, 31);
      wPtr += 32;
    }
    store<i32>(yPtr, y0, 0);
    store<i32>(yPtr, y1, 4);
    store<i32>(yPtr, y2, 8);
    store<i32>(yPtr, y3, 12);
  }
}
