// The two layouts whose labels and folds come from a table.
//
//   ESC-50:        meta/esc50.csv                audio/1-100032-A-0.wav
//   UrbanSound8K:  metadata/UrbanSound8K.csv     audio/fold1/101415-3-0-2.wav

import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { Listing } from "./dataset.ts";
import { type LabelledRow, labelledRow, labelsOf, readTable } from "./table.ts";

export const ESC50_TABLE = join("meta", "esc50.csv");
export const URBANSOUND8K_TABLE = join("metadata", "UrbanSound8K.csv");

/** All rows of the table, so that a part of ESC-50 such as ESC-10 is a data set of its own. Folds are the official ones. */
export function readEsc50(dir: string): Promise<Listing> {
  const columns = { file: "filename", fold: "fold", target: "target", category: "category" };
  return readTabled(dir, ESC50_TABLE, columns, ({ file }) => file);
}

/** Folds are the official ten. */
export function readUrbanSound8k(dir: string): Promise<Listing> {
  const columns = { file: "slice_file_name", fold: "fold", target: "classID", category: "class" };
  return readTabled(dir, URBANSOUND8K_TABLE, columns, ({ fold, file }) => join(`fold${fold}`, file));
}

async function readTabled(
  dir: string,
  tablePath: string,
  columns: { file: string; fold: string; target: string; category: string },
  placeOf: (row: LabelledRow) => string,
): Promise<Listing> {
  const table = basename(tablePath);
  const path = join(dir, tablePath);
  const rows = (await readTable(path, Object.values(columns))).map((row) => labelledRow(table, row, columns));
  const { labels, indexOf } = labelsOf(table, rows);
  const places = new Set(rows.map(placeOf));
  const there = await readdir(join(dir, "audio"), { recursive: true }).catch(() => []);
  const unlisted = there.filter((name) => /\.wav$/i.test(name) && !places.has(name));
  return {
    labels,
    clips: rows.map((row) => ({ name: row.file, path: join(dir, "audio", placeOf(row)), label: indexOf.get(row.target)!, fold: row.fold })),
    tables: [path],
    warnings: unlisted.length > 0 ? [`${unlisted.length} WAV files without a row in ${table} are ignored, ${unlisted[0]} first`] : [],
  };
}
