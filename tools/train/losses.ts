// What training minimises.

import { add, log, logSoftmax, meanOver, multiply, softmax, sumOver, type Tensor, total } from "./autodiff.ts";

/** Share of the target that label smoothing spreads over all classes (Szegedy et al. 2016, arXiv 1512.00567). */
export const LABEL_SMOOTHING = 0.1085;
/** Weight of the router's load balance term. */
const LOAD_BALANCE = 1e-3;

/** A scalar from logits and targets, both [batch, outputs]. */
export type Loss = (z: Tensor, target: Tensor) => Tensor;

/** Target: class probabilities. */
export const crossEntropy: Loss = (z, target) => multiply(total(multiply(logSoftmax(z), target)), -1 / z.shape[0]!);

/**
 * Target: p_i = the probability that frozen expert i gives to the right class. The router's gates g minimise
 * -log sum_i g_i p_i + 1e-3 * sum_i (mean over the batch of g_i)^2.
 */
export const mixtureLoss: Loss = (z, target) => {
  const gates = softmax(z);
  const likelihood = multiply(total(log(sumOver(multiply(gates, target), 1))), -1 / z.shape[0]!);
  const load = meanOver(gates, 0);
  return add(likelihood, multiply(total(multiply(load, load)), LOAD_BALANCE));
};

/** One-hot target [classes] with label smoothing. */
export function smoothedTarget(label: number, classes: number): Float32Array {
  return Float32Array.from({ length: classes }, (_, i) => LABEL_SMOOTHING / classes + (i === label ? 1 - LABEL_SMOOTHING : 0));
}
