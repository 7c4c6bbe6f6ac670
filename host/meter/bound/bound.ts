// Browser-safe. The most and the least that a decision can cost, over all inputs: proven on the bytes that run.
//
// A core decides once, step by step, on the way to an answer that was asked for. Before each step its memory and globals are copied, all that
// can depend on sound is declared unknown (work memory, the decision record, globals that a step before left unknown), and the step is walked
// for all inputs at once (walk.ts). What the host calls between steps depends on the number of samples only and is counted.

import { DECISION_BYTES } from "../../../assembly/format/decision.ts";
import { PHASE_EXPERT, PHASE_FEATURES, PHASE_FRAME, PHASE_ROUTER, POLICY_PROBE } from "../../../assembly/format/ids.ts";
import { QurioError } from "../../errors.ts";
import { featureCount, framingOf } from "../../model-file/input_spec.ts";
import { memoryPlan, type PackedModel } from "../../model-file/model_file.ts";
import { Core } from "../../runtime/core.ts";
import type { CoreExports } from "../../runtime/core_exports.ts";
import { COLUMNS } from "../columns.ts";
import type { Part } from "../cost.ts";
import { CounterReader } from "../counts.ts";
import { instrument } from "../instrument.ts";
import { Meter, type MeteredCore, ROOTS } from "../meter.ts";
import { type Path, pathsOf, stepsOf, takePath } from "../paths.ts";
import { KnownMemory } from "./memory.ts";
import { BOUND_COLUMNS, exposeGlobals, globalName, type Program, readProgram } from "./program.ts";
import { ANY, type Value } from "./values.ts";
import { type Counted, Walker } from "./walk.ts";

/** As MeteredStep, by column of program.ts. */
export interface BoundStep extends Counted {
  part: Part;
  phase: number;
  times: number;
}

export interface Bounds {
  /** By path, in the order of pathsOf. */
  paths: BoundStep[][];
  /** Functions in which a loop's end depends on sound. */
  cutFunctions: number;
  /** Conditions walked both ways. */
  forks: number;
}

/**
 * Bounds of a decision about a window (a feature vector, if the model has no front end), for every way to an answer.
 * @param wasm the scalar core, or a baked module
 * @param file the model file; not read if the module has one in it
 * @throws QurioError BOUND where the module's bytes allow none; WASM_MALFORMED, WASM_UNSUPPORTED
 */
export async function boundsOf(wasm: Uint8Array, file: Uint8Array, packed: PackedModel): Promise<Bounds> {
  const program = readProgram(wasm);
  const instrumented = instrument(wasm, { roots: ROOTS });
  const core = await Core.create(exposeGlobals(instrumented.wasm), false);
  if (core.exports.init) core.open();
  else core.load(file);
  const reader = new CounterReader(core.exports as unknown as WebAssembly.Exports, instrumented);
  const walked = new WalkedCore(core, program, packed, file.length, reader);
  const all = pathsOf(packed);
  if (packed.policy.kind === POLICY_PROBE) {
    // each step is walked for both outcomes, so the way that asks everybody has those of all others in it
    const steps = boundsOn(walked, packed, all.at(-1)!);
    const before = steps.length - networkSteps(packed, all.at(-1)!);
    return { paths: all.map((path) => steps.slice(0, before + networkSteps(packed, path))), ...walked.seen() };
  }
  const paths: BoundStep[][] = [];
  for (const path of all) {
    const steps = boundsOn(walked, packed, path);
    // the front end has been walked once for all ways
    paths.push(paths.length === 0 ? steps : steps.map((step, i) => (step.part === "frontEnd" ? paths[0][i] : step)));
    walked.skipFrontEnd = true;
  }
  return { paths, ...walked.seen() };
}

const networkSteps = (packed: PackedModel, { networks }: Path) => networks.reduce((sum, network) => sum + stepsOf(packed, network), 0);

function boundsOn(walked: WalkedCore, packed: PackedModel, path: Path): BoundStep[] {
  const undo = takePath(walked.core, packed, path);
  walked.start(decidingSteps(packed, path));
  const framing = framingOf(packed.input);
  const input = framing ? { pcm: new Int16Array(framing.windowSamples) } : { features: new Float32Array(featureCount(packed.input)) };
  const { steps } = new Meter(walked, walked.reader).decide(input);
  undo();
  // what was counted outside of the walked calls belongs to the step that the meter gave it to
  const bounds = steps.map(({ part, phase, times, counts, traffic }): BoundStep => {
    const most = new Float64Array(BOUND_COLUMNS);
    most.set([...Object.values(counts), traffic.loadBytes, traffic.storeBytes]);
    return { part, phase, times, most, least: most.slice() };
  });
  let at = 0;
  let left = bounds[0]?.times ?? 0;
  for (const { working, counted, ran } of walked.calls) {
    if (working && left === 0) left = bounds[++at].times;
    if (working) left--;
    if (!counted) continue;
    const { most, least } = bounds[at];
    for (let c = 0; c < BOUND_COLUMNS; c++) {
      const own = c < COLUMNS ? ran[c] : 0;
      most[c] += counted.most[c] - own;
      least[c] += counted.least[c] - own;
    }
  }
  return bounds;
}

/** Numbers of the network steps after which the next one depends on sound: the last of each network. */
function decidingSteps(packed: PackedModel, path: Path): Set<number> {
  const last = new Set<number>();
  let steps = 0;
  for (const network of path.networks) {
    steps += stepsOf(packed, network);
    last.add(steps - 1);
  }
  return last;
}

interface WalkedCall {
  /** A step, and not features taken or a step that does nothing. */
  working: boolean;
  /** Null: not walked. */
  counted: Counted | null;
  /** What the core itself executed. */
  ran: Float64Array;
}

/** Stands before a core: each step that the meter asks for is walked for all inputs before it runs. */
class WalkedCore implements MeteredCore {
  readonly core: Core;
  readonly reader: CounterReader;
  readonly exports: CoreExports;
  calls: WalkedCall[] = [];
  skipFrontEnd = false;
  private readonly walker: Walker;
  private readonly memory: KnownMemory;
  private readonly globals: WebAssembly.Global[];
  /** Globals that depend on sound. */
  private readonly unknown: Set<number>;
  private deciding: ReadonlySet<number> = new Set();
  private networkSteps = 0;
  /** Calls before the first network step. */
  private frontEndCalls = 0;

  constructor(core: Core, program: Program, packed: PackedModel, fileBytes: number, reader: CounterReader) {
    const { exports, modelPtr } = core;
    this.core = core;
    this.reader = reader;
    this.globals = program.globalIsI32.map((_, i) => (exports as unknown as Record<string, WebAssembly.Global>)[globalName(i)]);
    this.unknown = new Set(program.globalIsI32.flatMap((isI32, i) => (isI32 ? [] : [i])));
    this.memory = new KnownMemory(exports.memory.buffer.byteLength);
    this.memory.forget(exports.workPtr(), exports.workPtr() + memoryPlan(packed).workBytes);
    this.memory.forget(exports.decisionPtr(), exports.decisionPtr() + DECISION_BYTES);
    this.walker = new Walker(program, this.memory, exports.lastError(), modelPtr, modelPtr + fileBytes);
    this.exports = {
      ...exports,
      step: () => this.walked("step"),
      stepPadded: () => this.walked("stepPadded"),
      pushFeatures: () => this.walked("pushFeatures"),
    };
  }

  /** @param deciding numbers of the network steps after which the next one depends on sound */
  start(deciding: ReadonlySet<number>): void {
    this.calls = [];
    this.networkSteps = 0;
    this.deciding = deciding;
  }

  seen(): { cutFunctions: number; forks: number } {
    return { cutFunctions: this.walker.cut.size, forks: this.walker.forks };
  }

  check(code: number): void {
    this.core.check(code);
  }

  decision() {
    return this.core.decision();
  }

  private walked(name: "step" | "stepPadded" | "pushFeatures"): number {
    const counted = this.skipFrontEnd && this.calls.length < this.frontEndCalls ? null : this.walk(name);
    const before = this.reader.read();
    const phase = this.core.exports[name]();
    const ran = this.reader.columns(before, this.reader.read());
    const isNetwork = name !== "pushFeatures" && (phase === PHASE_ROUTER || phase === PHASE_EXPERT);
    if (isNetwork && this.networkSteps === 0) this.frontEndCalls = this.calls.length;
    const decides = isNetwork && this.deciding.has(this.networkSteps++);
    if (counted && !decides) this.carry();
    this.calls.push({
      working: isNetwork || (name !== "pushFeatures" && (phase === PHASE_FRAME || phase === PHASE_FEATURES)),
      counted,
      ran,
    });
    return phase;
  }

  private walk(name: string): Counted {
    this.memory.refresh(this.core.exports.memory.buffer);
    for (const [i, { value }] of this.globals.entries()) this.walker.globals[i] = this.unknown.has(i) ? ANY : (value as Value);
    const counted = this.walker.run(name);
    if (counted) return counted;
    const message = `${name} fails for every input: no bound can be proven`;
    throw new QurioError("BOUND", message, "Pass a scalar module of this version; --no-bound leaves the bound out.");
  }

  private carry(): void {
    for (let i = 0; i < this.globals.length; i++) if (typeof this.walker.globals[i] !== "number") this.unknown.add(i);
  }
}
