// Opens a data set before someone's eyes: a progress bar, and warnings on stderr.

import { type Data, openData } from "../train/datasets/open_data.ts";
import { startProgress } from "./progress.ts";

/** @throws QurioError what openData throws */
export async function openDataShown(path: string): Promise<Data> {
  const progress = startProgress("reading");
  try {
    return await openData(path, {
      progress: (done, total) => progress.update(done / total),
      warn: (warning) => process.stderr.write(`qurio: ${warning}\n`),
    });
  } finally {
    progress.stop();
  }
}
