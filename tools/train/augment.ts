// What a microphone does to a recording: noise floor, gain, time shift. 16-bit PCM in, a new array out.
//
// Levels are RMS relative to full scale (32768 = 0 dBFS). Results saturate at 16 bits, as a converter does.

import { SAMPLE_RATE } from "../../assembly/format/input_spec.ts";
import type { Random } from "./random.ts";

function saturate(x: number): number {
  return Math.max(-32768, Math.min(32767, Math.round(x)));
}

/** White Gaussian noise of `levelDbfs` added. */
export function addNoise(pcm: Int16Array, levelDbfs: number, random: Random): Int16Array {
  const rms = 32768 * 10 ** (levelDbfs / 20);
  return pcm.map((x) => saturate(x + rms * random.normal()));
}

export function applyGain(pcm: Int16Array, gainDb: number): Int16Array {
  const factor = 10 ** (gainDb / 20);
  return pcm.map((x) => saturate(x * factor));
}

/** Moved later by `samples`, which may be negative; what leaves at one end returns at the other. */
export function shiftCircular(pcm: Int16Array, samples: number): Int16Array {
  const n = pcm.length;
  return pcm.map((_, i) => pcm[(((i - samples) % n) + n) % n]!);
}

/** Moved later by `samples`; silence moves in, the end falls off. */
export function delay(pcm: Int16Array, samples: number): Int16Array {
  return pcm.map((_, i) => pcm[i - samples] ?? 0);
}

const SECOND = SAMPLE_RATE;

/**
 * A random copy for training: moved (half of the copies in a circle by any amount, half later by up to a second, with silence
 * moving in), gain within +-15 dB, and in seven of ten copies a noise floor of -70 to -45 dBFS.
 */
export function augment(pcm: Int16Array, random: Random): Int16Array {
  const moved = random.uniform() < 0.5 ? shiftCircular(pcm, random.below(pcm.length)) : delay(pcm, random.below(SECOND));
  const scaled = applyGain(moved, random.between(-15, 15));
  return random.uniform() < 0.7 ? addNoise(scaled, random.between(-70, -45), random) : scaled;
}

/** One way to strain a model. */
export interface StressCondition {
  name: string;
  apply(pcm: Int16Array, random: Random): Int16Array;
}

/** What `--stress` measures, besides the clean clips. The circular shift loses nothing of the recording; the delay
 * cuts off up to a second at its end and puts digital silence before it. */
export const STRESS_CONDITIONS: readonly StressCondition[] = [
  { name: "noise -70 dBFS", apply: (pcm, random) => addNoise(pcm, -70, random) },
  { name: "noise -60 dBFS", apply: (pcm, random) => addNoise(pcm, -60, random) },
  { name: "noise -50 dBFS", apply: (pcm, random) => addNoise(pcm, -50, random) },
  { name: "gain +12 dB", apply: (pcm) => applyGain(pcm, 12) },
  { name: "gain -12 dB", apply: (pcm) => applyGain(pcm, -12) },
  { name: "circular shift", apply: (pcm, random) => shiftCircular(pcm, random.below(pcm.length)) },
  { name: "delay 0-1 s", apply: (pcm, random) => delay(pcm, random.below(SECOND)) },
];
