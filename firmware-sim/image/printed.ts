// Node only. What board.c of the library prints under QEMU: decisions, windows of a stream, and each phase's counts.

import { DECISION_BYTES } from "../../assembly/format/decision.ts";
import { PHASE_DONE, PHASE_EXPERT, PHASE_FEATURES, PHASE_FRAME, PHASE_HOP, PHASE_IDLE, PHASE_ROUTER } from "../../assembly/format/ids.ts";
import { STREAM_BYTES } from "../../assembly/format/stream.ts";
import { deviceError, QurioError } from "../../host/errors.ts";
import { QURIO_TRAPPED } from "./c_header.ts";
import { type Counts, emulationError, readCounts } from "./tools.ts";

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

/** What the emulator printed: board.c's lines, the plugin's in between. */
export interface Emulation {
  output: string;
  code: number;
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

const bytesOf = (hex: string | undefined) => new Uint8Array(Buffer.from(hex ?? "", "hex"));

/** The printed lines by name, and each phase's counts. */
function readLines({ output, code }: Emulation) {
  const { lines, text } = readCounts(output);
  const all = [...text.matchAll(/^(phases|decision|label|stream|stack|error) (.*)$/gm)].map(([, name, value]) => ({ name, value }));
  const field = (name: string) => all.find((line) => line.name === name)?.value;
  const words = (hex: string) => new Int32Array(bytesOf(hex).buffer);
  const error = field("error");
  if (error !== undefined) {
    const [number, place, expected, found] = words(error);
    if (number === QURIO_TRAPPED) {
      const message = `the checked build trapped at code address 0x${(place >>> 0).toString(16)}`;
      throw new QurioError("TRAPPED", message, "An access outside its memory: this is a fault in qurio, please report it.");
    }
    throw deviceError({ code: number, place, expected, found });
  }
  const refuse = (): never => {
    throw emulationError(`exit code ${code}: ${text.trim().slice(0, 500)}`);
  };
  if (code !== 0 || field("stack") === undefined) refuse();
  const digits = all.flatMap(({ name, value }) => (name === "phases" ? [...value] : [])).map(Number);
  const steps = digits.map((phase, i) => (phase === PHASE_HOP && digits[i - 1] !== PHASE_DONE ? "asleep" : PHASES[phase]));
  const phases = lines.length > 0 ? sumPhases(["load", ...steps], lines) : [];
  return { all, field, refuse, stackBytes: words(field("stack")!)[0], phases };
}

export function readRun(emulation: Emulation): ImageRun {
  const { field, refuse, stackBytes, phases } = readLines(emulation);
  const record = bytesOf(field("decision"));
  if (record.length !== DECISION_BYTES) refuse();
  return { record, label: field("label") ?? "", stackBytes, phases };
}

export function readStream(emulation: Emulation): StreamRun {
  const { all, refuse, stackBytes, phases } = readLines(emulation);
  const windows: StreamRun["windows"] = [];
  let record: Uint8Array | null = null;
  for (const { name, value } of all) {
    if (name === "decision") record = bytesOf(value);
    if (name !== "stream") continue;
    const state = bytesOf(value);
    if (state.length !== STREAM_BYTES) refuse();
    windows.push({ record, state });
    record = null;
  }
  return { windows, stackBytes, phases };
}

function sumPhases(steps: PhaseCounts["phase"][], lines: Counts[]): PhaseCounts[] {
  if (steps.length !== lines.length) throw emulationError(`${steps.length} regions expected, ${lines.length} found`);
  const sums = new Map<string, PhaseCounts>();
  for (const [i, phase] of steps.entries()) {
    const { instructions, cycles, classes } = lines[i];
    const sum = sums.get(phase);
    if (!sum) {
      sums.set(phase, { phase, steps: 1, instructions, cycles, classes: { ...classes } });
      continue;
    }
    sum.steps++;
    sum.instructions += instructions;
    sum.cycles += cycles;
    for (const kind of Object.keys(classes) as (keyof typeof classes)[]) sum.classes[kind] += classes[kind];
  }
  return [...sums.values()];
}
