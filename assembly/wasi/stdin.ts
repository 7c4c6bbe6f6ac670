// CLIP -: 16-bit little-endian samples (mono, at the rate of the input spec) on standard input, without end and without a header, as
// `arecord -f S16_LE -t raw` gives them. One line for each window that was decided, and one when an event ends while the gate
// sleeps. Memory does not grow.

import { SECTION_INPUT, PHASE_DONE, PHASE_FAILED, PHASE_HOP, PHASE_IDLE } from "../format/ids.ts";
import { NATS_PER_DB, STREAM_EVENT, STREAM_HOLD, STREAM_HOP, STREAM_SLEEP, STREAM_START, STREAM_STOP, STREAM_VOTES, STREAM_WAKE } from "../format/stream.ts";
import { INPUT_STEP } from "../format/file.ts";
import { FRAME_SAMPLES, HOP_SAMPLES } from "../format/input_spec.ts";
import { FRAMES_A_SECOND, RING_FRAMES } from "../format/plan.ts";
import { audioPtr, audioSpace, decide, pushAudio, reset, step, streamPtr } from "../index.ts";
import { findSection } from "../model/sections.ts";
import { filePtr } from "../model/state.ts";
import { STDIN } from "./abi.ts";
import { hopFrames, seed, startVotes, votes, wakeDecibels } from "./args.ts";
import { begin, checkDevice, endWithRate, setSubject } from "./errors.ts";
import { readSome } from "./files.ts";
import { printAsleep, printDecision } from "./line.ts";
import { putText, putUnsigned } from "./print.ts";

const NAME: usize = memory.data<u8>([45]); // "-"
/** Frames that the gate stays awake behind a sound: 2 s, as host/runtime/stream.ts has it. */
const HOLD_FRAMES = 2 * FRAMES_A_SECOND;
/** Up to the end of a window's last frame. */
const FRAMED_SAMPLES = (RING_FRAMES - 1) * HOP_SAMPLES + FRAME_SAMPLES;

let startFrame: i32 = 0;
let decided: bool = false;

export function stream(): void {
  setSubject(NAME, 1);
  if (audioPtr() == 0) checkDevice(decide());
  settings();
  reset(seed);
  let samples: u32 = 0;
  let odd: i32 = 0; // a byte that waits for the other half of its sample
  while (true) {
    const to = audioPtr();
    const got = readSome(STDIN, to + odd, (audioSpace() << 1) - odd) + odd;
    if (got == odd) break;
    const last = <i32>load<u8>(to + got - 1);
    samples += got >> 1;
    checkDevice(pushAudio(got >> 1));
    work();
    odd = got & 1;
    if (odd) store<u8>(audioPtr(), last);
  }
  if (odd) {
    began(samples, " samples and one byte came before it ended, whole samples of 2 bytes expected (STREAM_TRUNCATED)");
    ended();
  }
  if (startFrame == 0) {
    began(samples, " samples came before it ended, a window takes ");
    putUnsigned(FRAMED_SAMPLES);
    putText(" (STREAM_SHORT)");
    ended();
  }
}

function settings(): void {
  const record = streamPtr();
  const step = load<f32>(findSection(filePtr, SECTION_INPUT, 0), INPUT_STEP);
  store<i32>(record, hopFrames, STREAM_HOP);
  store<i32>(record, levelOf(wakeDecibels, step), STREAM_WAKE);
  store<i32>(record, levelOf(wakeDecibels * <f32>0.5, step), STREAM_SLEEP);
  store<i32>(record, HOLD_FRAMES, STREAM_HOLD);
  store<i32>(record, votes, STREAM_VOTES);
  store<i32>(record, startVotes, STREAM_START);
  store<i32>(record, 1, STREAM_STOP);
}

/** Decibels of power in every band as a sum of 64 codes: ln(10) / 10 * 64 = 14.73654 nat-bands a decibel. */
function levelOf(decibels: f32, step: f32): i32 {
  return <i32>((decibels * NATS_PER_DB) / step + <f32>0.5);
}

/** Steps until more sound is needed; prints what was decided. */
function work(): void {
  while (true) {
    const event = load<i32>(streamPtr(), STREAM_EVENT);
    const phase = step();
    if (phase == PHASE_IDLE) return;
    if (phase == PHASE_FAILED) checkDevice(decide());
    if (phase == PHASE_DONE) {
      printDecision(startFrame);
      decided = true;
    }
    if (phase == PHASE_HOP) {
      if (!decided && load<i32>(streamPtr(), STREAM_EVENT) != event) printAsleep(startFrame);
      startFrame += hopFrames;
      decided = false;
    }
  }
}

function began(samples: u32, problem: string): void {
  begin();
  putText(": ");
  putUnsigned(samples);
  putText(problem);
}

function ended(): void {
  endWithRate("Send raw 16-bit samples: arecord -f S16_LE -r ", " -c 1 -t raw");
}
