// Power spectrum of 512 real values: a complex transform of 256, values in pairs, then split.
//
//   z[n] = x[2n] + j x[2n+1]
//   Z[k] = sum_n z[n] e^(-2 pi j n k / 256)         four radix-4 stages, A -> B -> A -> B -> A, natural order (Stockham)
//   E = (Z[k] + conj Z[256-k]) / 2,  O = (Z[k] - conj Z[256-k]) / 2j,  W = e^(-2 pi j k / 512)
//   |X[k]|^2 = |E + W O|^2,  |X[256-k]|^2 = |E - W O|^2
//
// A stage with stride s = 1, 4, 16, 64 takes i = 0..63, u = i - i mod s:
//
//   a, b, c, d = in[i], in[i + 64], in[i + 128], in[i + 192]
//   out[i + 3u      ] =            (a + c) +   (b + d)
//   out[i + 3u +   s] = W^(2u) * ( (a - c) - j (b - d) )
//   out[i + 3u + 2 s] = W^(4u) * ( (a + c) -   (b + d) )
//   out[i + 3u + 3 s] = W^(6u) * ( (a - c) + j (b - d) )
//
// The last stage has u = 0 and no factors. The SIMD build does the same operations on four i at a time (fft.simd.ts).

import { splitFour, stageSimd } from "./fft.simd.ts";
import { BUFFER_B, IMAGINARY, POWER, scratchPtr } from "./scratch.ts";
import { twiddlePtr } from "./tables.ts";

/** complex [256] in A -> power f32 [257] at POWER. */
export function powerSpectrum(): void {
  const a = scratchPtr;
  const b = scratchPtr + BUFFER_B;
  stage(a, b, 1);
  stage(b, a, 4);
  stage(a, b, 16);
  stage(b, a, 64);
  split(0);
  if (ASC_FEATURE_SIMD) {
    for (let k = 1; k <= 128; k += 4) splitFour(k);
  } else {
    for (let k = 1; k <= 128; k++) split(k);
  }
}

function stage(inPtr: usize, outPtr: usize, stride: i32): void {
  if (ASC_FEATURE_SIMD) stageSimd(inPtr, outPtr, stride);
  else stageScalar(inPtr, outPtr, stride);
}

function stageScalar(inPtr: usize, outPtr: usize, stride: i32): void {
  const next = (<usize>stride) << 2;
  for (let i = 0; i < 64; i++) {
    const u = i & -stride;
    const ar = load<f32>(inPtr, 0),
      br = load<f32>(inPtr, 256),
      cr = load<f32>(inPtr, 512),
      dr = load<f32>(inPtr, 768);
    const ai = load<f32>(inPtr, 1024),
      bi = load<f32>(inPtr, 1280),
      ci = load<f32>(inPtr, 1536),
      di = load<f32>(inPtr, 1792);
    inPtr += 4;
    const o = outPtr + ((i + 3 * u) << 2);
    store<f32>(o, ar + cr + (br + dr));
    store<f32>(o, ai + ci + (bi + di), IMAGINARY);
    turn(o + next, ar - cr + (bi - di), ai - ci - (br - dr), stride, u * 2);
    turn(o + 2 * next, ar + cr - (br + dr), ai + ci - (bi + di), stride, u * 4);
    turn(o + 3 * next, ar - cr - (bi - di), ai - ci + (br - dr), stride, u * 6);
  }
}

/** Stores (re + j im) W^turns; the table has half a turn, W^(256 + k) = -W^k. */
function turn(ptr: usize, re: f32, im: f32, stride: i32, turns: i32): void {
  if (stride < 64) {
    const w = twiddlePtr + ((turns & 255) << 3);
    const sign: f32 = turns & 256 ? -1 : 1;
    const c = load<f32>(w) * sign,
      s = load<f32>(w, 4) * sign;
    const t = re * c - im * s;
    im = im * c + re * s;
    re = t;
  }
  store<f32>(ptr, re);
  store<f32>(ptr, im, IMAGINARY);
}

/** Power of bins k and 256 - k, for k = 0..128. */
function split(k: i32): void {
  const p = scratchPtr + (k << 2),
    q = scratchPtr + (((256 - k) & 255) << 2);
  const pr = load<f32>(p),
    pi = load<f32>(p, IMAGINARY),
    qr = load<f32>(q),
    qi = load<f32>(q, IMAGINARY);
  const c = load<f32>(twiddlePtr + (k << 3)),
    s = load<f32>(twiddlePtr + (k << 3), 4);
  const er = pr + qr,
    ei = pi - qi,
    or = pi + qi,
    oi = qr - pr;
  const tr = c * or - s * oi,
    ti = c * oi + s * or;
  const sr = er + tr,
    si = ei + ti,
    dr = er - tr,
    di = ei - ti;
  const power = scratchPtr + POWER;
  store<f32>(power + (k << 2), <f32>0.25 * (sr * sr + si * si));
  store<f32>(power + ((256 - k) << 2), <f32>0.25 * (dr * dr + di * di));
}
