// What the SIMD matrix products share: activations of a batch, and the 4 x 2 register tile over decoded weights
//
//   y[m][n] = sum_k x[m][k] * w[n][k]
//
//   x16Ptr      i16 [ceil(M/2)][K/8][2][8]   codes of two vectors side by side; an odd M leaves the last half unwritten
//   scratchPtr  i16 [K/8][4][8]              four rows of weights as plain numbers, 8 K bytes
//   yPtr        i32 [M][stride]
//
// Four rows times two vectors are eight accumulators: six loads feed eight dots. Decoding is paid once per four rows, not per vector.

import { dotAdd, sumLanes4 } from "./lanes.ts";
import { codesOf4 } from "./quantize.ts";

/** Vector m of a batch, f32 [K] -> i16 codes in their place at x16Ptr. `columns` is a multiple of 8. */
export function prepareBatchRow(xPtr: usize, x16Ptr: usize, m: i32, columns: i32, inverseScale: f32): void {
  const inverse = f32x4.splat(inverseScale);
  let outPtr = x16Ptr + (<usize>(m >> 1) * <usize>columns << 2) + (<usize>(m & 1) << 4);
  for (const end = xPtr + (<usize>columns << 2); xPtr < end; xPtr += 32) {
    store<v128>(outPtr, i16x8.narrow_i32x4_s(codesOf4(v128.load(xPtr), inverse), codesOf4(v128.load(xPtr, 16), inverse)));
    outPtr += 32;
  }
}

/** Four decoded rows against the whole batch; writes y[m][0..3] at yPtr + m * strideBytes. */
export function multiply4Rows(x16Ptr: usize, scratchPtr: usize, yPtr: usize, columns: i32, batch: i32, strideBytes: usize): void {
  let xPtr = x16Ptr;
  for (let m = 0; m < batch; m += 2) {
    let a0 = i32x4.splat(0), a1 = i32x4.splat(0), a2 = i32x4.splat(0), a3 = i32x4.splat(0);
    let b0 = i32x4.splat(0), b1 = i32x4.splat(0), b2 = i32x4.splat(0), b3 = i32x4.splat(0);
    let wPtr = scratchPtr;
    for (const xEnd = xPtr + (<usize>columns << 2); xPtr < xEnd; xPtr += 32) {
      const xa = v128.load(xPtr, 0), xb = v128.load(xPtr, 16);
      let w = v128.load(wPtr, 0); a0 = dotAdd(a0, w, xa); b0 = dotAdd(b0, w, xb);
      w = v128.load(wPtr, 16); a1 = dotAdd(a1, w, xa); b1 = dotAdd(b1, w, xb);
      w = v128.load(wPtr, 32); a2 = dotAdd(a2, w, xa); b2 = dotAdd(b2, w, xb);
      w = v128.load(wPtr, 48); a3 = dotAdd(a3, w, xa); b3 = dotAdd(b3, w, xb);
      wPtr += 64;
    }
    store<v128>(yPtr, sumLanes4(a0, a1, a2, a3));
    yPtr += strideBytes;
    if (m + 1 < batch) store<v128>(yPtr, sumLanes4(b0, b1, b2, b3));
    yPtr += strideBytes;
  }
}
