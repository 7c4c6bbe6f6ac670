// What training minimises.

import {
  add,
  greater,
  log,
  logSoftmax,
  maxOver,
  meanOver,
  multiply,
  softmax,
  subtract,
  sumOver,
  type Tensor,
  tensor,
  total,
} from "./autodiff.ts";

/** Share of the target that label smoothing spreads over all classes (Szegedy et al. 2016, arXiv 1512.00567). */
export const LABEL_SMOOTHING = 0.1085;
/** Weight of the router's load balance term. */
const LOAD_BALANCE = 1e-3;

/** A scalar from logits and targets, both [batch, outputs]. */
export type Loss = (z: Tensor, target: Tensor) => Tensor;

/** Target: class probabilities. */
export const crossEntropy: Loss = (z, target) => multiply(total(multiply(logSoftmax(z), target)), -1 / z.shape[0]!);

/** A scalar from the logits [batch, ...] of several networks, and logits [batch, outputs] to count hits by. */
export interface GroupLoss {
  /** Different losses have different names. */
  name: string;
  /** Length of a target. */
  outputs: number;
  of(z: Tensor[], target: Tensor): [loss: Tensor, logits: Tensor];
}

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

/**
 * A gate z[0] and experts z[1..] trained together as arXiv 2511.11743 and its code do: the expert of the largest gate answers with
 * its logits times its gate (through which the gate learns, as in Fedus et al. 2021, arXiv 2101.03961), and
 * loss = cross entropy + 1e-3 * sum_i (mean over the batch of gate i)^2.   Target: class probabilities.
 */
export function jointLoss(experts: number, classes: number): GroupLoss {
  return {
    name: `joint ${experts}`,
    outputs: classes,
    of: ([gate, ...answers], target) => {
      const gates = softmax(gate!);
      // 1 for the largest; ties are as good as impossible
      const chosen = multiply(gates, subtract(1, greater(maxOver(gates, 1), gates)));
      const logits = answers
        .map((z, i) => {
          const one = Float32Array.from({ length: experts }, (_, k) => (k === i ? 1 : 0));
          return multiply(z, sumOver(multiply(chosen, tensor(one, [1, experts])), 1));
        })
        .reduce((sum, term) => add(sum, term));
      const load = meanOver(gates, 0);
      return [add(crossEntropy(logits, target), multiply(total(multiply(load, load)), LOAD_BALANCE)), logits];
    },
  };
}

/** One-hot target [classes] with label smoothing. */
export function smoothedTarget(label: number, classes: number): Float32Array {
  return Float32Array.from({ length: classes }, (_, i) => LABEL_SMOOTHING / classes + (i === label ? 1 - LABEL_SMOOTHING : 0));
}
