// What a study has worked out so far, a file for each network and each judged model: an interrupted study goes on where it stopped.
//
//   FOLDER/cache.json         { "format": "qurio study cache", "version": CACHE_VERSION }
//   FOLDER/KIND-HASH.bin      v8.serialize({ key, value }), HASH = the first 16 hex digits of the key's SHA-256

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { deserialize, serialize } from "node:v8";
import { QurioError } from "../../host/errors.ts";
import { readInput, writeOutput } from "../../host/files.ts";

/** To be raised by whatever makes the same key mean another result: features, training, thresholds, judging, or what is stored. */
export const CACHE_VERSION = 1;
const FORMAT = "qurio study cache";
const HINT = "Pass --cache another folder, or delete this one; nothing in it was changed.";

export class StudyCache {
  private readonly folder: string;

  /**
   * Opens a cache, or starts one where there is no folder or an empty one.
   * @throws QurioError STUDY_CACHE_VERSION, STUDY_CACHE_FOLDER, and those of writeOutput
   */
  constructor(folder: string) {
    this.folder = folder;
    const head = join(folder, "cache.json");
    const names = existsSync(folder) ? namesIn(folder) : [];
    if (names.length > 0 && !names.includes("cache.json")) {
      throw new QurioError(
        "STUDY_CACHE_FOLDER",
        `${basename(folder)} is no cache of a study: cache.json expected in it, found ${names[0]}`,
        HINT,
      );
    }
    if (names.length > 0) {
      const found = versionIn(readFileSync(head, "utf8"));
      if (found !== CACHE_VERSION) {
        throw new QurioError(
          "STUDY_CACHE_VERSION",
          `${basename(folder)} is a study's cache of version ${found}, version ${CACHE_VERSION} expected`,
          HINT,
        );
      }
      return;
    }
    try {
      mkdirSync(folder, { recursive: true });
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new QurioError("STUDY_CACHE_FOLDER", `${basename(folder)} cannot be a cache's folder (${code})`, HINT);
    }
    writeOutput(head, `${JSON.stringify({ format: FORMAT, version: CACHE_VERSION })}\n`);
  }

  /** The value that was stored for this key, or undefined. @throws QurioError STUDY_CACHE_DAMAGED */
  get<T>(kind: string, key: object): T | undefined {
    const path = this.pathOf(kind, key);
    if (!existsSync(path)) return undefined;
    try {
      const stored = deserialize(readInput(path)) as { key: string; value: T };
      if (stored.key === JSON.stringify(key)) return stored.value;
    } catch {
      // said below
    }
    throw new QurioError(
      "STUDY_CACHE_DAMAGED",
      `${basename(path)} in the study's cache is damaged`,
      "Delete this file: the study makes it again.",
    );
  }

  set(kind: string, key: object, value: unknown): void {
    writeOutput(this.pathOf(kind, key), serialize({ key: JSON.stringify(key), value }));
  }

  private pathOf(kind: string, key: object): string {
    const hash = createHash("sha256").update(JSON.stringify(key)).digest("hex").slice(0, 16);
    return join(this.folder, `${kind}-${hash}.bin`);
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    throw new QurioError("STUDY_CACHE_FOLDER", `${basename(folder)} is a file, a cache's folder expected`, HINT);
  }
}

function versionIn(text: string): unknown {
  try {
    const head = JSON.parse(text) as { format?: unknown; version?: unknown };
    return head.format === FORMAT ? head.version : "unknown";
  } catch {
    return "unknown";
  }
}
