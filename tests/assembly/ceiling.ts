// Entry for benchmarks: register-only speed limits of this machine and engine, one per kernel's own instruction mix. No memory in the
// loops, independent chains, at most 15 registers: a kernel's rate beside the ceiling of the same run tells more than the number alone.
//
// Every probe reads and writes 256 bytes at p and returns nothing; its MACs an iteration are those that the kernel would do.

import { dotAdd, maskDot } from "../../assembly/kernels/lanes";

/** Chains must start apart, or the compiler computes one and copies it. */
@inline
function seed(p: usize, chain: usize): v128 {
  return v128.load(p + (chain << 4));
}

@inline
function keep4(p: usize, a: v128, b: v128, c: v128, d: v128): void {
  store<v128>(p, a, 0);
  store<v128>(p, b, 16);
  store<v128>(p, c, 32);
  store<v128>(p, d, 48);
}

/** dot + add: 16-bit weights, and 8- and 4-bit products of batches. 12 * 8 MACs. */
export function ceilingDot(p: usize, iterations: i32): void {
  const x = v128.load(p, 240);
  let a = seed(p, 0), b = seed(p, 1), c = seed(p, 2), d = seed(p, 3), e = seed(p, 4), f = seed(p, 5);
  let g = seed(p, 6), h = seed(p, 7), i = seed(p, 8), j = seed(p, 9), k = seed(p, 10), l = seed(p, 11);
  for (; iterations > 0; iterations--) {
    a = dotAdd(a, a, x); b = dotAdd(b, b, x); c = dotAdd(c, c, x); d = dotAdd(d, d, x);
    e = dotAdd(e, e, x); f = dotAdd(f, f, x); g = dotAdd(g, g, x); h = dotAdd(h, h, x);
    i = dotAdd(i, i, x); j = dotAdd(j, j, x); k = dotAdd(k, k, x); l = dotAdd(l, l, x);
  }
  keep4(p, a, b, c, d); keep4(p + 64, e, f, g, h); keep4(p + 128, i, j, k, l);
}

@inline
function widenDot(a: v128, x: v128): v128 {
  return dotAdd(a, i16x8.extend_low_i8x16_s(a), x);
}

/** widen + dot + add: 8-bit weights of one vector. 12 * 8 MACs. */
export function ceilingWidenDot(p: usize, iterations: i32): void {
  const x = v128.load(p, 240);
  let a = seed(p, 0), b = seed(p, 1), c = seed(p, 2), d = seed(p, 3), e = seed(p, 4), f = seed(p, 5);
  let g = seed(p, 6), h = seed(p, 7), i = seed(p, 8), j = seed(p, 9), k = seed(p, 10), l = seed(p, 11);
  for (; iterations > 0; iterations--) {
    a = widenDot(a, x); b = widenDot(b, x); c = widenDot(c, x); d = widenDot(d, x);
    e = widenDot(e, x); f = widenDot(f, x); g = widenDot(g, x); h = widenDot(h, x);
    i = widenDot(i, x); j = widenDot(j, x); k = widenDot(k, x); l = widenDot(l, x);
  }
  keep4(p, a, b, c, d); keep4(p + 64, e, f, g, h); keep4(p + 128, i, j, k, l);
}

/** A packed vector of 4-bit codes: four products, two of them masked, one shift. */
@inline
function fields4(a: v128, mask: v128, x: v128): v128 {
  const v = i16x8.shr_s(a, 8);
  return maskDot(dotAdd(maskDot(dotAdd(a, a, x), a, mask, x), v, x), v, mask, x);
}

/** 4 * (dot + add) + 2 and + shift: 4-bit mask-dot. 8 * 32 MACs. */
export function ceilingMaskDot4(p: usize, iterations: i32): void {
  const x = v128.load(p, 240), mask = v128.load(p, 224);
  let a = seed(p, 0), b = seed(p, 1), c = seed(p, 2), d = seed(p, 3), e = seed(p, 4), f = seed(p, 5), g = seed(p, 6), h = seed(p, 7);
  for (; iterations > 0; iterations--) {
    a = fields4(a, mask, x); b = fields4(b, mask, x); c = fields4(c, mask, x); d = fields4(d, mask, x);
    e = fields4(e, mask, x); f = fields4(f, mask, x); g = fields4(g, mask, x); h = fields4(h, mask, x);
  }
  keep4(p, a, b, c, d); keep4(p + 64, e, f, g, h);
}

/** A packed vector of ternary codes: eight fields, one shift. */
@inline
function fields8(a: v128, m0: v128, m1: v128, m2: v128, m3: v128, x: v128): v128 {
  const v = i16x8.shr_u(a, 8);
  a = maskDot(maskDot(maskDot(maskDot(a, a, m0, x), a, m1, x), a, m2, x), a, m3, x);
  return maskDot(maskDot(maskDot(maskDot(a, v, m0, x), v, m1, x), v, m2, x), v, m3, x);
}

/** 8 * (and + dot + add) + shift: ternary mask-dot. 8 * 64 MACs. */
export function ceilingMaskDot8(p: usize, iterations: i32): void {
  const x = v128.load(p, 240), m0 = v128.load(p, 224), m1 = v128.load(p, 208), m2 = v128.load(p, 192), m3 = v128.load(p, 176);
  let a = seed(p, 0), b = seed(p, 1), c = seed(p, 2), d = seed(p, 3), e = seed(p, 4), f = seed(p, 5), g = seed(p, 6), h = seed(p, 7);
  for (; iterations > 0; iterations--) {
    a = fields8(a, m0, m1, m2, m3, x); b = fields8(b, m0, m1, m2, m3, x); c = fields8(c, m0, m1, m2, m3, x); d = fields8(d, m0, m1, m2, m3, x);
    e = fields8(e, m0, m1, m2, m3, x); f = fields8(f, m0, m1, m2, m3, x); g = fields8(g, m0, m1, m2, m3, x); h = fields8(h, m0, m1, m2, m3, x);
  }
  keep4(p, a, b, c, d); keep4(p + 64, e, f, g, h);
}

/**
 * One plane of 32 rows x 4 columns: a new index (an add here, a load in the kernel), 2 and, shift, 4 swizzles, 4 adds; after eight of
 * them 4 * (and + shift + 2 adds) to widen. Eight planes: 8 * 64 MACs for ternary (two planes a column), 8 * 128 for 1-bit.
 */
export function ceilingLookUp(p: usize, iterations: i32): void {
  const nibble = v128.load(p, 240), low = v128.load(p, 224), high = v128.load(p, 208);
  let even = seed(p, 0), odd = seed(p, 1), even2 = seed(p, 2), odd2 = seed(p, 3);
  let packed = seed(p, 4);
  for (; iterations > 0; iterations--) {
    let a = i8x16.splat(0), b = i8x16.splat(0), c = i8x16.splat(0), d = i8x16.splat(0);
    for (let plane = 0; plane < 8; plane++) {
      const first = v128.and(packed, nibble), second = v128.and(i16x8.shr_u(packed, 4), nibble);
      a = i8x16.add(a, i8x16.swizzle(low, first)); b = i8x16.add(b, i8x16.swizzle(high, first));
      c = i8x16.add(c, i8x16.swizzle(low, second)); d = i8x16.add(d, i8x16.swizzle(high, second));
      packed = i8x16.add(packed, low);
    }
    even = i16x8.add(even, v128.and(a, nibble)); odd = i16x8.add(odd, i16x8.shr_u(a, 8));
    even2 = i16x8.add(even2, v128.and(b, nibble)); odd2 = i16x8.add(odd2, i16x8.shr_u(b, 8));
    even = i16x8.add(even, v128.and(c, nibble)); odd = i16x8.add(odd, i16x8.shr_u(c, 8));
    even2 = i16x8.add(even2, v128.and(d, nibble)); odd2 = i16x8.add(odd2, i16x8.shr_u(d, 8));
  }
  keep4(p, even, odd, even2, odd2); keep4(p + 64, packed, packed, packed, packed);
}

@inline
function count(acc: v128, x: v128, y: v128): v128 {
  const both = v128.and(x, acc);
  const unlike = i8x16.popcnt(v128.and(v128.xor(y, acc), both));
  return i8x16.sub(i8x16.add(acc, i8x16.popcnt(both)), i8x16.add(unlike, unlike));
}

/** 2 and + xor + 2 popcnt + 3 adds. 8 * 128 MACs. */
export function ceilingPopcount(p: usize, iterations: i32): void {
  const x = v128.load(p, 240), y = v128.load(p, 224);
  let a = seed(p, 0), b = seed(p, 1), c = seed(p, 2), d = seed(p, 3), e = seed(p, 4), f = seed(p, 5), g = seed(p, 6), h = seed(p, 7);
  for (; iterations > 0; iterations--) {
    a = count(a, x, y); b = count(b, x, y); c = count(c, x, y); d = count(d, x, y);
    e = count(e, x, y); f = count(f, x, y); g = count(g, x, y); h = count(h, x, y);
  }
  keep4(p, a, b, c, d); keep4(p + 64, e, f, g, h);
}

@inline
function mulAdd(a: v128, x: v128): v128 {
  return f32x4.add(a, f32x4.mul(a, x));
}

/** multiply + add in float32; times -1, so that chains stay finite. 12 * 4 MACs. */
export function ceilingFloat(p: usize, iterations: i32): void {
  const x = f32x4.convert_i32x4_s(v128.or(v128.load(p, 240), i32x4.splat(-1)));
  let a = seed(p, 0), b = seed(p, 1), c = seed(p, 2), d = seed(p, 3), e = seed(p, 4), f = seed(p, 5);
  let g = seed(p, 6), h = seed(p, 7), i = seed(p, 8), j = seed(p, 9), k = seed(p, 10), l = seed(p, 11);
  for (; iterations > 0; iterations--) {
    a = mulAdd(a, x); b = mulAdd(b, x); c = mulAdd(c, x); d = mulAdd(d, x); e = mulAdd(e, x); f = mulAdd(f, x);
    g = mulAdd(g, x); h = mulAdd(h, x); i = mulAdd(i, x); j = mulAdd(j, x); k = mulAdd(k, x); l = mulAdd(l, x);
  }
  keep4(p, a, b, c, d); keep4(p + 64, e, f, g, h); keep4(p + 128, i, j, k, l);
}
