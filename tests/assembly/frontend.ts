// The front end with its exports, and entries to one frame's power spectrum and mel power.

import { powerSpectrum } from "../../assembly/frontend/fft.ts";
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
import { POWER, scratchPtr } from "../../assembly/frontend/scratch.ts";
import { melBandsPtr, melWeightsPtr, powerFloor } from "../../assembly/frontend/tables.ts";
import { failPtr } from "../../assembly/kernels/fail.ts";
import { logf } from "../../assembly/kernels/math.ts";

export { audioFree, audioFreePtr, audioPush, framesSeen, frontEndOpen, frontEndReset, frontEndStep, frontEndValidate, failPtr };

/** PCM i16 [400] -> f32 [257] power at the pointer that is returned. */
export function framePower(pcmPtr: usize): usize {
  windowed(pcmPtr);
  powerSpectrum();
  return scratchPtr + POWER;
}

/** PCM i16 [400] -> f32 [64] natural logarithms at outPtr. */
export function frameLogMel(pcmPtr: usize, outPtr: usize): void {
  framePower(pcmPtr);
  let weights = melWeightsPtr;
  for (let m: usize = 0; m < 64; m++) {
    const band = melBandsPtr + (m << 2);
    const count = <usize>load<u16>(band, 2);
    store<f32>(outPtr + (m << 2), logf(weightedSum(load<u16>(band), weights, count) + powerFloor));
    weights += count << 2;
  }
}

/** PCM i16 [400] -> 64 codes. */
export function frameOf(pcmPtr: usize, codesPtr: usize): void {
  frameCodes(pcmPtr, codesPtr);
}

/** Runs every step that the buffered audio allows; with `pad`, to the end. Returns the last step's result. */
export function run(pad: bool): i32 {
  let last = frontEndStep(pad);
  while (last == 1 || last == 2) last = frontEndStep(pad);
  return last;
}
