// Core.batch: one network over many feature vectors gives what each vector gets alone, bit for bit, for every weight type.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { POLICY_SINGLE } from "../assembly/format/ids.ts";
import { packagePath } from "../host/files.ts";
import { decodeModel, encodeModel } from "../host/model-file/model_file.ts";
import { singleExpert } from "../host/model-file/repack.ts";
import { WEIGHT_TYPES } from "../host/model-file/weight_types.ts";
import { Core } from "../host/runtime/core.ts";
import { answererNetworks } from "../host/runtime/decision.ts";
import { randomModelFile } from "./harness/models.ts";
import { random } from "./harness/random.ts";

const simd = () => Core.create(readFileSync(packagePath("build", "qurio.simd.wasm")), true);

function vectors(count: number, width: number, seed: number): Float32Array {
  const next = random(seed);
  // different lengths of vector: every one has a scale of its own
  return Float32Array.from({ length: count * width }, (_, i) => (next() - 0.5) * (1 + (Math.floor(i / width) % 5)));
}

/** Softmaxes of single decisions, in a model that has this network only. */
async function oneByOne(file: Uint8Array, features: Float32Array, width: number): Promise<number[]> {
  const core = await simd();
  core.load(file);
  const all: number[] = [];
  for (let at = 0; at < features.length; at += width) {
    core.decideFeatures(features.subarray(at, at + width));
    all.push(...core.probabilities());
  }
  return all;
}

for (const { name } of WEIGHT_TYPES) {
  test(`${name}: a batch equals its vectors alone`, async () => {
    // 37 features and 66, 9 rows: no multiple of anything; 66 rows let ternary use the look-up layout, 13 vectors every product
    const file = randomModelFile({ policy: POLICY_SINGLE, experts: [name], frontEnd: false, hidden: [66, 9], seed: 4 });
    const core = await simd();
    core.load(file);
    for (const count of [1, 5, 7, 13]) {
      const features = vectors(count, 37, 9);
      assert.equal([...core.batch(1, features)], await oneByOne(file, features, 37), `${count} vectors`);
    }
    assert.equal(core.batch(1, new Float32Array(0)).length, 0);
  });
}

test("router and experts of one model, and more vectors than one product takes", async () => {
  const file = randomModelFile({ experts: ["4-bit", "8-bit"], routerType: "ternary" });
  const features = vectors(67, 969, 3);
  const core = await simd();
  core.load(file);
  const answerers = answererNetworks(decodeModel(file));
  for (let network = 0; network < 3; network++) {
    const got = core.batch(network, features);
    // the probe alone answers as a probe does; as an expert it would have another place in the file
    const alone = singleExpert(file, network, answerers);
    assert.equal([...got], await oneByOne(alone, features, 969), `network ${network}`);
  }
});

test("a batch does not disturb the window under way", async () => {
  const file = randomModelFile({});
  const features = vectors(3, 969, 5);
  const core = await simd();
  core.load(file);
  const first = core.decideFeatures(features.subarray(0, 969));
  const before = core.decisionBytes();
  core.batch(1, features);
  assert.equal([...core.decisionBytes()], [...before]);
  assert.equal(core.decideFeatures(features.subarray(0, 969)), first);
});

test("what cannot be a batch is refused by name", async () => {
  const file = randomModelFile({ policy: POLICY_SINGLE, experts: ["8-bit"], frontEnd: false });
  const core = await simd();
  assert.throws(() => core.batch(1, new Float32Array(37)), /multiple of 0 expected/);
  core.load(file);
  assert.throws(() => core.batch(1, new Float32Array(38)), /38 values, a multiple of 37 expected/);
  const bad = vectors(2, 37, 1);
  bad[40] = Number.NaN;
  assert.throws(() => core.batch(1, bad), /feature 3 is not a finite number/);
  for (const network of [0, 2, -1])
    assert.throws(() => core.batch(network, vectors(1, 37, 1)), new RegExp(`the model has no network ${network}`));
  const scalar = await Core.create(readFileSync(packagePath("build", "qurio.wasm")), false);
  scalar.load(encodeModel(decodeModel(file)));
  assert.throws(() => scalar.batch(1, vectors(1, 37, 1)), /the scalar build has no batches/);
});

test.run();
