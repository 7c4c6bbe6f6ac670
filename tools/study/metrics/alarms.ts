// Refusing as a device would: false alarms on sound of no class, and how much is answered at a bounded risk.

import { abstainThreshold } from "../../train/thresholds.ts";
import type { Answer, ModelRun } from "../result.ts";
import { WINDOW_SECONDS } from "../result.ts";

/** Answers that were given to windows of no class, per hour of such windows end to end; at most 720. null without windows. */
export function falseAlarmsPerHour(windows: readonly Pick<Answer, "abstained">[]): number | null {
  if (windows.length === 0) return null;
  return windows.filter(({ abstained }) => !abstained).length / ((windows.length * WINDOW_SECONDS) / 3600);
}

export interface Coverage {
  /** Share of clips that are answered. */
  coverage: number;
  /** Share of clips that are answered and wrong: what the threshold bounds. */
  risk: number;
}

/**
 * Coverage at a bounded risk: each fold is answered with the conformal threshold (abstainThreshold) of the same seed's other folds, so no clip
 * sets its own. null unless a seed has two folds.
 */
export function coverageAtRisk(runs: readonly ModelRun[], risk: number): Coverage | null {
  let [clips, answered, wrong] = [0, 0, 0];
  for (const run of runs) {
    const others = runs.filter(({ seed, fold }) => seed === run.seed && fold !== run.fold).flatMap(({ decisions }) => decisions);
    if (others.length === 0) continue;
    const threshold = abstainThreshold(
      others.map(({ entropy, probability, predicted, truth }) => ({ entropy, probability, correct: predicted === truth })),
      risk,
    );
    for (const { probability, predicted, truth } of run.decisions) {
      clips++;
      if (probability < threshold) continue;
      answered++;
      if (predicted !== truth) wrong++;
    }
  }
  return clips > 0 ? { coverage: answered / clips, risk: wrong / clips } : null;
}
