// `qurio export`: packs a checkpoint into a model file.

import { QurioError } from "../errors.ts";

export interface ExportOptions {
  output: string;
  json?: boolean;
}

/** Packs a checkpoint into a model file. */
export async function exportModel(_checkpoint: string, _options: ExportOptions): Promise<void> {
  throw new QurioError("NOT_IN_THIS_BUILD", "`qurio export` is not part of this build", "Use a newer version of qurio.");
}
