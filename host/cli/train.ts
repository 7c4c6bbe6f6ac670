// `qurio train`: trains a model on a data set.

import { QurioError } from "../errors.ts";

export interface TrainOptions {
  data: string;
  /** Left out only with cv. */
  out?: string;
  router: "probe" | "bayesian";
  /** Of "ternary", "4", "8", "float32". */
  experts: string[];
  hidden: number[];
  seed: number;
  cv?: boolean;
  epochs: number;
  jobs: number;
  json?: boolean;
}

/** Trains a model on a data set. */
export async function train(_options: TrainOptions): Promise<void> {
  throw new QurioError("NOT_IN_THIS_BUILD", "`qurio train` is not part of this build", "Use a newer version of qurio.");
}
