// Cross-validates the rows on packed kernels: for each seed and fold train, assemble, judge. What is known already comes from the cache.

import { createHash } from "node:crypto";
import { QurioError } from "../../host/errors.ts";
import { coreWasm } from "../../host/index.ts";
import { energyUjOf } from "../../host/meter/cost.ts";
import type { DeviceProfile } from "../../host/meter/device.ts";
import type { FeatureSpec } from "../export/checkpoint.ts";
import { featuresModel } from "../export/exporter.ts";
import { encodeModel } from "../export/model_file.ts";
import { buildFeatureTable, type FeatureTable, featuresOf, type TrainingDataset } from "../train/feature_table.ts";
import { DEFAULT_COPIES } from "../train/model.ts";
import { networkWeights } from "../train/routing.ts";
import { type AnyTask, TaskPool } from "../train/task_pool.ts";
import { Assembler } from "./assemble.ts";
import { StudyCache } from "./cache.ts";
import { foldsOf } from "./folds.ts";
import { type ClipSet, Judge } from "./judge.ts";
import type { Row } from "./models.ts";
import { NOISE_VERSION, noiseWindows } from "./noise.ts";
import { Planner, type Split, splitOf, workOf } from "./plan.ts";
import type { ModelRun, StudyResult } from "./result.ts";
import { type Trainer, trainFold } from "./train_fold.ts";

/** Clips of the other data set that are judged, evenly spaced. */
const OTHER_CLIPS = 200;
/** Recordings that the front end is metered on: its work hardly depends on what it hears. */
const METERED_RECORDINGS = 5;

export interface StudyOptions {
  dataset: TrainingDataset;
  /** What else the features depend on than the data set: their name, and the hash of an embedding file. */
  features: { name: string; sha256: string | null; spec: FeatureSpec };
  /** 16 kHz 16-bit PCM -> features, the front end that ships; null where features are given. */
  extract: ((pcm: Int16Array) => Float32Array) | null;
  other: TrainingDataset | null;
  rows: Row[];
  seeds: number[];
  device: DeviceProfile;
  hidden: number[];
  epochs: number;
  /** Worker threads; the result does not depend on it. */
  jobs: number;
  cacheFolder: string;
  /** For the result, without paths. */
  command: string;
}

export interface StudyProgress {
  /** Share of the work done, 0..1, and what is under way. */
  update(share: number, note: string): void;
  /** A seed's fold is done, or has failed. */
  unit(done: number, total: number, note: string): void;
}

interface Unit {
  seed: number;
  fold: number;
}

/**
 * Runs the study. Same options, same result, but for latencyUs. A fold that fails is reported in `failures`; the others go on.
 * @throws QurioError of foldsOf, buildFeatureTable and StudyCache; STUDY_OTHER_FEATURES
 */
export async function runStudy(options: StudyOptions, progress: StudyProgress): Promise<StudyResult> {
  const { dataset, other, rows, seeds, hidden, epochs, device } = options;
  const folds = foldsOf(dataset);
  const cache = new StudyCache(options.cacheFolder);
  // where features are given, nothing is extracted
  const table = await buildFeatureTable(
    dataset,
    { extract: options.extract ?? (() => new Float32Array(0)), copies: DEFAULT_COPIES, stress: false },
    (done) => progress.update(0, `features ${done}/${dataset.clips.length}`),
  );
  const judge = await Judge.create(device);
  const otherSet = other ? await otherClips(other, table.features, options.extract) : emptySet();
  const noiseSet = options.extract ? noiseClips(options.extract) : emptySet();
  const frontEnd = await frontEndCost(options, judge);
  const units: Unit[] = seeds.flatMap((seed) => folds.map((fold) => ({ seed, fold })));
  const planner = new Planner(table, hidden, epochs);
  let total = units.reduce((sum, { seed, fold }) => sum + planner.work(splitOf(table, seed, fold), rows), 0);
  let done = 0;
  let under = "";
  const newPool = () =>
    new TaskPool(table, options.jobs, (task) => {
      done += workOf(task) / task.trainer.epochs;
      progress.update(done / total, `${under}, ${task.name}`);
    });
  const onCached = (task: AnyTask) => {
    total -= workOf(task);
  };
  const data = { sha256: dataset.sha256, features: options.features.name, file: options.features.sha256, copies: table.copies };
  const judged = {
    data,
    other: other && { sha256: other.sha256, features: options.features.name },
    noise: noiseSet.clips.length > 0 ? NOISE_VERSION : null,
    device: sha256(JSON.stringify(device)),
    core: sha256(coreWasm(false)),
    hidden,
    epochs,
  };
  const runs: ModelRun[] = [];
  const failures: StudyResult["failures"] = [];
  let pool = newPool();
  try {
    for (const [index, { seed, fold }] of units.entries()) {
      under = `seed ${seed} fold ${fold}`;
      const split = splitOf(table, seed, fold);
      const keyOf = (row: Row) => ({ ...judged, model: row.name, seed, fold });
      try {
        const missing = rows.filter((row) => !cache.get("run", keyOf(row)));
        if (missing.length > 0) {
          const trainer: Trainer = { table, planner, pool, cache, data, onCached };
          const trained = await trainFold(trainer, split, missing);
          const assembler = new Assembler(table, dataset.labels, options.features.spec, trained);
          const sets = [heldOut(table, split), otherSet, noiseSet];
          for (const row of missing) {
            progress.update(done / total, `${under}, judging ${row.name}`);
            cache.set("run", keyOf(row), runOf(row, split, assembler, judge, sets, planner, frontEnd));
            await new Promise(setImmediate);
          }
        } else total -= planner.work(split, rows);
        runs.push(...rows.map((row) => cache.get<ModelRun>("run", keyOf(row))!));
        progress.unit(index + 1, units.length, `${under} done`);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        failures.push({ seed, fold, error: error instanceof QurioError ? `${error.code}: ${message}` : message });
        progress.unit(index + 1, units.length, `${under} failed: ${message}`);
        // tasks of the failed fold may be under way
        await pool.close();
        pool = newPool();
      }
    }
  } finally {
    await pool.close();
  }
  return {
    command: options.command,
    data: { name: dataset.name, sha256: dataset.sha256, clips: dataset.clips.length, labels: dataset.labels, folds },
    outOfDistribution: other && { name: other.name, sha256: other.sha256, clips: otherSet.clips.length },
    features: options.features.name,
    device: device.name,
    seeds,
    hidden,
    epochs,
    runs,
    failures,
  };
}

function runOf(
  row: Row,
  { seed, fold }: Split,
  assembler: Assembler,
  judge: Judge,
  sets: ClipSet[],
  planner: Planner,
  frontEnd: ModelRun["frontEnd"],
): ModelRun {
  const assembled = assembler.assemble(row);
  const { answers, weightBytes } = judge.judge(assembled, sets, { seed, fold });
  const largest = Math.max(...answerersOf(row).map(({ network }) => networkWeights(planner.specOf(network))));
  return {
    model: row.name,
    seed,
    fold,
    packedBytes: assembled.packedBytes,
    bitsPerWeight: (8 * weightBytes) / largest,
    answerers: assembled.answerers,
    frontEnd,
    decisions: answers[0]!,
    outOfDistribution: answers[1]!,
    noise: answers[2]!,
  };
}

function answerersOf(row: Row) {
  if (row.kind === "single") return [row.answerer];
  return row.kind === "mixture" ? row.mixture.experts : row.answerers;
}

const emptySet = (): ClipSet => ({ clips: [], vectors: [], truth: [] });

function heldOut(table: FeatureTable, { testClips }: Split): ClipSet {
  return {
    clips: testClips,
    vectors: testClips.map((clip) => featuresOf(table, clip, 0)),
    truth: testClips.map((clip) => table.labels[clip]!),
  };
}

async function otherClips({ name, clips }: TrainingDataset, features: number, extract: StudyOptions["extract"]): Promise<ClipSet> {
  const count = Math.min(OTHER_CLIPS, clips.length);
  const chosen = Array.from({ length: count }, (_, i) => Math.floor((i * clips.length) / count));
  const set: ClipSet = { clips: chosen, vectors: [], truth: chosen.map(() => -1) };
  for (const index of chosen) {
    const clip = clips[index]!;
    const vector = clip.features ?? extract?.(await clip.load!()).slice();
    if (vector?.length !== features) {
      throw new QurioError(
        "STUDY_OTHER_FEATURES",
        `${name} has ${vector?.length ?? "no"} features a clip, ${features} expected as in the data set that is trained on`,
        "Pass --ood data of the same kind: recordings for recordings, embeddings of the same network for embeddings.",
      );
    }
    set.vectors.push(vector);
  }
  return set;
}

function noiseClips(extract: (pcm: Int16Array) => Float32Array): ClipSet {
  const vectors = noiseWindows().map((pcm) => extract(pcm).slice());
  return { clips: vectors.map((_, i) => i), vectors, truth: vectors.map(() => -1) };
}

/** Metered on recordings spread over the data set, or on noise where it holds features. */
async function frontEndCost({ features: { spec }, dataset, device }: StudyOptions, judge: Judge): Promise<ModelRun["frontEnd"]> {
  if (spec.kind === "external") return { cycles: 0, energyUj: 0 };
  const { clips } = dataset;
  const spread = Array.from({ length: METERED_RECORDINGS }, (_, i) => clips[Math.floor((i * clips.length) / METERED_RECORDINGS)]!);
  const recordings = clips[0]!.load ? await Promise.all(spread.map((clip) => clip.load!())) : noiseWindows().slice(0, METERED_RECORDINGS);
  const cycles = Math.round(judge.frontEndCycles(encodeModel(featuresModel(spec)), recordings));
  return { cycles, energyUj: energyUjOf(cycles, device).value };
}

function sha256(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}
