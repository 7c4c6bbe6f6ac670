// `qurio train`: trains a model on a data set, or says by cross-validation what such a model is worth.

import { RICH_FEATURES } from "../assembly/format/plan.ts";
import { QurioError } from "../host/errors.ts";
import { frontEndOf } from "../host/model-file/front_end.ts";
import type { WeightType } from "../host/model-file/weight_types.ts";
import { checkCheckpointTarget, writeCheckpoint } from "../tools/import/checkpoint.ts";
import { openDataShown } from "../tools/terminal/data.ts";
import { startProgress } from "../tools/terminal/progress.ts";
import { crossValidate } from "../tools/train/cross_validation.ts";
import { cyclesOfReport } from "../tools/train/cross_validation_cost.ts";
import { extractor } from "../tools/train/extractor.ts";
import { FIT_DEFAULTS, type FitOptions } from "../tools/train/fit.ts";
import { DEFAULT_COPIES, type ModelProgress } from "../tools/train/model.ts";
import { type FrontEndChoice, trainCheckpoint } from "../tools/train/train_checkpoint.ts";
import { printJson } from "./print_json.ts";
import type { CROSS_VALIDATION, TRAIN } from "./schemas/model.ts";
import { crossValidationReport } from "./train_report.ts";

export interface TrainOptions extends FrontEndChoice {
  data: string;
  /** Left out only with cv. */
  out?: string;
  router: "probe" | "bayesian";
  experts: WeightType[];
  hidden: number[];
  /** Several only with cv. */
  seed: number[];
  cv?: boolean;
  /** Monte Carlo dropout samples of the router; left out = the router's default. */
  samples?: number;
  epochs: number;
  jobs: number;
  json?: boolean;
}

/** Trains a model on a data set and writes a checkpoint, or with `cv` prints what such models score on folds they have not seen. */
export async function train(options: TrainOptions): Promise<void> {
  const { data: path, out, router, experts, hidden, epochs, jobs, seed } = options;
  if (seed.length > 1 && !options.cv) {
    throw new QurioError("SEEDS", `${seed.length} seeds given, one expected without --cv`, "Pass --cv, or one seed.", 2);
  }
  if (out !== undefined) checkCheckpointTarget(out);
  const data = await openDataShown(path);
  const fit: FitOptions = { ...FIT_DEFAULTS, router, experts, hidden, epochs, samples: options.samples ?? null };
  const extract = await extractor(frontEndOf(options.codes, options.frontEnd, options.removeDc));
  const progress = startProgress("training");
  const onProgress: ModelProgress = (state) =>
    progress.update(state.done / state.total, state.phase === "features" ? "features" : state.network);
  try {
    if (options.cv) {
      const report = await crossValidate({ ...fit, extract, copies: DEFAULT_COPIES, stress: true, seeds: seed, jobs }, data, onProgress);
      progress.stop();
      const costs = await cyclesOfReport(report, fit, data, data.clips[0].features?.length ?? RICH_FEATURES);
      if (options.json) printJson<typeof CROSS_VALIDATION>({ ...report, costs });
      else console.log(crossValidationReport(report, costs, data.name));
    }
    if (out !== undefined) {
      const checkpoint = await trainCheckpoint({ ...options, fit, extract, seed: seed[0] }, data, onProgress);
      writeCheckpoint(out, checkpoint);
      const { clips, folds } = checkpoint.provenance.dataset;
      if (options.json) printJson<typeof TRAIN>({ checkpoint: out, clips, folds, policy: checkpoint.policy });
      else console.log(`${out}: checkpoint of ${clips} clips in ${folds} folds; pack it with: qurio export ${out} -o model.qmoe`);
    }
  } finally {
    progress.stop();
  }
}
