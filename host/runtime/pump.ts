// The one pump of the core: puts sound or features into it and steps it. Whoever meters, traces or counts looks at each phase as it
// passes, and may stop between two steps. Browser-safe.
//
//   put a piece of PCM, step ... step (idle), put the next ...   until the window is full or the sound ends;  then steps with silence

import { PHASE_DONE, PHASE_FAILED, PHASE_IDLE } from "../../assembly/format/ids.ts";
import { STREAM_HOP } from "../../assembly/format/stream.ts";
import type { CoreExports } from "./core_exports.ts";

/** What a pump needs of a core; core.ts has one. */
export interface Pumped {
  readonly exports: CoreExports;
  /** Throws the device's last error unless `code` is 0. */
  check(code: number): void;
}

/** Phases as they pass: PHASE_... of assembly/format/ids.ts, one a step, and what was taken in the end. */
type Phases<Result> = Generator<number, Result, void>;

/**
 * Pushes 16-bit PCM (mono, at the model's rate) and does all the work that it makes possible. In a stream that is every window; else the
 * decision about one window, and what is left of the sound is not taken. Returns the samples taken.
 * @throws QurioError what the core reports
 */
export function* pumpSound(core: Pumped, pcm: Int16Array): Phases<number> {
  const { exports } = core;
  let taken = 0;
  while (taken < pcm.length) {
    const space = exports.audioSpace();
    if (space === 0) break;
    const part = pcm.subarray(taken, taken + space);
    new Int16Array(exports.memory.buffer, exports.audioPtr(), part.length).set(part);
    core.check(exports.pushAudio(part.length));
    taken += part.length;
    const isStream = new Int32Array(exports.memory.buffer, exports.streamPtr() + STREAM_HOP, 1)[0] > 0;
    for (let phase = -1; phase !== PHASE_IDLE && phase !== PHASE_FAILED && (phase !== PHASE_DONE || isStream); ) {
      phase = exports.step();
      if (phase === PHASE_FAILED) core.check(-1);
      yield phase;
    }
  }
  return taken;
}

/** Steps on to the decision: what is missing of the window counts as silence. */
export function* pumpToEnd(core: Pumped): Phases<void> {
  for (let phase = -1; phase !== PHASE_DONE && phase !== PHASE_FAILED; ) {
    phase = core.exports.stepPadded();
    if (phase === PHASE_FAILED) core.check(-1);
    yield phase;
  }
}

/**
 * Puts a feature vector where sound would have led.
 * @param features float32 [plan.features], raw (not normalized), finite
 */
export function putFeatures(core: Pumped, features: Float32Array): void {
  const { exports } = core;
  new Float32Array(exports.memory.buffer, exports.featuresPtr(), features.length).set(features);
  core.check(exports.pushFeatures());
}

/** A whole decision, from reset to PHASE_DONE. `input`: 16-bit PCM of at most a window that counts, or a raw feature vector. */
export function* pumpDecision(core: Pumped, input: Int16Array | Float32Array, seed = 0): Phases<void> {
  core.exports.reset(seed);
  let last = PHASE_IDLE;
  if (input instanceof Float32Array) putFeatures(core, input);
  else
    for (const phase of pumpSound(core, input)) {
      last = phase;
      yield phase;
    }
  if (last !== PHASE_DONE) yield* pumpToEnd(core);
}

/** Runs a pump to its end; returns what it returns. */
export function drain<Result>(phases: Phases<Result>): Result {
  let step = phases.next();
  while (!step.done) step = phases.next();
  return step.value;
}
