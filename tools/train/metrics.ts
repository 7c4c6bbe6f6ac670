// What a set of predictions is worth. Probabilities and shares are 0..1; nothing here is rounded.

import jStat from "jstat";

/** Mean of the classes' F1, weighted by how many clips each class has (scikit-learn's f1_score, average="weighted"). */
export function weightedF1(labels: ArrayLike<number>, predictions: ArrayLike<number>, classes: number): number {
  const [hits, found, there] = [new Float64Array(classes), new Float64Array(classes), new Float64Array(classes)];
  for (let i = 0; i < labels.length; i++) {
    found[predictions[i]!]!++;
    there[labels[i]!]!++;
    if (predictions[i] === labels[i]) hits[labels[i]!]!++;
  }
  let sum = 0;
  for (let c = 0; c < classes; c++) if (hits[c]! > 0) sum += there[c]! * ((2 * hits[c]!) / (found[c]! + there[c]!));
  return sum / labels.length;
}

export function accuracy(labels: ArrayLike<number>, predictions: ArrayLike<number>): number {
  let hits = 0;
  for (let i = 0; i < labels.length; i++) if (labels[i] === predictions[i]) hits++;
  return hits / labels.length;
}

/** Expected calibration error: |accuracy - mean confidence| over 15 equal bins of confidence (Guo et al. 2017, arXiv 1706.04599). */
export function calibrationError(confidence: ArrayLike<number>, correct: ArrayLike<boolean>, bins = 15): number {
  const gap = new Float64Array(bins);
  for (let i = 0; i < confidence.length; i++) {
    const bin = Math.min(bins - 1, Math.floor(confidence[i]! * bins));
    gap[bin]! += confidence[i]! - (correct[i] ? 1 : 0);
  }
  return gap.reduce((sum, value) => sum + Math.abs(value), 0) / confidence.length;
}

/**
 * Chance that a wrong prediction has a higher score than a right one, ties counted half (area under the ROC curve of error
 * detection); null when all are right or all wrong.
 */
export function errorAuroc(score: ArrayLike<number>, correct: ArrayLike<boolean>): number | null {
  let [wins, pairs] = [0, 0];
  for (let i = 0; i < score.length; i++) {
    if (correct[i]) continue;
    for (let j = 0; j < score.length; j++) {
      if (!correct[j]) continue;
      pairs++;
      if (score[i]! > score[j]!) wins++;
      else if (score[i] === score[j]) wins += 0.5;
    }
  }
  return pairs > 0 ? wins / pairs : null;
}

/** Share answered, and share wrong among those (null when nothing is answered). */
export function selective(abstained: ArrayLike<boolean>, correct: ArrayLike<boolean>): { coverage: number; selectiveRisk: number | null } {
  let [answered, wrong] = [0, 0];
  for (let i = 0; i < correct.length; i++) {
    if (abstained[i]) continue;
    answered++;
    if (!correct[i]) wrong++;
  }
  return { coverage: answered / correct.length, selectiveRisk: answered > 0 ? wrong / answered : null };
}

/** Mean and half the width of its 95 % interval by Student's t; the half width is null for a single value. */
export function meanInterval(values: readonly number[]): { mean: number; halfWidth: number | null } {
  const n = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  if (n < 2) return { mean, halfWidth: null };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return { mean, halfWidth: jStat.studentt.inv(0.975, n - 1) * Math.sqrt(variance / n) };
}
