// Engine "wasi": build/qurio-wasi.wasm under node:wasi, which sees one temporary folder and nothing else.
// Everything passes through files there: model and clip in, stdout and stderr out. One instance per decision, as a runtime would start it.

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deviceError, QurioError } from "../errors.ts";
import { packagePath, readInput } from "../files.ts";
import { type Decision, SAMPLE_RATE } from "../model.ts";
import type { Engine } from "./engine.ts";

/** The compiled command and the class that runs it. */
export interface WasiCommand {
  WASI: typeof import("node:wasi").WASI;
  module: WebAssembly.Module;
}

/** What a run of the command left behind. */
export interface WasiRun {
  exitCode: number;
  stdout: string;
  stderr: string;
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
export function runWasi({ WASI, module }: WasiCommand, folder: string, args: string[], preopens: Record<string, string>): WasiRun {
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

export async function openWasi(file: Uint8Array): Promise<Engine> {
  const loaded = await loadCommand();
  const folder = mkdtempSync(join(tmpdir(), "qurio-wasi-"));
  const close = async () => rmSync(folder, { recursive: true, force: true });
  const decide = async (pcm: Int16Array, seed = 0): Promise<Decision> => {
    writeFileSync(join(folder, "clip.wav"), wav16k(pcm));
    return decisionOf(runWasi(loaded, folder, ["model.qmoe", "clip.wav", `${seed >>> 0}`], { ".": folder }));
  };
  try {
    writeFileSync(join(folder, "model.qmoe"), file);
    await decide(new Int16Array(1)); // a damaged model shows itself here
  } catch (error) {
    await close();
    throw error;
  }
  return { name: "wasi", decide, close };
}

/** "RIFF", "WAVE", "fmt " and "data" as little-endian words. */
const [RIFF, WAVE, FORMAT, DATA] = [0x46464952, 0x45564157, 0x20746d66, 0x61746164];

/** A WAV file of 16-bit mono PCM. No samples at all mean silence to an engine, but the command wants one. */
function wav16k(pcm: Int16Array): Uint8Array {
  const samples = pcm.length > 0 ? pcm : new Int16Array(1);
  const head = Uint32Array.of(RIFF, 36 + samples.byteLength, WAVE, FORMAT, 16, (1 << 16) | 1, SAMPLE_RATE, 2 * SAMPLE_RATE, (16 << 16) | 2);
  const data = Uint32Array.of(DATA, samples.byteLength);
  return Buffer.concat([head, data, samples].map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)));
}

/** The command's line as a decision, or its complaint as the error that the core would have given. */
function decisionOf({ exitCode, stdout, stderr }: WasiRun): Decision {
  if (exitCode !== 0) throw commandError(stderr);
  const { label, index, probability, entropy, mutualInformation, routerVariance, expert, abstained, framesSeen, weightBytesRead } =
    JSON.parse(stdout);
  const uncertainty = { entropy, mutualInformation, routerVariance };
  return { label, index, probability, uncertainty, expert, abstained, framesSeen, weightBytesRead };
}

function commandError(stderr: string): QurioError {
  const [message, hint] = stderr.split("\n");
  const device = message.match(/device error (\d+), place (-?\d+), expected (-?\d+), found (-?\d+) \(\w+\)$/);
  if (device) {
    const [code, place, expected, found] = device.slice(1).map(Number);
    return deviceError({ code, place, expected, found });
  }
  const [, text, name] = message.match(/^qurio: (.*) \((\w+)\)$/) ?? [];
  return new QurioError(name ?? "WASI", text ?? `the WASI command failed: ${stderr}`, hint ?? "");
}
