// A study's result in short: a row a run, and a row a model.

import type { ModelRun, StudyResult } from "./result.ts";

export interface RunSummary extends Pick<ModelRun, "model" | "seed" | "fold" | "packedBytes" | "bitsPerWeight"> {
  /** Share of the held-out clips whose forced label is right. */
  accuracy: number;
  /** Mean of a decision, modelled, networks only. */
  networkCycles: number;
}

export function summaryOf({ model, seed, fold, packedBytes, bitsPerWeight, decisions }: ModelRun): RunSummary {
  const right = decisions.filter(({ predicted, truth }) => predicted === truth).length;
  const cycles = decisions.reduce((sum, answer) => sum + answer.cycles, 0) / decisions.length;
  return { model, seed, fold, packedBytes, bitsPerWeight, accuracy: right / decisions.length, networkCycles: cycles };
}

/** Means over seeds and folds, a row a model in the result's order. */
export function modelMeans({ runs }: Pick<StudyResult, "runs">): Omit<RunSummary, "seed" | "fold">[] {
  const names = [...new Set(runs.map(({ model }) => model))];
  return names.map((model) => {
    const own = runs.filter((run) => run.model === model).map(summaryOf);
    const mean = (of: (run: RunSummary) => number) => own.reduce((sum, run) => sum + of(run), 0) / own.length;
    return {
      model,
      packedBytes: mean(({ packedBytes }) => packedBytes),
      bitsPerWeight: mean(({ bitsPerWeight }) => bitsPerWeight),
      accuracy: mean(({ accuracy }) => accuracy),
      networkCycles: mean(({ networkCycles }) => networkCycles),
    };
  });
}

/** The whole result as JSON, a run on a line. */
export function encodeResult({ runs, ...rest }: StudyResult): string {
  const head = JSON.stringify({ ...rest, runs: [] }).slice(0, -2);
  return `${head}\n${runs.map((run) => JSON.stringify(run)).join(",\n")}\n]}\n`;
}
