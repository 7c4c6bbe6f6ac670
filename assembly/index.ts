// The core module's exports, nothing else: zero imports, no runtime, no start function, never grows memory.
//
//   load(ptr, bytes)                 the host has placed the model file there; 0 or an error code
//   reset(seed)                      a new window
//   audioPtr(), pushAudio(samples)   16-bit PCM, 16 kHz, mono
//   step()                           one frame, one layer or one router sample; returns a phase id
//   decide()                         steps to the end, silence for audio that has not come; 0 or an error code
//   decisionPtr()                    the record of format/decision.ts
//   streamPtr()                      the record of format/stream.ts: windows that follow each other, instead of one

import { ERROR_AUDIO_OVERFLOW, ERROR_NO_FRONT_END, ERROR_NOT_LOADED, OK } from "./format/errors.ts";
import { ABI_VERSION, PHASE_DONE, PHASE_FAILED } from "./format/ids.ts";
import { audioFree, audioFreePtr, audioPush, audioRoom } from "./frontend/front_end.ts";
import { fail, failPtr, failureCode } from "./kernels/fail.ts";
import { loadModel, validateModel } from "./model/load.ts";
import { featureCount, featuresPtr as features, filePtr, hasFrontEnd, probabilityPtr, ringPtr as ring, workPtr as work } from "./model/state.ts";
import { streamRecord, streams } from "./model/stream.ts";
import { decisionRecord, resetDecision, stepOnce, takeFeatures } from "./model/step.ts";
import { USES_FRONT_END } from "./uses.ts";

export function abiVersion(): i32 {
  return ABI_VERSION;
}

/** First free byte of a fresh module: work memory of the plan's size starts here, the model may lie anywhere behind it. */
export function workPtr(): usize {
  return work();
}

/** The model must lie at a multiple of 16 and stay there, untouched, until the next load. Also resets with seed 0. */
export function load(ptr: usize, bytes: i32): i32 {
  const error = loadModel(ptr, bytes);
  if (error == OK) resetDecision(0);
  return error;
}

/** The checks of load() on a file whose weights may have any layout: what a host asks before it repacks. Loads nothing. */
export function validate(ptr: usize, bytes: i32): i32 {
  return validateModel(ptr, bytes);
}

export function reset(seed: u32): void {
  resetDecision(seed);
}

/** Where the host writes the next samples (i16); valid until the next call of step. 0 without a front end. */
export function audioPtr(): usize {
  return USES_FRONT_END && filePtr != 0 && hasFrontEnd ? audioFreePtr() : 0;
}

/** Samples that fit there now; 0 when the window is full and none follows. */
export function audioSpace(): i32 {
  if (!USES_FRONT_END || filePtr == 0 || !hasFrontEnd) return 0;
  return streams() ? audioRoom() : audioFree();
}

export function pushAudio(samples: i32): i32 {
  if (filePtr == 0) return fail(ERROR_NOT_LOADED, 0, 0, 0);
  if (!USES_FRONT_END || !hasFrontEnd) return fail(ERROR_NO_FRONT_END, 0, featureCount, 0);
  if (<u32>samples > <u32>audioSpace()) return fail(ERROR_AUDIO_OVERFLOW, 0, audioSpace(), samples);
  audioPush(samples);
  return OK;
}

export function step(): i32 {
  return stepOnce(false);
}

/** Like step(), but audio that has not come counts as silence: what decide() repeats, for hosts that meter the phases. */
export function stepPadded(): i32 {
  return stepOnce(true);
}

export function decide(): i32 {
  let phase = stepOnce(true);
  while (phase != PHASE_DONE && phase != PHASE_FAILED) phase = stepOnce(true);
  return failureCode();
}

/** The host has written all values at featuresPtr: decide from them, without audio. 0 or an error code. */
export function pushFeatures(): i32 {
  return takeFeatures();
}

/** f32 [features]: complete when step() has left PHASE_FEATURES. */
export function featuresPtr(): usize {
  return features;
}

/** u8 [RING_FRAMES][RING_BANDS]: the log-mel codes of the window. */
export function ringPtr(): usize {
  return ring;
}

/** f32 [classes]: softmax of the network that answered. */
export function probabilitiesPtr(): usize {
  return probabilityPtr;
}

export function decisionPtr(): usize {
  return decisionRecord();
}

/** Settings and state of a stream; settings count from the next reset on. */
export function streamPtr(): usize {
  return streamRecord();
}

/** i32 [4]: code, place, expected, found (format/errors.ts). */
export function lastError(): usize {
  return failPtr();
}
