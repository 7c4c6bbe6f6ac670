// From a data set to a checkpoint: features, out-of-fold thresholds, final networks.

import type { InputSpec } from "../../host/model-file/input_spec.ts";
import type { Checkpoint } from "../import/checkpoint.ts";
import { buildFeatureTable, type TableOptions, type TrainingDataset } from "./feature_table.ts";
import { byFold, type FitOptions, fit, specsOf } from "./fit.ts";
import { TaskPool } from "./task_pool.ts";
import type { EpochReport } from "./trainer.ts";

/** Training copies a clip, the recording included. */
export const DEFAULT_COPIES = 9;

export interface ModelOptions extends FitOptions, TableOptions {
  seed: number;
  /** Worker threads; the result does not depend on it. */
  jobs: number;
  /** What `extract` takes and computes; goes into the checkpoint. */
  input: InputSpec;
  /** For provenance, without paths. */
  command: string;
  versions: Record<string, string>;
  attribution?: string;
}

/** Units of `total` are clips or epochs, so that done / total gives the time left of a phase. */
export type Progress =
  | { phase: "features"; done: number; total: number }
  | ({ phase: "train"; done: number; total: number; network: string } & EpochReport);
export type ModelProgress = (progress: Progress) => void;

/**
 * Trains a model on all clips.
 *
 * @throws QurioError as buildFeatureTable and fit do; the signal's reason on abort.
 */
export async function trainModel(
  options: ModelOptions,
  dataset: TrainingDataset,
  onProgress: ModelProgress = () => {},
  signal?: AbortSignal,
): Promise<Checkpoint> {
  const clips = dataset.clips.length;
  const table = await buildFeatureTable(
    dataset,
    { ...options, stress: false },
    (done) => onProgress({ phase: "features", done, total: clips }),
    signal,
  );
  const trainClips = Array.from({ length: clips }, (_, i) => i);
  const folds = byFold(table, trainClips).length;
  const gates = options.router === "bayesian" ? 1 : 0;
  const epochs = (folds + 1) * (specsOf(options, table).answerers.length + gates) * options.epochs;
  let done = 0;
  const pool = new TaskPool(
    table,
    options.jobs,
    (task, report) => onProgress({ phase: "train", done: ++done, total: epochs, network: task.name, ...report }),
    signal,
  );
  try {
    const [model] = await fit(table, [{ seed: options.seed, trainClips, testClips: [] }], options, pool);
    const { answerers, gate, policy } = model!;
    const networks = answerers.map(({ network }) => network!);
    return {
      labels: dataset.labels,
      input: options.input,
      normalization: answerers[0]!.normalization,
      router: options.router === "probe" ? networks.shift()! : (gate?.network ?? null),
      experts: networks,
      policy,
      provenance: {
        dataset: { name: dataset.name, sha256: dataset.sha256, clips, folds },
        command: options.command,
        seed: options.seed,
        versions: options.versions,
        ...(options.attribution === undefined ? {} : { attribution: options.attribution }),
      },
    };
  } finally {
    await pool.close();
  }
}
