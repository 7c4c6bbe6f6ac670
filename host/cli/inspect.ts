// `qurio inspect`: shows what is in a model file.

import { QurioError } from "../errors.ts";

export interface InspectOptions {
  json?: boolean;
}

/** Shows what is in a model file. */
export async function inspect(_model: string, _options: InspectOptions): Promise<void> {
  throw new QurioError("NOT_IN_THIS_BUILD", "`qurio inspect` is not part of this build", "Use a newer version of qurio.");
}
