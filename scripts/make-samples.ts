// Writes samples/*.wav: synthetic sounds, so that `npm start` has something to hear that is nobody's recording.
// 5 s, 16 kHz, 16-bit, mono, with a noise floor near -60 dBFS; the same bytes on every run.
// usage: node --import tsx scripts/make-samples.ts [FOLDER]

import { join } from "node:path";
import { fileURLToPath } from "node:url";
import wavefile from "wavefile";
import { SAMPLE_RATE } from "../assembly/format/input_spec.ts";
import { toPcm16 } from "../host/audio/resample.ts";
import { packagePath, writeOutput } from "../host/files.ts";

const SECONDS = 5;
const SAMPLES = SECONDS * SAMPLE_RATE;
const NOISE_FLOOR = 10 ** (-60 / 20);

type Random = () => number;

/** mulberry32: uniform 0..1. */
function uniform(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Near-normal noise of unit power: the sum of twelve uniforms, less its mean. */
function normal(random: Random): number {
  let sum = -6;
  for (let i = 0; i < 12; i++) sum += random();
  return sum;
}

/** A two-pole resonance at `hertz` that rings for `seconds` (to 1/e), peak gain near 1; feed it sample by sample. */
function resonator(hertz: number, seconds: number): (input: number) => number {
  const radius = Math.exp(-1 / (seconds * SAMPLE_RATE));
  const a1 = 2 * radius * Math.cos((2 * Math.PI * hertz) / SAMPLE_RATE);
  const a2 = -radius * radius;
  let y1 = 0;
  let y2 = 0;
  return (input) => {
    const y = (1 - radius) * input + a1 * y1 + a2 * y2;
    y2 = y1;
    y1 = y;
    return y;
  };
}

/** First-order low-pass; subtract it from its input for a high-pass. */
function lowPass(hertz: number): (input: number) => number {
  const share = 1 - Math.exp((-2 * Math.PI * hertz) / SAMPLE_RATE);
  let y = 0;
  return (input) => {
    y += share * (input - y);
    return y;
  };
}

/** A clock: every half second a sharp click that rings in a small case, tick and tock at different pitches. */
function clockTick(random: Random): Float64Array {
  const out = new Float64Array(SAMPLES);
  for (let beat = 0; beat * 0.5 < SECONDS - 0.1; beat++) {
    const start = Math.round((0.15 + beat * 0.5) * SAMPLE_RATE);
    const pitch = beat % 2 === 0 ? 1 : 0.92;
    const rings = [1700, 2900, 4300, 6100].map((hertz, i) => resonator(hertz * pitch, 0.012 - 0.002 * i));
    for (const [delay, level] of [
      [0, 1],
      [0.011, 0.5],
    ]) {
      const first = start + Math.round(delay * SAMPLE_RATE);
      for (let i = 0; i < 0.06 * SAMPLE_RATE && first + i < SAMPLES; i++) {
        const strike = i < 48 ? normal(random) * level : 0;
        out[first + i] += rings.reduce((sum, ring) => sum + ring(strike * 8), strike * 0.5);
      }
    }
  }
  return out;
}

/** Rain: steady broadband hiss, brighter than wind, with many small drops on top. */
function rain(random: Random): Float64Array {
  const out = new Float64Array(SAMPLES);
  const rumble = lowPass(300);
  const dull = lowPass(5500);
  for (let i = 0; i < SAMPLES; i++) {
    const hiss = normal(random);
    out[i] = dull(hiss - rumble(hiss)) * 0.12;
  }
  for (let drop = 0; drop < 900; drop++) {
    const start = Math.floor(random() * SAMPLES);
    const ring = resonator(1500 + 4500 * random(), 0.0015);
    const level = 0.5 * random() ** 3;
    for (let i = 0; i < 160 && start + i < SAMPLES; i++) out[start + i] += ring(i === 0 ? 8 * level : 0);
  }
  return out;
}

/** Fire: a low, slowly changing roar, under crackles of every size at random times. */
function cracklingFire(random: Random): Float64Array {
  const out = new Float64Array(SAMPLES);
  const body = lowPass(250);
  const air = lowPass(2500);
  const drift = lowPass(2);
  for (let i = 0; i < SAMPLES; i++) {
    const level = 0.5 + 4 * Math.abs(drift(normal(random)) * 10);
    out[i] = body(normal(random)) * 0.1 * level + air(normal(random)) * 0.008;
  }
  for (let crackle = 0; crackle < 260; crackle++) {
    const start = Math.floor(random() * SAMPLES);
    const level = 0.05 + 0.9 * random() ** 5;
    const length = (0.0008 + 0.004 * random() ** 2) * SAMPLE_RATE;
    const ring = resonator(1200 + 5500 * random(), 0.0008);
    for (let i = 0; i < 8 * length && start + i < SAMPLES; i++) {
      const burst = normal(random) * Math.exp(-i / length) * level;
      out[start + i] += burst * 0.6 + ring(burst) * 3;
    }
  }
  return out;
}

/** A helicopter: blades that beat the air thirteen times a second, over the drone and whine of its engine. */
function helicopter(random: Random): Float64Array {
  const out = new Float64Array(SAMPLES);
  const thump = [lowPass(150), lowPass(150)];
  const slap = [lowPass(600), lowPass(600)];
  const hiss = lowPass(1500);
  for (let i = 0; i < SAMPLES; i++) {
    const time = i / SAMPLE_RATE;
    const phase = (time * 13 + 0.02 * Math.sin(2 * Math.PI * 0.4 * time)) % 1;
    const blade = Math.exp(-phase * 4);
    const drone = [1, 2, 3, 5].reduce((sum, k) => sum + Math.sin(2 * Math.PI * 78 * k * time) / k, 0);
    out[i] =
      thump[1](thump[0](normal(random))) * 2.5 * (0.3 + blade) +
      slap[1](slap[0](normal(random))) * 0.8 * (0.2 + blade) +
      hiss(normal(random)) * 0.03 +
      drone * 0.06;
  }
  return out;
}

const SOUNDS = { clock_tick: clockTick, crackling_fire: cracklingFire, helicopter, rain };

/** WAV bytes: the sound brought to a peak of -3 dBFS, over the noise floor. */
export function makeSample(name: keyof typeof SOUNDS): Uint8Array {
  const random = uniform([...name].reduce((seed, letter) => (seed * 31 + letter.charCodeAt(0)) | 0, 1));
  const sound = SOUNDS[name](random);
  const peak = sound.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const pcm = Int16Array.from(sound, (value) => toPcm16((value / peak) * 0.7 + normal(random) * NOISE_FLOOR));
  const wav = new wavefile.WaveFile();
  wav.fromScratch(1, SAMPLE_RATE, "16", pcm);
  return wav.toBuffer();
}

export const SAMPLE_NAMES = Object.keys(SOUNDS) as (keyof typeof SOUNDS)[];

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const folder = process.argv[2] ?? packagePath("samples");
  for (const name of SAMPLE_NAMES) writeOutput(join(folder, `${name}.wav`), makeSample(name));
}
