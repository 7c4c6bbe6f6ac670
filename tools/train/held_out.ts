// What every network of a mixture answers to every clip that it has not seen: trained once, so that any number of policies can be
// judged on the same answers in no time. held_out_file.ts keeps them.

import type { WeightType } from "../../host/model-file/weight_types.ts";
import type { NetworkSpec } from "../import/checkpoint.ts";
import { buildFeatureTable, type FeatureTable, type TableOptions, type TrainingDataset } from "./feature_table.ts";
import { byFold, FIT_DEFAULTS, type FitOptions, type Fitted, fit, ROUTER_HIDDEN, type Split, specsOf } from "./fit.ts";
import type { ModelProgress } from "./model.ts";
import { TaskPool } from "./task_pool.ts";
import { quantile } from "./thresholds.ts";

/** One fold left out, by networks of one seed. */
export interface HeldOutRun {
  seed: number;
  fold: number;
  /** [networks][quantiles]: quantiles of the entropy (nats) of out-of-fold answers on the training folds. */
  entropies: number[][];
  /** What the router's variance is divided by (thresholds.ts). */
  varianceScale: number;
  /** f32 [clips of the fold][networks][classes] */
  probabilities: Float32Array;
  /** f32 [clips of the fold][experts]: what the router gives each expert. */
  gates: Float32Array;
  /** f32 [clips of the fold] */
  variance: Float32Array;
}

export interface HeldOut {
  /** How to make it again, without paths. */
  command: string;
  versions: Record<string, string>;
  data: { name: string; sha256: string };
  labels: string[];
  /** In the data set's order. */
  clips: { label: number; fold: number }[];
  /** The probe first, then the experts, cheapest first. */
  networks: NetworkSpec[];
  router: NetworkSpec;
  /** Monte Carlo dropout samples of the router. */
  samples: number;
  /** Expert i's pull under uncertainty, 0..1. */
  beta: number[];
  quantiles: number[];
  runs: HeldOutRun[];
}

export interface HeldOutOptions extends TableOptions {
  /** The command that makes what is there when these seeds are done. */
  command(seeds: number[]): string;
  versions: Record<string, string>;
  experts: WeightType[];
  hidden: number[];
  seeds: number[];
  epochs: number;
  jobs: number;
}

/**
 * Trains probe, experts and router without each fold in turn, once for each seed.
 *
 * @param onSeed what is there after every seed, so that a long run may be stopped
 * @throws QurioError as buildFeatureTable and fit do
 */
export async function collectHeldOut(
  options: HeldOutOptions,
  dataset: TrainingDataset,
  onSeed: (sofar: HeldOut) => void,
  onProgress: ModelProgress = () => {},
): Promise<void> {
  const total = dataset.clips.length;
  const table = await buildFeatureTable(dataset, options, (done) => onProgress({ phase: "features", done, total }));
  const groups = byFold(
    table,
    Array.from({ length: total }, (_, i) => i),
  );
  const common = { ...FIT_DEFAULTS, epochs: options.epochs };
  const mixture: FitOptions = { ...common, router: "bayesian", experts: options.experts, hidden: options.hidden };
  const probe: FitOptions = { ...common, router: "none", experts: [common.probeType], hidden: ROUTER_HIDDEN };
  const { answerers, gate } = specsOf(mixture, table);
  const probeSpec = { ...specsOf(probe, table).answerers[0], name: "probe" };
  // networks of a split: each trained once on all its folds and once without each of them
  const trainings = groups.length * (answerers.length + 2);
  const epochs = options.seeds.length * groups.length * trainings * options.epochs;
  let done = 0;
  const pool = new TaskPool(table, options.jobs, (task, report) =>
    onProgress({ phase: "train", done: ++done, total: epochs, network: task.name, ...report }),
  );
  const runs: HeldOutRun[] = [];
  try {
    for (const seed of options.seeds) {
      const splits = groups.map(
        (testClips): Split => ({ seed, testClips, trainClips: groups.flatMap((g) => (g === testClips ? [] : g)).sort((a, b) => a - b) }),
      );
      const mixtures = await fit(table, splits, mixture, pool);
      const probes = await fit(table, splits, probe, pool);
      mixtures.forEach((model, i) => {
        runs.push(runOf(table, probes[i], model));
      });
      onSeed({
        command: options.command(options.seeds.slice(0, options.seeds.indexOf(seed) + 1)),
        versions: options.versions,
        data: { name: dataset.name, sha256: dataset.sha256 },
        labels: dataset.labels,
        clips: dataset.clips.map(({ label, fold }) => ({ label, fold })),
        networks: [probeSpec, ...answerers],
        router: gate!,
        samples: mixtures[0].policy.samples,
        beta: mixtures[0].policy.beta,
        quantiles: common.escalateQuantiles,
        runs,
      });
    }
  } finally {
    await pool.close();
  }
}

function runOf(table: FeatureTable, probe: Fitted, mixture: Fitted): HeldOutRun {
  const { seed, testClips } = mixture.split;
  const networks = [...probe.answerers, ...mixture.answerers];
  const { classes } = table;
  const probabilities = new Float32Array(testClips.length * networks.length * classes);
  networks.forEach((network, k) => {
    testClips.forEach((_, i) => {
      probabilities.set(network.probabilities.subarray(i * classes, (i + 1) * classes), (i * networks.length + k) * classes);
    });
  });
  return {
    seed,
    fold: table.folds[testClips[0]],
    entropies: [...probe.outOfFold, ...mixture.outOfFold].map((answers) =>
      FIT_DEFAULTS.escalateQuantiles.map((q) =>
        quantile(
          answers.map(({ entropy }) => entropy),
          q,
        ),
      ),
    ),
    varianceScale: mixture.policy.varianceScale,
    probabilities,
    gates: Float32Array.from(mixture.gate!.probabilities),
    variance: Float32Array.from(mixture.gate!.variance),
  };
}
