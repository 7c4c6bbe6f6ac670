// What a study is asked for, as people type it: which features, and the command that makes the same result again.

import { basename } from "node:path";
import { RICH_FEATURES } from "../../assembly/format/plan.ts";
import { QurioError } from "../../host/errors.ts";
import { DEFAULT_FRONT_END } from "../../host/model-file/front_end.ts";
import { audioInput } from "../../host/model-file/input_spec.ts";
import { readEmbeddings, withEmbeddings } from "../train/datasets/embeddings.ts";
import { extractor } from "../train/extractor.ts";
import type { TrainingDataset } from "../train/feature_table.ts";
import type { StudyOptions } from "./study.ts";

const EMBEDDINGS = "embeddings:";

/**
 * The data set with the features that were asked for, and what computes them.
 * @param asked `rich`, or `embeddings:` and the path of a `.npy` file
 * @throws QurioError STUDY_FEATURES; those of readEmbeddings
 */
export async function studyInput(dataset: TrainingDataset, asked: string): Promise<Pick<StudyOptions, "dataset" | "features" | "extract">> {
  if (asked.startsWith(EMBEDDINGS)) {
    const embeddings = await readEmbeddings(asked.slice(EMBEDDINGS.length));
    const { name, sha256, values } = embeddings;
    return {
      dataset: withEmbeddings(dataset, embeddings),
      features: { name: `${EMBEDDINGS}${name}`, sha256, input: { source: "vectors", features: values } },
      extract: null,
    };
  }
  if (asked !== "rich")
    throw new QurioError("STUDY_FEATURES", `features "${asked}" are not known`, "Pass --features rich or embeddings:FILE.npy.", 2);
  const given = dataset.clips[0]?.features?.length ?? RICH_FEATURES;
  if (given !== RICH_FEATURES)
    return { dataset, features: { name: "given", sha256: null, input: { source: "vectors", features: given } }, extract: null };
  return { dataset, features: { name: "rich", sha256: null, input: audioInput() }, extract: await extractor(DEFAULT_FRONT_END) };
}

export interface StudyCommand {
  /** Paths, of which the command says the last part only. */
  data: string;
  ood?: string;
  device: string;
  /** As studyInput takes it. */
  features: string;
  seeds: readonly number[];
  hidden: readonly number[];
  epochs: number;
  models?: readonly string[];
  quick?: boolean;
}

/** The command that makes a study's result again, without folders. */
export function studyCommand({ data, ood, device, features, seeds, hidden, epochs, models, quick }: StudyCommand): string {
  const named = features.startsWith(EMBEDDINGS) ? `${EMBEDDINGS}${basename(features.slice(EMBEDDINGS.length))}` : features;
  const parts = [
    `qurio study --data ${basename(data)} --features ${named} --seeds ${seeds.join(",")} --hidden ${hidden.join(",")}`,
    `--epochs ${epochs} --device ${basename(device)}`,
    ...(ood === undefined ? [] : [`--ood ${basename(ood)}`]),
    ...(models === undefined ? [] : [`--models ${models.join(",")}`]),
    ...(quick ? ["--quick"] : []),
  ];
  return parts.join(" ");
}
