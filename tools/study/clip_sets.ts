// What models are judged on: the clips of a fold that they have not seen, clips of another data set, noise.

import { QurioError } from "../../host/errors.ts";
import { type FeatureTable, featuresOf, type TrainingDataset } from "../train/feature_table.ts";
import type { ClipSet } from "./judge.ts";
import { noiseWindows } from "./noise.ts";
import type { Split } from "./plan.ts";

/** 16-bit PCM -> features, the front end that ships. */
export type Extract = (pcm: Int16Array) => Float32Array;

const OTHER_CLIPS = 200;

export const emptySet = (): ClipSet => ({ clips: [], vectors: [], truth: [] });

/** The clips of the fold that is held out. */
export function heldOut(table: FeatureTable, { testClips }: Split): ClipSet {
  return {
    clips: testClips,
    vectors: testClips.map((clip) => featuresOf(table, clip, 0)),
    truth: testClips.map((clip) => table.labels[clip]!),
  };
}

/**
 * Up to 200 clips of another data set, evenly spaced.
 * @throws QurioError STUDY_OTHER_FEATURES
 */
export async function otherClips({ name, clips }: TrainingDataset, features: number, extract: Extract | null): Promise<ClipSet> {
  const count = Math.min(OTHER_CLIPS, clips.length);
  const chosen = Array.from({ length: count }, (_, i) => Math.floor((i * clips.length) / count));
  const set: ClipSet = { clips: chosen, vectors: [], truth: chosen.map(() => -1) };
  for (const index of chosen) {
    const clip = clips[index]!;
    const vector = clip.features ?? extract?.(await clip.load!()).slice();
    if (vector?.length !== features) {
      throw new QurioError(
        "STUDY_OTHER_FEATURES",
        `${name} has ${vector?.length ?? "no"} features a clip, ${features} expected as in the data set that is trained on`,
        "Pass --ood data of the same kind: recordings for recordings, embeddings of the same network for embeddings.",
      );
    }
    set.vectors.push(vector);
  }
  return set;
}

export function noiseClips(extract: Extract): ClipSet {
  const vectors = noiseWindows().map((pcm) => extract(pcm).slice());
  return { clips: vectors.map((_, i) => i), vectors, truth: vectors.map(() => -1) };
}
