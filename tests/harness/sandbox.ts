// A core module under guard: memory around work memory and model is filled with a pattern, steps are counted, decisions checked.

import * as D from "../../assembly/format/decision.ts";
import { PHASE_DONE, PHASE_FAILED, PHASE_IDLE, POLICY_FEATURES } from "../../assembly/format/ids.ts";
import { padTo } from "../../assembly/format/layouts.ts";
import { STREAM_BYTES } from "../../assembly/format/stream.ts";
import { DEVICE_ERRORS } from "../../host/errors.ts";
import { CounterReader, totalOf } from "../../host/meter/counts.ts";
import type { Instrumented } from "../../host/meter/instrument.ts";
import { featureCount } from "../../host/model-file/input_spec.ts";
import { decodeModel, decodePlan, memoryPlan, type PackedModel } from "../../host/model-file/model_file.ts";
import { linearOps, outputsOf, type PackedNetwork } from "../../host/model-file/network.ts";
import type { CoreExports } from "../../host/runtime/core_exports.ts";
import { readDecision } from "../../host/runtime/decision.ts";
import { pumpSound, pumpToEnd, putFeatures } from "../../host/runtime/pump.ts";

const PAGE = 65536;
const MOST_PAGES = 8;
const PATTERN = Uint8Array.from({ length: MOST_PAGES * PAGE }, (_, i) => (i * 29 + (i >> 8) * 7 + 101) & 255);
/** Frames and feature pieces of one window, and the step that finds them complete. */
const FRONT_END_STEPS = 498 + 98 + 1;
const align = (n: number) => Math.ceil(n / 16) * 16;

/** What the module is asked once it has accepted a file. */
export interface Question {
  /** The model ends where memory ends, so that a read behind it traps; else it lies between two guards. */
  atEnd: boolean;
  seed: number;
  /** For models without a front end, or to skip it. */
  features: (count: number) => Float32Array;
  /** For models with a front end; null: pass features. */
  pcm: Int16Array | null;
}

export interface Outcome {
  /** Name of the error, or "" for a decision. */
  error: string;
  /** validate() accepted the file. */
  accepted: boolean;
  /** Decision record and probabilities. */
  bytes: number[];
  steps: number;
  /** Layers that may run, once per router sample. */
  layerRuns: number;
  /** Columns of all these runs, each layer's padded to a multiple of 128. */
  columnRuns: number;
  maxMacs: number;
  /** Instructions of the networks, where the module has counters and features were passed. */
  ops: number;
}

const REFUSED: Outcome = { error: "", accepted: false, bytes: [], steps: 0, layerRuns: 0, columnRuns: 0, maxMacs: 0, ops: 0 };

function demand(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}

export class Sandbox {
  readonly exports: CoreExports;
  private readonly image: Uint8Array;

  private readonly counters: CounterReader | null;

  /**
   * @param instrumented the table that came with the module, if it has counters
   * @param pages of memory, 1..8: the fewer, the faster
   */
  constructor(module: WebAssembly.Module, { instrumented, pages = MOST_PAGES }: { instrumented?: Instrumented; pages?: number } = {}) {
    const { exports } = new WebAssembly.Instance(module, {});
    this.exports = exports as unknown as CoreExports;
    this.counters = instrumented ? new CounterReader(exports, instrumented) : null;
    this.exports.memory.grow(pages - this.exports.memory.buffer.byteLength / PAGE);
    this.image = new Uint8Array(pages * PAGE);
  }

  /** Bytes of memory. */
  private get end(): number {
    return this.image.length;
  }

  private get memory(): Uint8Array {
    return new Uint8Array(this.exports.memory.buffer);
  }

  /** Everything but the module's own data becomes pattern, with the file at `ptr`. */
  private place(file: Uint8Array, ptr: number): void {
    const work = this.exports.workPtr();
    this.memory.set(PATTERN.subarray(work, this.end), work);
    this.memory.set(file, ptr);
    this.image.set(this.memory);
  }

  /** Nothing has changed but the decision record, the stream record, the failure record and [from, to). */
  private intact(from: number, to: number, when: string): void {
    const { exports, image, memory } = this;
    for (const [ptr, bytes] of [
      [exports.decisionPtr(), D.DECISION_BYTES],
      [exports.streamPtr(), STREAM_BYTES],
      [exports.lastError(), 16],
      [from, to - from],
    ])
      image.set(memory.subarray(ptr, ptr + bytes), ptr);
    if (Buffer.compare(image, memory) === 0) return;
    const at = memory.findIndex((byte, i) => byte !== image[i]);
    throw new Error(`${when}: byte ${at} was written, work memory is ${from}..${to}`);
  }

  /** Name of the failure that `code` and the failure record agree on. */
  private named(code: number, when: string): string {
    const recorded = new DataView(this.exports.memory.buffer).getInt32(this.exports.lastError(), true);
    const entry = DEVICE_ERRORS.find((row) => row.code === code);
    if (!entry || recorded !== code) throw new Error(`${when}: code ${code}, recorded ${recorded}, is no error of host/errors.ts`);
    return entry.name;
  }

  /** Only validate(): the error's name, or "" when the file is accepted. */
  validate(file: Uint8Array): string {
    demand(file.length < this.end - PAGE / 2, `file of ${file.length} bytes does not fit the sandbox`);
    const ptr = this.end - align(file.length);
    this.place(file, ptr);
    const code = this.exports.validate(ptr, file.length);
    this.intact(0, 0, "validate");
    return code === 0 ? "" : this.named(code, "validate");
  }

  /** Validates, loads and decides. Throws for a trap, an unnamed error, a write out of bounds, a wrong record or too many steps. */
  run(file: Uint8Array, question: Question): Outcome {
    const refused = this.validate(file);
    if (refused) {
      demand(this.exports.load(this.end - align(file.length), file.length) !== 0, "load accepts what validate refuses");
      return { ...REFUSED, error: refused };
    }
    const model = decodeModel(file);
    const plan = decodePlan(file);
    const needed = memoryPlan(model);
    for (const [name, value] of Object.entries(needed))
      demand(plan[name as keyof typeof plan] === value, `plan ${name} is ${plan[name as keyof typeof plan]}, ${value} needed`);
    const workEnd = this.exports.workPtr() + plan.workBytes;
    const ptr = question.atEnd ? this.end - file.length : align(workEnd) + 64;
    if (ptr + file.length > this.end) return { ...REFUSED, error: "MEMORY", accepted: true };
    this.place(file, ptr);
    const code = this.exports.load(ptr, file.length);
    this.intact(0, 0, "load");
    if (code !== 0) return { ...REFUSED, error: this.named(code, "load"), accepted: true };
    const outcome = this.decide(model, question);
    this.intact(this.exports.workPtr(), workEnd, "decide");
    return outcome;
  }

  private decide(model: PackedModel, { seed, features, pcm }: Question): Outcome {
    const { exports } = this;
    // a failed step is an outcome here
    const core = { exports, check: (code: number) => demand(code <= 0, "what the module offers, it refuses") };
    const plan = memoryPlan(model);
    const { samples } = model.policy;
    const expertLayers = model.experts.reduce((sum, { ops }) => sum + ops.length, 0);
    const routerLayers = model.router?.ops.length ?? 0;
    const columnsOf = (network: PackedNetwork, runs: number) =>
      linearOps(network).reduce((sum, { columns }, i) => sum + padTo(columns, 128) * (i > 0 ? runs : 1), 0);
    const columnRuns =
      model.experts.reduce((sum, expert) => sum + columnsOf(expert, 1), 0) +
      (model.router ? columnsOf(model.router, Math.max(samples, 1)) : 0);
    const layerRuns = expertLayers + (samples > 0 && routerLayers > 0 ? 1 + samples * (routerLayers - 1) : routerLayers);
    const bound = FRONT_END_STEPS + expertLayers + routerLayers + samples + 1;
    exports.reset(seed);
    let steps = 0;
    const count = (phase: number) => {
      if (phase !== PHASE_IDLE && phase !== PHASE_DONE) demand(++steps <= bound, `more than ${bound} steps`);
      return phase;
    };
    if (pcm && model.frontEnd) for (const phase of pumpSound(core, pcm)) count(phase);
    else putFeatures(core, features(featureCount(model.input)));
    const before = this.counters?.read();
    let phase = PHASE_IDLE;
    for (phase of pumpToEnd(core)) count(phase);
    const ops = before ? totalOf(this.counters!.between(before, this.counters!.read())) : 0;
    const { maxMacs } = plan;
    if (phase === PHASE_FAILED) {
      const code = new DataView(exports.memory.buffer).getInt32(exports.lastError(), true);
      return { error: this.named(code, "decide"), accepted: true, bytes: [], steps, layerRuns, columnRuns, maxMacs, ops };
    }
    return { error: "", accepted: true, bytes: this.checkedDecision(model), steps, layerRuns, columnRuns, maxMacs, ops };
  }

  private checkedDecision(model: PackedModel): number[] {
    const record = this.memory.slice(this.exports.decisionPtr(), this.exports.decisionPtr() + D.DECISION_BYTES);
    const view = new DataView(record.buffer);
    demand(view.getUint32(D.DECISION_STATUS, true) === D.STATUS_DECIDED, "status is not decided");
    const {
      index: label,
      probability,
      entropy,
      mutualInformation,
      routerVariance,
      answerer: expert,
      weightBytesRead,
    } = readDecision(record);
    const shown = JSON.stringify(readDecision(record));
    if (model.policy.kind === POLICY_FEATURES) {
      demand(label === null && probability === null && expert === null && weightBytesRead === 0, `no network, but ${shown}`);
      return [...record];
    }
    const classes = model.labels.length;
    const answerers = model.experts.length + (model.policy.kind === 2 ? 1 : 0);
    const within = (value: number | null, low: number, high: number) => value !== null && value >= low && value <= high;
    demand(within(label, 0, classes - 1) && within(expert, 0, answerers - 1), `label or expert: ${shown}`);
    demand(
      within(probability, 1 / classes - 1e-5, 1 + 1e-5) && within(entropy, 0, Math.log(classes) + 1e-4),
      `probability or entropy: ${shown}`,
    );
    const networks = [model.router, ...model.experts].map((network) => (network ? outputsOf(network) : 0));
    demand(mutualInformation === null || within(mutualInformation, 0, Math.log(Math.max(...networks)) + 1e-4), `information: ${shown}`);
    demand(routerVariance === null || within(routerVariance, 0, 1), `variance: ${shown}`);
    const p = new Float32Array(this.exports.memory.buffer, this.exports.probabilitiesPtr(), classes);
    const sum = p.reduce((a, b) => a + b, 0);
    demand(Math.abs(sum - 1) < 1e-4 && p.every((value) => value >= 0) && p[label!] === Math.max(...p), `probabilities ${[...p]}`);
    return [...record, ...new Uint8Array(p.slice().buffer)];
  }
}
