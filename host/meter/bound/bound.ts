// Browser-safe. The most and the least that a decision can cost, over all inputs: proven on the bytes that run.
//
// A core decides once, step by step, on the way to an answer that was asked for. Before each step its memory and globals are copied, all that
// can depend on sound is declared unknown (work memory, the decision record, globals that a step before left unknown), and the step is walked
// for all inputs at once (walk.ts). What the host calls between steps depends on the number of samples only and is counted.

import { DECISION_BYTES } from "../../../assembly/format/decision.ts";
import { PHASE_DONE, PHASE_FAILED, PHASE_ROUTER } from "../../../assembly/format/ids.ts";
import type { PackedModel } from "../../../tools/export/model_file.ts";
import { memoryPlan } from "../../../tools/export/model_file.ts";
import { Core, type CoreExports } from "../../engines/core.ts";
import { QurioError } from "../../errors.ts";
import { isWasm, WINDOW_SAMPLES } from "../../model.ts";
import { COLUMNS } from "../columns.ts";
import type { Part } from "../cost.ts";
import { CounterReader } from "../counts.ts";
import { instrument } from "../instrument.ts";
import { Meter, type MeteredCore, ROOTS } from "../meter.ts";
import { type Path, stepsOf, takePath } from "../paths.ts";
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

export interface Bound {
  steps: BoundStep[];
  /** Functions in which a loop's end depends on sound. */
  cutFunctions: number;
  /** Conditions walked both ways. */
  forks: number;
}

/**
 * Bounds of a decision about a window of 5 s (a feature vector, if the model has no front end) that ends on `path`.
 * @param wasm the scalar core, or a baked module
 * @param file the model file, unless the module has one in it
 * @throws QurioError BOUND where the module's bytes allow none; WASM_MALFORMED, WASM_UNSUPPORTED
 */
export async function boundOf(wasm: Uint8Array, file: Uint8Array, packed: PackedModel, path: Path): Promise<Bound> {
  const program = readProgram(wasm);
  const instrumented = instrument(wasm, { roots: ROOTS });
  const core = await Core.create(exposeGlobals(instrumented.wasm), false);
  if (isWasm(file)) core.open();
  else core.load(file);
  takePath(core, packed, path);
  const reader = new CounterReader(core.exports as unknown as WebAssembly.Exports, instrumented);
  const walked = new WalkedCore(core, program, packed, file.length, reader, decidingSteps(packed, path));
  const input = packed.frontEnd ? { pcm: new Int16Array(WINDOW_SAMPLES) } : { features: new Float32Array(packed.features) };
  const { steps } = new Meter(walked, reader).decide(input);

  // what was counted outside of the walked calls belongs to the step that the meter gave it to
  const bounds = steps.map(({ part, phase, times, counts, traffic }): BoundStep => {
    const most = new Float64Array(BOUND_COLUMNS);
    most.set([...Object.values(counts), traffic.loadBytes, traffic.storeBytes]);
    return { part, phase, times, most, least: most.slice() };
  });
  let at = 0;
  let left = bounds[0].times;
  for (const { working, counted, ran } of walked.calls) {
    if (working && left === 0) left = bounds[++at].times;
    if (working) left--;
    const { most, least } = bounds[at];
    for (let c = 0; c < BOUND_COLUMNS; c++) {
      const own = c < COLUMNS ? ran[c] : 0;
      most[c] += counted.most[c] - own;
      least[c] += counted.least[c] - own;
    }
  }
  return { steps: bounds, cutFunctions: walked.walker.cut.size, forks: walked.walker.forks };
}

/** Numbers of the network steps after which the next one depends on sound: the last of each network. */
function decidingSteps(packed: PackedModel, path: Path): Set<number> {
  let steps = 0;
  return new Set(path.networks.map((network) => (steps += stepsOf(packed, network)) - 1));
}

interface WalkedCall {
  /** A step, and not features taken or a step that does nothing. */
  working: boolean;
  counted: Counted;
  /** What the core itself executed. */
  ran: Float64Array;
}

/** Stands before a core: each step that the meter asks for is walked for all inputs before it runs. */
class WalkedCore implements MeteredCore {
  readonly exports: CoreExports;
  readonly walker: Walker;
  readonly calls: WalkedCall[] = [];
  private readonly core: Core;
  private readonly program: Program;
  private readonly reader: CounterReader;
  private readonly memory: KnownMemory;
  private readonly deciding: ReadonlySet<number>;
  private readonly globals: WebAssembly.Global[];
  /** Globals that depend on sound. */
  private readonly unknown: Set<number>;
  private networkSteps = 0;

  constructor(core: Core, program: Program, packed: PackedModel, fileBytes: number, reader: CounterReader, deciding: Set<number>) {
    const { exports, modelPtr } = core;
    this.core = core;
    this.program = program;
    this.reader = reader;
    this.deciding = deciding;
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

  check(code: number): void {
    this.core.check(code);
  }

  decision() {
    return this.core.decision();
  }

  private walked(name: "step" | "stepPadded" | "pushFeatures"): number {
    this.memory.refresh(this.core.exports.memory.buffer);
    for (const [i, { value }] of this.globals.entries()) this.walker.globals[i] = this.unknown.has(i) ? ANY : (value as Value);
    const counted = this.walker.run(name);
    if (!counted) {
      const message = `${name} fails for every input: no bound can be proven`;
      throw new QurioError("BOUND", message, "Pass a scalar module of this version; --no-bound leaves the bound out.");
    }
    const before = this.reader.read();
    const phase = this.core.exports[name]();
    const ran = this.reader.columns(before, this.reader.read());
    const isStep = name !== "pushFeatures";
    const working = isStep && phase > 0 && phase !== PHASE_DONE && phase !== PHASE_FAILED;
    if (!this.decides(isStep ? phase : 0)) this.carry();
    this.calls.push({ working, counted, ran });
    return phase;
  }

  /** Whether the step just made was the last one of a network. */
  private decides(phase: number): boolean {
    return phase >= PHASE_ROUTER && phase < PHASE_DONE && this.deciding.has(this.networkSteps++);
  }

  private carry(): void {
    for (let i = 0; i < this.globals.length; i++) if (typeof this.walker.globals[i] !== "number") this.unknown.add(i);
  }
}
