// What --data names: a data set folder, or bundled feature codes (.qfc), which need no audio.

import { basename } from "node:path";
import { readInput } from "../host/files.ts";
import { decodeFeatureCodes, featuresOf } from "../tools/import/feature_codes.ts";
import { openDataset } from "../tools/train/datasets/open.ts";
import type { TrainingClip, TrainingDataset } from "../tools/train/feature_table.ts";
import { startProgress } from "./progress.ts";

export interface Data extends TrainingDataset {
  /** Licence and authors, where the data names them. */
  attribution: string | undefined;
}

/** Opens a data set; warnings go to stderr. Errors: those of openDataset and decodeFeatureCodes. */
export async function openData(path: string): Promise<Data> {
  if (path.endsWith(".qfc")) {
    const codes = decodeFeatureCodes(readInput(path), basename(path));
    const count = codes.origin.length;
    const all = featuresOf(codes);
    const clips = codes.clips.map((clip, i): TrainingClip => ({ ...clip, features: all.subarray(i * count, (i + 1) * count) }));
    return { name: codes.name, sha256: codes.sha256, labels: codes.labels, clips, attribution: codes.attribution };
  }
  const progress = startProgress("reading");
  try {
    const dataset = await openDataset(path, { progress: (done, total) => progress.update(done / total) });
    for (const warning of dataset.warnings) process.stderr.write(`qurio: ${warning}\n`);
    return { ...dataset, attribution: undefined };
  } finally {
    progress.stop();
  }
}
