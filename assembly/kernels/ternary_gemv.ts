// Ternary GEMV, scalar SWAR in i32: one multiplication serves two rows; 8 rows share each load of x
//
//   y[n] = sum_k x[k] * (code[n][k] - 1)                     code: u2
//
//   preparedPtr  u8 [K]   x + 128
//   wPtr         LAYOUT_TERNARY_SWAR: [N/8] of: u32 [K/8][4 pairs], then i32 [8] = 128 * sum_k code[n][k]
//
//       bit  31 30        17 16  15 14         1 0
//           |  k 7  ...    k 0  |  k 7  ...   k 0  |         word of rows n (low half), n + 1 (high half)
//
//   (word >>> 2c) & 0x00030003 is column c of both rows, 16 bits apart; times x + 128 both products.
//   sum code * (x + 128) = sum code * x + 128 * sum code, so y = that - xSum - tail.
//
//   yPtr         i32 [N]
//
// K % 8 == 0, N % 8 == 0. Bound: a half holds 85 products of 3 * 255 (85 * 765 < 2^16), so it is emptied every 80 columns;
// y itself is below 3 * 255 * K < 2^31 for K < 2^21.

const FLUSH_COLUMNS: usize = 80;

/** In memory, since a compiler for a small core keeps what it loaded in a register, but builds a constant again at each use. */
const MASK = memory.data<u32>([0x00030003]);

export function ternaryGemv(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32, xSum: i32): void {
  const mask = load<u32>(MASK);
  const xEnd = preparedPtr + columns;
  for (const yEnd = yPtr + (<usize>rows << 2); yPtr < yEnd; yPtr += 32) {
    let y0 = 0, y1 = 0, y2 = 0, y3 = 0, y4 = 0, y5 = 0, y6 = 0, y7 = 0;
    for (let kPtr = preparedPtr; kPtr < xEnd;) {
      let s0: u32 = 0, s1: u32 = 0, s2: u32 = 0, s3: u32 = 0;
      for (const stop = min(kPtr + FLUSH_COLUMNS, xEnd); kPtr < stop; kPtr += 8) {
        const v0 = load<u32>(wPtr, 0), v1 = load<u32>(wPtr, 4), v2 = load<u32>(wPtr, 8), v3 = load<u32>(wPtr, 12);
        let x = <u32>load<u8>(kPtr, 0);
        s0 += (v0 & mask) * x; s1 += (v1 & mask) * x; s2 += (v2 & mask) * x; s3 += (v3 & mask) * x;
        x = <u32>load<u8>(kPtr, 1);
        s0 += ((v0 >>> 2) & mask) * x; s1 += ((v1 >>> 2) & mask) * x; s2 += ((v2 >>> 2) & mask) * x; s3 += ((v3 >>> 2) & mask) * x;
        x = <u32>load<u8>(kPtr, 2);
        s0 += ((v0 >>> 4) & mask) * x; s1 += ((v1 >>> 4) & mask) * x; s2 += ((v2 >>> 4) & mask) * x; s3 += ((v3 >>> 4) & mask) * x;
        x = <u32>load<u8>(kPtr, 3);
        s0 += ((v0 >>> 6) & mask) * x; s1 += ((v1 >>> 6) & mask) * x; s2 += ((v2 >>> 6) & mask) * x; s3 += ((v3 >>> 6) & mask) * x;
        x = <u32>load<u8>(kPtr, 4);
        s0 += ((v0 >>> 8) & mask) * x; s1 += ((v1 >>> 8) & mask) * x; s2 += ((v2 >>> 8) & mask) * x; s3 += ((v3 >>> 8) & mask) * x;
        x = <u32>load<u8>(kPtr, 5);
        s0 += ((v0 >>> 10) & mask) * x; s1 += ((v1 >>> 10) & mask) * x; s2 += ((v2 >>> 10) & mask) * x; s3 += ((v3 >>> 10) & mask) * x;
        x = <u32>load<u8>(kPtr, 6);
        s0 += ((v0 >>> 12) & mask) * x; s1 += ((v1 >>> 12) & mask) * x; s2 += ((v2 >>> 12) & mask) * x; s3 += ((v3 >>> 12) & mask) * x;
        x = <u32>load<u8>(kPtr, 7);
        s0 += ((v0 >>> 14) & mask) * x; s1 += ((v1 >>> 14) & mask) * x; s2 += ((v2 >>> 14) & mask) * x; s3 += ((v3 >>> 14) & mask) * x;
        wPtr += 16;
      }
      y0 += <i32>(s0 & 0xffff); y1 += <i32>(s0 >>> 16); y2 += <i32>(s1 & 0xffff); y3 += <i32>(s1 >>> 16);
      y4 += <i32>(s2 & 0xffff); y5 += <i32>(s2 >>> 16); y6 += <i32>(s3 & 0xffff); y7 += <i32>(s3 >>> 16);
    }
    store<i32>(yPtr, y0 - xSum - load<i32>(wPtr, 0), 0); store<i32>(yPtr, y1 - xSum - load<i32>(wPtr, 4), 4);
    store<i32>(yPtr, y2 - xSum - load<i32>(wPtr, 8), 8); store<i32>(yPtr, y3 - xSum - load<i32>(wPtr, 12), 12);
    store<i32>(yPtr, y4 - xSum - load<i32>(wPtr, 16), 16); store<i32>(yPtr, y5 - xSum - load<i32>(wPtr, 20), 20);
    store<i32>(yPtr, y6 - xSum - load<i32>(wPtr, 24), 24); store<i32>(yPtr, y7 - xSum - load<i32>(wPtr, 28), 28);
    wPtr += 32;
  }
}
