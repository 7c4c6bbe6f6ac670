// Ternary x ternary GEMV by counting bits, scalar: 64 MACs from a few 64-bit logic operations
//
//   y[n] = sum_k x[k] * w[n][k],  x and w in {-1, 0, 1}
//
//   both   = x.notZero & w.notZero                  columns that count
//   unlike = (x.negative ^ w.negative) & both       those of them that count -1
//   y      = popcount(both) - 2 * popcount(unlike)
//
//   preparedPtr  [K/128][not zero 16 B | negative 16 B]     bit i of byte b: column 8b + i of the block
//   wPtr         LAYOUT_TERNARY_PLANES: [N/4][K/128][4][not zero 16 B | negative 16 B], which both builds read
//   yPtr         i32 [N]
//
// K % 128 == 0, N % 4 == 0. Bound: |y| <= K.

/** Columns that count 1 minus columns that count -1, of 64. */
@inline
function count(xNotZero: u64, xNegative: u64, wNotZero: u64, wNegative: u64): i32 {
  const both = xNotZero & wNotZero;
  return <i32>popcnt(both) - (<i32>popcnt((xNegative ^ wNegative) & both) << 1);
}

export function popcountGemv(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32): void {
  const xEnd = preparedPtr + (<usize>columns >> 2);
  for (const yEnd = yPtr + (<usize>rows << 2); yPtr < yEnd; yPtr += 16) {
    let y0 = 0, y1 = 0, y2 = 0, y3 = 0;
    for (let xPtr = preparedPtr; xPtr < xEnd; xPtr += 16) {
      for (const stop = xPtr + 16; xPtr < stop; xPtr += 8) {
        const notZero = load<u64>(xPtr, 0), negative = load<u64>(xPtr, 16);
        y0 += count(notZero, negative, load<u64>(wPtr, 0), load<u64>(wPtr, 16));
        y1 += count(notZero, negative, load<u64>(wPtr, 32), load<u64>(wPtr, 48));
        y2 += count(notZero, negative, load<u64>(wPtr, 64), load<u64>(wPtr, 80));
        y3 += count(notZero, negative, load<u64>(wPtr, 96), load<u64>(wPtr, 112));
        wPtr += 8;
      }
      wPtr += 112;
    }
    store<i32>(yPtr, y0, 0);
    store<i32>(yPtr, y1, 4);
    store<i32>(yPtr, y2, 8);
    store<i32>(yPtr, y3, 12);
  }
}
