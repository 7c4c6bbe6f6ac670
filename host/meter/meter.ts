// Browser-safe. Meters one decision of the core: drives its steps and gives each one's exact op counts to a part of the decision.
//
//   push audio, step ... step  (frames)   features   router layer ... sample ...   expert layer ...   done
//   '------------- frontEnd ---------------------'  '--------- router ---------'  '--- expert ---'

import * as I from "../../assembly/format/ids.ts";
import { Core } from "../runtime/core.ts";
import type { RawDecision } from "../runtime/decision.ts";
import { type Pumped, pumpDecision } from "../runtime/pump.ts";
import { noPartCounts, type Part, type PartCounts } from "./cost.ts";
import { addCounts, CounterReader, type Counts, countsOf, noCounts, noTraffic, type Traffic, trafficOf } from "./counts.ts";
import { instrument } from "./instrument.ts";

/** What metering needs of a core; host/runtime/core.ts is one. */
export interface MeteredCore extends Pumped {
  decision(): RawDecision;
}

/** One layer or one router sample; all frames together are one entry, and so are the pieces of the feature vector. */
export interface MeteredStep {
  part: Part;
  phase: number;
  times: number;
  counts: Counts;
  traffic: Traffic;
}

export interface MeteredDecision {
  decision: RawDecision;
  counts: PartCounts;
  /** In order: the frames, the features, then each layer or router sample by itself. */
  steps: MeteredStep[];
}

export type MeterInput = { pcm: Int16Array } | { features: Float32Array };

/** Exports that Meter.decide calls between readings; loading and validating a model is not metered. */
export const ROOTS = ["reset", "audioSpace", "audioPtr", "pushAudio", "step", "stepPadded", "featuresPtr", "pushFeatures"];

const PART_OF: Record<number, Part> = {
  [I.PHASE_FRAME]: "frontEnd",
  [I.PHASE_FEATURES]: "frontEnd",
  [I.PHASE_ROUTER]: "router",
  [I.PHASE_EXPERT]: "expert",
};

/** A core with counters, from the shipped bytes. Load a model into `core`, then call `decide`. */
export class Meter<C extends MeteredCore = Core> {
  readonly core: C;
  readonly reader: CounterReader;

  constructor(core: C, reader: CounterReader) {
    this.core = core;
    this.reader = reader;
  }

  /** @param wasm the core module as shipped, scalar or SIMD as `simd` says */
  static async create(wasm: Uint8Array, simd: boolean): Promise<Meter<Core>> {
    const instrumented = instrument(wasm, { roots: ROOTS });
    const core = await Core.create(instrumented.wasm, simd);
    return new Meter(core, new CounterReader(core.exports as unknown as WebAssembly.Exports, instrumented));
  }

  /**
   * One decision, 16-bit PCM (mono; what is missing of the window counts as silence) or a raw feature vector, and its op
   * counts. Exact; deterministic for the same input and seed. Throws what the core reports.
   */
  decide(input: MeterInput, seed = 0): MeteredDecision {
    const tally = new Tally(this.reader);
    for (const phase of pumpDecision(this.core, "pcm" in input ? input.pcm : input.features, seed)) tally.add(phase);
    tally.close();
    return { decision: this.core.decision(), counts: tally.counts, steps: tally.steps };
  }
}

/** Attributes what was executed since the last reading to the step that ended just now. */
class Tally {
  readonly counts = noPartCounts();
  readonly steps: MeteredStep[] = [];
  private readonly reader: CounterReader;
  private opened: Float64Array;
  private last: Float64Array;

  constructor(reader: CounterReader) {
    this.reader = reader;
    this.last = reader.read();
    this.opened = this.last;
  }

  /** Idle and done steps, and host calls such as pushAudio, belong to the step before them; before any step, to the front end. */
  add(phase: number): void {
    const now = this.reader.read();
    const part = PART_OF[phase];
    const open = this.steps.at(-1);
    const more = open !== undefined && (part === undefined || (part === "frontEnd" && open.phase === phase));
    if (more) open.times += open.phase === phase ? 1 : 0;
    else {
      this.close();
      this.steps.push({ part: part ?? "frontEnd", phase, times: 1, counts: noCounts(), traffic: noTraffic() });
    }
    this.last = now;
  }

  /** Gives the open entry its counts: executions are turned into counts once an entry, not once a step. */
  close(): void {
    const open = this.steps.at(-1);
    if (!open) return;
    const columns = this.reader.columns(this.opened, this.last);
    open.counts = countsOf(columns);
    open.traffic = trafficOf(columns);
    addCounts(this.counts[open.part], open.counts);
    this.opened = this.last;
  }
}
