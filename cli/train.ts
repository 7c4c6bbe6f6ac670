// `qurio train`: trains a model on a data set, or says by cross-validation what such a model is worth.

import { RICH_FEATURES } from "../assembly/format/plan.ts";
import { QurioError } from "../host/errors.ts";
import { packageVersions } from "../host/files.ts";
import { type Arithmetic, type CodeBits, type FrontEndParameters, frontEndOf } from "../host/model-file/front_end.ts";
import { audioInput } from "../host/model-file/input_spec.ts";
import type { WeightType } from "../host/model-file/weight_types.ts";
import { checkCheckpointTarget, writeCheckpoint } from "../tools/import/checkpoint.ts";
import { openDataShown } from "../tools/terminal/data.ts";
import { startProgress } from "../tools/terminal/progress.ts";
import { crossValidate } from "../tools/train/cross_validation.ts";
import { cyclesOfReport } from "../tools/train/cross_validation_cost.ts";
import type { Data } from "../tools/train/datasets/open_data.ts";
import { extractor } from "../tools/train/extractor.ts";
import { FIT_DEFAULTS, type FitOptions } from "../tools/train/fit.ts";
import { DEFAULT_COPIES, type ModelProgress, trainModel } from "../tools/train/model.ts";
import { printJson } from "./print_json.ts";
import type { CROSS_VALIDATION, TRAIN } from "./schemas/model.ts";
import { crossValidationReport } from "./train_report.ts";

export interface TrainOptions {
  data: string;
  /** Left out only with cv. */
  out?: string;
  router: "probe" | "bayesian";
  experts: WeightType[];
  hidden: number[];
  frontEnd: Arithmetic;
  /** 8 or 4 bits for each log-mel code. */
  codes: CodeBits;
  removeDc?: boolean;
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
  const extract = await extractor(frontEndOptions(options));
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
    if (out !== undefined) await trainTo(out, options, fit, data, extract, onProgress);
  } finally {
    progress.stop();
  }
}

async function trainTo(
  out: string,
  options: TrainOptions,
  fit: FitOptions,
  data: Data,
  extract: (pcm: Int16Array) => Float32Array,
  onProgress: ModelProgress,
): Promise<void> {
  const { router, experts, hidden, frontEnd, epochs, jobs, json } = options;
  const seed = options.seed[0];
  const checkpoint = await trainModel(
    {
      ...fit,
      extract,
      copies: DEFAULT_COPIES,
      stress: false,
      seed,
      jobs,
      input: audioInput(frontEndOptions(options)),
      command: `qurio train --router ${router} --experts ${experts.join(",")} --hidden ${hidden.join(",")} --epochs ${epochs} --seed ${seed}${options.samples === undefined ? "" : ` --samples ${options.samples}`}${frontEnd === "fixed" ? " --front-end fixed" : ""}${options.codes === 4 ? " --codes 4" : ""}${options.removeDc ? " --remove-dc" : ""}`,
      versions: packageVersions("qurio", "@jax-js/jax"),
      ...(data.attribution === undefined ? {} : { attribution: data.attribution }),
    },
    data,
    onProgress,
  );
  writeCheckpoint(out, checkpoint);
  const { clips, folds } = checkpoint.provenance.dataset;
  if (json) printJson<typeof TRAIN>({ checkpoint: out, clips, folds, policy: checkpoint.policy });
  else console.log(`${out}: checkpoint of ${clips} clips in ${folds} folds; pack it with: qurio export ${out} -o model.qmoe`);
}

function frontEndOptions({ frontEnd, codes, removeDc }: TrainOptions): FrontEndParameters {
  return frontEndOf(codes, frontEnd, removeDc);
}
