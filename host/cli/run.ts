// `qurio run`: decides what is heard in WAV files.

import { QurioError } from "../errors.ts";

export interface RunOptions {
  engine?: string;
  device?: string;
  json?: boolean;
}

/** Decides what is heard in WAV files. */
export async function run(_files: string[], _options: RunOptions): Promise<void> {
  throw new QurioError("NOT_IN_THIS_BUILD", "`qurio run` is not part of this build", "Use a newer version of qurio.");
}
