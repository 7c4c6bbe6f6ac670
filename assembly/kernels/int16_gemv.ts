// 16-bit GEMV, scalar, 4 rows at a time, exact: sums in i32 are carried over to i64 before they can overflow
//
//   y[n] = float32(sum_k x[k] * w[n][k])            the sum is exact in i64 and rounded once
//
//   preparedPtr  i8 [K], and behind it, written here, i16 [K]: two weights and two activations share a load, and a core with 16-bit
//                multiplications (SMLABB, SMLATT) takes the halves in place
//   wPtr         LAYOUT_INT16_BLOCKED: i16 [N/4][K/8][4][8], the order in which scalar and SIMD kernels both read:
//
//       | row 0, k 0..7 | row 1, k 0..7 | row 2, k 0..7 | row 3, k 0..7 | row 0, k 8..15 | ...
//         16 bytes        16 bytes        16 bytes        16 bytes
//
//   yPtr         f32 [N]
//
// K % 8 == 0, N % 4 == 0. Bound: |x * w| <= 127 * 2^15, and 512 of them stay below 2^31 (2,130,706,432), so sums are carried
// over every 512 columns. The i64 sum stays below 127 * 2^15 * 8192 < 2^35.

const FLUSH_BYTES: usize = 1024;

@inline
function low(halves: i32): i32 {
  return (halves << 16) >> 16;
}

@inline
function high(halves: i32): i32 {
  return halves >> 16;
}

export function int16Gemv(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32): void {
  const xFirst = preparedPtr + columns;
  const xEnd = xFirst + (<usize>columns << 1);
  for (let outPtr = xFirst; outPtr < xEnd; outPtr += 2) store<i16>(outPtr, load<i8>(preparedPtr++));
  for (const yEnd = yPtr + (<usize>rows << 2); yPtr < yEnd; yPtr += 16) {
    let y0: i64 = 0, y1: i64 = 0, y2: i64 = 0, y3: i64 = 0;
    for (let xPtr = xFirst; xPtr < xEnd;) {
      let s0 = 0, s1 = 0, s2 = 0, s3 = 0;
      for (const stop = min(xPtr + FLUSH_BYTES, xEnd); xPtr < stop;) {
        for (const half = xPtr + 16; xPtr < half; xPtr += 8) {
          let x = load<i32>(xPtr, 0);
          let w = load<i32>(wPtr, 0); s0 += low(w) * low(x); s0 += high(w) * high(x);
          w = load<i32>(wPtr, 16); s1 += low(w) * low(x); s1 += high(w) * high(x);
          w = load<i32>(wPtr, 32); s2 += low(w) * low(x); s2 += high(w) * high(x);
          w = load<i32>(wPtr, 48); s3 += low(w) * low(x); s3 += high(w) * high(x);
          x = load<i32>(xPtr, 4);
          w = load<i32>(wPtr, 4); s0 += low(w) * low(x); s0 += high(w) * high(x);
          w = load<i32>(wPtr, 20); s1 += low(w) * low(x); s1 += high(w) * high(x);
          w = load<i32>(wPtr, 36); s2 += low(w) * low(x); s2 += high(w) * high(x);
          w = load<i32>(wPtr, 52); s3 += low(w) * low(x); s3 += high(w) * high(x);
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
