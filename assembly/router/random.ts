// mulberry32: 32 pseudo-random bits a call from 32 bits of state, all in i32 arithmetic
// (Tommy Ettinger, public domain). Seeded per decision, so that one seed gives one route on every engine.

let state: u32 = 0;

export function seedRandom(seed: u32): void {
  state = seed;
}

export function nextRandom(): u32 {
  state += 0x6d2b79f5;
  let t = state;
  t = (t ^ (t >>> 15)) * (t | 1);
  t ^= t + (t ^ (t >>> 7)) * (t | 61);
  return t ^ (t >>> 14);
}
