// `qurio eval`: judges a model on a data set.

import { QurioError } from "../errors.ts";

export interface EvalOptions {
  data: string;
  fold?: number;
  stress?: boolean;
  engine?: string;
  device?: string;
  json?: boolean;
}

/** Judges a model on a data set. */
export async function evaluate(_model: string, _options: EvalOptions): Promise<void> {
  throw new QurioError("NOT_IN_THIS_BUILD", "`qurio eval` is not part of this build", "Use a newer version of qurio.");
}
