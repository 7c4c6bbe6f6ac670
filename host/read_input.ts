// Reading a file with errors that say what to do (Node only). Apart from host/files.ts, because an application's runtime reads files, too.

import { readFileSync } from "node:fs";
import { QurioError } from "./errors.ts";

/** @throws QurioError INPUT_MISSING, INPUT_IS_FOLDER, INPUT_UNREADABLE */
export function readInput(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENOENT" || code === "ENOTDIR") throw new QurioError("INPUT_MISSING", `${path} does not exist`, "Check the name.");
    if (code === "EISDIR") throw new QurioError("INPUT_IS_FOLDER", `${path} is a folder, a file expected`, "Name a file in it.");
    throw new QurioError("INPUT_UNREADABLE", `${path} cannot be read (${code})`, "Check the file and its permissions.");
  }
}
