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

import { FIXED_B, FIXED_BIN_BYTES, scratchPtr } from "./scratch.ts";
import { twiddlePtr } from "./tables.ts";

/** complex [256] in A -> bins [257] in B: real and imaginary part of 2X and the bits that either needs, i32 each. */
export function fixedSpectrum(): void {
  const a = scratchPtr;
  const b = scratchPtr + FIXED_B;
  stage(a, b, 1);
  stage(b, a, 4);
  stage(a, b, 16);
  stage(b, a, 64);
  split(a, b);
}

/** The stage of fft.ts, first without factors; then value i of each run of `stride` values, whose factors rise by W^(2 stride j) from run to run. */
function stage(inPtr: usize, outPtr: usize, stride: i32): void {
  const next = <usize>stride << 3;
  for (let i = 0; i < 64; i++) {
    const ar = load<i32>(inPtr, 0), br = load<i32>(inPtr, 512), cr = load<i32>(inPtr, 1024), dr = load<i32>(inPtr, 1536);
    const ai = load<i32>(inPtr, 4), bi = load<i32>(inPtr, 516), ci = load<i32>(inPtr, 1028), di = load<i32>(inPtr, 1540);
    inPtr += 8;
    let o = outPtr + ((i + 3 * (i & -stride)) << 3);
    store<i32>(o, ar + cr + (br + dr));
    store<i32>(o, ai + ci + (bi + di), 4);
    o += next;
    store<i32>(o, ar - cr + (bi - di));
    store<i32>(o, ai - ci - (br - dr), 4);
    o += next;
    store<i32>(o, ar + cr - (br + dr));
    store<i32>(o, ai + ci - (bi + di), 4);
    o += next;
    store<i32>(o, ar - cr - (bi - di));
    store<i32>(o, ai - ci + (br - dr), 4);
  }
  const end = outPtr + 2048;
  for (let j: usize = 1; j < 4; j++) {
    const first = outPtr + (j + 4) * next;
    for (let ptr = first; ptr < first + next; ptr += 8) turn(ptr, end, 4 * next, 2 * j * next);
  }
}

/** Multiplies values `valueBytes` apart, up to `end`, by factors `factorBytes` apart; the first is one step behind W^0. */
function turn(ptr: usize, end: usize, valueBytes: usize, factorBytes: usize): void {
  let w = twiddlePtr;
  while (ptr < end) {
    w += factorBytes;
    const c = <i32>load<i16>(w, 0), cLow = <i32>load<i16>(w, 2), s = <i32>load<i16>(w, 4), sLow = <i32>load<i16>(w, 6);
    const re = load<i32>(ptr, 0), im = load<i32>(ptr, 4);
    const high = re >> 15, low = re & 0x7fff, highI = im >> 15, lowI = im & 0x7fff;
    store<i32>(ptr, high * c - highI * s + ((low * c - lowI * s + high * cLow - highI * sLow + 0x4000) >> 15), 0);
    store<i32>(ptr, highI * c + high * s + ((lowI * c + low * s + highI * cLow + high * sLow + 0x4000) >> 15), 4);
    ptr += valueBytes;
  }
}

/** complex [256] -> E + W O and E - W O, which are 2X of bins k and 256 - k for k = 0..128. */
function split(inPtr: usize, outPtr: usize): void {
  let out = outPtr;
  for (let k: usize = 0; k <= 1024; k += 8) {
    const p = inPtr + k, q = inPtr + ((2048 - k) & 2047);
    store<i32>(out, load<i32>(p, 4) + load<i32>(q, 4), 0);
    store<i32>(out, load<i32>(q) - load<i32>(p), 4);
    out += FIXED_BIN_BYTES;
  }
  turn(outPtr + FIXED_BIN_BYTES, out, FIXED_BIN_BYTES, 8);
  let mirror = outPtr + 256 * FIXED_BIN_BYTES;
  out = outPtr;
  for (let k: usize = 0; k <= 1024; k += 8) {
    const p = inPtr + k, q = inPtr + ((2048 - k) & 2047);
    const er = load<i32>(p) + load<i32>(q), ei = load<i32>(p, 4) - load<i32>(q, 4);
    const tr = load<i32>(out, 0), ti = load<i32>(out, 4);
    keep(out, er + tr, ei + ti);
    keep(mirror, er - tr, ei - ti);
    out += FIXED_BIN_BYTES;
    mirror -= FIXED_BIN_BYTES;
  }
}

/** The bits are those of the larger of |re| and |im|, give or take one unit. */
function keep(ptr: usize, re: i32, im: i32): void {
  store<i32>(ptr, re, 0);
  store<i32>(ptr, im, 4);
  store<i32>(ptr, (re ^ (re >> 31)) | (im ^ (im >> 31)), 8);
}
