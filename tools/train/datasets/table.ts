// CSV tables of data sets: read with named errors, and their class ids turned into labels.

import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { QurioError } from "../../../host/errors.ts";

export interface Row {
  /** Line in the file, counted from 1, for messages. */
  line: number;
  cells: Record<string, string>;
}

export interface LabelledRow {
  line: number;
  file: string;
  fold: number;
  target: number;
  category: string;
}

const LABEL_HINT = "Correct the table: every id needs one name and every name one id.";

/** Rows of a CSV file with a header line. @throws QurioError DATASET_TABLE when it is no CSV, or lacks a column or every row */
export async function readTable(path: string, columns: readonly string[]): Promise<Row[]> {
  const { parse } = await import("csv-parse/sync");
  const table = basename(path);
  let rows: Row[];
  try {
    const options = { columns: true, bom: true, skip_empty_lines: true, trim: true, info: true } as const;
    const parsed = parse(await readFile(path), options) as unknown as { info: { lines: number }; record: Record<string, string> }[];
    rows = parsed.map(({ info, record }) => ({ line: info.lines, cells: record }));
  } catch (error) {
    throw new QurioError(
      "DATASET_TABLE",
      `${table} is not a readable CSV table: ${(error as Error).message}`,
      "Copy the data set's table again.",
    );
  }
  if (rows.length === 0) throw new QurioError("DATASET_TABLE", `${table} has no rows`, "Copy the data set's table again.");
  const missing = columns.filter((column) => !(column in rows[0].cells));
  if (missing.length > 0) {
    const message = `${table} lacks the column ${missing.join(", ")}: ${columns.join(",")} expected, found ${Object.keys(rows[0].cells).join(",")}`;
    throw new QurioError("DATASET_TABLE", message, "The first line must name the columns.");
  }
  return rows;
}

/**
 * A row's file, fold and class by the given column names.
 * @throws QurioError DATASET_LABEL for an id or name that is none, DATASET_TABLE for a fold below 1 or a file name with a path in it
 */
export function labelledRow(
  table: string,
  { line, cells }: Row,
  columns: { file: string; fold: string; target: string; category: string },
) {
  const where = `${table} line ${line}`;
  const target = wholeNumber(cells[columns.target]);
  const fold = wholeNumber(cells[columns.fold]);
  const category = cells[columns.category];
  const file = cells[columns.file];
  if (target === undefined || category === "") {
    const message = `${where}: unknown class: a whole ${columns.target} and a ${columns.category} expected, found "${cells[columns.target]}" and "${category}"`;
    throw new QurioError("DATASET_LABEL", message, LABEL_HINT);
  }
  if (fold === undefined || fold < 1) {
    throw new QurioError("DATASET_TABLE", `${where}: fold from 1 up expected, found "${cells[columns.fold]}"`, "Correct the table.");
  }
  if (file === "" || basename(file) !== file || file.includes("\\")) {
    throw new QurioError("DATASET_TABLE", `${where}: a plain file name expected, found "${file}"`, "Correct the table.");
  }
  return { line, file, fold, target, category };
}

/**
 * Label of each class id, sorted by id. Ids need not be dense: ESC-10's are 0, 1, 10 … 41.
 * @throws QurioError DATASET_LABEL when an id has two names or a name two ids
 */
export function labelsOf(table: string, rows: readonly LabelledRow[]): { labels: string[]; indexOf: Map<number, number> } {
  const byTarget = new Map<number, LabelledRow>();
  const byCategory = new Map<string, LabelledRow>();
  for (const row of rows) {
    const sameTarget = byTarget.get(row.target) ?? row;
    const sameCategory = byCategory.get(row.category) ?? row;
    const other = sameTarget.category !== row.category ? sameTarget : sameCategory;
    if (other.category !== row.category || other.target !== row.target) {
      const message = `${table} line ${row.line}: mislabelled: ${row.target} is ${row.category} here, but ${other.target} is ${other.category} on line ${other.line}`;
      throw new QurioError("DATASET_LABEL", message, LABEL_HINT);
    }
    byTarget.set(row.target, sameTarget);
    byCategory.set(row.category, sameCategory);
  }
  const targets = [...byTarget.keys()].sort((a, b) => a - b);
  return { labels: targets.map((target) => byTarget.get(target)!.category), indexOf: new Map(targets.map((target, i) => [target, i])) };
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
