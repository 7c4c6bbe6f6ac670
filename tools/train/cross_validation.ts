// Train on all folds but one, test on it, for every fold and seed: what a model is worth, with intervals.

import { QurioError } from "../../host/errors.ts";
import type { NetworkSpec, Policy } from "../import/checkpoint.ts";
import { buildFeatureTable, type FeatureTable, type TableOptions, type TrainingDataset } from "./feature_table.ts";
import { byFold, type FitOptions, type Fitted, fit, type Split, specsOf } from "./fit.ts";
import { accuracy, calibrationError, errorAuroc, meanInterval, selective, weightedF1 } from "./metrics.ts";
import type { ModelProgress } from "./model.ts";
import { type Decision, decideByGates, decideInOrder, networkBits, networkMacs, networkWeights } from "./routing.ts";
import { TaskPool } from "./task_pool.ts";

export interface Figures {
  /** Forced label, abstention ignored; as are accuracy, ece and auroc. */
  f1Weighted: number;
  accuracy: number;
  /** Bits of weights and scales read per decision, router included, over the largest expert's number of weights. */
  bitsPerWeight: number;
  /** Multiply-accumulates of the networks per decision, router included. */
  macs: number;
  /** Share of decisions that each answering network makes, the probe first. */
  shares: number[];
  ece: number;
  /** Of error detection by entropy; null when all are right or all wrong. */
  auroc: number | null;
  coverage: number;
  selectiveRisk: number | null;
  /** Weighted F1 under each stress condition. */
  stress: Record<string, number>;
}

export interface FoldReport {
  seed: number;
  fold: number;
  clips: number;
  policy: Policy;
  /** The model as it decides. */
  routed: Figures;
  /** Each answering network alone. */
  networks: { name: string; figures: Figures }[];
}

/** Mean over folds and seeds; half widths of 95 % intervals, over the folds (each averaged over seeds) and over the seeds. */
export interface Summary {
  mean: number;
  overFolds: number | null;
  overSeeds: number | null;
}

export interface CrossValidation {
  folds: FoldReport[];
  /** "routed", then each answering network. */
  summary: {
    name: string;
    f1Weighted: Summary;
    accuracy: Summary;
    bitsPerWeight: Summary;
    macs: Summary;
    stress: Record<string, Summary>;
  }[];
}

export interface CrossValidationOptions extends FitOptions, TableOptions {
  seeds: number[];
  jobs: number;
}

/**
 * Cross-validates a model. Same options and data give the same report whatever `jobs` is.
 *
 * @throws QurioError as buildFeatureTable and fit do, FOLDS for fewer than three; the signal's reason on abort.
 */
export async function crossValidate(
  options: CrossValidationOptions,
  dataset: TrainingDataset,
  onProgress: ModelProgress = () => {},
  signal?: AbortSignal,
): Promise<CrossValidation> {
  const total = dataset.clips.length;
  const table = await buildFeatureTable(dataset, options, (done) => onProgress({ phase: "features", done, total }), signal);
  const all = table.folds.length;
  const groups = byFold(
    table,
    Array.from({ length: all }, (_, i) => i),
  );
  if (groups.length < 3)
    throw new QurioError("FOLDS", `cross-validation needs at least 3 folds, found ${groups.length}`, "Split the data set into more folds.");
  const splits = options.seeds.flatMap((seed) =>
    groups.map(
      (testClips): Split => ({ seed, testClips, trainClips: groups.flatMap((g) => (g === testClips ? [] : g)).sort((a, b) => a - b) }),
    ),
  );
  const networks = groups.length * specsOf(options, table).answerers.length + (options.router === "bayesian" ? groups.length : 0);
  const epochs = splits.length * networks * options.epochs;
  let done = 0;
  const pool = new TaskPool(
    table,
    options.jobs,
    (task, report) => onProgress({ phase: "train", done: ++done, total: epochs, network: task.name, ...report }),
    signal,
  );
  try {
    const fitted = await fit(table, splits, options, pool);
    const folds = fitted.map((model) => reportOf(table, model, options));
    return { folds, summary: summarize(folds) };
  } finally {
    await pool.close();
  }
}

function reportOf(table: FeatureTable, model: Fitted, options: FitOptions): FoldReport {
  const specs = specsOf(options, table);
  const { testClips, seed } = model.split;
  const { policy, answerers, gate, testVariants } = model;
  const labels = testClips.map((clip) => table.labels[clip]!);
  const answersOf = (clip: number, variant: number) =>
    answerers.map(({ probabilities }) => {
      const at = (clip * testVariants.length + variant) * table.classes;
      return probabilities.subarray(at, at + table.classes);
    });
  const decide = (clip: number, variant: number): Decision => {
    const answers = answersOf(clip, variant);
    if (!gate) return decideInOrder(policy, answers);
    const row = clip * testVariants.length + variant;
    const gates = gate.probabilities.subarray(row * answers.length, (row + 1) * answers.length);
    return decideByGates(policy, gates, gate.variance[row]!, answers);
  };
  const alone = (k: number): Policy => ({ ...policy, kind: "single", abstain: [policy.abstain[k]!], escalate: [] });
  const base = specs.gate
    ? { bits: networkBits(specs.gate, policy.samples), macs: networkMacs(specs.gate, policy.samples) }
    : { bits: 0, macs: 0 };
  return {
    seed,
    fold: table.folds[testClips[0]!]!,
    clips: testClips.length,
    policy,
    routed: figuresOf(table, labels, decide, specs.answerers, base, policy.kind === "probe" ? policy.samples : 0),
    networks: specs.answerers.map((spec, k) => ({
      name: spec.name,
      figures: figuresOf(
        table,
        labels,
        (clip, variant) => decideInOrder(alone(k), [answersOf(clip, variant)[k]!]),
        [spec],
        {
          bits: 0,
          macs: 0,
        },
        0,
      ),
    })),
  };
}

function figuresOf(
  table: FeatureTable,
  labels: number[],
  decide: (clip: number, variant: number) => Decision,
  specs: NetworkSpec[],
  router: { bits: number; macs: number },
  probeSamples: number,
): Figures {
  const decisions = labels.map((_, clip) => decide(clip, 0));
  const predicted = decisions.map(({ label }) => label);
  const correct = predicted.map((label, i) => label === labels[i]);
  const mean = (value: (decision: Decision) => number) => decisions.reduce((sum, d) => sum + value(d), 0) / decisions.length;
  const ranOf = (cost: (k: number) => number) => mean(({ ran }) => ran.reduce((sum, k) => sum + cost(k), 0));
  // a probe that samples is answerer 0; gates bring their own cost
  const samplesOf = (k: number) => (k === 0 && router.bits === 0 ? probeSamples : 0);
  const stress = table.stress.map((name, i): [string, number] => {
    const strained = labels.map((_, clip) => decide(clip, 1 + i).label);
    return [name, weightedF1(labels, strained, table.classes)];
  });
  return {
    f1Weighted: weightedF1(labels, predicted, table.classes),
    accuracy: accuracy(labels, predicted),
    bitsPerWeight: (ranOf((k) => networkBits(specs[k]!, samplesOf(k))) + router.bits) / Math.max(...specs.map(networkWeights)),
    macs: ranOf((k) => networkMacs(specs[k]!, samplesOf(k))) + router.macs,
    shares: specs.map((_, k) => mean(({ answerer }) => (answerer === k ? 1 : 0))),
    ece: calibrationError(
      decisions.map(({ probability }) => probability),
      correct,
    ),
    auroc: errorAuroc(
      decisions.map((decision) => decision.entropy),
      correct,
    ),
    ...selective(
      decisions.map(({ abstained }) => abstained),
      correct,
    ),
    stress: Object.fromEntries(stress),
  };
}

function summarize(reports: FoldReport[]): CrossValidation["summary"] {
  const rows = [
    { name: "routed", of: (report: FoldReport) => report.routed },
    ...reports[0]!.networks.map(({ name }, k) => ({ name, of: (report: FoldReport) => report.networks[k]!.figures })),
  ];
  const average = (reports: FoldReport[], value: (report: FoldReport) => number) =>
    reports.reduce((sum, report) => sum + value(report), 0) / reports.length;
  const spread = (value: (report: FoldReport) => number): Summary => {
    const means = (key: (report: FoldReport) => number) =>
      [...new Set(reports.map(key))].map((group) =>
        average(
          reports.filter((report) => key(report) === group),
          value,
        ),
      );
    return {
      mean: average(reports, value),
      overFolds: meanInterval(means(({ fold }) => fold)).halfWidth,
      overSeeds: meanInterval(means(({ seed }) => seed)).halfWidth,
    };
  };
  return rows.map(({ name, of }) => ({
    name,
    f1Weighted: spread((report) => of(report).f1Weighted),
    accuracy: spread((report) => of(report).accuracy),
    bitsPerWeight: spread((report) => of(report).bitsPerWeight),
    macs: spread((report) => of(report).macs),
    stress: Object.fromEntries(Object.keys(of(reports[0]!).stress).map((key) => [key, spread((report) => of(report).stress[key]!)])),
  }));
}
