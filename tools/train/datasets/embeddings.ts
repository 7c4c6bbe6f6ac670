// Precomputed embeddings: FILE.npy, float32 [clips][values], and index.csv beside it, a row for each of its rows in the same order, with
// the clip's `filename` and, if it likes, its `fold`.

import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { QurioError } from "../../../host/errors.ts";
import { readInput } from "../../../host/files.ts";
import { decodeNpy } from "../../import/npy.ts";
import type { TrainingClip, TrainingDataset } from "../feature_table.ts";
import { readTable } from "./table.ts";

export interface Embeddings {
  /** The file's name without .npy. */
  name: string;
  /** Of the .npy file. */
  sha256: string;
  /** Values a clip. */
  values: number;
  rows: { filename: string; fold: number | null; features: Float32Array }[];
}

const HINT = "Row i of the array must be clip i of index.csv, which stands beside it: write both again from the same recordings.";

/** @throws QurioError EMBEDDINGS_ROWS, NPY, DATASET_TABLE, INPUT_MISSING */
export async function readEmbeddings(path: string): Promise<Embeddings> {
  const file = basename(path);
  const bytes = readInput(path);
  const { rows, columns, values } = decodeNpy(bytes, file);
  const indexPath = join(dirname(path), "index.csv");
  readInput(indexPath);
  const index = await readTable(indexPath, ["filename"]);
  if (index.length !== rows) {
    throw new QurioError("EMBEDDINGS_ROWS", `${file} has ${rows} rows, index.csv lists ${index.length} clips`, HINT);
  }
  return {
    name: file.replace(/\.npy$/, ""),
    sha256: createHash("sha256").update(bytes).digest("hex"),
    values: columns,
    rows: index.map(({ cells }, i) => ({
      filename: cells["filename"]!,
      fold: cells["fold"] === undefined ? null : Number(cells["fold"]),
      features: values.subarray(i * columns, (i + 1) * columns),
    })),
  };
}

/** The data set with its clips' embeddings instead of their sound. @throws QurioError EMBEDDINGS_ROWS for a clip without its row */
export function withEmbeddings(dataset: TrainingDataset, embeddings: Embeddings): TrainingDataset {
  const byName = new Map(embeddings.rows.map((row) => [row.filename, row]));
  const clips = dataset.clips.map(({ name, label, fold }): TrainingClip => {
    const row = byName.get(name);
    if (!row) throw new QurioError("EMBEDDINGS_ROWS", `${embeddings.name}.npy: index.csv has no row of clip ${name}`, HINT);
    if (row.fold !== null && row.fold !== fold) {
      throw new QurioError(
        "EMBEDDINGS_ROWS",
        `${embeddings.name}.npy: clip ${name} lies in fold ${fold} of ${dataset.name}, fold ${row.fold} of index.csv`,
        HINT,
      );
    }
    return { name, label, fold, features: row.features };
  });
  return { ...dataset, clips };
}

/** All embeddings of a file as clips of no known class: to be judged, not to be trained on. */
export function unlabelled({ name, sha256, rows }: Embeddings): TrainingDataset {
  const clips = rows.map(({ filename, features }): TrainingClip => ({ name: filename, label: 0, fold: 1, features }));
  return { name, sha256, labels: ["unknown"], clips };
}
