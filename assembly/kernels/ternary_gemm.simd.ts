// Ternary GEMM, SIMD lane pairs: two weights in one i16 lane, 16 MACs in each dot
//
//   y[m][n] = sum_k x[m][k] * w[n][k],  w in {-1, 0, 1}
//
//   x16Ptr      as in gemm.simd.ts, |x| <= 127
//   scratchPtr  i16 [K/8][4][8]       four pairs of rows: lane = w[low row][k] + (w[high row][k] << 14), 8 K bytes
//   yPtr        i32 [M][stride]
//
//   sum x * lane = low + 2^14 * high          low, high: the sums of either row
//
// While |low| < 2^13 it is the sign-extended bottom 14 bits. An i32 lane takes 2 of 8 columns, so in 256 columns
// |low| <= 64 * 127 = 8128 < 8192: low is recovered that often.
//
// Pairs are rows n and n + 4 of the mask-dot layout (ternary_gemv.simd.ts), rows i and 16 + i of a block of 32 of the
// look-up layout (ternary_lut_gemv.simd.ts), where one byte holds 4 columns of both.
//
// K % 64 == 0 for mask-dot, K % 16 == 0 else; N % 4 == 0 where y is concerned.
// Bound: K/4 * 127 * (2^14 + 1) < 2^31, so K <= PAIR_COLUMNS.

import { dotAdd, sumLanes4 } from "./lanes.ts";

export const PAIR_COLUMNS: i32 = 4096;

/** Both weights of a lane one lower: codes are 0, 1, 2 in the file. */
const ONES: i16 = 0x4001;

/** Field f of two 2-bit words as lanes of pairs. */
/** Column j mod 4 of lane j: its bit in both planes' bytes, and the factor that adds the two at bit 14. */
const BITS: usize = memory.data<u16>([
  0x0101, 0x0202, 0x0404, 0x0808, 0x0101, 0x0202, 0x0404, 0x0808,
  0x4040, 0x2020, 0x1010, 0x0808, 0x4040, 0x2020, 0x1010, 0x0808,
], 16);

/** Lanes of a pair from u16 lanes that hold its byte of plane 0 below and of plane 1 above: (t0 + t1) << 14 by one product. */
@inline
function pairOf(planes: v128, bits: v128, factors: v128): v128 {
  const low = i16x8.shr_u(i16x8.mul(v128.and(planes, bits), factors), 14);
  const high = v128.and(i16x8.mul(v128.and(i16x8.shr_u(planes, 4), bits), factors), i16x8.splat(<i16>0xc000));
  return i16x8.sub(i16x8.add(low, high), i16x8.splat(ONES));
}

@inline
function pairField(low: v128, high: v128, field: i32): v128 {
  const three = i16x8.splat(3);
  const lowCode = v128.and(i16x8.shr_u(low, field << 1), three), highCode = v128.and(i16x8.shr_u(high, field << 1), three);
  return i16x8.sub(i16x8.add(lowCode, i16x8.shl(highCode, 14)), i16x8.splat(ONES));
}

export function ternaryMaskdotGemm(
  x16Ptr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32, batch: i32, strideBytes: usize, scratchPtr: usize,
): void {
  for (let n = 0; n < rows; n += 8) {
    const both = n + 4 < rows;
    for (let at = 0; at < columns; at += 16) {                                   // 4 rows of K/4 bytes
      const low = v128.load(wPtr + at);
      const high = both ? v128.load(wPtr + columns + at) : low;                  // no row, no matter: its sums are not stored
      const outPtr = scratchPtr + ((at >> 6) << 9) + (at & 48);                  // block of 64 columns, pair
      for (let field = 0; field < 8; field++) store<v128>(outPtr + (field << 6), pairField(low, high, field));
    }
    multiply4Pairs(x16Ptr, scratchPtr, yPtr + (<usize>n << 2), columns, batch, strideBytes, both ? 16 : 0);
    wPtr += <usize>columns << 1;
  }
}

export function ternaryLutGemm(
  x16Ptr: usize, wPtr: usize, yPtr: usize, columns: i32, rows: i32, batch: i32, strideBytes: usize, scratchPtr: usize,
): void {
  for (let n = 0; n < rows; n += 32) {
    for (let i = 0; i < 16 && n + i < rows; i += 4) {
      decodePairs(wPtr + i, scratchPtr, columns);
      multiply4Pairs(x16Ptr, scratchPtr, yPtr + (<usize>(n + i) << 2), columns, batch, strideBytes, n + i + 16 < rows ? 64 : 0);
    }
    wPtr += <usize>columns << 3;
  }
}

/** Four pairs of rows: bytes 0 to 3 of both planes at wPtr, for two groups of 4 columns at a time. */
function decodePairs(wPtr: usize, outPtr: usize, columns: i32): void {
  const bits = v128.load(BITS), factors = v128.load(BITS, 16);
  for (const end = outPtr + (<usize>columns << 3); outPtr < end; outPtr += 64) {
    // | plane 0, first group | plane 0, second group | plane 1, first group | plane 1, second group |
    let bytes = v128.load32_zero(wPtr);
    bytes = v128.load_lane<u32>(wPtr, bytes, 1, 32);
    bytes = v128.load_lane<u32>(wPtr, bytes, 2, 16);
    bytes = v128.load_lane<u32>(wPtr, bytes, 3, 48);
    for (let pair: usize = 0; pair < 64; pair += 16) {
      const both = v128.shuffle<u8>(bytes, bytes, 0, 8, 0, 8, 0, 8, 0, 8, 4, 12, 4, 12, 4, 12, 4, 12);
      store<v128>(outPtr + pair, pairOf(both, bits, factors));
      bytes = i32x4.shr_u(bytes, 8);
    }
    wPtr += 64;
  }
}

/** low + the bottom 14 bits of (total - low), signed. */
@inline
function recoverLow(total: v128, low: v128): v128 {
  return i32x4.add(low, i32x4.shr_s(i32x4.shl(i32x4.sub(total, low), 18), 18));
}

@inline
function high(total: v128, low: v128): v128 {
  return i32x4.shr_s(i32x4.sub(total, low), 14);
}

/** Four pairs of rows against the batch, two vectors (a, b) at a time: low sums to y[m][0..3], high ones highBytes behind, 0 for nowhere. */
function multiply4Pairs(
  x16Ptr: usize, scratchPtr: usize, yPtr: usize, columns: i32, batch: i32, strideBytes: usize, highBytes: usize,
): void {
  let xPtr = x16Ptr;
  for (let m = 0; m < batch; m += 2) {
    let pPtr = scratchPtr;
    let a0 = i32x4.splat(0), a1 = i32x4.splat(0), a2 = i32x4.splat(0), a3 = i32x4.splat(0);
    let b0 = i32x4.splat(0), b1 = i32x4.splat(0), b2 = i32x4.splat(0), b3 = i32x4.splat(0);
    let la0 = i32x4.splat(0), la1 = i32x4.splat(0), la2 = i32x4.splat(0), la3 = i32x4.splat(0);
    let lb0 = i32x4.splat(0), lb1 = i32x4.splat(0), lb2 = i32x4.splat(0), lb3 = i32x4.splat(0);
    for (const xEnd = xPtr + (<usize>columns << 2); xPtr < xEnd;) {
      for (const stop = min(xPtr + 256 * 4, xEnd); xPtr < stop; xPtr += 32) {
        const xa = v128.load(xPtr, 0), xb = v128.load(xPtr, 16);
        let w = v128.load(pPtr, 0); a0 = dotAdd(a0, w, xa); b0 = dotAdd(b0, w, xb);
        w = v128.load(pPtr, 16); a1 = dotAdd(a1, w, xa); b1 = dotAdd(b1, w, xb);
        w = v128.load(pPtr, 32); a2 = dotAdd(a2, w, xa); b2 = dotAdd(b2, w, xb);
        w = v128.load(pPtr, 48); a3 = dotAdd(a3, w, xa); b3 = dotAdd(b3, w, xb);
        pPtr += 64;
      }
      la0 = recoverLow(a0, la0); la1 = recoverLow(a1, la1); la2 = recoverLow(a2, la2); la3 = recoverLow(a3, la3);
      lb0 = recoverLow(b0, lb0); lb1 = recoverLow(b1, lb1); lb2 = recoverLow(b2, lb2); lb3 = recoverLow(b3, lb3);
    }
    store<v128>(yPtr, sumLanes4(la0, la1, la2, la3));
    if (highBytes) store<v128>(yPtr + highBytes, sumLanes4(high(a0, la0), high(a1, la1), high(a2, la2), high(a3, la3)));
    yPtr += strideBytes;
    if (m + 1 < batch) {
      store<v128>(yPtr, sumLanes4(lb0, lb1, lb2, lb3));
      if (highBytes) store<v128>(yPtr + highBytes, sumLanes4(high(b0, lb0), high(b1, lb1), high(b2, lb2), high(b3, lb3)));
    }
    yPtr += strideBytes;
  }
}
