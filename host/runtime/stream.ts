// Decisions about sound without end: windows that overlap, a gate that sleeps through silence, events by vote. Browser-safe.

import { PHASE_DONE, PHASE_HOP } from "../../assembly/format/ids.ts";
import * as S from "../../assembly/format/stream.ts";
import { QurioError } from "../errors.ts";
import type { Framing } from "../model-file/input_spec.ts";
import type { Core } from "./core.ts";
import type { RawDecision } from "./decision.ts";
import { pumpSound } from "./pump.ts";

export interface StreamOptions {
  /** Seconds from window to window, in whole frames, up to a window's frames; 1, or as much if that is less, if absent. */
  hopS?: number;
  /** The gate wakes when a frame is so many decibels louder than the background, averaged over mel bands; absent: no gate. */
  wakeDb?: number;
  /** The gate stays awake while frames are so much louder; half of wakeDb if absent. */
  sleepDb?: number;
  /** Seconds that it stays awake behind the last such frame; 2 if absent. */
  holdS?: number;
  /** So many windows vote about the event, up to 16; 1 if absent. */
  votes?: number;
  /** Votes that start an event; more than half of them if absent. */
  startVotes?: number;
  /** An event ends with fewer votes than this; 1 if absent. */
  stopVotes?: number;
}

/** One window of a stream. */
export interface RawWindow {
  /** Where it starts, in frames since the stream began. */
  startFrame: number;
  /** Null when the gate slept through it. */
  decision: RawDecision | null;
  /** Label index of the event that goes on, or null. */
  event: number | null;
}

/** float32, as the device has it. */
const PER_DB = Math.fround(S.NATS_PER_DB);

/** Options as the device's settings, in frames, codes and votes. Errors: STREAM for a value out of range, by name. */
export function streamSettings(options: StreamOptions, { frames: windowFrames, framesPerS, frontEnd }: Framing): Int32Array {
  const { hopS = Math.min(1, windowFrames / framesPerS), wakeDb, sleepDb = (wakeDb ?? 0) / 2, holdS = 2, votes = 1 } = options;
  const { startVotes = (votes >> 1) + 1, stopVotes = 1 } = options;
  check("hop", hopS, 1 / framesPerS, windowFrames / framesPerS, "s");
  check("wake", wakeDb ?? 1, 0.1, 100, "dB");
  check("sleep", sleepDb, 0, wakeDb ?? 0, "dB");
  check("hold", holdS, 0, 3600, "s");
  check("votes", votes, 1, S.STREAM_MAX_VOTES, "");
  check("start votes", startVotes, 1, votes, "");
  check("stop votes", stopVotes, 1, startVotes, "");
  const level = (db: number) => Math.floor(Math.fround(Math.fround(Math.fround(Math.fround(db) * PER_DB) / frontEnd.step) + 0.5));
  const frames = (seconds: number) => Math.round(seconds * framesPerS);
  const wake = wakeDb === undefined ? 0 : Math.max(1, level(wakeDb));
  return Int32Array.of(frames(hopS), wake, level(sleepDb), frames(holdS), votes, startVotes, stopVotes);
}

function check(name: string, value: number, least: number, most: number, unit: string): void {
  if (value >= least && value <= most && (unit !== "" || Number.isInteger(value))) return;
  const range = `${unit === "" ? "a whole number " : ""}from ${least} to ${most}${unit && ` ${unit}`}`;
  throw new QurioError(
    "STREAM",
    `${name} of a stream must be ${range}, found ${value}`,
    "docs/guides/streaming.md says what each of them does.",
    2,
  );
}

/** A stream through a core; it has the core for itself until `end`. */
export class RawStream {
  private readonly core: Core;
  private readonly hop: number;
  private startFrame = 0;

  constructor(core: Core, settings: Int32Array, seed = 0) {
    this.core = core;
    this.hop = settings[S.STREAM_HOP >> 2];
    this.record().set(settings);
    core.reset(seed);
  }

  /** Takes 16-bit PCM, however much; returns the windows that it completes, in order. */
  push(pcm: Int16Array): RawWindow[] {
    const windows: RawWindow[] = [];
    let decision: RawDecision | null = null;
    for (const phase of pumpSound(this.core, pcm)) {
      if (phase === PHASE_DONE) decision = this.core.decision();
      if (phase !== PHASE_HOP) continue;
      const event = this.record()[S.STREAM_EVENT >> 2];
      windows.push({ startFrame: this.startFrame, decision, event: event < 0 ? null : event });
      this.startFrame += this.hop;
      decision = null;
    }
    return windows;
  }

  /** The core takes single windows again. */
  end(): void {
    this.record()[S.STREAM_HOP >> 2] = 0;
    this.core.reset(0);
  }

  private record(): Int32Array {
    return new Int32Array(this.core.exports.memory.buffer, this.core.exports.streamPtr(), S.STREAM_BYTES >> 2);
  }
}
