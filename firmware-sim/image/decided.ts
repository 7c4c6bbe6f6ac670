// Node only. What board/decide.c prints under QEMU: decisions, windows of a stream, and each phase's counts.

import { DECISION_BYTES } from "../../assembly/format/decision.ts";
import { PHASE_DONE, PHASE_EXPERT, PHASE_FEATURES, PHASE_FRAME, PHASE_HOP, PHASE_IDLE, PHASE_ROUTER } from "../../assembly/format/ids.ts";
import { STREAM_BYTES } from "../../assembly/format/stream.ts";
import { deviceError, QurioError } from "../../host/errors.ts";
import { QURIO_TRAPPED } from "./c_header.ts";
import { bytesOf, type Counts, type Emulation, type Printed, readPrinted, sumCounts } from "./printed.ts";
import { emulationError } from "./tools.ts";

/** One counted phase of a decision; of a stream, hops after a decision, and sleeping ones, which have none. */
export interface PhaseCounts extends Counts {
  phase: "load" | "frame" | "features" | "router" | "expert" | "hop" | "asleep" | "other";
  steps: number;
}

export interface ImageRun {
  record: Uint8Array;
  label: string;
  /** Most bytes of stack that were in use. */
  stackBytes: number;
  /** Empty unless counted. */
  phases: PhaseCounts[];
}

export interface StreamRun {
  /** In order: the decision, null if the gate slept, and the stream record as the window ends. */
  windows: { record: Uint8Array | null; state: Uint8Array }[];
  stackBytes: number;
  /** Empty unless counted. */
  phases: PhaseCounts[];
}

const PHASES: Record<number, PhaseCounts["phase"]> = {
  [PHASE_IDLE]: "other",
  [PHASE_FRAME]: "frame",
  [PHASE_FEATURES]: "features",
  [PHASE_ROUTER]: "router",
  [PHASE_EXPERT]: "expert",
  [PHASE_DONE]: "other",
  [PHASE_HOP]: "hop",
};

const wordsOf = (hex: string) => new Int32Array(bytesOf(hex).buffer);

function throwError(value: string): never {
  const [code, place, expected, found] = wordsOf(value);
  if (code !== QURIO_TRAPPED) throw deviceError({ code, place, expected, found });
  const message = `the checked build trapped at code address 0x${(place >>> 0).toString(16)}`;
  throw new QurioError("TRAPPED", message, "An access outside its memory: this is a fault in qurio, please report it.");
}

export function readRun(emulation: Emulation): ImageRun {
  const printed = readPrinted(emulation, throwError);
  const find = (name: string) => printed.lines.find((line) => line.name === name)?.value ?? "";
  const record = bytesOf(find("decision"));
  if (record.length !== DECISION_BYTES) printed.refuse();
  return { record, label: find("label"), stackBytes: printed.stackBytes, phases: phasesOf(printed) };
}

export function readStream(emulation: Emulation): StreamRun {
  const printed = readPrinted(emulation, throwError);
  const windows: StreamRun["windows"] = [];
  let record: Uint8Array | null = null;
  for (const { name, value } of printed.lines) {
    if (name === "decision") record = bytesOf(value);
    if (name !== "stream") continue;
    const state = bytesOf(value);
    if (state.length !== STREAM_BYTES) printed.refuse();
    windows.push({ record, state });
    record = null;
  }
  return { windows, stackBytes: printed.stackBytes, phases: phasesOf(printed) };
}

/** Regions by phase: loading, then a step for each digit. */
function phasesOf({ lines, regions }: Printed): PhaseCounts[] {
  if (regions.length === 0) return [];
  const digits = lines.flatMap(({ name, value }) => (name === "phases" ? [...value] : [])).map(Number);
  const steps = digits.map((phase, i) => (phase === PHASE_HOP && digits[i - 1] !== PHASE_DONE ? "asleep" : PHASES[phase]));
  const phases: PhaseCounts["phase"][] = ["load", ...steps];
  if (phases.length !== regions.length) throw emulationError(`${phases.length} regions expected, ${regions.length} found`);
  return [...new Set(phases)].map((phase) => {
    const own = regions.filter((_, i) => phases[i] === phase);
    return { phase, steps: own.length, ...sumCounts(own) };
  });
}
