// Cross-validates the rows on packed kernels: for each seed and fold train, assemble, judge. What is known already comes from the cache.

import { createHash } from "node:crypto";
import { QurioError } from "../../host/errors.ts";
import { energyUjOf } from "../../host/meter/cost.ts";
import type { DeviceProfile } from "../../host/meter/device.ts";
import { framingOf, type InputSpec } from "../../host/model-file/input_spec.ts";
import { encodeModel } from "../../host/model-file/model_file.ts";
import { coreWasm } from "../../host/runtime/index.ts";
import { featuresModel } from "../export/exporter.ts";
import { buildFeatureTable, type FeatureTable, type TrainingDataset } from "../train/feature_table.ts";
import type { AnyTask } from "../train/joint.ts";
import { DEFAULT_COPIES } from "../train/model.ts";
import { networkWeights } from "../train/routing.ts";
import { TaskPool } from "../train/task_pool.ts";
import { Assembler } from "./assemble.ts";
import { StudyCache } from "./cache.ts";
import { type Extract, emptySet, heldOut, noiseClips, otherClips } from "./clip_sets.ts";
import { foldsOf } from "./folds.ts";
import { type ClipSet, Judge } from "./judge.ts";
import type { Row } from "./models.ts";
import { NOISE_VERSION, noiseWindows } from "./noise.ts";
import { Planner, type Split, splitOf, workOf } from "./plan.ts";
import type { ModelRun, StudyResult } from "./result.ts";
import { trainFold } from "./train_fold.ts";

/** Recordings that the front end is metered on: its work hardly depends on what it hears. */
const METERED_RECORDINGS = 5;

export interface StudyOptions {
  dataset: TrainingDataset;
  /** What else the features depend on than the data set: their name, and the hash of an embedding file. */
  features: { name: string; sha256: string | null; input: InputSpec };
  /** null where features are given. */
  extract: Extract | null;
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

/**
 * Runs the study. Same options, same result, but for latencyUs. A fold that fails is reported in `failures`; the others go on.
 * @throws QurioError of foldsOf, buildFeatureTable and StudyCache; STUDY_OTHER_FEATURES
 */
export async function runStudy(options: StudyOptions, progress: StudyProgress): Promise<StudyResult> {
  const { dataset, other, seeds, hidden, epochs, device } = options;
  const folds = foldsOf(dataset);
  const cache = new StudyCache(options.cacheFolder);
  // where features are given, nothing is extracted
  const table = await buildFeatureTable(
    dataset,
    { extract: options.extract ?? (() => new Float32Array(0)), copies: DEFAULT_COPIES, stress: false },
    (done) => progress.update(0, `features ${done}/${dataset.clips.length}`),
  );
  const judge = await Judge.create(device);
  const bench: Bench = {
    options,
    cache,
    table,
    planner: new Planner(table, hidden, epochs),
    judge,
    other: other ? await otherClips(other, table.features, options.extract) : emptySet(),
    noise: options.extract ? noiseClips(options.extract) : emptySet(),
    frontEnd: await frontEndCost(options, judge),
  };
  const splits = seeds.flatMap((seed) => folds.map((fold) => splitOf(table, seed, fold)));
  const work = new Work(progress, bench, splits);
  const newPool = () => new TaskPool(table, options.jobs, (task) => work.epochDone(task));
  const runs: ModelRun[] = [];
  const failures: StudyResult["failures"] = [];
  let pool = newPool();
  try {
    for (const [index, split] of splits.entries()) {
      const { seed, fold } = split;
      const name = `seed ${seed} fold ${fold}`;
      work.name = name;
      try {
        runs.push(...(await runsOf(bench, split, pool, work)));
        progress.unit(index + 1, splits.length, `${name} done`);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        failures.push({ seed, fold, error: error instanceof QurioError ? `${error.code}: ${message}` : message });
        progress.unit(index + 1, splits.length, `${name} failed: ${message}`);
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
    outOfDistribution: other && { name: other.name, sha256: other.sha256, clips: bench.other.clips.length },
    features: options.features.name,
    device: device.name,
    seeds,
    hidden,
    epochs,
    runs,
    failures,
  };
}

/** What all folds share. */
interface Bench {
  options: StudyOptions;
  cache: StudyCache;
  table: FeatureTable;
  planner: Planner;
  judge: Judge;
  other: ClipSet;
  noise: ClipSet;
  frontEnd: ModelRun["frontEnd"];
}

/** How much of the training is done. */
class Work {
  /** What is under way. */
  name = "";
  private readonly progress: StudyProgress;
  private total: number;
  private done = 0;

  constructor(progress: StudyProgress, { planner, options }: Bench, splits: readonly Split[]) {
    this.progress = progress;
    this.total = splits.reduce((sum, split) => sum + planner.work(split, options.rows), 0);
  }

  epochDone(task: AnyTask): void {
    this.done += workOf(task) / task.trainer.epochs;
    this.say(task.name);
  }

  /** It need not be done. */
  spare(work: number): void {
    this.total -= work;
  }

  say(note: string): void {
    this.progress.update(this.total > 0 ? this.done / this.total : 0, `${this.name}, ${note}`);
  }
}

/** Every row on one held-out fold: from the cache, or trained, judged and put there. */
async function runsOf(bench: Bench, split: Split, pool: TaskPool, work: Work): Promise<ModelRun[]> {
  const { options, cache, table, planner } = bench;
  const { dataset, features, rows, hidden, epochs } = options;
  const data = { sha256: dataset.sha256, features: features.name, file: features.sha256, copies: table.copies };
  const judged = {
    data,
    other: options.other && { sha256: options.other.sha256, features: features.name },
    noise: bench.noise.clips.length > 0 ? NOISE_VERSION : null,
    device: sha256(JSON.stringify(options.device)),
    core: sha256(coreWasm(false)),
    hidden,
    epochs,
  };
  const keyOf = (row: Row) => ({ ...judged, model: row.name, seed: split.seed, fold: split.fold });
  const missing = rows.filter((row) => !cache.get("run", keyOf(row)));
  if (missing.length === 0) work.spare(planner.work(split, rows));
  else {
    const onCached = (task: AnyTask) => work.spare(workOf(task));
    const trained = await trainFold({ table, planner, pool, cache, data, onCached }, split, missing);
    const assembler = new Assembler(table, dataset.labels, features.input, trained);
    for (const row of missing) {
      work.say(`judging ${row.name}`);
      cache.set("run", keyOf(row), runOf(row, split, assembler, bench));
      await new Promise(setImmediate);
    }
  }
  return rows.map((row) => cache.get<ModelRun>("run", keyOf(row))!);
}

function runOf(row: Row, split: Split, assembler: Assembler, { table, judge, planner, other, noise, frontEnd }: Bench): ModelRun {
  const { seed, fold } = split;
  const sets = [heldOut(table, split), other, noise];
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

/** Metered on recordings spread over the data set, or on noise where it holds features. */
async function frontEndCost({ features: { input }, dataset, device }: StudyOptions, judge: Judge): Promise<ModelRun["frontEnd"]> {
  const framing = framingOf(input);
  if (framing === null) return { cycles: 0, energyUj: 0 };
  const { clips } = dataset;
  const spread = Array.from({ length: METERED_RECORDINGS }, (_, i) => clips[Math.floor((i * clips.length) / METERED_RECORDINGS)]!);
  const recordings = clips[0]!.load ? await Promise.all(spread.map((clip) => clip.load!())) : noiseWindows().slice(0, METERED_RECORDINGS);
  const cycles = Math.round(judge.frontEndCycles(encodeModel(featuresModel(framing.frontEnd)), recordings));
  return { cycles, energyUj: energyUjOf(cycles, device).value };
}

function sha256(data: Uint8Array | string): string {
  return createHash("sha256").update(data).digest("hex");
}
