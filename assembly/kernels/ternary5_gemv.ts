// Ternary GEMV, scalar table look-up, five trits a byte (1.6 bits per weight), tiled over K
//
//   y[n] = sum_k x[k] * w[n][k],  w in {-1, 0, 1}
//
// Digits d = w + 1. Five columns make one byte, which is the index of a table entry, no masking:
//
//   index = d0 + 3 d1 + 9 d2 + 28 d3 + 84 d4 <= 250          27 entries padded to 28: whole i32 words
//   T[index] = 640 + sum_j x[j] (d_j - 1)                    u16, 0..1280
//
//   preparedPtr  i8 [K]
//   wPtr      LAYOUT_TERNARY5_LUT: [K/40][N][8 B]   a tile is 8 bytes (40 columns) of every row
//   tablePtr  u16 [8][256]     one tile's tables, 4 KB: rebuilt for each tile, used by all rows
//   yPtr      i32 [N]          starts at -128 K, the bias of all tables, and carries the sums from tile to tile
//
// K % 40 == 0, any N. Bound: y fits in i32 while K < 2^24.

const GROUPS = 8;                                                                // tables in a tile
const COLUMNS = 5;                                                               // columns in a table
const BIAS = 640;                                                                // 128 a column

/** Nine entries: s + {-1, 0, 1} * b + {-1, 0, 1} * a. */
@inline
function store9(tPtr: usize, s: i32, a: i32, b: i32): void {
  const plus = b + a, minus = b - a;
  store<u16>(tPtr, s - plus, 0); store<u16>(tPtr, s - b, 2); store<u16>(tPtr, s - minus, 4);
  store<u16>(tPtr, s - a, 6); store<u16>(tPtr, s, 8); store<u16>(tPtr, s + a, 10);
  store<u16>(tPtr, s + minus, 12); store<u16>(tPtr, s + b, 14); store<u16>(tPtr, s + plus, 16);
}

/** 27 entries one by one, then eight copies of them, two u16 entries per i32 addition. */
@inline
function buildTable(xPtr: usize, tPtr: usize): void {
  const x0 = <i32>load<i8>(xPtr, 0), x1 = <i32>load<i8>(xPtr, 1), x2 = <i32>load<i8>(xPtr, 2);
  const x3 = <i32>load<i8>(xPtr, 3), x4 = <i32>load<i8>(xPtr, 4);
  const s = BIAS - x4 - x3;
  store9(tPtr, s - x2, x0, x1);
  store9(tPtr + 18, s, x0, x1);
  store9(tPtr + 36, s + x2, x0, x1);
  const add3 = <u32>(x3 * 0x10001);                                              // d3 one up, in both halves
  const add4 = <u32>(x4 * 0x10001) - (add3 << 1);                                // d4 one up, d3 back to 0
  for (const end = tPtr + 56; tPtr < end; tPtr += 4) {
    let two = load<u32>(tPtr);
    two += add3; store<u32>(tPtr, two, 56);
    two += add3; store<u32>(tPtr, two, 112);
    two += add4; store<u32>(tPtr, two, 168);
    two += add3; store<u32>(tPtr, two, 224);
    two += add3; store<u32>(tPtr, two, 280);
    two += add4; store<u32>(tPtr, two, 336);
    two += add3; store<u32>(tPtr, two, 392);
    two += add3; store<u32>(tPtr, two, 448);
  }
}

export function ternary5Gemv(
  preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32, tablePtr: usize,
): void {
  const yEnd = yPtr + (<usize>rows << 2);
  for (let outPtr = yPtr; outPtr < yEnd; outPtr += 4) store<i32>(outPtr, -(columns << 7));
  for (const xEnd = preparedPtr + columns; preparedPtr < xEnd; preparedPtr += GROUPS * COLUMNS) {
    for (let g = 0; g < GROUPS; g++) buildTable(preparedPtr + g * COLUMNS, tablePtr + (g << 9));
    for (let outPtr = yPtr; outPtr < yEnd; outPtr += 4) {
      let sum = load<i32>(outPtr);
      let i0 = <usize>load<u8>(wPtr, 0), i1 = <usize>load<u8>(wPtr, 1), i2 = <usize>load<u8>(wPtr, 2), i3 = <usize>load<u8>(wPtr, 3);
      sum += <i32>load<u16>(tablePtr + (i0 << 1), 0);
      sum += <i32>load<u16>(tablePtr + (i1 << 1), 512);
      sum += <i32>load<u16>(tablePtr + (i2 << 1), 1024);
      sum += <i32>load<u16>(tablePtr + (i3 << 1), 1536);
      i0 = <usize>load<u8>(wPtr, 4); i1 = <usize>load<u8>(wPtr, 5); i2 = <usize>load<u8>(wPtr, 6); i3 = <usize>load<u8>(wPtr, 7);
      sum += <i32>load<u16>(tablePtr + (i0 << 1), 2048);
      sum += <i32>load<u16>(tablePtr + (i1 << 1), 2560);
      sum += <i32>load<u16>(tablePtr + (i2 << 1), 3072);
      sum += <i32>load<u16>(tablePtr + (i3 << 1), 3584);
      store<i32>(outPtr, sum);
      wPtr += 8;
    }
  }
}
