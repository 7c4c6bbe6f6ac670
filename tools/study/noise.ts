// Windows in which there is nothing to hear: whatever a model is sure about here is a false alarm.

import { WINDOW_SAMPLES } from "../../assembly/format/input_spec.ts";
import { Random } from "../train/random.ts";

const SAMPLES = WINDOW_SAMPLES;
/** RMS relative to full scale. */
const LEVELS_DBFS = [-60, -50, -40, -30, -20];
/** Windows of each kind and level. */
const WINDOWS = 4;
/** What a quiet room leaves of silence. */
const FLOOR_DBFS = -60;
/** To be raised when the windows change. */
export const NOISE_VERSION = 1;

/** 16-bit: white and pink noise at five levels, and silence over a floor; the same windows every time. */
export function noiseWindows(): Int16Array[] {
  const windows: Int16Array[] = [];
  const add = (wave: (random: Random) => Float64Array, levelDbfs: number) => {
    const random = new Random(0x4e01, windows.length);
    windows.push(atLevel(wave(random), levelDbfs, random));
  };
  for (const level of LEVELS_DBFS) {
    for (let i = 0; i < WINDOWS; i++) add(white, level);
    for (let i = 0; i < WINDOWS; i++) add(pink, level);
  }
  for (let i = 0; i < WINDOWS; i++) add(() => new Float64Array(SAMPLES), Number.NEGATIVE_INFINITY);
  return windows;
}

function white(random: Random): Float64Array {
  return Float64Array.from({ length: SAMPLES }, () => random.normal());
}

/** 3 dB less an octave: three one-pole filters of white noise (Paul Kellet's economy filter, musicdsp.org, "Pink noise filter"). */
function pink(random: Random): Float64Array {
  let [a, b, c] = [0, 0, 0];
  return Float64Array.from({ length: SAMPLES }, () => {
    const x = random.normal();
    a = 0.99765 * a + 0.099046 * x;
    b = 0.963 * b + 0.2965164 * x;
    c = 0.57 * c + 1.0526913 * x;
    return a + b + c + 0.1848 * x;
  });
}

/** The wave at an RMS level, over a floor of white noise, saturated as a converter does. */
function atLevel(wave: Float64Array, levelDbfs: number, random: Random): Int16Array {
  const rms = Math.sqrt(wave.reduce((sum, x) => sum + x * x, 0) / SAMPLES) || 1;
  const gain = (32768 * 10 ** (levelDbfs / 20)) / rms;
  const floor = 32768 * 10 ** (FLOOR_DBFS / 20);
  return Int16Array.from(wave, (x) => Math.max(-32768, Math.min(32767, Math.round(gain * x + floor * random.normal()))));
}
