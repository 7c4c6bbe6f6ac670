// The stages of fft.ts and its split on four values at a time; every lane does the scalar code's operations in its order.
// The first stage (stride 1) has different factors in each lane and stores a 4 x 4 transposition; later ones store runs of four.

import { IMAGINARY, POWER, scratchPtr } from "./scratch.ts";
import { twiddlePtr } from "./tables.ts";

export function stageSimd(inPtr: usize, outPtr: usize, stride: i32): void {
  const next = <usize>stride << 2;
  for (let i = 0; i < 64; i += 4) {
    const u = i & -stride;
    const ar = v128.load(inPtr, 0), br = v128.load(inPtr, 256), cr = v128.load(inPtr, 512), dr = v128.load(inPtr, 768);
    const ai = v128.load(inPtr, 1024), bi = v128.load(inPtr, 1280), ci = v128.load(inPtr, 1536), di = v128.load(inPtr, 1792);
    inPtr += 16;
    const sumR = f32x4.add(ar, cr), sumI = f32x4.add(ai, ci), gapR = f32x4.sub(ar, cr), gapI = f32x4.sub(ai, ci);
    const crossR = f32x4.sub(bi, di), crossI = f32x4.sub(br, dr), restR = f32x4.add(br, dr), restI = f32x4.add(bi, di);
    const y0r = f32x4.add(sumR, restR), y0i = f32x4.add(sumI, restI);
    let y1r = f32x4.add(gapR, crossR), y1i = f32x4.sub(gapI, crossI);
    let y2r = f32x4.sub(sumR, restR), y2i = f32x4.sub(sumI, restI);
    let y3r = f32x4.sub(gapR, crossR), y3i = f32x4.add(gapI, crossI);
    if (stride < 64) {
      let low: v128, high: v128, c: v128, s: v128, t: v128;
      low = stride == 1 ? factors(2 * i, 2) : factor(2 * u);
      high = stride == 1 ? factors(2 * i + 4, 2) : low;
      c = v128.shuffle<f32>(low, high, 0, 2, 4, 6);
      s = v128.shuffle<f32>(low, high, 1, 3, 5, 7);
      t = y1r;
      y1r = f32x4.sub(f32x4.mul(t, c), f32x4.mul(y1i, s));
      y1i = f32x4.add(f32x4.mul(y1i, c), f32x4.mul(t, s));
      low = stride == 1 ? factors(4 * i, 4) : factor(4 * u);
      high = stride == 1 ? factors(4 * i + 8, 4) : low;
      c = v128.shuffle<f32>(low, high, 0, 2, 4, 6);
      s = v128.shuffle<f32>(low, high, 1, 3, 5, 7);
      t = y2r;
      y2r = f32x4.sub(f32x4.mul(t, c), f32x4.mul(y2i, s));
      y2i = f32x4.add(f32x4.mul(y2i, c), f32x4.mul(t, s));
      low = stride == 1 ? factors(6 * i, 6) : factor(6 * u);
      high = stride == 1 ? factors(6 * i + 12, 6) : low;
      c = v128.shuffle<f32>(low, high, 0, 2, 4, 6);
      s = v128.shuffle<f32>(low, high, 1, 3, 5, 7);
      t = y3r;
      y3r = f32x4.sub(f32x4.mul(t, c), f32x4.mul(y3i, s));
      y3i = f32x4.add(f32x4.mul(y3i, c), f32x4.mul(t, s));
    }
    const o = outPtr + ((i + 3 * u) << 2);
    if (stride == 1) {
      storeTransposed(o, y0r, y1r, y2r, y3r);
      storeTransposed(o + IMAGINARY, y0i, y1i, y2i, y3i);
    } else {
      v128.store(o, y0r);
      v128.store(o, y0i, IMAGINARY);
      v128.store(o + next, y1r);
      v128.store(o + next, y1i, IMAGINARY);
      v128.store(o + 2 * next, y2r);
      v128.store(o + 2 * next, y2i, IMAGINARY);
      v128.store(o + 3 * next, y3r);
      v128.store(o + 3 * next, y3i, IMAGINARY);
    }
  }
}

/** W^turns as cos, -sin in both halves; the table has half a turn, so 256 and more flip both signs. */
function factor(turns: i32): v128 {
  const sign = i32x4.splat((turns & 256) << 23);
  return v128.xor(v128.load64_splat(twiddlePtr + ((turns & 255) << 3)), sign);
}

/** W^turns and W^(turns + by). */
function factors(turns: i32, by: i32): v128 {
  return v128.shuffle<i64>(factor(turns), factor(turns + by), 0, 2);
}

/** Column l of four vectors becomes four values at ptr + 16 l. */
function storeTransposed(ptr: usize, a: v128, b: v128, c: v128, d: v128): void {
  const ab01 = v128.shuffle<f32>(a, b, 0, 4, 1, 5), ab23 = v128.shuffle<f32>(a, b, 2, 6, 3, 7);
  const cd01 = v128.shuffle<f32>(c, d, 0, 4, 1, 5), cd23 = v128.shuffle<f32>(c, d, 2, 6, 3, 7);
  v128.store(ptr, v128.shuffle<f32>(ab01, cd01, 0, 1, 4, 5), 0);
  v128.store(ptr, v128.shuffle<f32>(ab01, cd01, 2, 3, 6, 7), 16);
  v128.store(ptr, v128.shuffle<f32>(ab23, cd23, 0, 1, 4, 5), 32);
  v128.store(ptr, v128.shuffle<f32>(ab23, cd23, 2, 3, 6, 7), 48);
}

/** Power of bins k..k+3 and 256-k down to 253-k, for k = 1, 5, … 125. */
export function splitFour(k: i32): void {
  const p = scratchPtr + (k << 2), q = scratchPtr + ((253 - k) << 2);
  const pr = v128.load(p), pi = v128.load(p, IMAGINARY), qr = reversed(v128.load(q)), qi = reversed(v128.load(q, IMAGINARY));
  const low = v128.load(twiddlePtr + (k << 3)), high = v128.load(twiddlePtr + (k << 3), 16);
  const c = v128.shuffle<f32>(low, high, 0, 2, 4, 6), s = v128.shuffle<f32>(low, high, 1, 3, 5, 7);
  const er = f32x4.add(pr, qr), ei = f32x4.sub(pi, qi), or = f32x4.add(pi, qi), oi = f32x4.sub(qr, pr);
  const tr = f32x4.sub(f32x4.mul(c, or), f32x4.mul(s, oi)), ti = f32x4.add(f32x4.mul(c, oi), f32x4.mul(s, or));
  const power = scratchPtr + POWER;
  v128.store(power + (k << 2), quarterPower(f32x4.add(er, tr), f32x4.add(ei, ti)));
  v128.store(power + ((253 - k) << 2), reversed(quarterPower(f32x4.sub(er, tr), f32x4.sub(ei, ti))));
}

function quarterPower(re: v128, im: v128): v128 {
  return f32x4.mul(f32x4.splat(0.25), f32x4.add(f32x4.mul(re, re), f32x4.mul(im, im)));
}

function reversed(v: v128): v128 {
  return v128.shuffle<f32>(v, v, 3, 2, 1, 0);
}
