// 4-bit GEMV, scalar SWAR in i32: one multiplication serves two rows; 4 rows share each load of x
//
//   y[n] = sum_k x[k] * (code[n][k] - 8)                     code: u4
//
//   preparedPtr  u8 [K]   x + 128
//   wPtr         LAYOUT_INT4_SWAR: [N/4] of: u32 [K/4][2 pairs], then i32 [4] = 128 * sum_k code[n][k]
//
//       bit  31 28 27 24 23 20 19 16  15 12 11  8 7   4 3   0
//           | k 3 | k 2 | k 1 | k 0 | k 3 | k 2 | k 1 | k 0 |   word of rows n (low), n + 1 (high)
//
//   (word >>> 4c) & 0x000f000f is column c of both rows; see ternary_gemv.ts for the rest.
//   y = sum code * (x + 128) - zero - tail, zero = 8 * xSum (4 * xSum for 3-bit codes).
//
//   yPtr         i32 [N]
//
// K % 16 == 0, N % 4 == 0. Bound: a half holds 17 products of 15 * 255 (17 * 3825 < 2^16), so it is emptied every 16 columns;
// y itself is below 15 * 255 * K < 2^31 for K < 2^19.

/** In memory for the reason given in ternary_gemv.ts. */
const MASK = memory.data<u32>([0x000f000f]);

export function int4Gemv(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32, zero: i32): void {
  const mask = load<u32>(MASK);
  const xEnd = preparedPtr + columns;
  for (const yEnd = yPtr + (<usize>rows << 2); yPtr < yEnd; yPtr += 16) {
    let y0 = 0, y1 = 0, y2 = 0, y3 = 0;
    for (let kPtr = preparedPtr; kPtr < xEnd; kPtr += 16) {
      let v0 = load<u32>(wPtr, 0), v1 = load<u32>(wPtr, 4);
      let x = <u32>load<u8>(kPtr, 0);
      let s0 = (v0 & mask) * x, s1 = (v1 & mask) * x;
      x = <u32>load<u8>(kPtr, 1); s0 += ((v0 >>> 4) & mask) * x; s1 += ((v1 >>> 4) & mask) * x;
      x = <u32>load<u8>(kPtr, 2); s0 += ((v0 >>> 8) & mask) * x; s1 += ((v1 >>> 8) & mask) * x;
      x = <u32>load<u8>(kPtr, 3); s0 += ((v0 >>> 12) & mask) * x; s1 += ((v1 >>> 12) & mask) * x;
      v0 = load<u32>(wPtr, 8); v1 = load<u32>(wPtr, 12);
      x = <u32>load<u8>(kPtr, 4); s0 += (v0 & mask) * x; s1 += (v1 & mask) * x;
      x = <u32>load<u8>(kPtr, 5); s0 += ((v0 >>> 4) & mask) * x; s1 += ((v1 >>> 4) & mask) * x;
      x = <u32>load<u8>(kPtr, 6); s0 += ((v0 >>> 8) & mask) * x; s1 += ((v1 >>> 8) & mask) * x;
      x = <u32>load<u8>(kPtr, 7); s0 += ((v0 >>> 12) & mask) * x; s1 += ((v1 >>> 12) & mask) * x;
      v0 = load<u32>(wPtr, 16); v1 = load<u32>(wPtr, 20);
      x = <u32>load<u8>(kPtr, 8); s0 += (v0 & mask) * x; s1 += (v1 & mask) * x;
      x = <u32>load<u8>(kPtr, 9); s0 += ((v0 >>> 4) & mask) * x; s1 += ((v1 >>> 4) & mask) * x;
      x = <u32>load<u8>(kPtr, 10); s0 += ((v0 >>> 8) & mask) * x; s1 += ((v1 >>> 8) & mask) * x;
      x = <u32>load<u8>(kPtr, 11); s0 += ((v0 >>> 12) & mask) * x; s1 += ((v1 >>> 12) & mask) * x;
      v0 = load<u32>(wPtr, 24); v1 = load<u32>(wPtr, 28);
      x = <u32>load<u8>(kPtr, 12); s0 += (v0 & mask) * x; s1 += (v1 & mask) * x;
      x = <u32>load<u8>(kPtr, 13); s0 += ((v0 >>> 4) & mask) * x; s1 += ((v1 >>> 4) & mask) * x;
      x = <u32>load<u8>(kPtr, 14); s0 += ((v0 >>> 8) & mask) * x; s1 += ((v1 >>> 8) & mask) * x;
      x = <u32>load<u8>(kPtr, 15); s0 += ((v0 >>> 12) & mask) * x; s1 += ((v1 >>> 12) & mask) * x;
      y0 += <i32>(s0 & 0xffff); y1 += <i32>(s0 >>> 16);
      y2 += <i32>(s1 & 0xffff); y3 += <i32>(s1 >>> 16);
      wPtr += 32;
    }
    store<i32>(yPtr, y0 - zero - load<i32>(wPtr, 0), 0);
    store<i32>(yPtr, y1 - zero - load<i32>(wPtr, 4), 4);
    store<i32>(yPtr, y2 - zero - load<i32>(wPtr, 8), 8);
    store<i32>(yPtr, y3 - zero - load<i32>(wPtr, 12), 12);
    wPtr += 16;
  }
}
