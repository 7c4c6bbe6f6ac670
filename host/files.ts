// Files in and out for commands and the trainer (Node only): named errors, and atomic outputs.

import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { QurioError } from "./errors.ts";

export { readInput } from "./read_input.ts";

/** Path of a file of the clone or, when installed, of package @qurio/cli. */
export function packagePath(...parts: string[]): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return join(folder, ...parts);
}

/**
 * Says now what writeOutput would say after the work is done.
 * @throws QurioError OUTPUT_NO_FOLDER, OUTPUT_IS_FOLDER
 */
export function checkOutput(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) throw outputIsFolder(path);
  if (!existsSync(dirname(path))) throw outputError(path, 0, Object.assign(new Error(), { code: "ENOENT" }));
}

function outputIsFolder(path: string): QurioError {
  return new QurioError("OUTPUT_IS_FOLDER", `cannot write ${path}: it is a folder, a file expected`, "Name a file in it.");
}

/**
 * Writes a file beside its place, then renames it: whoever looks sees the old file or the new one, also after Ctrl-C, an error or a power cut.
 * Package write-file-atomic does not do: it calls write() once, so on a disk that fills up it puts a cut file in place without an error.
 * Devices and pipes are written directly.
 * @throws QurioError OUTPUT_NO_FOLDER, OUTPUT_IS_FOLDER, OUTPUT_PERMISSION, OUTPUT_DISK_FULL, OUTPUT
 */
export function writeOutput(path: string, data: Uint8Array | string): void {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  let temporary: string | undefined;
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there?.isDirectory()) throw outputIsFolder(path);
    if (there && !there.isFile()) {
      writeFileSync(path, bytes);
      return;
    }
    const target = there ? realpathSync(path) : path;
    temporary = join(dirname(target), `.${basename(target)}.${process.pid}.tmp`);
    const file = openSync(temporary, "w", there?.mode ?? 0o666);
    try {
      writeFileSync(file, bytes);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, target);
  } catch (error) {
    if (temporary) rmSync(temporary, { force: true });
    throw error instanceof QurioError ? error : outputError(path, bytes.length, error as NodeJS.ErrnoException);
  }
}

function outputError(path: string, sizeBytes: number, { code }: NodeJS.ErrnoException): QurioError {
  const folder = dirname(path);
  switch (code) {
    case "ENOENT":
    case "ENOTDIR":
      return new QurioError(
        "OUTPUT_NO_FOLDER",
        `cannot write ${path}: folder ${folder} does not exist`,
        `Make it first: mkdir -p ${folder}`,
      );
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return new QurioError("OUTPUT_PERMISSION", `cannot write ${path}: no permission (${code})`, "Choose a folder that you may write to.");
    case "ENOSPC":
    case "EDQUOT":
      return new QurioError(
        "OUTPUT_DISK_FULL",
        `cannot write ${path}: the disk is full, ${sizeBytes} bytes needed`,
        "Free some space and run the command again; what was there before is unchanged.",
      );
    default:
      return new QurioError("OUTPUT", `cannot write ${path} (${code})`, "Choose another place.");
  }
}

/** package.json of @qurio/cli: in a clone it lies in packages/cli. */
export function cliManifest(): {
  version: string;
  description: string;
  dependencies: Record<string, string>;
  peerDependencies: Record<string, string>;
} {
  const inClone = packagePath("packages", "cli", "package.json");
  return JSON.parse(readFileSync(existsSync(inClone) ? inClone : packagePath("package.json"), "utf8"));
}

/** Versions of qurio and of packages that the command depends on; dependencies are pinned. */
export function packageVersions(...names: string[]): Record<string, string> {
  const { dependencies, peerDependencies } = cliManifest();
  return Object.fromEntries(names.map((name) => [name, dependencies[name] ?? peerDependencies[name]]));
}
