// 1-bit GEMV, scalar table look-up, eight columns an index, tiled over K
//
//   y[n] = sum_k x[k] * (2 * bit[n][k] - 1)
//
//   preparedPtr  i8 [K]
//   wPtr         LAYOUT_INT1_LUT: [K/64][N][8 B], a tile is 64 columns of every row; byte g holds columns 8g to 8g + 7:
//
//       bit   7   6   5   4   3   2   1   0
//           |8g+7|8g+6|            ... | 8g |
//
//   tablePtr     u16 [8][256], one tile's tables, 4 KB:  T[i] = 1024 + sum_j x[8g + j] * (bit j of i ? 1 : -1),  0 to 2048
//   yPtr         i32 [N]     carries the sums from tile to tile
//
// K % 64 == 0, any N. Bound: |y| <= 128 K < 2^31.

const GROUPS = 8;
const BIAS = 1024;                                                               // 8 * 128

/** Two entries a word, doubled column by column: T[i + 2^j] = T[i] + 2 x[j]. */
@inline
function buildTable(xPtr: usize, tPtr: usize): void {
  let all = 0;
  for (let j = 0; j < 8; j++) all += <i32>load<i8>(xPtr + j);
  const none = BIAS - all;
  store<u32>(tPtr, none | ((none + (<i32>load<i8>(xPtr) << 1)) << 16));
  for (let bytes: usize = 4; bytes < 512; bytes <<= 1) {
    const add = (<i32>load<i8>(++xPtr) << 1) * 0x10001;                          // in both halves
    for (let ptr = tPtr, end = tPtr + bytes; ptr < end; ptr += 4) store<u32>(ptr + bytes, load<u32>(ptr) + add);
  }
}

export function int1Gemv(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32, tablePtr: usize): void {
  const yEnd = yPtr + (<usize>rows << 2);
  for (let outPtr = yPtr; outPtr < yEnd; outPtr += 4) store<i32>(outPtr, 0);
  for (const xEnd = preparedPtr + columns; preparedPtr < xEnd; preparedPtr += 64) {
    for (let g = 0; g < GROUPS; g++) buildTable(preparedPtr + (g << 3), tablePtr + (g << 9));
    for (let outPtr = yPtr; outPtr < yEnd; outPtr += 4) {
      let sum = load<i32>(outPtr) - GROUPS * BIAS;
      sum += <i32>load<u16>(tablePtr + (<usize>load<u8>(wPtr, 0) << 1), 0);
      sum += <i32>load<u16>(tablePtr + (<usize>load<u8>(wPtr, 1) << 1), 512);
      sum += <i32>load<u16>(tablePtr + (<usize>load<u8>(wPtr, 2) << 1), 1024);
      sum += <i32>load<u16>(tablePtr + (<usize>load<u8>(wPtr, 3) << 1), 1536);
      sum += <i32>load<u16>(tablePtr + (<usize>load<u8>(wPtr, 4) << 1), 2048);
      sum += <i32>load<u16>(tablePtr + (<usize>load<u8>(wPtr, 5) << 1), 2560);
      sum += <i32>load<u16>(tablePtr + (<usize>load<u8>(wPtr, 6) << 1), 3072);
      sum += <i32>load<u16>(tablePtr + (<usize>load<u8>(wPtr, 7) << 1), 3584);
      store<i32>(outPtr, sum);
      wPtr += 8;
    }
  }
}
