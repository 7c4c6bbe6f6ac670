// Policies judged on the same held-out answers: what each decides, by which networks, and its F1 beside that of another.

import { QurioError } from "../../host/errors.ts";
import type { Policy } from "../import/checkpoint.ts";
import { energiesOf } from "./fit.ts";
import type { HeldOut, HeldOutRun } from "./held_out.ts";
import { meanInterval, weightedF1 } from "./metrics.ts";
import { type Decision, decideByGates, decideInOrder } from "./routing.ts";

/** Who answers. Networks are indices into HeldOut.networks: 0 is the probe, the experts follow. */
export type Rule =
  /** Asked in turn until one is sure: its entropy is at most its out-of-fold quantile (fit.ts). One alone always answers. */
  | { kind: "order"; networks: number[] }
  /** The Bayesian router picks one expert: p_i * exp(alpha * u * beta_i - lambda * energy_i). */
  | { kind: "gates"; alpha: number; lambda: number };

/** One way to an answer: everything that ran for it. */
export interface Path {
  /** The last one answered. */
  networks: number[];
  router: boolean;
  /** Of all held-out decisions. */
  share: number;
}

/** What a rule is worth on one fold, with the networks of one seed. */
export interface RunScore {
  seed: number;
  fold: number;
  /** Weighted, of the forced label. */
  f1: number;
}

export interface Judgement {
  scores: RunScore[];
  paths: Path[];
}

/** 95 % intervals over the folds, each averaged over the seeds; null for a single fold. */
export interface Estimate {
  mean: number;
  halfWidth: number | null;
}

/** @throws QurioError HELD_OUT when the rule asks for a network that the answers do not hold */
export function judge(heldOut: HeldOut, rule: Rule): Judgement {
  if (rule.kind === "order") {
    const missing = rule.networks.find((network) => heldOut.networks[network] === undefined);
    if (missing !== undefined)
      throw new QurioError("HELD_OUT", `network ${missing} expected, ${heldOut.networks.length} networks found`, "Make the file anew.");
  }
  const taken = new Map<string, Path>();
  let decided = 0;
  const scores = heldOut.runs.map((run): RunScore => {
    const labels = heldOut.clips.filter(({ fold }) => fold === run.fold).map(({ label }) => label);
    const decisions = labels.map((_, clip) => decide(heldOut, run, rule, clip));
    for (const { networks, router } of decisions) {
      const key = networks.join();
      const path = taken.get(key) ?? { networks, router, share: 0 };
      path.share++;
      taken.set(key, path);
    }
    decided += labels.length;
    const predicted = decisions.map(({ label }) => label);
    return { seed: run.seed, fold: run.fold, f1: weightedF1(labels, predicted, heldOut.labels.length) };
  });
  const paths = [...taken.values()].map((path) => ({ ...path, share: path.share / decided }));
  paths.sort((a, b) => a.networks.length - b.networks.length || a.networks[0] - b.networks[0]);
  return { scores, paths };
}

function decide(heldOut: HeldOut, run: HeldOutRun, rule: Rule, clip: number): Pick<Path, "networks" | "router"> & { label: number } {
  const { networks, labels, beta } = heldOut;
  const classes = labels.length;
  const answerOf = (network: number) => {
    const at = (clip * networks.length + network) * classes;
    return Float64Array.from(run.probabilities.subarray(at, at + classes));
  };
  const policy = (part: Partial<Policy>): Policy => ({
    kind: "single",
    samples: heldOut.samples,
    alpha: 0,
    varianceScale: run.varianceScale,
    escalate: [],
    abstain: [],
    beta,
    energy: energiesOf(networks.slice(1)),
    ...part,
  });
  const chosen = ({ label, ran }: Decision, order: number[], router: boolean) => ({ label, router, networks: ran.map((k) => order[k]) });
  if (rule.kind === "order") {
    const lastTier = heldOut.quantiles.length - 1;
    const escalate = rule.networks.slice(0, -1).map((network, tier) => run.entropies[network][Math.min(tier, lastTier)]);
    return chosen(decideInOrder(policy({ kind: "probe", escalate }), rule.networks.map(answerOf)), rule.networks, false);
  }
  const experts = beta.map((_, i) => 1 + i);
  const gates = Float64Array.from(run.gates.subarray(clip * beta.length, (clip + 1) * beta.length));
  const bayesian = policy({ kind: "bayesian", alpha: rule.alpha });
  return chosen(decideByGates(bayesian, gates, run.variance[clip], experts.map(answerOf), rule.lambda), experts, true);
}

/** Mean F1 over runs, or of its difference to another judgement of the same runs: paired, run by run. */
export function estimate(scores: readonly RunScore[], against?: readonly RunScore[]): Estimate {
  const values = scores.map(({ f1 }, i) => f1 - (against ? against[i].f1 : 0));
  const folds = [...new Set(scores.map(({ fold }) => fold))];
  return meanInterval(folds.map((fold) => mean(values.filter((_, i) => scores[i].fold === fold))));
}

function mean(values: number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** One judgement made of several that hold for parts of the time. `weights` sum to 1. */
export function blend(judgements: readonly Judgement[], weights: readonly number[]): Judgement {
  const scores = judgements[0].scores.map((score, i) => ({
    ...score,
    f1: judgements.reduce((sum, { scores }, j) => sum + weights[j] * scores[i].f1, 0),
  }));
  const paths = new Map<string, Path>();
  judgements.forEach((judgement, j) => {
    for (const path of judgement.paths) {
      const key = path.networks.join();
      const share = (paths.get(key)?.share ?? 0) + weights[j] * path.share;
      paths.set(key, { ...path, share });
    }
  });
  return { scores, paths: [...paths.values()] };
}

/** Lambda by state of charge: holds while the charge (0..1) is above `aboveCharge`. */
export const LAMBDA_BY_CHARGE = [
  { aboveCharge: 0.75, lambda: 0 },
  { aboveCharge: 0.5, lambda: 2 },
  { aboveCharge: 0.25, lambda: 4 },
  { aboveCharge: 0, lambda: 8 },
];

/** A policy with a name: one rule, or one for each band of LAMBDA_BY_CHARGE. */
export interface NamedPolicy {
  name: string;
  rules: Rule[];
}

/** Each network alone, the dearest first; cascade, probe-first, the Bayesian router without and with curiosity, and by state of charge. */
export function policiesOf({ networks }: HeldOut): NamedPolicy[] {
  const all = networks.map((_, k) => k);
  const alone = all.map((k): NamedPolicy => ({ name: `always ${networks[k].name}`, rules: [{ kind: "order", networks: [k] }] })).reverse();
  return [
    ...alone,
    { name: "cascade", rules: [{ kind: "order", networks: all.slice(1) }] },
    // the probe takes the place of the cheapest expert
    { name: "probe-first", rules: [{ kind: "order", networks: [0, ...all.slice(2)] }] },
    { name: "plain router", rules: [{ kind: "gates", alpha: 0, lambda: 0 }] },
    { name: "curiosity", rules: [{ kind: "gates", alpha: 1, lambda: 0 }] },
    { name: "curiosity by charge", rules: LAMBDA_BY_CHARGE.map(({ lambda }) => ({ kind: "gates", alpha: 1, lambda })) },
  ];
}
