// What is trained for one seed and one held-out fold, as tasks with keys: each distinct network once, shared by all rows that use it.
//
//   outer   on all training clips; the core judges it on the fold held out
//   inner   without a group of the training clips' folds, answering that group: temperature, thresholds and what gates learn from
//
// A group is a third of the training folds (a fold of ESC-10), so that no data set needs more than three inner trainings. Jointly trained
// mixtures have one inner training, with the first group held out: all that it sets are one temperature, one abstain threshold and the
// variance's scale, and it takes as long as all their experts.

import { weightTypeBySpec } from "../../host/model-file/weight_types.ts";
import type { NetworkSpec } from "../import/checkpoint.ts";
import type { FeatureTable } from "../train/feature_table.ts";
import { BAYESIAN_SAMPLES, byFold, DROPOUT, ROUTER_HIDDEN } from "../train/fit.ts";
import type { AnyTask, JointTask } from "../train/joint.ts";
import { Random } from "../train/random.ts";
import { networkWeights } from "../train/routing.ts";
import type { Task } from "../train/tasks.ts";
import { TRAINER_DEFAULTS } from "../train/trainer.ts";
import { MIXTURES, type Mixture, NETWORKS, type NetworkName, type Row, WEIGHT_TYPE_OF } from "./models.ts";

const MOST_GROUPS = 3;

/** What a task's result depends on, besides the data. */
export interface TaskKey {
  network: string;
  seed: number;
  fold: number;
  /** 0 = outer, 1 + i = group i held out. */
  place: number;
  hidden: number[];
  epochs: number;
}

export interface Planned<T> {
  key: TaskKey;
  task: T;
}

/** Seed, fold and the clips that follow from it. */
export interface Split {
  seed: number;
  fold: number;
  trainClips: number[];
  testClips: number[];
  /** Groups of training clips. */
  groups: number[][];
}

export function splitOf(table: FeatureTable, seed: number, fold: number): Split {
  const clips = Array.from(table.folds.keys());
  const trainClips = clips.filter((clip) => table.folds[clip] !== fold);
  const folds = byFold(table, trainClips);
  const count = Math.min(MOST_GROUPS, folds.length);
  const groups = Array.from({ length: count }, (_, g) => folds.filter((_, i) => i % count === g).flat());
  return { seed, fold, trainClips, testClips: clips.filter((clip) => table.folds[clip] === fold), groups };
}

/** Networks that the rows use outside of joint training, in the order of NETWORKS. */
export function networksOf(rows: readonly Row[]): NetworkName[] {
  const used = new Set(
    rows.flatMap((row) => {
      if (row.kind === "single") return [row.answerer.network];
      if (row.kind !== "mixture") return row.answerers.map(({ network }) => network);
      return row.joint ? [] : row.mixture.experts.map(({ network }) => network);
    }),
  );
  return NETWORKS.filter((name) => used.has(name));
}

export function mixturesOf(rows: readonly Row[], joint: boolean): Mixture[] {
  return MIXTURES.filter(({ name }) => rows.some((row) => row.kind === "mixture" && row.joint === joint && row.mixture.name === name));
}

/** Relative time that a task takes: weights times epochs. */
export function workOf(task: AnyTask): number {
  const specs = "gate" in task ? [task.gate, ...task.experts] : [task.spec];
  return task.trainer.epochs * specs.reduce((sum, spec) => sum + networkWeights(spec), 0);
}

export class Planner {
  private readonly table: FeatureTable;
  private readonly hidden: number[];
  private readonly epochs: number;

  /** @param hidden hidden layers of every expert */
  constructor(table: FeatureTable, hidden: number[], epochs: number) {
    this.table = table;
    this.hidden = hidden;
    this.epochs = epochs;
  }

  specOf(name: NetworkName): NetworkSpec {
    const hidden = name === "probe" ? ROUTER_HIDDEN : name === "exit" ? this.hidden.slice(0, 1) : this.hidden;
    const named = name === "probe" || name === "exit" ? name : weightTypeBySpec(WEIGHT_TYPE_OF[name]).name;
    return this.spec(named, WEIGHT_TYPE_OF[name], hidden, this.table.classes, true);
  }

  gateSpec(experts: number): NetworkSpec {
    return this.spec("router", "8", ROUTER_HIDDEN, experts, false);
  }

  /** Outer, then a task for each group. */
  single(split: Split, name: NetworkName): Planned<Task>[] {
    const place = NETWORKS.indexOf(name);
    // gates learn from what experts say about every training copy
    const teaches = MIXTURES.some(({ experts }) => experts.some(({ network }) => network === name));
    return this.places(split).map(({ at, trainClips, answered }) => ({
      key: this.key(name, split, at),
      task: {
        name,
        spec: this.specOf(name),
        trainer: this.trainer(split, at, place),
        trainClips,
        predictClips: answered,
        predictVariants: Array.from({ length: teaches ? this.table.copies : 1 }, (_, copy) => copy),
        samples: 0,
        keepNetwork: at === 0,
      },
    }));
  }

  /** Outer, then with the first group held out. */
  joint(split: Split, mixture: Mixture): Planned<JointTask>[] {
    return this.places(split)
      .slice(0, 2)
      .map(({ at, trainClips, answered }) => ({
        key: this.key(`joint ${mixture.name}`, split, at),
        task: {
          name: mixture.name,
          gate: this.gateSpec(mixture.experts.length),
          experts: mixture.experts.map(({ network }) => this.specOf(network)),
          trainer: this.trainer(split, at, 50 + MIXTURES.indexOf(mixture)),
          trainClips,
          predictClips: answered,
          samples: BAYESIAN_SAMPLES,
          keepNetworks: at === 0,
        },
      }));
  }

  /**
   * The gate over independently trained experts: outer, then a task for each group.
   * @param likelihood f32 [clips][copies][experts]: the probability that each expert, trained without the clip, gives to the right class
   */
  gate(split: Split, mixture: Mixture, likelihood: Float32Array): Planned<Task>[] {
    return this.places(split).map(({ at, trainClips, answered }) => ({
      key: this.key(`gate ${mixture.name}`, split, at),
      task: {
        name: "router",
        spec: this.gateSpec(mixture.experts.length),
        trainer: this.trainer(split, at, 90 + MIXTURES.indexOf(mixture)),
        trainClips,
        predictClips: answered,
        predictVariants: [0],
        expertLikelihood: likelihood,
        samples: BAYESIAN_SAMPLES,
        keepNetwork: at === 0,
      },
    }));
  }

  /** workOf all tasks that the rows need for a split. */
  work(split: Split, rows: readonly Row[]): number {
    const nothing = new Float32Array(0);
    const planned = [
      ...networksOf(rows).flatMap((name) => this.single(split, name)),
      ...mixturesOf(rows, true).flatMap((mixture) => this.joint(split, mixture)),
      ...mixturesOf(rows, false).flatMap((mixture) => this.gate(split, mixture, nothing)),
    ];
    return planned.reduce((sum, { task }) => sum + workOf(task), 0);
  }

  private places({ trainClips, groups }: Split): { at: number; trainClips: number[]; answered: number[] }[] {
    const inner = groups.map((held, g) => ({
      at: 1 + g,
      trainClips: groups.flatMap((members, h) => (h === g ? [] : members)),
      answered: held,
    }));
    return [{ at: 0, trainClips, answered: [] }, ...inner];
  }

  private key(network: string, { seed, fold }: Split, place: number): TaskKey {
    return { network, seed, fold, place, hidden: this.hidden, epochs: this.epochs };
  }

  /** Seeds differ by fold, place and network, not by what else is trained. */
  private trainer({ seed, fold }: Split, at: number, network: number) {
    return { ...TRAINER_DEFAULTS, epochs: this.epochs, seed: new Random(seed, fold * 10000 + at * 100 + network).next() };
  }

  private spec(name: string, weightType: NetworkSpec["weightType"], hidden: number[], outputs: number, norm: boolean): NetworkSpec {
    return { name, weightType, inputs: this.table.features, hidden, outputs, norm, dropout: DROPOUT };
  }
}
