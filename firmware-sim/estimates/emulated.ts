// Node only. Two estimates of the cycles of one decision of the scalar core, step by step and about the same bytes:
//
//   counters in the module, under V8   -> wasm ops by class, exact   -> cycles of a device profile's factors (cost.ts)
//   wasm2c, gcc, QEMU                  -> Thumb instructions, exact  -> cycles of the core's published timings (cycles.c)
//
// The second estimate needs gcc, arm-none-eabi-gcc and qemu-system-arm in PATH; its cycles are those of zero wait states.

import { DECISION_BYTES } from "../../assembly/format/decision.ts";
import { ALIGNMENT, PHASE_EXPERT, PHASE_FEATURES, PHASE_FRAME, PHASE_ROUTER } from "../../assembly/format/ids.ts";
import type { Part } from "../../host/meter/cost.ts";
import type { CortexM } from "../../host/meter/device.ts";
import { Meter, type MeteredDecision, type MeteredStep, type MeterInput } from "../../host/meter/meter.ts";
import { decodePlan } from "../../host/model-file/model_file.ts";
import { repack } from "../../host/model-file/repack.ts";
import type { CoreExports } from "../../host/runtime/core_exports.ts";
import type { RawDecision } from "../../host/runtime/decision.ts";
import { coreWasm } from "../../host/runtime/index.ts";
import { type Call, compileModule } from "../image/calls.ts";
import { type Counts as EmulatedCounts, sumCounts } from "../image/printed.ts";
import { emulationError } from "../image/tools.ts";

/** A step of Meter.decide, with what the emulated core did in it. */
export interface EmulatedStep extends MeteredStep {
  emulated: EmulatedCounts;
}

export interface EmulatedDecision {
  core: CortexM;
  decision: RawDecision;
  steps: EmulatedStep[];
}

export interface EmulatedMeter {
  /**
   * One decision under both estimates. The emulated core's record must be V8's, byte for byte.
   * @param file a `.qmoe` file in the layouts of either build
   * @throws QurioError what the core reports; EMULATION
   */
  decide(file: Uint8Array, input: MeterInput, seed?: number): EmulatedDecision;
  /** Removes the compiled core's folder. */
  close(): void;
}

/** Compiles the shipped scalar core for `core`: some seconds. Errors: TOOL_MISSING, EMULATION. */
export async function openEmulatedMeter(core: CortexM): Promise<EmulatedMeter> {
  const wasm = coreWasm(false);
  const meter = await Meter.create(wasm, false);
  const compiled = compileModule(wasm, core);
  return {
    decide: (file, input, seed = 0) => {
      const { memory, calls, metered } = record(meter, file, input, seed);
      const emulated = compiled.run(
        memory,
        calls.map(({ call }) => call),
      );
      if (Buffer.compare(emulated.at(-1)!.result, meter.core.decisionBytes()) !== 0)
        throw emulationError(`the decision of V8 expected on ${core}, another found`);
      const steps = metered.steps.map((step, i) => ({ ...step, emulated: sumCounts(emulated.filter((_, at) => calls[at].step === i)) }));
      return { core, decision: metered.decision, steps };
    },
    close: () => compiled.close(),
  };
}

/** openEmulatedMeter, one decision, close. */
export async function emulatedDecision(file: Uint8Array, input: MeterInput, core: CortexM, seed = 0): Promise<EmulatedDecision> {
  const meter = await openEmulatedMeter(core);
  try {
    return meter.decide(file, input, seed);
  } finally {
    meter.close();
  }
}

/** What the emulated core did in the steps of one part, or of all. */
export function emulatedOf({ steps }: Pick<EmulatedDecision, "steps">, part?: Part): EmulatedCounts {
  return sumCounts(steps.filter((step) => part === undefined || step.part === part).map(({ emulated }) => emulated));
}

interface Recording {
  memory: Uint8Array;
  /** `step`: index of the metered step that pays for the call, -1 for none. */
  calls: { call: Call; step: number }[];
  metered: MeteredDecision;
}

/** Phases that do work; the meter makes one step of all frames and one of all pieces of the features. */
const WORKING = new Set([PHASE_FRAME, PHASE_FEATURES, PHASE_ROUTER, PHASE_EXPERT]);
const REPEATED = new Set([PHASE_FRAME, PHASE_FEATURES]);

/** Lets the meter decide, and writes down what the emulated core has to be called with. */
function record({ core, reader }: Meter, file: Uint8Array, input: MeterInput, seed: number): Recording {
  const { exports } = core;
  core.load(file);
  const model = repack(file, "scalar");
  const { workBytes, features } = decodePlan(model);
  const modelPtr = Math.ceil((exports.workPtr() + workBytes) / ALIGNMENT) * ALIGNMENT;
  const recorder = new Recorder(exports, modelPtr + model.length, features);
  const recorded = { exports: recorder.exports, check: (code: number) => core.check(code), decision: () => core.decision() };
  const metered = new Meter(recorded, reader).decide(input, seed);
  recorder.log.at(-1)!.call.result = { offset: exports.decisionPtr(), bytes: DECISION_BYTES };

  const calls: Recording["calls"] = [{ call: { name: "load", pointers: [], numbers: [modelPtr, model.length] }, step: -1 }];
  let step = 0;
  let left = metered.steps[0].times;
  for (const { call, phase } of recorder.log) {
    if (WORKING.has(phase)) {
      if (left === 0) left = metered.steps[++step].times;
      left -= call.times ?? 1;
    }
    calls.push({ call, step });
  }
  return { memory: recorder.memory(), calls, metered };
}

/** Stands before a core's exports and writes down each call that the meter counts, and what was put into memory for it. */
class Recorder {
  readonly log: { call: Call; phase: number }[] = [];
  readonly exports: CoreExports;
  /** Linear memory as it is now, up to `end`; behind it what the host will write. */
  private readonly pieces: Uint8Array[] = [];
  private bytes = 0;

  constructor(core: CoreExports, end: number, featureCount: number) {
    this.keep(core.memory.buffer, 0, end);
    const features = core.featuresPtr();
    const step = (name: "step" | "stepPadded") => this.write(name, [], core[name]());
    // where audio goes is asked anew each time: asking moves the samples that wait
    let audio = 0;
    this.exports = {
      ...core,
      reset: (seed) => {
        core.reset(seed);
        this.write("reset", [seed]);
      },
      audioSpace: () => {
        this.write("audioSpace", []);
        return core.audioSpace();
      },
      audioPtr: () => {
        this.write("audioPtr", []);
        audio = core.audioPtr();
        return audio;
      },
      featuresPtr: () => {
        this.write("featuresPtr", []);
        return core.featuresPtr();
      },
      pushAudio: (samples) => {
        this.write("pushAudio", [samples], -1, this.keep(core.memory.buffer, audio, 2 * samples));
        return core.pushAudio(samples);
      },
      pushFeatures: () => {
        this.write("pushFeatures", [], -1, this.keep(core.memory.buffer, features, 4 * featureCount));
        return core.pushFeatures();
      },
      step: () => step("step"),
      stepPadded: () => step("stepPadded"),
    };
  }

  memory(): Uint8Array {
    return Buffer.concat([...this.pieces, new Uint8Array(-this.bytes & 3)]);
  }

  private keep(buffer: ArrayBuffer, to: number, bytes: number): NonNullable<Call["put"]> {
    this.pieces.push(new Uint8Array(buffer, to, bytes).slice());
    this.bytes += bytes;
    return { from: this.bytes - bytes, to, bytes };
  }

  /** Returns `phase`, -1 for calls that are no step. */
  private write(name: string, numbers: number[], phase = -1, put?: Call["put"]): number {
    const last = this.log.at(-1);
    if (last && REPEATED.has(phase) && last.phase === phase && last.call.name === name) last.call.times = (last.call.times ?? 1) + 1;
    else this.log.push({ call: { name, pointers: [], numbers, keepMemory: true, ...(put && { put }) }, phase });
    return phase;
  }
}
