// Engine "wasi": build/qurio-wasi.wasm under node:wasi in this process. One instance per run, as a runtime would start it.

import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packagePath, readInput } from "../files.ts";
import { type CommandRun, openCommand } from "./command.ts";
import type { Runner } from "./runner.ts";

/** The compiled command and the class that runs it. */
export interface WasiCommand {
  WASI: typeof import("node:wasi").WASI;
  module: WebAssembly.Module;
}

let command: Promise<WasiCommand> | undefined;

export function loadCommand(): Promise<WasiCommand> {
  command ??= (async () => {
    const wasm = readInput(packagePath("build", "qurio-wasi.wasm"));
    return { WASI: await wasiClass(), module: await WebAssembly.compile(wasm as BufferSource) };
  })();
  return command;
}

/** node:wasi warns that it is experimental when it is first loaded; that warning is dropped, all others pass. */
async function wasiClass(): Promise<WasiCommand["WASI"]> {
  const emitWarning = process.emitWarning;
  process.emitWarning = ((warning: string | Error, ...rest: never[]) => {
    if (!/^WASI is an experimental feature/.test(`${warning}`)) emitWarning.call(process, warning, ...rest);
  }) as typeof process.emitWarning;
  try {
    return (await import("node:wasi")).WASI;
  } finally {
    process.emitWarning = emitWarning;
  }
}

/**
 * Runs the WASI command once, to its end.
 * @param folder where stdout and stderr are kept, in files of these names
 * @param args without the program's name
 * @param preopens the folders that it sees, by the name that it knows them under
 */
export function runWasi({ WASI, module }: WasiCommand, folder: string, args: string[], preopens: Record<string, string>): CommandRun {
  const streams = ["stdout", "stderr"].map((name) => join(folder, name));
  const [stdout, stderr] = streams.map((path) => openSync(path, "w"));
  try {
    const wasi = new WASI({ version: "preview1", args: ["qurio-wasi", ...args], preopens, stdout, stderr, returnOnExit: true });
    const instance = new WebAssembly.Instance(module, wasi.getImportObject() as WebAssembly.Imports);
    const exitCode = wasi.start(instance);
    const [written, complaint] = streams.map((path) => readFileSync(path, "utf8"));
    return { exitCode, stdout: written, stderr: complaint };
  } finally {
    closeSync(stdout);
    closeSync(stderr);
  }
}

export async function openWasi(file: Uint8Array): Promise<Runner> {
  const loaded = await loadCommand();
  return openCommand(file, async (folder, args) => runWasi(loaded, folder, args, { ".": folder }));
}
