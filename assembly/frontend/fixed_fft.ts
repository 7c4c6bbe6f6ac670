// Spectrum of 512 whole numbers: the stages and the split of fft.ts in 32-bit integers, for cores without floating-point hardware.
//
//   x       i32, sum over the 512 values of |x| <= 0.8125 * 2^29: every complex value of every stage is a sum of x times unit factors,
//           so |z| <= 0.8125 * 2^29; what the split makes of two of them, E, O and 2X = E + W O, is at most 0.8125 * 2^30
//   W       i16 [384][4]: cos and -sin of 2 pi k / 512, each as high * 2^-15 + low * 2^-30, |low| <= 2^14; turns reach 6 * 63 = 378.
//           W^0 is left out, since 1 has no such form
//   z W     z = high * 2^15 + low, 0 <= low < 2^15:  zHigh wHigh + ((zLow wHigh + zHigh wLow) >> 15), at most 1 unit off
//           zLow (|cHigh| + |sHigh|) + |zHigh| |wLow| <= 2^15 sqrt(2) 2^15 + 1.625 * 2^14 * sqrt(2) 2^14 = 2.14e9 < 2^31
//
// Every product fits 32 bits: one MULS on ARMv6-M, which has no longer one. Factors of 16 bits alone would leave sums 96 dB below the
// spectrum's mean, and codes under a loud tone wrong by up to 10.

import { FIXED_B, FIXED_BITS, FIXED_IMAGINARY, scratchPtr } from "./scratch.ts";
import { twiddlePtr } from "./tables.ts";

/** complex [256] in A -> 2X, i32 [257] real and imaginary, in B; bits that either needs, u32 [257], at FIXED_BITS. */
export function fixedSpectrum(): void {
  const a = scratchPtr;
  const b = scratchPtr + FIXED_B;
  stage(a, b, 1);
  stage(b, a, 4);
  stage(a, b, 16);
  stage(b, a, 64);
  for (let k = 0; k <= 128; k++) split(k);
}

function stage(inPtr: usize, outPtr: usize, stride: i32): void {
  const next = (<usize>stride) << 2;
  for (let i = 0; i < 64; i++) {
    const u = i & -stride;
    const ar = load<i32>(inPtr, 0), br = load<i32>(inPtr, 256), cr = load<i32>(inPtr, 512), dr = load<i32>(inPtr, 768);
    const ai = load<i32>(inPtr, FIXED_IMAGINARY), bi = load<i32>(inPtr, FIXED_IMAGINARY + 256);
    const ci = load<i32>(inPtr, FIXED_IMAGINARY + 512), di = load<i32>(inPtr, FIXED_IMAGINARY + 768);
    inPtr += 4;
    const o = outPtr + ((i + 3 * u) << 2);
    turn(o, ar + cr + (br + dr), ai + ci + (bi + di), 0);
    turn(o + next, ar - cr + (bi - di), ai - ci - (br - dr), u * 2);
    turn(o + 2 * next, ar + cr - (br + dr), ai + ci - (bi + di), u * 4);
    turn(o + 3 * next, ar - cr - (bi - di), ai - ci + (br - dr), u * 6);
  }
}

/** Stores (re + j im) W^turns. */
function turn(ptr: usize, re: i32, im: i32, turns: i32): void {
  if (turns != 0) {
    const w = twiddlePtr + (turns << 3);
    const c = <i32>load<i16>(w, 0), cLow = <i32>load<i16>(w, 2), s = <i32>load<i16>(w, 4), sLow = <i32>load<i16>(w, 6);
    const high = re >> 15, low = re & 0x7fff, highI = im >> 15, lowI = im & 0x7fff;
    re = high * c - highI * s + ((low * c - lowI * s + high * cLow - highI * sLow + 0x4000) >> 15);
    im = highI * c + high * s + ((lowI * c + low * s + highI * cLow + high * sLow + 0x4000) >> 15);
  }
  store<i32>(ptr, re);
  store<i32>(ptr, im, FIXED_IMAGINARY);
}

/** 2X of bins k and 256 - k, for k = 0..128. */
function split(k: i32): void {
  const p = scratchPtr + (k << 2), q = scratchPtr + (((256 - k) & 255) << 2);
  const pr = load<i32>(p), pi = load<i32>(p, FIXED_IMAGINARY), qr = load<i32>(q), qi = load<i32>(q, FIXED_IMAGINARY);
  const er = pr + qr, ei = pi - qi;
  const spectrum = scratchPtr + FIXED_B;
  const low = spectrum + (k << 2);
  turn(low, pi + qi, qr - pr, k);
  const tr = load<i32>(low), ti = load<i32>(low, FIXED_IMAGINARY);
  keep(low, er + tr, ei + ti);
  keep(spectrum + ((256 - k) << 2), er - tr, ei - ti);
}

/** A bin and its bits: those of the larger of |re| and |im|, give or take one unit. */
function keep(ptr: usize, re: i32, im: i32): void {
  store<i32>(ptr, re);
  store<i32>(ptr, im, FIXED_IMAGINARY);
  store<i32>(ptr, (re ^ (re >> 31)) | (im ^ (im >> 31)), FIXED_BITS - FIXED_B);
}
