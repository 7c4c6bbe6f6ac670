// Whole networks: 1536 -> 640 -> 320 -> 50 with ReLU, a raw float32 vector in and probabilities out, as an application calls them; cold,
// too. And the Monte Carlo dropout router beside one expert.

import { PHASE_ROUTER, POLICY_BAYESIAN, POLICY_SINGLE } from "../assembly/format/ids.ts";
import { encodeModel, type PackedModel } from "../host/model-file/model_file.ts";
import { Core } from "../host/runtime/core.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { pumpToEnd, putFeatures } from "../host/runtime/pump.ts";
import { randomModel, randomNetwork } from "../tests/harness/models.ts";
import { random } from "../tests/harness/random.ts";
import type { Layer } from "./opponents.ts";
import { typeOf } from "./ours.ts";
import type { Candidate } from "./timing.ts";

export const PAPER: readonly [features: number, hidden: number[], classes: number] = [1536, [640, 320], 50];
export const PAPER_LAYERS: Layer[] = [
  [1536, 640],
  [640, 320],
  [320, 50],
];
export const PAPER_MACS = PAPER_LAYERS.reduce((sum, [columns, rows]) => sum + columns * rows, 0);

const SAMPLES = 10;
const EXPERTS = 8;
const ROUTER_HIDDEN = [128];

/** The paper's expert as a model of its own; its last, small layer has 8 bits, as in every exported model. */
function paperModel(spec: string): PackedModel {
  const [features, hidden, classes] = PAPER;
  const name = typeOf(spec).name;
  const model = randomModel({ policy: POLICY_SINGLE, experts: [name], frontEnd: false, features, hidden: [], classes });
  return { ...model, experts: [randomNetwork(name, name, features, hidden, classes, 1, false)] };
}

function vectors(count: number): Float32Array {
  const next = random(2);
  return Float32Array.from({ length: count * PAPER[0] }, () => 2 * next() - 1);
}

export async function networkCandidate(spec: string, simd: boolean): Promise<Candidate & { bits: number }> {
  const core = await Core.create(coreWasm(simd) as BufferSource, simd);
  core.load(encodeModel(paperModel(spec)));
  const features = vectors(1);
  const { name, bits } = typeOf(spec);
  return { name: simd ? name : `${name}, scalar`, bits, run: () => core.decideFeatures(features) };
}

export async function networkBatchCandidate(spec: string, batch: number): Promise<Candidate & { bits: number }> {
  const core = await Core.create(coreWasm(true) as BufferSource, true);
  core.load(encodeModel(paperModel(spec)));
  const features = vectors(batch);
  const { name, bits } = typeOf(spec);
  return { name, bits, run: () => core.batch(1, features) };
}

let coldRuns = 0;

/** Microseconds of the first call in a module that V8 has never seen: no code of an earlier one is used again. */
export async function coldUs(spec: string): Promise<{ compileUs: number; firstCallUs: number; tenthCallUs: number }> {
  const wasm = coreWasm(true) as Uint8Array;
  // an empty custom section with a name of its own makes the bytes, and so V8's cache key, new
  const name = new TextEncoder().encode(`cold ${coldRuns++}`.padEnd(12));
  const bytes = Uint8Array.from([...wasm, 0, name.length + 1, name.length, ...name]);
  const file = encodeModel(paperModel(spec));
  const features = vectors(1);
  const start = performance.now();
  const core = await Core.create(new WebAssembly.Module(bytes), true);
  const compiled = performance.now();
  core.load(file);
  const times = Array.from({ length: 10 }, () => {
    const before = performance.now();
    core.decideFeatures(features);
    return 1000 * (performance.now() - before);
  });
  return { compileUs: 1000 * (compiled - start), firstCallUs: times[0], tenthCallUs: times[9] };
}

/** M = 10 samples of a router 1536 -> 128 -> 8 in 8 bits, and the 4-bit expert that it may choose. */
export async function routerCandidates(): Promise<Candidate[]> {
  const [features, hidden, classes] = PAPER;
  const model = randomModel({ policy: POLICY_BAYESIAN, experts: [], frontEnd: false, features, classes, samples: SAMPLES });
  const expert = randomNetwork("4-bit", "4-bit", features, hidden, classes, 1, false);
  const routed: PackedModel = {
    ...model,
    router: randomNetwork("router", "8-bit", features, ROUTER_HIDDEN, EXPERTS, 2, false),
    experts: Array.from({ length: EXPERTS }, () => randomNetwork("4-bit", "4-bit", features, [8], classes, 1, false)),
  };
  const single: PackedModel = { ...paperModel("4"), experts: [expert] };
  const x = vectors(1);
  const make = async (packed: PackedModel, steps: (core: Core) => void) => {
    const core = await Core.create(coreWasm(true) as BufferSource, true);
    core.load(encodeModel(packed));
    return () => {
      core.reset(1);
      putFeatures(core, x);
      steps(core);
    };
  };
  const sample = (core: Core) => {
    // the first layer once, then a step a sample
    const steps = pumpToEnd(core);
    for (let i = 0; i < 1 + SAMPLES; i++) if (steps.next().value !== PHASE_ROUTER) throw new Error("the router ended early");
  };
  return [
    { name: "router", run: await make(routed, sample) },
    { name: "expert", run: await make(single, (core) => core.exports.decide()) },
  ];
}
