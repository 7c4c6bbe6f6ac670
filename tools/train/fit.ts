// Trains every network of a model, out of fold first for the thresholds, then on all training clips.
//
//   for each fold of the training clips:   train each network on the others, answer this fold    -> temperature, thresholds
//   on all training clips:                 train each network, answer the test clips             -> the model
//   bayesian:                              the router learns from the out-of-fold answers of the experts

import { QurioError } from "../../host/errors.ts";
import { type WeightType, weightTypeBySpec } from "../../host/model-file/weight_types.ts";
import type { NetworkSpec, Policy } from "../import/checkpoint.ts";
import { calibrate, outOfFoldOf } from "./calibration.ts";
import type { FeatureTable } from "./feature_table.ts";
import { Random } from "./random.ts";
import { networkBits } from "./routing.ts";
import type { TaskPool } from "./task_pool.ts";
import type { Task, TaskResult } from "./tasks.ts";
import { abstainThreshold, escalateThreshold, type OutOfFold, varianceScale } from "./thresholds.ts";
import { TRAINER_DEFAULTS } from "./trainer.ts";

export interface FitOptions {
  router: "probe" | "bayesian" | "none";
  /** Cheapest first. */
  experts: WeightType[];
  /** Hidden layers of every expert. */
  hidden: number[];
  probeType: WeightType;
  /** Monte Carlo dropout samples of the router; null = the router's own default: none for the probe, 10 for bayesian. */
  samples: number | null;
  epochs: number;
  /** Escalation quantile of each tier but the last. */
  escalateQuantiles: number[];
  /** Largest share of clips that may be answered wrongly. */
  risk: number;
}

export const FIT_DEFAULTS: FitOptions = {
  router: "probe",
  experts: ["4", "8"],
  hidden: [640, 320],
  probeType: "ternary",
  samples: null,
  epochs: TRAINER_DEFAULTS.epochs,
  escalateQuantiles: [0.8, 0.95],
  risk: 0.05,
};

/** Hidden layers of the probe and of the paper's router. */
export const ROUTER_HIDDEN = [128, 64];
export const DROPOUT = 0.195;
/** Monte Carlo samples of the Bayesian router, as in the paper. */
export const BAYESIAN_SAMPLES = 10;
/** How strongly uncertainty favours an expert: the paper's values at ternary (0), 4 bits (0.4) and 8 bits (1), a line between. */
export function betaOf(type: WeightType): number {
  return Math.max(0, Math.min(1, (weightTypeBySpec(type).bits - 2) / 5));
}

/** Bits of weights that each network reads, relative to the most: what its energy goes with on any device. */
export function energiesOf(specs: NetworkSpec[]): number[] {
  const bits = specs.map((spec) => networkBits(spec));
  return bits.map((value) => value / Math.max(...bits));
}

/** Train on some clips, test on others; without test clips it is a model to ship, and its networks are kept. */
export interface Split {
  seed: number;
  trainClips: number[];
  testClips: number[];
}

export interface Fitted {
  split: Split;
  /** The probe first, if there is one, then the experts. */
  answerers: TaskResult[];
  /** The Bayesian router. */
  gate: TaskResult | null;
  policy: Policy;
  /** [answerer][training clip], each answered without its fold: what the thresholds rest on. */
  outOfFold: OutOfFold[][];
  /** Variants of the test clips that were answered: the recording, then the stress conditions. */
  testVariants: number[];
}

/** The networks that may answer, and the Bayesian router. */
export function specsOf(
  options: FitOptions,
  table: Pick<FeatureTable, "features" | "classes">,
): { answerers: NetworkSpec[]; gate: NetworkSpec | null } {
  const spec = (name: string, weightType: WeightType, hidden: number[], outputs: number, norm: boolean): NetworkSpec => ({
    name,
    weightType,
    inputs: table.features,
    hidden,
    outputs,
    norm,
    dropout: DROPOUT,
  });
  const experts = options.experts.map((type) => spec(weightTypeBySpec(type).name, type, options.hidden, table.classes, true));
  const probe = options.router === "probe" ? [spec("probe", options.probeType, ROUTER_HIDDEN, table.classes, true)] : [];
  const gate = options.router === "bayesian" ? spec("router", "8", ROUTER_HIDDEN, experts.length, false) : null;
  return { answerers: [...probe, ...experts], gate };
}

function samplesOf({ router, samples }: FitOptions): number {
  if (router === "none") return 0;
  return samples ?? (router === "bayesian" ? BAYESIAN_SAMPLES : 0);
}

/** Whether answerer k is a probe that answers by the mean of samples. */
function isSampled(options: FitOptions, k: number): boolean {
  return options.router === "probe" && k === 0 && samplesOf(options) > 0;
}

/** Which clips share a fold, folds in rising order. */
export function byFold(table: FeatureTable, clips: readonly number[]): number[][] {
  const folds = [...new Set(clips.map((clip) => table.folds[clip]!))].sort((a, b) => a - b);
  return folds.map((fold) => clips.filter((clip) => table.folds[clip] === fold));
}

/**
 * Fits one model for each split.
 *
 * @throws QurioError FOLDS when the training clips of a split lie in fewer than two folds; EXPERTS for none.
 */
export async function fit(table: FeatureTable, splits: readonly Split[], options: FitOptions, pool: TaskPool): Promise<Fitted[]> {
  if (options.experts.length === 0) throw new QurioError("EXPERTS", "no expert to train", "Pass at least one weight type to --experts.");
  const { answerers, gate } = specsOf(options, table);
  const plans = splits.map((split) => planAnswerers(table, split, answerers, options));
  const results = await pool.run(plans.flatMap((plan) => [...plan.outer, ...plan.inner.flat()]));
  const taken = plans.map((plan) => {
    const outer = results.splice(0, plan.outer.length);
    const inner = plan.inner.map((tasks) => results.splice(0, tasks.length));
    return calibrate(table, plan.folds, outer, inner, (k) => isSampled(options, k));
  });
  const gatePlans = gate ? plans.map((plan, i) => planGate(table, plan, taken[i]!.inner, gate, options)) : [];
  const gateResults = await pool.run(gatePlans.flat());
  return plans.map((plan, i) => {
    const { outer, inner } = taken[i]!;
    const gates = gateResults.splice(0, gatePlans[i]?.length ?? 0);
    const outOfFold = outer.map((_, k) => outOfFoldOf(table, plan.folds, inner, k));
    return {
      split: plan.split,
      answerers: outer,
      gate: gates[0] ?? null,
      policy: policyOf(table, outOfFold, gates.slice(1), options),
      outOfFold,
      testVariants: plan.testVariants,
    };
  });
}

interface Plan {
  split: Split;
  folds: number[][];
  testVariants: number[];
  /** One task for each answerer. */
  outer: Task[];
  /** [fold][answerer] */
  inner: Task[][];
}

function planAnswerers(table: FeatureTable, split: Split, specs: NetworkSpec[], options: FitOptions): Plan {
  const { trainClips, testClips } = split;
  const folds = byFold(table, trainClips);
  if (folds.length < 2)
    throw new QurioError(
      "FOLDS",
      `thresholds need training clips from at least 2 folds, found ${folds.length}`,
      "Split the data set into more folds; cross-validation needs at least 3.",
    );
  const testVariants = [0, ...table.stress.map((_, i) => table.copies + i)];
  const innerVariants = options.router === "bayesian" ? Array.from({ length: table.copies }, (_, i) => i) : [0];
  const task = (spec: NetworkSpec, k: number, place: number, train: number[], predictClips: number[], predictVariants: number[]): Task => ({
    name: spec.name,
    spec,
    trainer: trainerOf(options, split.seed, place, k),
    trainClips: train,
    predictClips,
    predictVariants,
    samples: isSampled(options, k) ? samplesOf(options) : 0,
    keepNetwork: place === 0 && testClips.length === 0,
  });
  return {
    split,
    folds,
    testVariants,
    outer: specs.map((spec, k) => task(spec, k, 0, trainClips, testClips, testVariants)),
    inner: folds.map((held, f) => {
      const rest = folds.flatMap((members, g) => (g === f ? [] : members));
      return specs.map((spec, k) => task(spec, k, f + 1, rest, held, innerVariants));
    }),
  };
}

/** Seeds differ by place in the plan and network, not by the order of execution. */
function trainerOf(options: FitOptions, seed: number, place: number, network: number) {
  return { ...TRAINER_DEFAULTS, epochs: options.epochs, seed: new Random(seed, place * 100 + network).next() };
}

/** The router on all training clips, then once without each fold, for the variance's scale. */
function planGate(table: FeatureTable, plan: Plan, inner: TaskResult[][], spec: NetworkSpec, options: FitOptions): Task[] {
  const { split, folds, testVariants } = plan;
  const expertLikelihood = new Float32Array(table.labels.length * table.copies * spec.outputs);
  for (const [f, members] of folds.entries())
    for (const [i, clip] of members.entries())
      for (let copy = 0; copy < table.copies; copy++)
        for (let k = 0; k < spec.outputs; k++) {
          const row = (i * table.copies + copy) * table.classes;
          expertLikelihood[(clip * table.copies + copy) * spec.outputs + k] = inner[f]![k]!.probabilities[row + table.labels[clip]!]!;
        }
  const task = (place: number, trainClips: number[], predictClips: number[], predictVariants: number[]): Task => ({
    name: spec.name,
    spec,
    trainer: trainerOf(options, split.seed, place, 99),
    trainClips,
    predictClips,
    predictVariants,
    expertLikelihood,
    samples: samplesOf(options),
    keepNetwork: place === 0 && split.testClips.length === 0,
  });
  const innerTasks = folds.map((held, f) => {
    const rest = folds.flatMap((members, g) => (g === f ? [] : members));
    return task(f + 1, rest, held, [0]);
  });
  return [task(0, split.trainClips, split.testClips, testVariants), ...innerTasks];
}

function policyOf(table: FeatureTable, outOfFold: OutOfFold[][], innerGates: TaskResult[], options: FitOptions): Policy {
  const bayesian = options.router === "bayesian";
  const tiers = options.router === "probe" ? outOfFold.length - 1 : 0;
  const { escalateQuantiles } = options;
  return {
    kind: options.router === "none" ? "single" : options.router,
    samples: samplesOf(options),
    alpha: bayesian ? 1 : 0,
    varianceScale: bayesian ? varianceScale(innerGates.flatMap(({ variance }) => [...variance])) : 1,
    escalate: Array.from({ length: tiers }, (_, i) => {
      return Math.fround(escalateThreshold(outOfFold[i]!, escalateQuantiles[Math.min(i, escalateQuantiles.length - 1)]!));
    }),
    abstain: outOfFold.map((predictions) => abstainThreshold(predictions, options.risk)),
    beta: bayesian ? options.experts.map(betaOf) : [],
    ...(bayesian && { energy: energiesOf(specsOf(options, table).answerers) }),
  };
}
