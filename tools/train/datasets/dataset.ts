// What a data set is to the trainer, whatever its layout on disk, and the checks that every layout shares.

import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { SAMPLE_RATE } from "../../../assembly/format/input_spec.ts";
import { toPcm } from "../../../host/audio/resample.ts";
import { readWav } from "../../../host/audio/wav.ts";
import { QurioError } from "../../../host/errors.ts";

export interface Clip {
  /** File name, unique in the data set; with its folder in front when there is one folder per class. Never a path. */
  name: string;
  /** Index into Dataset.labels. */
  label: number;
  /** Clips that must not be split between training and test share a fold; folds count from 1. */
  fold: number;
  /** 16-bit, mono, at this rate (Hz; that of the default input spec if absent); decoded anew on each call. @throws QurioError that names the file */
  load(sampleRate?: number): Promise<Int16Array>;
}

export interface Dataset {
  /** Name of the folder. */
  name: string;
  /** SHA-256 over (name, 0, decimal length, 0, bytes) of each file that was used, sorted by name. */
  sha256: string;
  labels: string[];
  /** Sorted by name. */
  clips: Clip[];
  /** For the user: files that were ignored, folds that lack a class. */
  warnings: string[];
}

/** What the reader of one layout found. */
export interface Listing {
  labels: string[];
  clips: { name: string; path: string; label: number; fold: number }[];
  /** Files other than clips that say what the labels and folds are. */
  tables: string[];
  warnings: string[];
}

/** Called with bytes read and bytes in all. */
export type Progress = (doneBytes: number, totalBytes: number) => void;

/**
 * Checks what was found and hashes it.
 * @throws QurioError DATASET_EMPTY, DATASET_DUPLICATE, DATASET_MISSING_FILE, DATASET_SINGLE_CLASS
 */
export async function toDataset(dir: string, listing: Listing, progress?: Progress): Promise<Dataset> {
  const name = basename(resolve(dir));
  const { labels } = listing;
  const sorted = [...listing.clips].sort((a, b) => compare(a.name, b.name));
  if (sorted.length === 0) throw new QurioError("DATASET_EMPTY", `${name} holds no clips`, "Check that the folder was copied whole.");
  const twice = sorted.find((clip, i) => i > 0 && clip.name === sorted[i - 1].name);
  if (twice) throw new QurioError("DATASET_DUPLICATE", `${name}: ${twice.name} is listed twice`, "Each clip needs one row with one label.");
  const used = new Set(sorted.map((clip) => clip.label));
  if (used.size < 2) {
    const message = `${name} has a single class (${labels[sorted[0].label]}): at least two expected`;
    throw new QurioError("DATASET_SINGLE_CLASS", message, "A classifier needs something to tell apart: add clips of another class.");
  }
  const files = [...sorted, ...listing.tables.map((path) => ({ name: basename(path), path }))];
  const sha256 = await hashFiles(name, files, progress);
  return {
    name,
    sha256,
    labels,
    clips: sorted.map(({ name, path, label, fold }) => ({
      name,
      label,
      fold,
      load: (sampleRate = SAMPLE_RATE) => loadClip(path, name, sampleRate),
    })),
    warnings: [...listing.warnings, ...foldWarnings(labels, sorted)],
  };
}

/** Order of code units: the same everywhere, unlike localeCompare. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

async function hashFiles(dataset: string, files: { name: string; path: string }[], progress?: Progress): Promise<string> {
  const sizes = await Promise.all(files.map(({ path }) => stat(path).catch(() => undefined)));
  const missing = files.filter((_, i) => !sizes[i]?.isFile());
  if (missing.length > 0) {
    const message = `${dataset}: ${missing[0].name} is listed but not there (${missing.length} of ${files.length} files missing)`;
    throw new QurioError(
      "DATASET_MISSING_FILE",
      message,
      "Copy or unpack the data set again, or remove the rows of files you do not have.",
    );
  }
  const totalBytes = sizes.reduce((sum, size) => sum + (size?.size ?? 0), 0);
  const hash = createHash("sha256");
  let doneBytes = 0;
  for (const { name, path } of [...files].sort((a, b) => compare(a.name, b.name))) {
    const bytes = await readNamed(path, name);
    hash.update(`${name}\0${bytes.length}\0`).update(bytes);
    doneBytes += bytes.length;
    progress?.(doneBytes, totalBytes);
  }
  return hash.digest("hex");
}

async function loadClip(path: string, name: string, sampleRate: number): Promise<Int16Array> {
  return toPcm(readWav(await readNamed(path, name), name), sampleRate);
}

async function readNamed(path: string, name: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new QurioError("DATASET_UNREADABLE", `${name} cannot be read (${code})`, "Check the file and its permissions.");
  }
}

/** Testing on a fold says nothing about a class that it lacks. */
function foldWarnings(labels: string[], clips: { label: number; fold: number }[]): string[] {
  const folds = [...new Set(clips.map((clip) => clip.fold))].sort((a, b) => a - b);
  return folds.flatMap((fold) => {
    const there = new Set(clips.filter((clip) => clip.fold === fold).map((clip) => clip.label));
    const missing = labels.filter((_, label) => !there.has(label));
    return missing.length > 0 ? [`fold ${fold} has no clip of ${missing.join(", ")}`] : [];
  });
}
