// What post-training quantization is worth: cross-validated F1 of a network trained in float32, of the same network in 8 and 4 bits after
// training (`qurio export --ptq`), and of networks trained in those bits. Every label is the packed network's, run by the core.
// usage: npm run --silent bench:ptq -- DIR [seeds] [hidden]        DIR: a data set folder or .qfc; seeds: 1,2,3; hidden: 640,320 by default
//
// Clips of the test fold are not seen by anything: neither training, nor normalization, nor the choice of scales.

import { formatShare, formatTable } from "../cli/output.ts";
import { DEFAULT_FRONT_END } from "../host/model-file/front_end.ts";
import { encodeModel } from "../host/model-file/model_file.ts";
import type { WeightType } from "../host/model-file/weight_types.ts";
import { Core } from "../host/runtime/core.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { featuresModel, packModel } from "../tools/export/exporter.ts";
import { checkpointModel, type GraphModel } from "../tools/export/model.ts";
import { quantizeTrained } from "../tools/export/ptq.ts";
import type { Checkpoint } from "../tools/import/checkpoint.ts";
import { openDataShown } from "../tools/terminal/data.ts";
import { startProgress } from "../tools/terminal/progress.ts";
import { buildFeatureTable, featuresOf } from "../tools/train/feature_table.ts";
import { byFold, FIT_DEFAULTS, specsOf } from "../tools/train/fit.ts";
import { weightedF1 } from "../tools/train/metrics.ts";
import { DEFAULT_COPIES } from "../tools/train/model.ts";
import { Random } from "../tools/train/random.ts";
import { TaskPool } from "../tools/train/task_pool.ts";
import type { Task } from "../tools/train/tasks.ts";
import { TRAINER_DEFAULTS } from "../tools/train/trainer.ts";

const TRAINED: WeightType[] = ["float32", "8", "4"];
const PTQ_BITS = [8, 4];

const [path, seedList = "1,2,3", hiddenList = "640,320"] = process.argv.slice(2);
if (!path) {
  console.error("usage: npm run --silent bench:ptq -- DIR [seeds] [hidden]");
  process.exit(2);
}
const [seeds, hidden] = [seedList, hiddenList].map((list) => list.split(",").map(Number));
const data = await openDataShown(path);
const core = await Core.create(coreWasm(true) as BufferSource, true);
core.load(encodeModel(featuresModel(DEFAULT_FRONT_END)));
const table = await buildFeatureTable(data, { extract: (pcm) => core.features(pcm), copies: DEFAULT_COPIES, stress: false });
const specs = specsOf({ ...FIT_DEFAULTS, router: "none", experts: TRAINED, hidden }, table).answerers;
const clips = Array.from(table.labels.keys());

// ---- train ----

interface Trained {
  task: Task;
  seed: number;
  type: WeightType;
  testClips: number[];
}

const trained = seeds.flatMap((seed) =>
  byFold(table, clips).flatMap((testClips) =>
    specs.map((spec, k): Trained => {
      const trainClips = clips.filter((clip) => !testClips.includes(clip));
      const trainer = { ...TRAINER_DEFAULTS, epochs: FIT_DEFAULTS.epochs, seed: new Random(seed, k).next() };
      const answers = { predictClips: [], predictVariants: [], samples: 0, keepNetwork: true };
      return { task: { name: spec.name, spec, trainer, trainClips, ...answers }, seed, type: TRAINED[k], testClips };
    }),
  ),
);
const progress = startProgress("training");
let done = 0;
const pool = new TaskPool(table, 2, () => progress.update(++done / (trained.length * FIT_DEFAULTS.epochs)));
const results = await pool.run(trained.map(({ task }) => task));
await pool.close();
progress.stop();

// ---- answer ----

/** F1 on the test clips, the core answering with the packed model. */
function f1Of(model: GraphModel, testClips: number[]): number {
  core.load(encodeModel(packModel(model)));
  const labels = testClips.map((clip) => table.labels[clip]);
  const answers = testClips.map((clip) => core.decideFeatures(featuresOf(table, clip, 0)).index!);
  return weightedF1(labels, answers, table.classes);
}

const scores = new Map<string, { seed: number; f1: number }[]>();
const add = (name: string, seed: number, f1: number) => scores.set(name, [...(scores.get(name) ?? []), { seed, f1 }]);
for (const [i, { task, seed, type, testClips }] of trained.entries()) {
  const checkpoint: Checkpoint = {
    labels: data.labels,
    input: { source: "vectors", features: table.features },
    normalization: results[i].normalization,
    router: null,
    experts: [results[i].network!],
    policy: { kind: "single", samples: 0, alpha: 0, varianceScale: 1, escalate: [], abstain: [0], beta: [] },
    provenance: {
      dataset: { name: data.name, sha256: data.sha256, clips: task.trainClips.length, folds: 1 },
      command: "bench:ptq",
      seed,
      versions: {},
    },
  };
  const model = checkpointModel(checkpoint);
  add(`trained in ${task.name}`, seed, f1Of(model, testClips));
  if (type !== "float32") continue;
  const vectors = task.trainClips.map((clip) => featuresOf(table, clip, 0));
  for (const bits of PTQ_BITS) {
    add(`float32, then --ptq ${bits}`, seed, f1Of(quantizeTrained(model, bits, vectors).model, testClips));
  }
}

const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const rows = [...scores].map(([name, all]) => [
  name,
  formatShare(mean(all.map(({ f1 }) => f1))),
  ...seeds.map((seed) => formatShare(mean(all.filter((score) => score.seed === seed).map(({ f1 }) => f1)))),
]);
console.log(formatTable(rows, { head: [`F1, ${data.name}, hidden ${hiddenList}`, "mean", ...seeds.map((seed) => `seed ${seed}`)] }));
console.log(`leaving out one of ${byFold(table, clips).length} folds, mean of the folds' F1`);
