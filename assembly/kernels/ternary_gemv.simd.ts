// Ternary GEMV, SIMD mask-dot, 4 rows at a time: codes are multiplied where they lie
//
//   y[n] = sum_k x[k] * (code[n][k] - 1)                     code: u2
//
//   wPtr  LAYOUT_TERNARY_MASKDOT: [N/4][K/64][4][16 B]; one u16 lane j (0..7) of a row's 16 bytes holds eight columns:
//
//       bit  15 14  13 12  11 10   9 8    7 6    5 4    3 2    1 0
//           | 56+j | 48+j | 40+j | 32+j | 24+j | 16+j |  8+j |   j  |   column within the block of 64
//           |  f7  |  f6  |  f5  |  f4  |  f3  |  f2  |  f1  |  f0  |   field
//
//   (lane & 3 << 2f) * (x << 6 - 2f) is 64 * code * x for f = 0..3; after lane >>= 8 the same
//   four masks serve fields 4..7. See int4_gemv.simd.ts for the idea in its smallest form.
//
//   preparedPtr: i32x4 start, then at +64 i16 [K]: x << 6, 4, 2, 0, 6, 4, 2, 0 by field.
//   start = -64 * x, summed per lane (the zero point).
//
//   yPtr  i32 [N]
//
// K % 64 == 0, N % 4 == 0. Bound: a column counts 64 * x * (code - 1), at most 64 * 128 * 2 = 2^14, so K < 2^17.

import { maskDot, sumLanes4 } from "./lanes.ts";

// Masks live in memory: a splat of a constant would be rebuilt at every use inside the loop.
const MASKS: usize = memory.data<u16>([
  0x0003, 0x0003, 0x0003, 0x0003, 0x0003, 0x0003, 0x0003, 0x0003,
  0x000c, 0x000c, 0x000c, 0x000c, 0x000c, 0x000c, 0x000c, 0x000c,
  0x0030, 0x0030, 0x0030, 0x0030, 0x0030, 0x0030, 0x0030, 0x0030,
  0x00c0, 0x00c0, 0x00c0, 0x00c0, 0x00c0, 0x00c0, 0x00c0, 0x00c0,
], 16);

export function ternaryGemvSimd(preparedPtr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32): void {
  const start = v128.load(preparedPtr);
  const m0 = v128.load(MASKS, 0), m1 = v128.load(MASKS, 16);
  const m2 = v128.load(MASKS, 32), m3 = v128.load(MASKS, 48);
  const xFirst = preparedPtr + 64;
  const xEnd = xFirst + (<usize>columns << 1);
  for (const yEnd = yPtr + (<usize>rows << 2); yPtr < yEnd; yPtr += 16) {
    let a0 = start, a1 = start, a2 = start, a3 = start;
    for (let xPtr = xFirst; xPtr < xEnd; xPtr += 128) {
      let v0 = v128.load(wPtr, 0), v1 = v128.load(wPtr, 16);
      let v2 = v128.load(wPtr, 32), v3 = v128.load(wPtr, 48);
      let x = v128.load(xPtr, 0);
      a0 = maskDot(a0, v0, m0, x); a1 = maskDot(a1, v1, m0, x); a2 = maskDot(a2, v2, m0, x); a3 = maskDot(a3, v3, m0, x);
      x = v128.load(xPtr, 16);
      a0 = maskDot(a0, v0, m1, x); a1 = maskDot(a1, v1, m1, x); a2 = maskDot(a2, v2, m1, x); a3 = maskDot(a3, v3, m1, x);
      x = v128.load(xPtr, 32);
      a0 = maskDot(a0, v0, m2, x); a1 = maskDot(a1, v1, m2, x); a2 = maskDot(a2, v2, m2, x); a3 = maskDot(a3, v3, m2, x);
      x = v128.load(xPtr, 48);
      a0 = maskDot(a0, v0, m3, x); a1 = maskDot(a1, v1, m3, x); a2 = maskDot(a2, v2, m3, x); a3 = maskDot(a3, v3, m3, x);
      v0 = i16x8.shr_u(v0, 8); v1 = i16x8.shr_u(v1, 8); v2 = i16x8.shr_u(v2, 8); v3 = i16x8.shr_u(v3, 8);
      x = v128.load(xPtr, 64);
      a0 = maskDot(a0, v0, m0, x); a1 = maskDot(a1, v1, m0, x); a2 = maskDot(a2, v2, m0, x); a3 = maskDot(a3, v3, m0, x);
      x = v128.load(xPtr, 80);
      a0 = maskDot(a0, v0, m1, x); a1 = maskDot(a1, v1, m1, x); a2 = maskDot(a2, v2, m1, x); a3 = maskDot(a3, v3, m1, x);
      x = v128.load(xPtr, 96);
      a0 = maskDot(a0, v0, m2, x); a1 = maskDot(a1, v1, m2, x); a2 = maskDot(a2, v2, m2, x); a3 = maskDot(a3, v3, m2, x);
      x = v128.load(xPtr, 112);
      a0 = maskDot(a0, v0, m3, x); a1 = maskDot(a1, v1, m3, x); a2 = maskDot(a2, v2, m3, x); a3 = maskDot(a3, v3, m3, x);
      wPtr += 64;
    }
    store<v128>(yPtr, i32x4.shr_s(sumLanes4(a0, a1, a2, a3), 6));
  }
}
