// When to escalate, when to abstain, and how to read a probability: all from predictions that were made out of fold.
// Uncertainty on the training set is overconfident and sets nothing here.

import { temper } from "../export/reference.ts";

/** One clip, as a network that has not seen its fold answers it. */
export interface OutOfFold {
  /** Nats. */
  entropy: number;
  /** Of the predicted class. */
  probability: number;
  correct: boolean;
}

/** Value at index floor(q n) of the sorted list, the last one for q = 1. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = Float64Array.from(values).sort();
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))]!;
}

/** Escalates about 1 - q of what it sees: the q-quantile of entropy, in nats. */
export function escalateThreshold(predictions: readonly OutOfFold[], q: number): number {
  return quantile(
    predictions.map(({ entropy }) => entropy),
    q,
  );
}

/**
 * Conformal risk control (Angelopoulos et al. 2024, arXiv 2208.02814): the smallest a such that
 * (n R(a) + 1) / (n + 1) <= risk, where R(a) is the share of clips that are wrong and answered, that is with
 * probability >= a. 0 when even answering everything meets it; 1 when nothing does.
 */
export function abstainThreshold(predictions: readonly OutOfFold[], risk: number): number {
  const n = predictions.length;
  const wrong = predictions.filter(({ correct }) => !correct).map(({ probability }) => probability);
  const allowed = Math.floor(risk * (n + 1) - 1 + 1e-9);
  if (allowed < 0) return 1;
  if (wrong.length <= allowed) return 0;
  // the wrong answer that must be refused although it is the least sure of those beyond the allowed ones
  const refused = wrong.sort((a, b) => b - a)[allowed]!;
  return Math.min(1, Math.fround(refused * (1 + 2 ** -22))); // the next float32 or the one after: the device compares in float32
}

/** Scale that the router's variance is divided by: its 0.9-quantile. */
export function varianceScale(variances: readonly number[]): number {
  return Math.max(1e-9, quantile(variances, 0.9));
}

/**
 * Temperature that makes probabilities mean what they say (Guo et al. 2017, arXiv 1706.04599): the one of least negative
 * log-likelihood, to 0.1 %, between 0.05 and 20. Mixup and label smoothing leave networks underconfident: expect 0.2 to 0.6.
 *
 * @param predictions probabilities and right label of every clip.
 */
export function fitTemperature(predictions: readonly { probabilities: Float64Array; label: number }[]): number {
  const loss = (logT: number) =>
    predictions.reduce(
      (sum, { probabilities, label }) => sum - Math.log(Math.max(1e-300, temper(probabilities, Math.exp(logT))[label]!)),
      0,
    );
  // the loss is convex in 1 / T and so has one minimum: golden-section search over ln T
  const golden = (Math.sqrt(5) - 1) / 2;
  let [low, high] = [Math.log(0.05), Math.log(20)];
  while (high - low > 1e-3) {
    const [a, b] = [high - golden * (high - low), low + golden * (high - low)];
    if (loss(a) < loss(b)) high = b;
    else low = a;
  }
  return Math.exp((low + high) / 2);
}
