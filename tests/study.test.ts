// A study of a small made-up problem, from training to the core's decisions: resumable, the same with any number of threads, whole when a
// fold fails, and with routes that curiosity changes only where it should.

import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DEFAULT_DEVICE, loadDevice } from "../host/meter/devices.ts";
import { selectRows } from "../tools/study/models.ts";
import { Planner } from "../tools/study/plan.ts";
import type { Answer, ModelRun, StudyResult } from "../tools/study/result.ts";
import { runStudy, type StudyOptions } from "../tools/study/study.ts";
import { buildFeatureTable, type TrainingDataset } from "../tools/train/feature_table.ts";
import { runJointTask } from "../tools/train/joint.ts";
import { Random } from "../tools/train/random.ts";
import { TRAINER_DEFAULTS } from "../tools/train/trainer.ts";

const CLASSES = 3;
const FEATURES = 10;

/** Patterns of their class under noise; `strange` ones follow none. */
function dataset(folds: number, perFold: number, strange = false): TrainingDataset {
  const random = new Random(strange ? 12 : 11);
  const clips = Array.from({ length: folds * perFold }, (_, i) => {
    const label = i % CLASSES;
    const features = Float32Array.from({ length: FEATURES }, (_, k) => (strange ? 0 : Math.cos(k * (label + 1))) + 0.7 * random.normal());
    return { name: `${i}.wav`, label, fold: 1 + Math.floor(i / perFold), features };
  });
  return { name: strange ? "strange" : "made up", sha256: strange ? "01" : "00", labels: ["a", "b", "c"], clips };
}

const ROWS = selectRows([
  "Q8-Base-PTQ",
  "Q4-Base",
  "BitNet-Q4/8-QMoE-C",
  "BitNet-Q8PTQ-QMoE-independent",
  "Cascade",
  "Uniform",
  "Early-exit",
]);
const FOLDS = 3;
const PER_FOLD = 18;

const root = mkdtempSync(join(tmpdir(), "qurio-study-"));
process.on("exit", () => rmSync(root, { recursive: true, force: true }));
const folder = () => mkdtempSync(join(root, "x"));

function options(cacheFolder: string, changes: Partial<StudyOptions> = {}): StudyOptions {
  return {
    dataset: dataset(FOLDS, PER_FOLD),
    features: { name: "given", sha256: null, input: { source: "vectors", features: FEATURES } },
    extract: null,
    other: dataset(1, 7, true),
    rows: ROWS,
    seeds: [1],
    device: loadDevice(DEFAULT_DEVICE),
    hidden: [16, 8],
    epochs: 3,
    jobs: 1,
    cacheFolder,
    command: "test",
    ...changes,
  };
}

const SILENT = { update: () => {}, unit: () => {} };

function untimed(result: StudyResult): StudyResult {
  const strip = (answers: Answer[]) => answers.map((answer) => ({ ...answer, latencyUs: 0 }));
  const runs = result.runs.map((run) => ({ ...run, decisions: strip(run.decisions), outOfDistribution: strip(run.outOfDistribution) }));
  return { ...result, runs };
}

const cache = folder();
let whole: StudyResult;
let judgedFiles: string[];

test("every row judges every held-out clip once, and the other data set", async () => {
  whole = await runStudy(options(cache), SILENT);
  judgedFiles = readdirSync(cache).filter((name) => name.startsWith("run-"));
  assert.is(judgedFiles.length, FOLDS * ROWS.length);
  assert.equal(whole.failures, []);
  assert.is(whole.runs.length, FOLDS * ROWS.length);
  for (const row of ROWS) {
    const runs = whole.runs.filter(({ model }) => model === row.name);
    const clips = runs.flatMap(({ decisions }) => decisions.map(({ clip }) => clip)).sort((a, b) => a - b);
    assert.equal(
      clips,
      Array.from({ length: FOLDS * PER_FOLD }, (_, i) => i),
      row.name,
    );
    for (const run of runs) {
      assert.is(run.outOfDistribution.length, 7);
      assert.ok(run.packedBytes > 500 && run.bitsPerWeight > 1, row.name);
      for (const answer of [...run.decisions, ...run.outOfDistribution]) {
        assert.ok(answer.cycles > 1000 && answer.latencyUs > 0 && answer.probability > 1 / CLASSES - 1e-6, row.name);
        assert.ok(answer.answerer < run.answerers.length, row.name);
      }
      assert.ok(run.outOfDistribution.every(({ truth }) => truth === -1));
    }
  }
});

const runsOf = (name: string): ModelRun[] => whole.runs.filter(({ model }) => model === name);
const decisionsOf = (name: string): Answer[] => runsOf(name).flatMap(({ decisions }) => decisions);

test("a gate and its experts learn together", async () => {
  const table = await buildFeatureTable(dataset(FOLDS, PER_FOLD), { extract: () => new Float32Array(0), copies: 1, stress: false });
  const trainClips = Array.from({ length: 36 }, (_, i) => i);
  const predictClips = Array.from({ length: 18 }, (_, i) => 36 + i);
  const planner = new Planner(table, [16, 8], 1);
  const { probabilities, variance, networks } = await runJointTask(
    {
      name: "joint",
      gate: planner.gateSpec(2),
      experts: [planner.specOf("ternary"), planner.specOf("q4")],
      trainer: { ...TRAINER_DEFAULTS, epochs: 60, learningRate: 0.01 },
      trainClips,
      predictClips,
      samples: 10,
      keepNetworks: true,
    },
    table,
  );
  const right = predictClips.filter((clip, i) => {
    const p = probabilities.subarray(i * CLASSES, (i + 1) * CLASSES);
    return p.indexOf(Math.max(...p)) === table.labels[clip];
  });
  assert.ok(right.length >= 14, `${right.length} of 18 right`);
  assert.ok(variance.every((u) => u > 0 && u < 0.5));
  assert.equal(
    networks!.map(({ spec }) => [spec.outputs, spec.weightType]),
    [
      [2, "8"],
      [3, "ternary"],
      [3, "4"],
    ],
  );
});

test("curiosity keeps the plain choice beside its own, and moves to dearer experts only", () => {
  const changed = { joint: 0, independent: 0 };
  for (const kind of ["joint", "independent"] as const) {
    for (const { answerer, plainAnswerer, routerVariance } of decisionsOf(`BitNet-Q4/8-QMoE-C-${kind}`)) {
      assert.ok(plainAnswerer !== null && answerer >= plainAnswerer, `${plainAnswerer} to ${answerer}`);
      assert.ok(routerVariance! >= 0);
      if (answerer !== plainAnswerer) changed[kind]++;
    }
  }
  const clips = FOLDS * PER_FOLD;
  assert.ok(
    Object.values(changed).every((count) => count > 0 && count < clips),
    JSON.stringify(changed),
  );
  const elsewhere = ROWS.filter(({ name }) => !/-C-/.test(name)).flatMap(({ name }) => decisionsOf(name));
  assert.ok(elsewhere.every(({ plainAnswerer }) => plainAnswerer === null));
});

test("the plain mixture asks its gate once and without dropout", () => {
  const plain = decisionsOf("BitNet-Q8PTQ-QMoE-independent");
  assert.ok(plain.every(({ routerVariance }) => routerVariance === 0));
});

test("the uniform mixture asks each expert about as often and costs what the drawn one costs", () => {
  const answers = decisionsOf("Uniform");
  const counts = [0, 1, 2].map((expert) => answers.filter(({ answerer }) => answerer === expert).length);
  assert.ok(Math.min(...counts) > answers.length / 6, `${counts}`);
  const q4 = new Map(decisionsOf("Q4-Base").map((answer) => [answer.clip, answer]));
  for (const { clip, answerer, cycles, probability } of answers)
    if (answerer === 1) assert.equal([cycles, probability], [q4.get(clip)!.cycles, q4.get(clip)!.probability]);
});

test("a cascade that escalates pays for all that it asked", () => {
  const cycles = (answerer: number) => decisionsOf("Cascade").filter((answer) => answer.answerer === answerer)[0]?.cycles;
  const [first, second] = [cycles(0), cycles(1)];
  assert.ok(first !== undefined && second !== undefined && second > 1.5 * first, `${first}, ${second}`);
});

test("threads, an interruption and what else is studied change nothing", async () => {
  const resumed = folder();
  const half = await runStudy(options(resumed, { jobs: 2, rows: selectRows(["Uniform", "BitNet-Q4/8-QMoE-C-joint"]) }), SILENT);
  for (const { model, fold, decisions } of untimed(half).runs) {
    const same = untimed(whole).runs.find((run) => run.model === model && run.fold === fold)!;
    assert.equal(decisions, same.decisions, `${model} fold ${fold}`);
  }
  for (const [i, file] of readdirSync(resumed).sort().entries()) if (i % 3 === 1) rmSync(join(resumed, file));
  assert.equal(untimed(await runStudy(options(resumed, { jobs: 3 }), SILENT)), untimed(whole));
});

test("with all in the cache nothing is worked out again, not even times; another device is judged anew on the same networks", async () => {
  const files = readdirSync(cache).length;
  assert.equal(await runStudy(options(cache), SILENT), whole);
  assert.is(readdirSync(cache).length, files);
  const device = loadDevice(DEFAULT_DEVICE);
  const double = Object.entries(device.cyclesPerOp).map(([kind, cycles]) => [kind, { ...cycles, value: 2 * cycles.value }]);
  const slower = await runStudy(options(cache, { device: { ...device, cyclesPerOp: Object.fromEntries(double) } }), SILENT);
  assert.is(readdirSync(cache).length, files + FOLDS * ROWS.length);
  const cycles = ({ runs }: StudyResult) => runs[0]!.decisions[0]!.cycles;
  assert.ok(Math.abs(cycles(slower) - 2 * cycles(whole)) <= 1, `${cycles(slower)}, ${cycles(whole)}`);
});

test("a fold that fails is reported, and the others are there", async () => {
  writeFileSync(join(cache, judgedFiles[0]!), "x");
  const notes: string[] = [];
  const result = await runStudy(options(cache), { ...SILENT, unit: (_, __, note) => notes.push(note) });
  assert.is(result.failures.length, 1);
  assert.match(result.failures[0]!.error, /^STUDY_CACHE_DAMAGED: run-.* is damaged/);
  const { fold } = result.failures[0]!;
  assert.equal(
    untimed(result).runs,
    untimed(whole).runs.filter((run) => run.fold !== fold),
  );
  assert.is(notes.filter((note) => note.includes("failed")).length, 1);
});

test("another data set with other features is refused before anything is trained", async () => {
  const other = dataset(1, 3, true);
  other.clips[0]!.features = new Float32Array(FEATURES + 1);
  const error = await runStudy(options(folder(), { other }), SILENT).catch((e) => e);
  assert.is(error.code, "STUDY_OTHER_FEATURES");
});

test.run();
