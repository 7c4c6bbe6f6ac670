// Sound and feature vectors for golden vectors, from integers only, so that they are the same bytes on every machine and need no storing.
//
//   "noise 7 80000"   kind, seed, length: 16-bit PCM of that many samples
//   "vector features 7 969": that many float32 values, multiples of 1/1024 up to 32, which are exact

/** Marsaglia's xorshift32: whole numbers below 2^32. */
function integers(seed: number): () => number {
  let state = seed >>> 0 || 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state;
  };
}

/** Triangle of a phase below 2^32: -16384 to 16383. */
const triangle = (phase: number) => {
  const up = phase >>> 16;
  return (up < 32768 ? up : 65535 - up) - 16384;
};

type Wave = (i: number, next: () => number) => number;

/** Sample i, before it is cut to 16 bits. `next` gives 32 random bits. */
const WAVES: Record<string, (seed: number) => Wave> = {
  silence: () => () => 0,
  noise: () => (_, next) => (next() >>> 16) - 32768,
  quiet: () => (_, next) => (next() >>> 30) - 2,
  chirp: (seed) => {
    let phase = 0;
    let rise = 0x400000 + 977 * seed;
    return () => {
      rise += 12345;
      phase = (phase + rise) >>> 0;
      return triangle(phase);
    };
  },
  tones: (seed) => (i) => (triangle(Math.imul(i, 0x01234567 + seed)) >> 1) + (triangle(Math.imul(i, 0x0789abcd)) >> 2),
  clicks: (seed) => (i) => ((i + seed) % 1601 === 0 ? (i & 1 ? 32767 : -32768) : 0),
  bursts: () => (i, next) => ((i >> 12) % 3 === 1 ? (next() >>> 18) - 8192 : 0),
  square: (seed) => (i) => ((i >> (seed & 7)) & 1 ? 32767 : -32767),
  extremes: () => (i) => (i & 1 ? 32767 : -32768),
  lowest: () => () => -32768,
  dc: () => () => 9000,
};

/** Feature i, in units of 1/1024. */
const VECTORS: Record<string, (seed: number) => Wave> = {
  features: () => (_, next) => (next() >>> 20) - 2048,
  extremes: () => (_, next) => (next() & 1 ? 32767 : -32768),
  zeros: () => () => 0,
};

export type GoldenInput = Int16Array | Float32Array;

/** @param text kind, seed and length; kinds of vectors have "vector " in front */
export function goldenInput(text: string): GoldenInput {
  const isVector = text.startsWith("vector ");
  const [kind, seed, length] = text.replace("vector ", "").split(" ");
  const wave = (isVector ? VECTORS : WAVES)[kind](Number(seed));
  const next = integers(Number(seed));
  const values = Array.from({ length: Number(length) }, (_, i) => wave(i, next));
  return isVector ? Float32Array.from(values, (value) => value / 1024) : Int16Array.from(values);
}
