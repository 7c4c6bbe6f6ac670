// Whole models on a small made-up problem: deterministic, the same with any number of threads, stoppable, and right.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { QurioError } from "../host/errors.ts";
import { frontEndOf } from "../host/model-file/front_end.ts";
import { audioInput } from "../host/model-file/input_spec.ts";
import { forward, normalize, prepare } from "../tools/export/reference.ts";
import type { Policy } from "../tools/import/checkpoint.ts";
import { networkGraph } from "../tools/import/checkpoint_graph.ts";
import { addNoise, applyGain, augment, delay, STRESS_CONDITIONS, shiftCircular } from "../tools/train/augment.ts";
import { atTemperature } from "../tools/train/calibration.ts";
import { type CrossValidationOptions, crossValidate } from "../tools/train/cross_validation.ts";
import { buildFeatureTable, featuresOf, type TrainingDataset } from "../tools/train/feature_table.ts";
import { FIT_DEFAULTS } from "../tools/train/fit.ts";
import { type ModelOptions, type Progress, trainModel } from "../tools/train/model.ts";
import { initialNetwork } from "../tools/train/network.ts";
import { Random } from "../tools/train/random.ts";
import { decideByGates, decideInOrder, networkMacs, networkWeights } from "../tools/train/routing.ts";
import { trainCheckpoint, trainCommand } from "../tools/train/train_checkpoint.ts";

const CLASSES = 3;
const FEATURES = 10;

/** Clips whose "PCM" is a pattern of their class plus noise; features are the PCM itself. */
function dataset(folds: number, perFold = 12): TrainingDataset {
  const random = new Random(11);
  const clips = Array.from({ length: folds * perFold }, (_, i) => {
    const label = i % CLASSES;
    const pcm = Int16Array.from({ length: FEATURES }, (_, k) => 3000 * Math.cos(k * (label + 1)) + 900 * random.normal());
    return { name: `${i}.wav`, label, fold: 1 + Math.floor(i / perFold), load: async () => pcm };
  });
  return { name: "made up", sha256: "00", labels: ["a", "b", "c"], clips };
}

const options: CrossValidationOptions & ModelOptions = {
  ...FIT_DEFAULTS,
  experts: ["4", "8"],
  hidden: [16, 8],
  epochs: 8,
  copies: 2,
  stress: true,
  extract: (pcm) => Float32Array.from(pcm, (x) => x / 1000),
  seeds: [1],
  seed: 1,
  jobs: 1,
  input: { source: "vectors", features: FEATURES },
  command: "test",
  versions: {},
};

async function refused(promise: Promise<unknown>, code: string): Promise<void> {
  const error = await promise.then(
    () => null,
    (e) => e,
  );
  assert.instance(error, QurioError, `${error}`);
  assert.is(error.code, code);
}

test("the same seed gives the same model whatever jobs is; another seed another one", async () => {
  const progress: Progress[] = [];
  const one = await trainModel(options, dataset(3), (p) => progress.push(p));
  assert.equal(await trainModel({ ...options, jobs: 3 }, dataset(3)), one);
  const other = await trainModel({ ...options, seed: 2 }, dataset(3));
  assert.not.equal(other.experts[0]!.layers[0]!.weight, one.experts[0]!.layers[0]!.weight);
  assert.is(one.policy.kind, "probe");
  assert.is(one.policy.escalate.length, 2);
  assert.is(one.policy.abstain.length, 3);
  const last = progress.at(-1)!;
  assert.is(last.done, last.total, "progress ends at its total");
});

test("cross-validation learns, and reports the same with any number of threads", async () => {
  const report = await crossValidate({ ...options, epochs: 25 }, dataset(3));
  assert.is(report.folds.length, 3);
  for (const { routed, networks } of report.folds) {
    assert.ok(routed.f1Weighted > 0.8, `F1 ${routed.f1Weighted}`);
    assert.ok(Math.abs(routed.shares.reduce((a, b) => a + b) - 1) < 1e-9);
    assert.equal(
      Object.keys(routed.stress),
      STRESS_CONDITIONS.map(({ name }) => name),
    );
    assert.equal(
      networks.map(({ name }) => name),
      ["probe", "4-bit", "8-bit"],
    );
  }
  assert.equal(await crossValidate({ ...options, epochs: 25, jobs: 2 }, dataset(3)), report);
});

test("the Bayesian router trains on out-of-fold answers of its experts", async () => {
  const { router, experts, policy } = await trainModel({ ...options, router: "bayesian" }, dataset(2));
  assert.is(router!.spec.outputs, experts.length);
  assert.is(router!.spec.norm, false);
  assert.is(policy.samples, 10);
  assert.equal(policy.beta, [0.4, 1]);
  assert.ok(policy.varianceScale > 0);
  const report = await crossValidate({ ...options, router: "bayesian" }, dataset(3));
  assert.ok(report.folds.every(({ routed }) => Number.isFinite(routed.f1Weighted) && routed.macs > networkMacs(experts[0]!.spec)));
});

test("an abort stops training", async () => {
  const controller = new AbortController();
  let epochs = 0;
  const run = trainModel(
    { ...options, epochs: 10_000 },
    dataset(3),
    (p) => {
      if (p.phase === "train" && ++epochs === 3) controller.abort(new Error("stop"));
    },
    controller.signal,
  );
  const error = await run.then(
    () => null,
    (e) => e,
  );
  assert.is(error?.message, "stop");
});

test("data that cannot be trained on is refused by name", async () => {
  const good = dataset(3);
  await refused(trainModel(options, { ...good, clips: [] }), "DATASET_EMPTY");
  await refused(trainModel(options, { ...good, clips: good.clips.filter(({ label }) => label === 0) }), "DATASET_SINGLE_CLASS");
  await refused(trainModel(options, dataset(1)), "FOLDS");
  await refused(crossValidate(options, dataset(2)), "FOLDS");
  await refused(trainModel({ ...options, experts: [] }, good), "EXPERTS");
  await refused(trainModel({ ...options, extract: () => Float32Array.of(1, Number.NaN) }, good), "FEATURES_NOT_FINITE");
  let calls = 0;
  await refused(trainModel({ ...options, extract: () => new Float32Array(++calls) }, good), "FEATURES_MIXED");
});

test("variant 0 is the recording; augmented copies differ from it and from each other", async () => {
  const table = await buildFeatureTable(dataset(1), { ...options, copies: 3 });
  const rows = [0, 1, 2].map((variant) => [...featuresOf(table, 0, variant)].join());
  assert.is(new Set(rows).size, 3);
  assert.is(rows[0], [...Float32Array.from(await dataset(1).clips[0]!.load!(), (x) => x / 1000)].join());
  assert.is(table.variants, 3 + STRESS_CONDITIONS.length);
});

test("augmentation: level, saturation, shift", () => {
  const silence = new Int16Array(16000);
  const noisy = addNoise(silence, -50, new Random(1));
  const rms = Math.sqrt(noisy.reduce((sum, x) => sum + x * x, 0) / noisy.length);
  assert.ok(Math.abs(20 * Math.log10(rms / 32768) + 50) < 0.2, `${rms}`);
  assert.equal([...applyGain(Int16Array.of(100, 20000, -20000), 12)], [398, 32767, -32768]);
  assert.equal([...shiftCircular(Int16Array.of(1, 2, 3, 4), 1)], [4, 1, 2, 3]);
  assert.equal([...shiftCircular(Int16Array.of(1, 2, 3, 4), -1)], [2, 3, 4, 1]);
  assert.equal([...delay(Int16Array.of(1, 2, 3, 4), 1)], [0, 1, 2, 3]);
  assert.equal(augment(noisy, new Random(3)), augment(noisy, new Random(3)));
});

const policy: Policy = { kind: "probe", samples: 0, alpha: 0, varianceScale: 1, escalate: [0.5], abstain: [0.6, 0.4], beta: [] };

test("the probe answers when sure and escalates when not", () => {
  const sure = Float64Array.of(0.99, 0.005, 0.005);
  const unsure = Float64Array.of(0.4, 0.35, 0.25);
  const { answerer, ran, label, abstained } = decideInOrder(policy, [sure, unsure]);
  assert.equal({ answerer, ran, label, abstained }, { answerer: 0, ran: [0], label: 0, abstained: false });
  const handed = decideInOrder(policy, [unsure, Float64Array.of(0.3, 0.35, 0.35)]);
  assert.equal({ answerer: handed.answerer, ran: handed.ran, abstained: handed.abstained }, { answerer: 1, ran: [0, 1], abstained: true });
});

test("gates: alpha 0 is the plain router; uncertainty moves choices to precise experts", () => {
  const rule = (alpha: number, u: number) => {
    const p: Policy = { ...policy, kind: "bayesian", alpha, varianceScale: 0.5, beta: [0, 1] };
    const same = Float64Array.of(1, 0, 0);
    return decideByGates(p, Float64Array.of(0.6, 0.4), u, [same, same]).answerer;
  };
  assert.is(rule(0, 100), 0);
  assert.is(rule(1, 0), 0);
  assert.is(rule(1, 0.5 * Math.log(1.6)), 1, "exp(ln 1.6) * 0.4 > 0.6");
  assert.is(rule(1, 0.5 * Math.log(1.4)), 0);
});

test("temperature changes the last layer's scale and no code", () => {
  const spec = { name: "t", weightType: "4" as const, inputs: 6, hidden: [8], outputs: 3, norm: true, dropout: 0 };
  const network = initialNetwork(spec, new Random(2));
  const cool = atTemperature(network, 0.25);
  assert.equal(prepare(networkGraph(cool))[1]!.codes, prepare(networkGraph(network))[1]!.codes);
  const x = normalize({ mean: new Float32Array(6), std: new Float32Array(6).fill(1), clip: 5 }, [1, -1, 2, 0, 0.5, 3]);
  const [warm, cold] = [forward(prepare(networkGraph(network)), x), forward(prepare(networkGraph(cool)), x)];
  for (let i = 0; i < 3; i++) assert.ok(Math.abs(cold[i]! - 4 * warm[i]!) < 1e-5);
});

test("costs", () => {
  const spec = { name: "t", weightType: "8" as const, inputs: 10, hidden: [4, 3], outputs: 2, norm: false, dropout: 0.2 };
  assert.is(networkWeights(spec), 40 + 12 + 6);
  assert.is(networkMacs(spec, 10), 40 + 10 * 18);
});

test("a checkpoint says the command that makes it again, what its input is, and whose data it learned from", async () => {
  const fit = { ...FIT_DEFAULTS, hidden: [8], epochs: 1 };
  const choice = { frontEnd: "fixed", codes: 4, removeDc: true } as const;
  const asked = { ...choice, fit, seed: 7, jobs: 1, extract: options.extract };
  const { input, provenance } = await trainCheckpoint(asked, { ...dataset(3), attribution: "CC BY" }, () => {});
  assert.equal(input, audioInput(frontEndOf(4, "fixed", true)));
  assert.equal([provenance.seed, provenance.attribution, Object.keys(provenance.versions)], [7, "CC BY", ["qurio", "@jax-js/jax"]]);
  const start = "qurio train --router probe --experts 4,8 --hidden 8 --epochs 1 --seed 7";
  assert.is(provenance.command, `${start} --front-end fixed --codes 4 --remove-dc`);
  assert.is(trainCommand({ fit, seed: 7, frontEnd: "float", codes: 8 }), start);
  assert.is(trainCommand({ fit: { ...fit, samples: 0 }, seed: 7, frontEnd: "float", codes: 8 }), `${start} --samples 0`);
});

test.run();
