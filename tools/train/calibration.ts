// What out-of-fold answers say about a network, and probabilities brought in line with it.

import { entropy, temper } from "../export/reference.ts";
import type { Network } from "../import/checkpoint.ts";
import type { FeatureTable } from "./feature_table.ts";
import type { TaskResult } from "./tasks.ts";
import { fitTemperature, type OutOfFold } from "./thresholds.ts";

/**
 * Brings every network to the temperature that its out-of-fold answers ask for.
 *
 * @param folds training clips by fold.
 * @param outer one result for each answerer, trained on all folds.
 * @param inner [fold][answerer], trained without the fold, answering it.
 * @param sampled answerers that answer by the mean of samples keep their temperature: the mean of tempered samples is not the
 *   tempered mean, and single samples are not kept.
 */
export function calibrate(
  table: FeatureTable,
  folds: number[][],
  outer: TaskResult[],
  inner: TaskResult[][],
  sampled: (k: number) => boolean,
) {
  const temperatures = outer.map((_, k) => (sampled(k) ? 1 : fitTemperature(outOfFoldOf(table, folds, inner, k))));
  return {
    outer: outer.map((result, k) => tempered(result, temperatures[k]!, table.classes)),
    inner: inner.map((results) => results.map((result, k) => tempered(result, temperatures[k]!, table.classes))),
  };
}

function tempered(result: TaskResult, temperature: number, classes: number): TaskResult {
  const probabilities = new Float64Array(result.probabilities.length);
  for (let at = 0; at < probabilities.length; at += classes)
    probabilities.set(temper(result.probabilities.subarray(at, at + classes), temperature), at);
  return { ...result, probabilities, network: result.network && atTemperature(result.network, temperature) };
}

/** Divides the logits: weights and biases of the last layer. Its codes stay what they are, only their scale changes. */
export function atTemperature(network: Network, temperature: number): Network {
  const last = network.layers.at(-1)!;
  const weight = last.weight.map((w) => w / temperature);
  const bias = last.bias.map((b) => b / temperature);
  return { ...network, layers: [...network.layers.slice(0, -1), { ...last, weight, bias }] };
}

interface OutOfFoldAnswer extends OutOfFold {
  probabilities: Float64Array;
  label: number;
}

/** Answers of one network to the recordings of all training clips. */
export function outOfFoldOf(table: FeatureTable, folds: number[][], inner: TaskResult[][], answerer: number): OutOfFoldAnswer[] {
  return folds.flatMap((members, f) => {
    const all = inner[f]![answerer]!.probabilities;
    const stride = all.length / members.length;
    return members.map((clip, i) => {
      const probabilities = all.subarray(i * stride, i * stride + table.classes);
      const best = probabilities.reduce((top, value, c) => (value > probabilities[top]! ? c : top), 0);
      const label = table.labels[clip]!;
      return { probabilities, label, entropy: entropy(probabilities), probability: probabilities[best]!, correct: best === label };
    });
  });
}
