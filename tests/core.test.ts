// The core module as hosts use it: promises about the binary, decisions, equality of builds and of splits, policies, errors.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import wabt from "wabt";
import { DECISION_BYTES } from "../assembly/format/decision.ts";
import { POLICY_BAYESIAN, POLICY_SINGLE } from "../assembly/format/ids.ts";
import { packagePath } from "../host/files.ts";
import { encodeModel, memoryPlan } from "../host/model-file/model_file.ts";
import { linearOps } from "../host/model-file/network.ts";
import { repack } from "../host/model-file/repack.ts";
import { Core } from "../host/runtime/core.ts";
import { type ModelOptions, randomModel, randomModelFile, randomPcm } from "./harness/models.ts";
import { random } from "./harness/random.ts";

const scalarWasm = readFileSync(packagePath("build", "qurio.wasm"));
const simdWasm = readFileSync(packagePath("build", "qurio.simd.wasm"));
const scalar = () => Core.create(scalarWasm, false);
const simd = () => Core.create(simdWasm, true);

const MODELS: Record<string, ModelOptions> = {
  "probe, 4-bit, 8-bit": {},
  "probe with samples": { samples: 6 },
  "probe alone": { experts: [] },
  "single ternary": { policy: POLICY_SINGLE, experts: ["ternary"] },
  "single float32": { policy: POLICY_SINGLE, experts: ["float32"] },
  bayesian: { policy: POLICY_BAYESIAN, experts: ["ternary", "4-bit", "8-bit"], routerType: "8-bit", samples: 10 },
};

test("the scalar module has no imports, no start function, and only MVP instructions", async () => {
  const { parseWat: _, ...tools } = await wabt();
  const off = {
    mutable_globals: false,
    sat_float_to_int: false,
    sign_extension: false,
    simd: false,
    bulk_memory: false,
    multi_value: false,
    reference_types: false,
  };
  const module = tools.readWasm(scalarWasm, off as Parameters<typeof tools.readWasm>[1]);
  module.validate();
  module.destroy();
  assert.throws(() => {
    const refused = tools.readWasm(simdWasm, off as Parameters<typeof tools.readWasm>[1]);
    refused.validate();
  });
  for (const bytes of [scalarWasm, simdWasm]) {
    const compiled = new WebAssembly.Module(bytes);
    assert.equal(WebAssembly.Module.imports(compiled), []);
    const text = tools.readWasm(bytes, { simd: true }).toText({});
    assert.not.match(text, /memory\.grow/);
    assert.not.match(text, /\(start /);
  }
});

for (const [name, options] of Object.entries(MODELS)) {
  test(`${name}: scalar and SIMD give the same decision bytes, on audio and on features`, async () => {
    const file = randomModelFile(options);
    const [a, b] = [await scalar(), await simd()];
    a.load(file);
    b.load(file);
    for (let seed = 0; seed < 3; seed++) {
      const pcm = randomPcm(80000, seed);
      for (const core of [a, b]) {
        core.reset(seed);
        core.push(pcm);
        core.decide();
      }
      assert.equal(a.decisionBytes(), b.decisionBytes());
      assert.equal(a.probabilities(), b.probabilities());
    }
    const next = random(5);
    for (let i = 0; i < 20; i++) {
      const features = Float32Array.from({ length: 969 }, () => 4 * (next() - 0.5));
      assert.equal(a.decideFeatures(features, i), b.decideFeatures(features, i));
      assert.equal(a.decisionBytes(), b.decisionBytes());
    }
  });
}

test("any split of the audio gives the bytes of one push", async () => {
  const core = await simd();
  core.load(randomModelFile());
  const pcm = randomPcm(41234, 3);
  const next = random(9);
  const decideIn = (size: () => number) => {
    core.reset(1);
    for (let at = 0; at < pcm.length; ) {
      const end = Math.min(pcm.length, at + size());
      core.push(pcm.subarray(at, end));
      at = end;
    }
    core.decide();
    return [...core.decisionBytes(), ...new Uint8Array(core.probabilities().buffer)];
  };
  const whole = decideIn(() => pcm.length);
  for (const size of [() => 1 + Math.floor(2000 * next()), () => 160, () => 161, () => 399, () => 7]) assert.equal(decideIn(size), whole);
});

test("a window takes 498 frames and no more; a second decision equals the first", async () => {
  const core = await scalar();
  core.load(randomModelFile());
  const pcm = randomPcm(90000, 4);
  const bytes = [0, 1].map(() => {
    core.reset(7);
    const taken = core.push(pcm);
    assert.ok(taken >= 79920 && taken < 90000, `${taken} samples taken`);
    assert.is(core.decide().framesSeen, 498);
    return core.decisionBytes();
  });
  assert.equal(bytes[0], bytes[1]);
  assert.is(bytes[0].length, DECISION_BYTES);
});

test("the probe answers when sure and escalates when not; thresholds decide", async () => {
  const core = await simd();
  const next = random(2);
  const features = Array.from({ length: 30 }, () => Float32Array.from({ length: 969 }, () => 4 * (next() - 0.5)));
  const experts = (escalate: number[]) => {
    core.load(randomModelFile({ escalate }));
    return features.map((vector) => core.decideFeatures(vector).answerer);
  };
  assert.equal(new Set(experts([99, 99])), new Set([0]));
  assert.equal(new Set(experts([0, 99])), new Set([1]));
  assert.equal(new Set(experts([0, 0])), new Set([2]));
  const mixed = experts([1.5, 1.5]);
  assert.ok(new Set(mixed).size > 1, `some of each: ${mixed}`);
});

test("an escalated decision is the single expert's, and weight bytes add up", async () => {
  const core = await simd();
  const model = randomModel({ escalate: [0, 0] });
  const vector = Float32Array.from({ length: 969 }, (_, i) => Math.sin(i));
  core.load(encodeModel(model));
  const routed = core.decideFeatures(vector);
  const p = core.probabilities();
  core.load(encodeModel({ ...model, router: null, experts: [model.experts[1]], policy: { ...model.policy, kind: POLICY_SINGLE } }));
  const alone = core.decideFeatures(vector);
  assert.is(routed.index, alone.index);
  assert.equal(core.probabilities(), p);
  const networks = [model.router!, ...model.experts];
  const bytes = networks.flatMap(linearOps).reduce((sum, { weights, rows }) => sum + weights.length + 4 * rows, 0);
  assert.is(routed.weightBytesRead, bytes);
});

test("abstains exactly below the threshold", async () => {
  const core = await scalar();
  const vector = Float32Array.from({ length: 969 }, (_, i) => Math.cos(i));
  const decide = (abstain: number) => {
    core.load(randomModelFile({ policy: POLICY_SINGLE, experts: ["8-bit"], abstain: [abstain] }));
    return core.decideFeatures(vector);
  };
  const { probability } = decide(0);
  assert.is(decide(probability! - 1e-4).abstained, false);
  assert.is(decide(Math.min(1, probability! + 1e-4)).abstained, true);
});

test("curiosity: alpha = 0 is the plain router exactly; precision rises with alpha; a seed gives one route", async () => {
  const core = await scalar();
  const next = random(21);
  const features = Array.from({ length: 60 }, () => Float32Array.from({ length: 969 }, () => 4 * (next() - 0.5)));
  const beta = [0, 0.4, 1];
  const meanBeta = (alpha: number, betas = beta) => {
    core.load(randomModelFile({ ...MODELS["bayesian"], alpha, beta: betas }));
    const chosen = features.map((vector, i) => core.decideFeatures(vector, i).answerer!);
    return { chosen, mean: chosen.reduce((sum, expert) => sum + beta[expert], 0) / chosen.length };
  };
  const plain = meanBeta(0);
  assert.equal(meanBeta(0, [1, 0.5, 0]).chosen, plain.chosen, "alpha = 0 ignores beta");
  assert.equal(meanBeta(1, [0.5, 0.5, 0.5]).chosen, plain.chosen, "equal betas cancel");
  const means = [0, 0.5, 1, 2, 8].map((alpha) => meanBeta(alpha).mean);
  for (let i = 1; i < means.length; i++) assert.ok(means[i] >= means[i - 1], `expected precision is monotone in alpha: ${means}`);
  assert.ok(means[4] > means[0], `routes change: ${means}`);
  assert.equal(meanBeta(1).chosen, meanBeta(1).chosen);
  assert.is(new Set(features.map((vector, i) => core.decideFeatures(vector, i).routerVariance)).size > 1, true);
});

test("lambda: 0 changes nothing; the expected energy falls with it; reset keeps it", async () => {
  const core = await scalar();
  const next = random(22);
  const features = Array.from({ length: 60 }, () => Float32Array.from({ length: 969 }, () => 4 * (next() - 0.5)));
  const energy = [0.2, 0.5, 1];
  const chosen = (lambda: number, energies?: number[]) => {
    core.load(randomModelFile({ ...MODELS["bayesian"], ...(energies && { energy: energies }) }));
    core.setLambda(lambda);
    return features.map((vector, i) => core.decideFeatures(vector, i).answerer!);
  };
  assert.equal(chosen(0, energy), chosen(0));
  assert.equal(chosen(5), chosen(0), "a model without energies ignores lambda");
  const means = [0, 0.5, 1, 2, 4, 1e6].map((lambda) => chosen(lambda, energy).reduce((sum, expert) => sum + energy[expert], 0) / 60);
  for (let i = 1; i < means.length; i++) assert.ok(means[i] <= means[i - 1], `expected energy falls with lambda: ${means}`);
  assert.ok(means[5] < means[0] && Math.abs(means[5] - 0.2) < 1e-9, `routes change: ${means}`);
  core.setLambda(0);
});

test("samples: mutual information and variance are present, else null", async () => {
  const core = await scalar();
  const vector = Float32Array.from({ length: 969 }, (_, i) => Math.sin(3 * i));
  core.load(randomModelFile());
  const plain = core.decideFeatures(vector);
  assert.is(plain.mutualInformation, null);
  assert.is(plain.routerVariance, null);
  core.load(randomModelFile({ samples: 8 }));
  const sampled = core.decideFeatures(vector, 5);
  assert.ok(sampled.mutualInformation! > 0 && sampled.routerVariance! > 0);
  assert.not.equal(core.decideFeatures(vector, 6).mutualInformation, sampled.mutualInformation);
  assert.is(core.decideFeatures(vector, 5).mutualInformation, sampled.mutualInformation);
});

test("features that are not finite are refused by index", async () => {
  const core = await scalar();
  core.load(randomModelFile());
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
    const vector = new Float32Array(969);
    vector[123] = bad;
    assert.throws(() => core.decideFeatures(vector), /feature 123 is not a finite number/);
  }
  assert.throws(() => core.decideFeatures(new Float32Array(968)), /968 values, the model takes 969/);
  core.decideFeatures(new Float32Array(969));
});

test("a model that takes features says so when audio comes", async () => {
  const core = await scalar();
  core.load(randomModelFile({ frontEnd: false, features: 50 }));
  core.reset(0);
  assert.throws(() => core.decide(), /takes feature vectors, not audio/);
  assert.ok(core.decideFeatures(new Float32Array(50)).index !== null);
});

test("a file in either build's layouts loads in both builds, to the same decision", async () => {
  const file = randomModelFile();
  const repacked = repack(file, "simd");
  assert.not.equal(repacked, file);
  assert.equal(repack(repacked, "scalar"), file);
  assert.is(repack(file, "scalar"), file);
  const vector = Float32Array.from({ length: 969 }, (_, i) => Math.sin(i));
  const bytes = [];
  for (const core of [await scalar(), await simd()]) {
    for (const bytesOfFile of [file, repacked]) {
      core.load(bytesOfFile);
      core.decideFeatures(vector);
      bytes.push(core.decisionBytes());
    }
  }
  for (const other of bytes) assert.equal(other, bytes[0]);
});

test("labels with control characters are refused", async () => {
  const core = await scalar();
  const model = randomModel();
  assert.throws(
    () => core.load(encodeModel({ ...model, labels: model.labels.map((label, i) => (i === 3 ? "a\x1b[2Jb" : label)) })),
    /labels are not valid/,
  );
});

test("nothing loaded: named error, no trap", async () => {
  const core = await scalar();
  core.reset(0);
  assert.throws(() => core.decide(), /no model is loaded/);
});

test("memory: work memory and model must not overlap, and must be there", async () => {
  const core = await scalar();
  const model = randomModel();
  const file = encodeModel(model);
  const { exports } = core;
  exports.memory.grow(16);
  const place = (ptr: number) => {
    new Uint8Array(exports.memory.buffer).set(file, ptr);
    return exports.load(ptr, file.length);
  };
  const work = exports.workPtr();
  const { workBytes } = memoryPlan(model);
  assert.is(place(work + workBytes), 0);
  assert.throws(() => core.check(place(work + workBytes - 16)), /the model lies in work memory/);
  assert.throws(() => core.check(place(work + workBytes + 8)), /multiple of 16/);
  assert.throws(() => core.check(exports.load(0x7ffffff0, file.length)), /linear memory is too small/);
});

test.run();
