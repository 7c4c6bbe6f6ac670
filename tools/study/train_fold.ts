// Trains, or takes from the cache, every network that the rows need for one seed and one held-out fold.

import type { FeatureTable } from "../train/feature_table.ts";
import type { AnyTask, JointResult, ResultOf } from "../train/joint.ts";
import type { TaskPool } from "../train/task_pool.ts";
import type { TaskResult } from "../train/tasks.ts";
import type { StudyCache } from "./cache.ts";
import type { Mixture, NetworkName, Row } from "./models.ts";
import { mixturesOf, networksOf, type Planned, type Planner, type Split } from "./plan.ts";

export interface Trained<R> {
  outer: R;
  /** One for each group that was held out. */
  inner: R[];
}

export interface TrainedFold {
  split: Split;
  singles: Map<NetworkName, Trained<TaskResult>>;
  /** By the mixture's name. */
  gates: Map<string, Trained<TaskResult>>;
  joints: Map<string, Trained<JointResult>>;
}

export interface Trainer {
  table: FeatureTable;
  planner: Planner;
  pool: TaskPool;
  cache: StudyCache;
  /** What the features are: part of every key. */
  data: object;
  /** Told of each task whose result was in the cache. */
  onCached(task: AnyTask): void;
}

export async function trainFold(trainer: Trainer, split: Split, rows: readonly Row[]): Promise<TrainedFold> {
  const { planner } = trainer;
  const names = networksOf(rows);
  const joint = mixturesOf(rows, true);
  const independent = mixturesOf(rows, false);
  // the longest first, so that no thread ends up with one alone
  const joints = await runAll(
    trainer,
    joint.map((mixture) => planner.joint(split, mixture)),
  );
  const singles = await runAll(
    trainer,
    names.map((name) => planner.single(split, name)),
  );
  const byName = new Map(names.map((name, i) => [name, singles[i]!]));
  const gates = await runAll(
    trainer,
    independent.map((mixture) => planner.gate(split, mixture, likelihoodOf(trainer.table, split, mixture, byName))),
  );
  return {
    split,
    singles: byName,
    gates: new Map(independent.map(({ name }, i) => [name, gates[i]!])),
    joints: new Map(joint.map(({ name }, i) => [name, joints[i]!])),
  };
}

/** Runs tasks that are not in the cache, and puts each result there as soon as it is known. Plans: outer first, then inner. */
async function runAll<T extends AnyTask>(trainer: Trainer, plans: Planned<T>[][]): Promise<Trained<ResultOf<T>>[]> {
  const { pool, cache, data } = trainer;
  const all = plans.flat();
  const results = all.map(({ key, task }) => {
    const found = cache.get<ResultOf<T>>("network", { data, ...key });
    if (found) trainer.onCached(task);
    return found;
  });
  const missing = all.filter((_, i) => !results[i]);
  await pool.run(
    missing.map(({ task }) => task),
    (index, result) => {
      const planned = missing[index]!;
      cache.set("network", { data, ...planned.key }, result);
      results[all.indexOf(planned)] = result;
    },
  );
  return plans.map((plan) => {
    const [outer, ...inner] = results.splice(0, plan.length) as ResultOf<T>[];
    return { outer: outer!, inner };
  });
}

/** f32 [clips][copies][experts], see Planner.gate. A network quantized after training teaches what it said before. */
function likelihoodOf(
  table: FeatureTable,
  { groups }: Split,
  { experts }: Mixture,
  singles: ReadonlyMap<NetworkName, Trained<TaskResult>>,
): Float32Array {
  const likelihood = new Float32Array(table.labels.length * table.copies * experts.length);
  for (const [e, { network }] of experts.entries()) {
    for (const [g, members] of groups.entries()) {
      const { probabilities } = singles.get(network)!.inner[g]!;
      for (const [i, clip] of members.entries()) {
        for (let copy = 0; copy < table.copies; copy++) {
          const row = (i * table.copies + copy) * table.classes;
          likelihood[(clip * table.copies + copy) * experts.length + e] = probabilities[row + table.labels[clip]!]!;
        }
      }
    }
  }
  return likelihood;
}
