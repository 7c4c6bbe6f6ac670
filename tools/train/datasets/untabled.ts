// The two layouts that say everything in file names.
//
//   FSDD:                  0_george_12.wav       digit_speaker_index, in the folder itself or in recordings/
//   one folder per class:  dog/bark1.wav

import { createHash } from "node:crypto";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { QurioError } from "../../../host/errors.ts";
import { compare, type Listing } from "./dataset.ts";

const FSDD_NAME = /^(\d)_([A-Za-z]+)_(\d+)\.wav$/i;
const WAV_NAME = /\.wav$/i;
const HASHED_FOLDS = 5;

/** The folder of an FSDD copy's recordings, if `dir` is one. */
export async function fsddFolder(dir: string): Promise<string | undefined> {
  for (const folder of [dir, join(dir, "recordings")]) {
    const names = await readdir(folder).catch(() => []);
    if (names.some((name) => FSDD_NAME.test(name))) return folder;
  }
  return undefined;
}

/** Labels are the digits; a fold is a speaker, in alphabetical order, so that testing is on voices never heard. */
export async function readFsdd(folder: string): Promise<Listing> {
  const names = (await readdir(folder)).filter((name) => WAV_NAME.test(name));
  const clips = names.map((name) => {
    const match = FSDD_NAME.exec(name);
    if (!match) {
      const message = `${name}: unknown class: {digit}_{speaker}_{index}.wav expected, as the files beside it`;
      throw new QurioError("DATASET_LABEL", message, "Rename the file or take it out of the folder.");
    }
    return { name, digit: match[1], speaker: match[2] };
  });
  const labels = [...new Set(clips.map(({ digit }) => digit))].sort(compare);
  const speakers = [...new Set(clips.map(({ speaker }) => speaker))].sort(compare);
  return {
    labels,
    clips: clips.map(({ name, digit, speaker }) => ({
      name,
      path: join(folder, name),
      label: labels.indexOf(digit),
      fold: 1 + speakers.indexOf(speaker),
    })),
    tables: [],
    warnings: [],
  };
}

/**
 * Labels are the names of the folders that hold WAV files (not of those that start with "." or "_"), sorted. Folds are five, by a hash of
 * the file name alone: they stay when files are added. Clips cut from one recording may land in different folds, which flatters
 * test figures; use the ESC-50 layout, whose table gives each clip its fold, when that matters.
 */
export async function readClassFolders(dir: string): Promise<Listing> {
  const entries = await readdir(dir, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory() && !/^[._]/.test(entry.name)).map((entry) => entry.name);
  const found: { folder: string; file: string }[] = [];
  for (const folder of folders) {
    for (const file of await readdir(join(dir, folder))) if (WAV_NAME.test(file)) found.push({ folder, file });
  }
  const labels = [...new Set(found.map(({ folder }) => folder))].sort(compare);
  const loose = entries.filter((entry) => entry.isFile() && WAV_NAME.test(entry.name));
  return {
    labels,
    clips: found.map(({ folder, file }) => ({
      name: `${folder}/${file}`,
      path: join(dir, folder, file),
      label: labels.indexOf(folder),
      fold: hashedFold(file),
    })),
    tables: [],
    warnings: loose.length > 0 ? [`${loose.length} WAV files outside class folders are ignored, ${loose[0].name} first`] : [],
  };
}

/** 1 to 5: the first four bytes of the file name's SHA-256, big-endian, modulo 5, plus 1. */
export function hashedFold(fileName: string): number {
  return 1 + (createHash("sha256").update(fileName).digest().readUInt32BE(0) % HASHED_FOLDS);
}
