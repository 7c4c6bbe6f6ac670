// What --data names: a data set folder, or feature codes (.qfc), which need no audio.

import { basename } from "node:path";
import { readInput } from "../../../host/files.ts";
import { decodeFeatureCodes, featuresOf } from "../../import/feature_codes.ts";
import type { TrainingClip, TrainingDataset } from "../feature_table.ts";
import { openDataset } from "./open.ts";

export interface Data extends TrainingDataset {
  /** Licence and authors, where the data names them. */
  attribution: string | undefined;
}

/** How to open a data set by its path: openData, or one that also shows how far it is. */
export type OpenData = (path: string) => Promise<Data>;

export interface Reading {
  progress?: (done: number, total: number) => void;
  /** Hears what is odd about a data set and can be trained on all the same. */
  warn?: (warning: string) => void;
}

/** @throws QurioError what openDataset and decodeFeatureCodes throw */
export async function openData(path: string, { progress, warn }: Reading = {}): Promise<Data> {
  if (path.endsWith(".qfc")) {
    const codes = decodeFeatureCodes(readInput(path), basename(path));
    const count = codes.origin.length;
    const all = featuresOf(codes);
    const clips = codes.clips.map((clip, i): TrainingClip => ({ ...clip, features: all.subarray(i * count, (i + 1) * count) }));
    return { name: codes.name, sha256: codes.sha256, labels: codes.labels, clips, attribution: codes.attribution };
  }
  const dataset = await openDataset(path, progress ? { progress } : {});
  for (const warning of dataset.warnings) warn?.(warning);
  return { ...dataset, attribution: undefined };
}
