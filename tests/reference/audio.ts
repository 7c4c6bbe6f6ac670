// Synthetic audio of all kinds, from seeds: what the front end is tested on.

export const WINDOW_SAMPLES = 80000;

/** Numbers in 0..1 from a seed (mulberry32). */
export function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
  };
}

/** 16-bit samples from a signal of -1..1 over time in seconds. */
function clip(signal: (seconds: number, i: number) => number, samples = WINDOW_SAMPLES): Int16Array {
  return Int16Array.from({ length: samples }, (_, i) => Math.max(-32768, Math.min(32767, Math.round(32768 * signal(i / 16000, i)))));
}

const noise = (seed: number, level: number) => {
  const next = random(seed);
  return () => level * (next() + next() + next() - 1.5);
};

/** Name -> 16-bit PCM at 16 kHz. */
export function clips(): Map<string, Int16Array> {
  const hiss = noise(1, 0.5);
  const faint = noise(2, 0.0003);
  const modulated = noise(3, 0.4);
  const backdrop = noise(4, 0.01);
  const short = noise(5, 0.3);
  const beat = noise(6, 0.6);
  const floor = noise(7, 0.0005);
  return new Map([
    ["noise", clip(hiss)],
    ["faint noise", clip(faint)],
    ["noise at 4 Hz", clip((s) => modulated() * (0.5 + 0.5 * Math.sin(2 * Math.PI * 4 * s)))],
    ["chirp", clip((s) => 0.5 * Math.sin(2 * Math.PI * (100 * s + 750 * s * s)))],
    ["tone in noise", clip((s) => 0.3 * Math.sin(2 * Math.PI * 440 * s) + backdrop())],
    ["beats", clip((s) => beat() * Math.exp(-20 * (s % 0.4)) + floor())],
    ["clicks", clip((_, i) => (i % 4000 === 17 ? 0.9 : 0))],
    ["silence", clip(() => 0)],
    ["full-scale square", clip((s) => (s * 100 - Math.floor(s * 100) < 0.5 ? 1 : -1))],
    ["full-scale tone", clip((s) => Math.sin(2 * Math.PI * 1000.5 * s))],
    ["DC", clip(() => 0.5)],
    ["0.1 s of noise", clip(short, 1600)],
    ["one sample", clip(() => 0.9, 1)],
    ["nothing", new Int16Array(0)],
    ["6 s", clip((s) => 0.4 * Math.sin(2 * Math.PI * 300 * s * s), 96000)],
  ]);
}
