// The same log-mel codes in JavaScript on the npm package fft.js: the opponent that the front end is timed against.

import { createRequire } from "node:module";
import { hann, melBands } from "./features.ts";

const require = createRequire(import.meta.url);
const FRAMES = 498;

/** 80,000 samples to u8 [498][64]. */
export function fftJsFrames(): (pcm: Int16Array, codes: Uint8Array) => void {
  const fft = new (require("fft.js"))(512);
  const spectrum: number[] = fft.createComplexArray();
  const x = new Float64Array(512);
  const power = new Float64Array(257);
  const window = hann().map((w) => w / 32768);
  const bands = melBands().map(({ first, weights }) => ({ first, weights: Float64Array.from(weights) }));
  const origin = Math.log(1e-6);
  return (pcm, codes) => {
    for (let t = 0; t < FRAMES; t++) {
      for (let i = 0; i < 400; i++) x[i] = pcm[t * 160 + i] * window[i];
      fft.realTransform(spectrum, x);
      for (let k = 0; k < 257; k++) power[k] = spectrum[2 * k] * spectrum[2 * k] + spectrum[2 * k + 1] * spectrum[2 * k + 1];
      for (let m = 0; m < 64; m++) {
        const { first, weights } = bands[m];
        let sum = 0;
        for (let i = 0; i < weights.length; i++) sum += weights[i] * power[first + i];
        codes[t * 64 + m] = Math.max(0, Math.min(255, Math.round((Math.log(sum + 1e-6) - origin) / 0.1)));
      }
    }
  };
}
