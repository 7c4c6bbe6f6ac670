// Which network answers, and what that costs: the device's policy on ready probabilities.

import { weightBytes } from "../../assembly/format/layouts.ts";
import { layoutFor } from "../../host/model-file/pack.ts";
import { weightTypeBySpec } from "../../host/model-file/weight_types.ts";
import { entropy } from "../export/reference.ts";
import { layerShapes, layerWeightType, type NetworkSpec, type Policy } from "../import/checkpoint.ts";

export interface Decision {
  label: number;
  probability: number;
  /** Of the answer, in nats. */
  entropy: number;
  /** Index among the networks that may answer, the probe first. */
  answerer: number;
  abstained: boolean;
  /** Answering networks that ran, in order. */
  ran: number[];
}

function argmax(p: Float64Array): number {
  return p.reduce((best, value, i) => (value > p[best]! ? i : best), 0);
}

function answer(policy: Policy, answers: readonly Float64Array[], answerer: number, ran: number[]): Decision {
  const p = answers[answerer]!;
  const label = argmax(p);
  const probability = p[label]!;
  return { label, probability, entropy: entropy(p), answerer, abstained: probability < policy.abstain[answerer]!, ran };
}

/** Asks in order until one is sure: answerer i escalates when its entropy exceeds escalate[i]. */
export function decideInOrder(policy: Policy, answers: readonly Float64Array[]): Decision {
  let answerer = 0;
  const ran = [0];
  while (answerer < answers.length - 1 && entropy(answers[answerer]!) > policy.escalate[answerer]!) ran.push(++answerer);
  return answer(policy, answers, answerer, ran);
}

/**
 * The paper's rule with energy in it: argmax p_i * exp(alpha * u * beta_i - lambda * energy_i), u = router variance / its scale.
 * A device raises lambda as its battery empties; the energy of the chosen expert never rises with lambda.
 */
export function decideByGates(
  policy: Policy,
  gates: Float64Array,
  variance: number,
  answers: readonly Float64Array[],
  lambda = 0,
): Decision {
  const u = variance / policy.varianceScale;
  const expert = argmax(gates.map((p, i) => p * Math.exp(policy.alpha * u * policy.beta[i]! - lambda * (policy.energy?.[i] ?? 0))));
  return answer(policy, answers, expert, [expert]);
}

/** Bits of packed weights and scales, padding included, that one answer reads; samples read all layers but the first again. */
export function networkBits(spec: NetworkSpec, samples = 0): number {
  return layerShapes(spec).reduce((bits, { rows, columns }, i) => {
    const type = weightTypeBySpec(layerWeightType(spec, i)).id;
    const times = i > 0 && samples > 0 ? samples : 1;
    return bits + 8 * times * (weightBytes(layoutFor(type, "scalar", rows, columns), rows, columns) + 4 * rows);
  }, 0);
}

export function networkWeights(spec: NetworkSpec): number {
  return layerShapes(spec).reduce((sum, { rows, columns }) => sum + rows * columns, 0);
}

/** Multiply-accumulates of one answer; with samples, the first layer runs once and the rest once a sample. */
export function networkMacs(spec: NetworkSpec, samples = 0): number {
  return layerShapes(spec).reduce((sum, { rows, columns }, i) => sum + rows * columns * (i > 0 && samples > 0 ? samples : 1), 0);
}
