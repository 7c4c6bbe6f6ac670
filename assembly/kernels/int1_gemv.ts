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
//   yPtr         i32 [N]     starts at -128 K, the bias of all tables, and carries the sums from tile to tile
//
// K % 64 == 0, any N. Bound: |y| <= 128 K < 2^31.

const GROUPS = 8;                                                                // tables in a tile
const BIAS = 1024;                                                               // 128 a column

/** x[j] in both halves of a word, twice: what a bit set changes. */
@inline
function step(xPtr: usize, j: usize): u32 {
  return <u32>(<i32>load<i8>(xPtr + j) * 0x20002);
}

/**
 * Two entries a word. Eight words hold the combinations of columns 0 to 3; each of them gives 15 more, which differ from their
 * neighbour in one bit of columns 4 to 7 (a Gray code), so that an entry costs half an addition and half a store.
 */
function buildTable(xPtr: usize, tPtr: usize): void {
  let all = 0;
  for (let j: usize = 0; j < 8; j++) all += <i32>load<i8>(xPtr + j);
  const none = BIAS - all;
  const x1 = step(xPtr, 1), x2 = step(xPtr, 2), x3 = step(xPtr, 3);
  const x4 = step(xPtr, 4), x5 = step(xPtr, 5), x6 = step(xPtr, 6), x7 = step(xPtr, 7);
  let two = <u32>(none | ((none + (<i32>load<i8>(xPtr) << 1)) << 16));
  store<u32>(tPtr, two, 0);
  two += x1; store<u32>(tPtr, two, 4);
  two += x2; store<u32>(tPtr, two, 12);
  two -= x1; store<u32>(tPtr, two, 8);
  two += x3; store<u32>(tPtr, two, 24);
  two += x1; store<u32>(tPtr, two, 28);
  two -= x2; store<u32>(tPtr, two, 20);
  two -= x1; store<u32>(tPtr, two, 16);
  for (const end = tPtr + 32; tPtr < end; tPtr += 4) {
    two = load<u32>(tPtr);
    two += x4; store<u32>(tPtr, two, 32);
    two += x5; store<u32>(tPtr, two, 96);
    two -= x4; store<u32>(tPtr, two, 64);
    two += x6; store<u32>(tPtr, two, 192);
    two += x4; store<u32>(tPtr, two, 224);
    two -= x5; store<u32>(tPtr, two, 160);
    two -= x4; store<u32>(tPtr, two, 128);
    two += x7; store<u32>(tPtr, two, 384);
    two += x4; store<u32>(tPtr, two, 416);
    two += x5; store<u32>(tPtr, two, 480);
    two -= x4; store<u32>(tPtr, two, 448);
    two -= x6; store<u32>(tPtr, two, 320);
    two += x4; store<u32>(tPtr, two, 352);
    two -= x5; store<u32>(tPtr, two, 288);
    two -= x4; store<u32>(tPtr, two, 256);
  }
}

export function int1Gemv(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32, tablePtr: usize): void {
  const yEnd = yPtr + (<usize>rows << 2);
  for (let outPtr = yPtr; outPtr < yEnd; outPtr += 4) store<i32>(outPtr, -(columns << 7));
  for (const xEnd = preparedPtr + columns; preparedPtr < xEnd; preparedPtr += 64) {
    for (let g = 0; g < GROUPS; g++) buildTable(preparedPtr + (g << 3), tablePtr + (g << 9));
    for (let outPtr = yPtr; outPtr < yEnd; outPtr += 4) {
      let sum = load<i32>(outPtr);
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
