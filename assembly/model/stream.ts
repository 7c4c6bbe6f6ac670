// Windows that overlap, and when to decide about them.
//
//   frames   |<-------- RING_FRAMES -------->|
//            |<- hop ->|<-------- RING_FRAMES -------->|        only `hop` frames of a window are new
//
//   gate     level - background >= wake: awake; asleep again `hold` frames after level - background < sleep.
//            A window in which nobody was awake since the one before gets no features and no networks.
//   votes    an event starts when `start` of the last `votes` windows have its label, and ends below `stop`.

import {
  STREAM_AWAKE,
  STREAM_BACKGROUND,
  STREAM_BYTES,
  STREAM_EVENT,
  STREAM_HISTORY,
  STREAM_HOLD,
  STREAM_HOP,
  STREAM_LAMBDA,
  STREAM_LEVEL,
  STREAM_MAX_VOTES,
  STREAM_SLEEP,
  STREAM_START,
  STREAM_STOP,
  STREAM_VOTES,
  STREAM_WAKE,
  STREAM_WINDOWS,
} from "../format/stream.ts";
import { RING_FRAMES } from "../format/plan.ts";

const RECORD: usize = memory.data(STREAM_BYTES, 16);

let holdLeft = 0;
/** Awake at any frame since the last window. */
let heard = false;

export function streamRecord(): usize {
  return RECORD;
}

export function lambda(): f32 {
  return load<f32>(RECORD, STREAM_LAMBDA);
}

export function streams(): bool {
  return load<i32>(RECORD, STREAM_HOP) > 0;
}

export function hopFrames(): i32 {
  return min(load<i32>(RECORD, STREAM_HOP), RING_FRAMES);
}

/** Forgets what was heard and voted; settings stay. */
export function streamReset(): void {
  holdLeft = 0;
  heard = false;
  store<i32>(RECORD, 0, STREAM_AWAKE);
  store<i32>(RECORD, 0, STREAM_LEVEL);
  store<i32>(RECORD, -1, STREAM_BACKGROUND);
  store<i32>(RECORD, 0, STREAM_WINDOWS);
  for (let ptr = RECORD + STREAM_EVENT; ptr < RECORD + STREAM_LAMBDA; ptr += 4) store<i32>(ptr, -1);
}

/** One frame's level. */
export function hear(level: i32): void {
  store<i32>(RECORD, level, STREAM_LEVEL);
  const background = load<i32>(RECORD, STREAM_BACKGROUND), fine = level << 8;
  const rise = background < 0 ? 0 : level - (background >> 8);
  const step = fine - background;
  store<i32>(RECORD, background < 0 ? fine : background + (step >> (step < 0 ? 3 : 10)), STREAM_BACKGROUND);
  let awake = load<i32>(RECORD, STREAM_AWAKE);
  if (rise >= (awake ? load<i32>(RECORD, STREAM_SLEEP) : load<i32>(RECORD, STREAM_WAKE))) {
    awake = 1;
    holdLeft = load<i32>(RECORD, STREAM_HOLD);
  } else if (--holdLeft < 0) awake = 0;
  store<i32>(RECORD, awake, STREAM_AWAKE);
  if (awake) heard = true;
}

/** Whether the gate slept since the last window. */
export function slept(): bool {
  return load<i32>(RECORD, STREAM_WAKE) > 0 && !heard;
}

/** A window has ended: label -1 if nothing is known about it. */
export function vote(label: i32): void {
  heard = load<i32>(RECORD, STREAM_AWAKE) != 0;
  store<i32>(RECORD, load<i32>(RECORD, STREAM_WINDOWS) + 1, STREAM_WINDOWS);
  const history = RECORD + STREAM_HISTORY;
  for (let at = history + 2 * STREAM_MAX_VOTES - 2; at > history; at -= 2) store<i16>(at, load<i16>(at - 2));
  store<i16>(history, label);
  const event = load<i32>(RECORD, STREAM_EVENT);
  if (event >= 0 && votesFor(event) >= load<i32>(RECORD, STREAM_STOP)) return;
  store<i32>(RECORD, label >= 0 && votesFor(label) >= load<i32>(RECORD, STREAM_START) ? label : -1, STREAM_EVENT);
}

function votesFor(label: i32): i32 {
  const votes = max(1, min(load<i32>(RECORD, STREAM_VOTES), STREAM_MAX_VOTES));
  let count = 0;
  for (let at = RECORD + STREAM_HISTORY, end = at + ((<usize>votes) << 1); at < end; at += 2) {
    if (load<i16>(at) == label) count++;
  }
  return count;
}
