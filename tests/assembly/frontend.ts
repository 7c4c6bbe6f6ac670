// The front end with its exports, and entries to one frame's power spectrum and logarithms, in the arithmetic of the section.

import { FRONT_END_FIXED } from "../../assembly/format/file.ts";
import { powerSpectrum } from "../../assembly/frontend/fft.ts";
import { fixedSpectrum } from "../../assembly/frontend/fixed_fft.ts";
import { fixedFrameCodes, fixedWindowed } from "../../assembly/frontend/fixed_frame.ts";
import { bandLog, setFloor } from "../../assembly/frontend/fixed_log.ts";
import { frameCodes, weightedSum, windowed } from "../../assembly/frontend/frame.ts";
import {
  audioFree,
  audioFreePtr,
  audioPush,
  framesSeen,
  frontEndOpen,
  frontEndReset,
  frontEndStep,
  frontEndValidate,
} from "../../assembly/frontend/front_end.ts";
import { FIXED_B, FIXED_BIN_BYTES, POWER, scratchPtr } from "../../assembly/frontend/scratch.ts";
import { arithmetic, melBandsPtr, melWeightsPtr, powerFloor } from "../../assembly/frontend/tables.ts";
import { failPtr } from "../../assembly/kernels/fail.ts";
import { logf } from "../../assembly/kernels/math.ts";

export { audioFree, audioFreePtr, audioPush, framesSeen, frontEndOpen, frontEndReset, frontEndStep, frontEndValidate, failPtr };

/** Of the last fixed-point spectrum: power is |2X|^2 2^unitExponent. */
let unitExponent = 0;

export function spectrumExponent(): i32 {
  return unitExponent;
}

function spectrum(pcmPtr: usize): void {
  if (arithmetic == FRONT_END_FIXED) {
    unitExponent = fixedWindowed(pcmPtr);
    fixedSpectrum();
  } else {
    windowed(pcmPtr);
    powerSpectrum();
  }
}

/** PCM i16 [400] -> f64 [257] power at outPtr. */
export function framePower(pcmPtr: usize, outPtr: usize): void {
  spectrum(pcmPtr);
  for (let k: usize = 0; k < 257; k++) {
    let power = <f64>load<f32>(scratchPtr + POWER + (k << 2));
    if (arithmetic == FRONT_END_FIXED) {
      const bin = scratchPtr + FIXED_B + k * FIXED_BIN_BYTES;
      const re = <f64>load<i32>(bin, 0), im = <f64>load<i32>(bin, 4);
      power = (re * re + im * im) * reinterpret<f64>(<i64>(unitExponent + 1023) << 52);
    }
    store<f64>(outPtr + (k << 3), power);
  }
}

/** PCM i16 [400] -> f32 [64] natural logarithms at outPtr. */
export function frameLogMel(pcmPtr: usize, outPtr: usize): void {
  spectrum(pcmPtr);
  setFloor(powerFloor);
  let weights = melWeightsPtr;
  for (let m: usize = 0; m < 64; m++) {
    const band = melBandsPtr + (m << 2);
    const first = <usize>load<u16>(band), count = <usize>load<u16>(band, 2);
    let log: f32;
    if (arithmetic == FRONT_END_FIXED) {
      log = <f32>bandLog(first, count, weights, 2, unitExponent) * <f32>(Math.LN2 / 32768);
      weights += count << 1;
    } else {
      log = logf(weightedSum(first, weights, count) + powerFloor);
      weights += count << 2;
    }
    store<f32>(outPtr + (m << 2), log);
  }
}

/** PCM i16 [400] -> 64 codes. */
export function frameOf(pcmPtr: usize, codesPtr: usize): void {
  if (arithmetic == FRONT_END_FIXED) fixedFrameCodes(pcmPtr, codesPtr);
  else frameCodes(pcmPtr, codesPtr);
}

/** Runs every step that the buffered audio allows; with `pad`, to the end. Returns the last step's result. */
export function run(pad: bool): i32 {
  let last = frontEndStep(pad);
  while (last == 1 || last == 2) last = frontEndStep(pad);
  return last;
}
