// A study's runs as the statistics want them: by model, paired by seed and fold, and as a grid of clips for the bootstrap.

import { weightedF1 } from "../../train/metrics.ts";
import type { Answer, ModelRun, StudyResult } from "../result.ts";
import { bestInterval, bootstrapAll, type Draw, type Interval } from "../statistics/bootstrap.ts";

export interface Model {
  name: string;
  runs: ModelRun[];
}

/** Models in the order of their first run. */
export function modelsOf({ runs }: StudyResult): Model[] {
  const models = new Map<string, Model>();
  for (const run of runs) {
    const model = models.get(run.model) ?? { name: run.model, runs: [] };
    model.runs.push(run);
    models.set(run.model, model);
  }
  return [...models.values()];
}

/** Runs of two models with the same seed and fold. */
export function pairs(a: Model, b: Model): [ModelRun, ModelRun][] {
  return a.runs.flatMap((one): [ModelRun, ModelRun][] => {
    const other = b.runs.find(({ seed, fold }) => seed === one.seed && fold === one.fold);
    return other ? [[one, other]] : [];
  });
}

export function f1Of({ decisions }: Pick<ModelRun, "decisions">, classes: number): number {
  return weightedF1(
    decisions.map(({ truth }) => truth),
    decisions.map(({ predicted }) => predicted),
    classes,
  );
}

/** Answers of one or more models to the same clips: a fold is a cluster, a clip a member, and all seeds of a clip stay together. */
export interface Grid {
  sizes: number[];
  /** [model][fold][seed][clip] */
  answers: Answer[][][][];
}

/** Only seeds, folds and clips that all the models have. */
export function gridOf(...models: Model[]): Grid {
  const grid: Grid = { sizes: [], answers: models.map(() => []) };
  const folds = [...new Set(models[0]!.runs.map(({ fold }) => fold))].sort((a, b) => a - b);
  for (const fold of folds) {
    const runs = models.map((model) => model.runs.filter((run) => run.fold === fold));
    const seeds = runs[0]!.map(({ seed }) => seed).filter((seed) => runs.every((own) => own.some((run) => run.seed === seed)));
    const cells = runs.map((own) => seeds.map((seed) => new Map(own.find((run) => run.seed === seed)!.decisions.map((a) => [a.clip, a]))));
    const clips = [...(cells[0]?.[0]?.keys() ?? [])].filter((clip) => cells.every((own) => own.every((seed) => seed.has(clip))));
    if (clips.length === 0) continue;
    grid.sizes.push(clips.length);
    for (const [m, own] of cells.entries()) grid.answers[m]!.push(own.map((seed) => clips.map((clip) => seed.get(clip)!)));
  }
  return grid;
}

/** A figure of a resample, or of the clips as they are. */
export type Statistic = (draws: readonly Draw[]) => number;

/** Mean over drawn folds and seeds of the weighted F1 of the drawn clips. */
export function f1Statistic({ answers }: Grid, model: number, classes: number): Statistic {
  const columns = (value: (answer: Answer) => number) => answers[model]!.map((fold) => fold.map((seed) => Int32Array.from(seed, value)));
  const [truth, predicted] = [columns((answer) => answer.truth), columns((answer) => answer.predicted)];
  const drawn = (column: Int32Array, members: ArrayLike<number>) => {
    const values = new Int32Array(members.length);
    for (let i = 0; i < members.length; i++) values[i] = column[members[i]!]!;
    return values;
  };
  return (draws) => {
    let [sum, count] = [0, 0];
    for (const { cluster, members } of draws) {
      for (const [seed, labels] of truth[cluster]!.entries()) {
        sum += weightedF1(drawn(labels, members), drawn(predicted[cluster]![seed]!, members), classes);
        count++;
      }
    }
    return sum / count;
  };
}

/** Mean and standard deviation of a number of each drawn answer, seeds pooled. */
export function momentsStatistic({ answers }: Grid, model: number, value: (answer: Answer) => number): (draws: readonly Draw[]) => Moments {
  const values = answers[model]!.map((fold) => fold.map((seed) => Float64Array.from(seed, value)));
  // shifted by one of the values: costs that do not vary then have a spread of exactly 0
  const origin = values[0]?.[0]?.[0] ?? 0;
  return (draws) => {
    let [count, sum, squares] = [0, 0, 0];
    for (const { cluster, members } of draws) {
      for (const seed of values[cluster]!) {
        for (let i = 0; i < members.length; i++) {
          const shifted = seed[members[i]!]! - origin;
          count++;
          sum += shifted;
          squares += shifted * shifted;
        }
      }
    }
    return { mean: origin + sum / count, std: Math.sqrt(Math.max(0, (squares - (sum * sum) / count) / (count - 1))) };
  };
}

export interface Moments {
  mean: number;
  std: number;
}

/** A figure with its 95 % interval; `folds` says how many the interval comes from. */
export interface Figure {
  value: number;
  interval: Interval | null;
  folds: number;
}

/** Bootstrap of a grid, clustered by fold; value NaN and no interval where the models share no clip or the figure is not defined. */
export function figureOf(grid: Grid, statistic: Statistic): Figure {
  return figuresOf(grid, (draws) => [statistic(draws)])[0]!;
}

/** Several figures of the same resamples. */
export function figuresOf({ sizes }: Grid, statistics: (draws: readonly Draw[]) => number[]): Figure[] {
  return bootstrapAll(sizes, statistics).map((found) => ({
    value: found?.estimate ?? Number.NaN,
    interval: found && bestInterval(found),
    folds: sizes.length,
  }));
}
