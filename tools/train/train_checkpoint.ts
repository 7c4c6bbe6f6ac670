// A checkpoint with where it came from: the command that makes it again, and the versions that made it.

import { packageVersions } from "../../host/files.ts";
import { type Arithmetic, type CodeBits, frontEndOf } from "../../host/model-file/front_end.ts";
import { audioInput } from "../../host/model-file/input_spec.ts";
import type { Checkpoint } from "../import/checkpoint.ts";
import type { Data } from "./datasets/open_data.ts";
import type { FitOptions } from "./fit.ts";
import { DEFAULT_COPIES, type ModelOptions, type ModelProgress, trainModel } from "./model.ts";

/** What a front end of the default input spec is asked for. */
export interface FrontEndChoice {
  frontEnd: Arithmetic;
  /** 8 or 4 bits for each log-mel code. */
  codes: CodeBits;
  removeDc?: boolean;
}

export interface CheckpointOptions extends FrontEndChoice {
  fit: FitOptions;
  extract: ModelOptions["extract"];
  seed: number;
  /** Worker threads; the checkpoint does not depend on it. */
  jobs: number;
}

/**
 * Trains a model on all clips, as `qurio train --out` does.
 * @throws QurioError as trainModel
 */
export function trainCheckpoint(options: CheckpointOptions, data: Data, onProgress: ModelProgress): Promise<Checkpoint> {
  const { fit, extract, seed, jobs, frontEnd, codes, removeDc } = options;
  return trainModel(
    {
      ...fit,
      extract,
      copies: DEFAULT_COPIES,
      stress: false,
      seed,
      jobs,
      input: audioInput(frontEndOf(codes, frontEnd, removeDc)),
      command: trainCommand(options),
      versions: packageVersions("qurio", "@jax-js/jax"),
      ...(data.attribution === undefined ? {} : { attribution: data.attribution }),
    },
    data,
    onProgress,
  );
}

/** The command that trains the same model again; data set and checkpoint are not named, nor samples and a front end that nobody asked for. */
export function trainCommand({ fit, seed, frontEnd, codes, removeDc }: Omit<CheckpointOptions, "extract" | "jobs">): string {
  const { router, experts, hidden, epochs, samples } = fit;
  return [
    `qurio train --router ${router} --experts ${experts.join(",")} --hidden ${hidden.join(",")} --epochs ${epochs} --seed ${seed}`,
    ...(samples === null ? [] : [`--samples ${samples}`]),
    ...(frontEnd === "fixed" ? ["--front-end fixed"] : []),
    ...(codes === 4 ? ["--codes 4"] : []),
    ...(removeDc ? ["--remove-dc"] : []),
  ].join(" ");
}
