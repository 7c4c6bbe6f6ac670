// 8-bit GEMV, scalar: two weights lie 16 bits apart where a core with 16-bit multiplications takes them in place (SMLABB, SMLATT)
//
//   y[n] = sum_k x[k] * w[n][k]
//
//   preparedPtr  i8 [K], and behind it, written here, i16 [K] in the order 1 3 0 2 of each four columns
//   wPtr         LAYOUT_INT8_BLOCKED: i8 [N/4][K/8][4][8], the order in which scalar and SIMD kernels both read:
//
//       | row 0, k 0..7 | row 1, k 0..7 | row 2, k 0..7 | row 3, k 0..7 | row 0, k 8..15 | ...
//         8 bytes         8 bytes         8 bytes         8 bytes
//
//       bit       31  24 23  16 15   8 7    0
//       word     |  k 3 |  k 2 |  k 1 |  k 0 |
//       & mask   |  k 3 |   0  |  k 1 |   0  |      two i16: 256 w[3], 256 w[1]
//       << 8, & mask  k 2 |   0  |  k 0 |   0  |    two i16: 256 w[2], 256 w[0]
//
//   so sums are 256 times too large: exact modulo 2^32, and shifted back before they can wrap.
//
//   yPtr         i32 [N]
//
// K % 16 == 0, N % 4 == 0. Bound: 256 * |x * w| <= 256 * 127 * 128, and 512 of them stay below 2^31 (2,130,706,432), so sums are
// carried over every 512 columns. y itself is below 127 * 128 * K < 2^31 for K < 2^17.

const FLUSH_BYTES: usize = 1024;

/** In memory for the reason given in ternary_gemv.ts. */
const MASK = memory.data<u32>([0xff00ff00]);

export function int8Gemv(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32): void {
  const mask = load<u32>(MASK);
  const halvesPtr = preparedPtr + columns;
  const halvesEnd = halvesPtr + (<usize>columns << 1);
  widen(preparedPtr, halvesPtr);
  for (const yEnd = yPtr + (<usize>rows << 2); yPtr < yEnd; yPtr += 16) {
    store<i64>(yPtr, 0, 0);
    store<i64>(yPtr, 0, 8);
    for (let xPtr = halvesPtr; xPtr < halvesEnd;) {
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      for (const stop = min(xPtr + FLUSH_BYTES, halvesEnd); xPtr < stop; xPtr += 16) {
        let odd = load<u32>(xPtr, 0), even = load<u32>(xPtr, 4);
        s0 = dot4(s0, load<u32>(wPtr, 0), odd, even, mask);
        s1 = dot4(s1, load<u32>(wPtr, 8), odd, even, mask);
        s2 = dot4(s2, load<u32>(wPtr, 16), odd, even, mask);
        s3 = dot4(s3, load<u32>(wPtr, 24), odd, even, mask);
        odd = load<u32>(xPtr, 8); even = load<u32>(xPtr, 12);
        s0 = dot4(s0, load<u32>(wPtr, 4), odd, even, mask);
        s1 = dot4(s1, load<u32>(wPtr, 12), odd, even, mask);
        s2 = dot4(s2, load<u32>(wPtr, 20), odd, even, mask);
        s3 = dot4(s3, load<u32>(wPtr, 28), odd, even, mask);
        wPtr += 32;
      }
      store<i32>(yPtr, load<i32>(yPtr, 0) + (s0 >> 8), 0);
      store<i32>(yPtr, load<i32>(yPtr, 4) + (s1 >> 8), 4);
      store<i32>(yPtr, load<i32>(yPtr, 8) + (s2 >> 8), 8);
      store<i32>(yPtr, load<i32>(yPtr, 12) + (s3 >> 8), 12);
    }
  }
}

/** sum + 256 * four products, one after the other. */
@inline
function dot4(sum: i32, w: u32, xOdd: u32, xEven: u32, mask: u32): i32 {
  const odd = w & mask, even = (w << 8) & mask;
  sum += <i32>(<i16>odd) * <i32>(<i16>xOdd);
  sum += (<i32>odd >> 16) * (<i32>xOdd >> 16);
  sum += <i32>(<i16>even) * <i32>(<i16>xEven);
  sum += (<i32>even >> 16) * (<i32>xEven >> 16);
  return sum;
}

function widen(xPtr: usize, halvesPtr: usize): void {
  for (const end = halvesPtr; xPtr < end; xPtr += 4) {
    store<i16>(halvesPtr, load<i8>(xPtr, 1), 0);
    store<i16>(halvesPtr, load<i8>(xPtr, 3), 2);
    store<i16>(halvesPtr, load<i8>(xPtr, 0), 4);
    store<i16>(halvesPtr, load<i8>(xPtr, 2), 6);
    halvesPtr += 8;
  }
}
