// The front end: PCM -> ring of log-mel codes -> RICH_FEATURES values, one small step at a time.
//
//   audio.ts -> frame.ts (fft.ts) -> ring.ts: codes [T][64] -> bands.ts, modulation.ts, dynamics.ts, mfcc.ts -> features f32
//
// A section of fixed-point arithmetic takes fixed_frame.ts, fixed_modulation.ts (fixed_fft.ts, fixed_log.ts) instead of frame.ts, modulation.ts.
//
//   features, in order          at    values
//   bands, band by band          0    64 x 11
//   modulation                 704    16 x 9
//   energy                     848    7
//   flux                       855    7
//   rhythm                     862    6
//   active                     868    1
//   MFCC, one by one           869    20 x 5

import { FRONT_END_CODES_4BIT, FRONT_END_FIXED, INPUT_OPTIONS } from "../format/file.ts";
import { RING_FRAMES } from "../format/plan.ts";
import { USES_FIXED_FRONT_END, USES_FLOAT_FRONT_END } from "../uses.ts";
import { audioAdvance, audioFrame, audioFreePtr, audioOpen, audioPush, audioReset, audioRoom } from "./audio.ts";
import { bandFeatures } from "./bands.ts";
import { energyFeatures, fluxFeatures, rhythmFeature } from "./dynamics.ts";
import { fixedFrameCodes } from "./fixed_frame.ts";
import { fixedModulationFeatures } from "./fixed_modulation.ts";
import { frameCodes } from "./frame.ts";
import { mfccFeatures } from "./mfcc.ts";
import { modulationFeatures } from "./modulation.ts";
import { ringDrop, ringOpen, ringRow, rowSum } from "./ring.ts";
import { scratchOpen } from "./scratch.ts";
import { arithmetic, tablesOpen } from "./tables.ts";
import { frontEndValidate } from "./validate.ts";

export { audioFreePtr, audioPush, audioRoom, frontEndValidate };

/** What frontEndStep did. */
export const FRONT_END_NEEDS_AUDIO = 0;
export const FRONT_END_FRAME = 1;
export const FRONT_END_FEATURES = 2;
export const FRONT_END_READY = 3;

const MODULATION_AT = 704;
const ENERGY_AT = 848;
const FLUX_AT = 855;
const RHYTHM_AT = 862;
const ACTIVE_AT = 868;
const MFCC_AT = 869;

// Steps after the last frame: 64 bands, 16 groups, energy, flux, 6 lag ranges, 10 pairs of coefficients.
const GROUPS_FROM = 64;
const ENERGY_STEP = 80;
const FLUX_STEP = 81;
const RHYTHM_FROM = 82;
const PAIRS_FROM = 88;
const STEPS = 98;

let featuresPtr: usize = 0;
let frames = 0;
let piece = 0;

/**
 * Takes an input spec and a section that frontEndValidate accepted, and memory: ring RING_BYTES or RING_BYTES_4BIT, audio 2 AUDIO_SAMPLES, scratch FRONT_END_SCRATCH_BYTES,
 * features f32 [RICH_FEATURES]; all 16-byte aligned. The scratch must stay untouched from the last frame until the features are ready.
 */
export function frontEndOpen(inputPtr: usize, sectionPtr: usize, ring: usize, audio: usize, scratch: usize, features: usize): void {
  tablesOpen(inputPtr, sectionPtr);
  scratchOpen(scratch);
  audioOpen(audio);
  ringOpen(ring, fourBitCodes(inputPtr));
  featuresPtr = features;
  frontEndReset();
}

/** Whether an input spec that frontEndValidate accepted asks for codes of 4 bits. */
export function fourBitCodes(inputPtr: usize): bool {
  return (load<u8>(inputPtr, INPUT_OPTIONS) & FRONT_END_CODES_4BIT) != 0;
}

/** Starts a new window. */
export function frontEndReset(): void {
  audioReset();
  frames = 0;
  piece = 0;
}

/** Starts a window `hop` frames after this one, 1 to RING_FRAMES, once the ring is full; frames of both and waiting samples are kept. */
export function frontEndHop(hop: i32): void {
  ringDrop(hop);
  frames -= hop;
  piece = 0;
}

/** Sum of the newest frame's codes. */
export function newestLevel(): i32 {
  return rowSum(ringRow(frames - 1));
}

/** Frames in the ring. */
export function framesSeen(): i32 {
  return frames;
}

/** Whether all frames of the window are there, and no feature yet. */
export function windowHeard(): bool {
  return frames == RING_FRAMES && piece == 0;
}

/** Samples that the window still takes now. */
export function audioFree(): i32 {
  return frames < RING_FRAMES ? audioRoom() : 0;
}

/**
 * One frame, or one piece of the features once the ring is full. With `pad`, missing samples count as zeros.
 * The step after the last piece, and every later one, does nothing and returns FRONT_END_READY.
 */
export function frontEndStep(pad: bool): i32 {
  if (frames < RING_FRAMES) {
    const pcm = audioFrame(pad);
    if (pcm == 0) return FRONT_END_NEEDS_AUDIO;
    if (USES_FIXED_FRONT_END && (!USES_FLOAT_FRONT_END || arithmetic == FRONT_END_FIXED)) fixedFrameCodes(pcm, ringRow(frames));
    else frameCodes(pcm, ringRow(frames));
    audioAdvance();
    frames++;
    return FRONT_END_FRAME;
  }
  if (piece == STEPS) return FRONT_END_READY;
  features(piece++);
  return FRONT_END_FEATURES;
}

function features(step: i32): void {
  if (step < GROUPS_FROM) bandFeatures(step, at(step * 11));
  else if (step < ENERGY_STEP) modulation(step - GROUPS_FROM, at(MODULATION_AT + (step - GROUPS_FROM) * 9));
  else if (step == ENERGY_STEP) energyFeatures(at(ENERGY_AT), at(ACTIVE_AT));
  else if (step == FLUX_STEP) fluxFeatures(at(FLUX_AT));
  else if (step < PAIRS_FROM) store<f32>(at(RHYTHM_AT + step - RHYTHM_FROM), rhythmFeature(step - RHYTHM_FROM));
  else mfccFeatures(step - PAIRS_FROM, at(MFCC_AT + (step - PAIRS_FROM) * 10));
}

function modulation(group: i32, outPtr: usize): void {
  if (USES_FIXED_FRONT_END && (!USES_FLOAT_FRONT_END || arithmetic == FRONT_END_FIXED)) fixedModulationFeatures(group, outPtr);
  else modulationFeatures(group, outPtr);
}

function at(feature: i32): usize {
  return featuresPtr + (feature << 2);
}
