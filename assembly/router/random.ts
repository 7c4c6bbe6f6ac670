// mulberry32: 32 pseudo-random bits a call from 32 bits of state, all in i32 arithmetic
// (Tommy Ettinger, public domain). Seeded per decision, so that one seed gives one route on every engine.

const STEP: u32 = 0x6d2b79f5;

let state: u32 = 0;

export function seedRandom(seed: u32): void {
  state = seed;
}

export function nextRandom(): u32 {
  state += STEP;
  let t = state;
  t = (t ^ (t >>> 15)) * (t | 1);
  t ^= t + (t ^ (t >>> 7)) * (t | 61);
  return t ^ (t >>> 14);
}

/** Four calls of nextRandom in four lanes, SIMD only. */
export function nextRandom4(): v128 {
  let t = i32x4.add(i32x4.splat(state), i32x4(STEP, STEP * 2, STEP * 3, STEP * 4));
  state += STEP * 4;
  t = i32x4.mul(v128.xor(t, i32x4.shr_u(t, 15)), v128.or(t, i32x4.splat(1)));
  t = v128.xor(t, i32x4.add(t, i32x4.mul(v128.xor(t, i32x4.shr_u(t, 7)), v128.or(t, i32x4.splat(61)))));
  return v128.xor(t, i32x4.shr_u(t, 14));
}
