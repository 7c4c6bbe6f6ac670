// Opens a data set folder of any layout that is understood.

import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { QurioError } from "../../../host/errors.ts";
import { type Dataset, type Progress, toDataset } from "./dataset.ts";
import { ESC50_TABLE, readEsc50, readUrbanSound8k, URBANSOUND8K_TABLE } from "./tabled.ts";
import { fsddFolder, readClassFolders, readFsdd } from "./untabled.ts";

const LAYOUTS = `Layouts: ESC-50 (${ESC50_TABLE} + audio/), UrbanSound8K (${URBANSOUND8K_TABLE} + audio/foldN/), FSDD (0_speaker_0.wav …), or one folder of WAV files per class.`;

/**
 * Finds out the layout of a data set, lists its clips and hashes its files; audio is decoded only by `clip.load()`.
 * @param dir the data set's folder
 * @throws QurioError DATASET_MISSING, DATASET_EMPTY, DATASET_LAYOUT, DATASET_TABLE, DATASET_LABEL, DATASET_MISSING_FILE, DATASET_DUPLICATE, DATASET_SINGLE_CLASS
 */
export async function openDataset(dir: string, { progress }: { progress?: Progress | undefined } = {}): Promise<Dataset> {
  const name = basename(resolve(dir));
  const found = await stat(dir).catch(() => undefined);
  if (!found) throw new QurioError("DATASET_MISSING", `data set ${dir} does not exist`, "Pass the data set's folder with --data DIR.");
  if (!found.isDirectory()) throw new QurioError("DATASET_MISSING", `data set ${dir} is a file, a folder expected`, LAYOUTS);
  if ((await readdir(dir)).length === 0) throw new QurioError("DATASET_EMPTY", `data set ${dir} is an empty folder`, LAYOUTS);
  if (await isFile(join(dir, ESC50_TABLE))) return toDataset(dir, await readEsc50(dir), progress);
  if (await isFile(join(dir, URBANSOUND8K_TABLE))) return toDataset(dir, await readUrbanSound8k(dir), progress);
  const fsdd = await fsddFolder(dir);
  if (fsdd) return toDataset(dir, await readFsdd(fsdd), progress);
  const listing = await readClassFolders(dir);
  if (listing.clips.length === 0) throw new QurioError("DATASET_LAYOUT", `${name}: no data set layout is recognised`, LAYOUTS);
  return toDataset(dir, listing, progress);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
