// Browser-safe. Meters a stream: exact op counts of each kind of step, from the shipped bytes.

import { PHASE_EXPERT, PHASE_FEATURES, PHASE_FRAME, PHASE_HOP, PHASE_ROUTER } from "../../assembly/format/ids.ts";
import { STREAM_BYTES } from "../../assembly/format/stream.ts";
import { pumpSound } from "../runtime/pump.ts";
import { addCounts, type Counts, noCounts } from "./counts.ts";
import type { Meter } from "./meter.ts";

/** What steps of a stream do: frames (the gate's listening included), features, networks, moving the window on. */
export const STREAM_PARTS = ["frames", "features", "router", "expert", "hops"] as const;
export type StreamPart = (typeof STREAM_PARTS)[number];

export interface MeteredStream {
  counts: Record<StreamPart, Counts>;
  /** Steps of each kind. */
  steps: Record<StreamPart, number>;
}

const PART_OF: Record<number, StreamPart> = {
  [PHASE_FRAME]: "frames",
  [PHASE_FEATURES]: "features",
  [PHASE_ROUTER]: "router",
  [PHASE_EXPERT]: "expert",
  [PHASE_HOP]: "hops",
};

/**
 * All of `pcm` (16-bit, mono) as one stream.
 * @param settings the first values of the stream record (host/runtime/stream.ts); all zero: one window and no gate
 */
export function meterStream(meter: Meter, settings: Int32Array, pcm: Int16Array, seed = 0): MeteredStream {
  const { core, reader } = meter;
  const { exports } = core;
  const record = () => new Int32Array(exports.memory.buffer, exports.streamPtr(), STREAM_BYTES >> 2);
  const zeros = <T>(of: () => T) => Object.fromEntries(STREAM_PARTS.map((part) => [part, of()])) as Record<StreamPart, T>;
  const stream: MeteredStream = { counts: zeros(noCounts), steps: zeros(() => 0) };
  record().set(settings);
  exports.reset(seed);
  let before = reader.read();
  const step = () => {
    before = reader.read(); // what putting sound costs belongs to no step
    return exports.step();
  };
  for (const phase of pumpSound({ exports: { ...exports, step }, check: (code) => core.check(code) }, pcm)) {
    const part = PART_OF[phase];
    if (!part) continue;
    addCounts(stream.counts[part], reader.between(before, reader.read()));
    stream.steps[part]++;
  }
  record().fill(0, 0, settings.length);
  exports.reset(0);
  return stream;
}
