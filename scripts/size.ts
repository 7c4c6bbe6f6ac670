// Prints what the project weighs: wasm modules and their code, bundled model files by section, and the memory that each model needs.
// usage: npm run size [-- --json]

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { align16 } from "../assembly/format/plan.ts";
import { packagePath } from "../host/files.ts";
import { decodeContainer, SECTION_NAMES } from "../host/model-file/container.ts";
import { decodePlan } from "../host/model-file/model_file.ts";

export interface ModuleSize {
  name: string;
  sizeBytes: number;
  codeBytes: number;
}

export interface ModelSize {
  name: string;
  sizeBytes: number;
  /** Work memory: arena, ring of log-mel codes and PCM buffer. */
  workBytes: number;
  arenaBytes: number;
  ringBytes: number;
  audioBytes: number;
  /** In file order; header, section table and padding are the rest of sizeBytes. */
  sections: { name: string; sizeBytes: number }[];
}

/** Bytes of a wasm module and of its code section (id 10), its size field not counted. */
export function moduleSize(name: string, wasm: Uint8Array): ModuleSize {
  let at = 8;
  let codeBytes = 0;
  while (at < wasm.length) {
    const id = wasm[at++];
    let length = 0;
    for (let shift = 0, more = true; more; shift += 7) {
      length |= (wasm[at] & 127) << shift;
      more = wasm[at++] >= 128;
    }
    if (id === 10) codeBytes = length;
    at += length;
  }
  return { name, sizeBytes: wasm.length, codeBytes };
}

/** @param file a sound model file */
export function modelSize(name: string, file: Uint8Array): ModelSize {
  const { arenaBytes, ringBytes, audioSamples, workBytes } = decodePlan(file);
  const sections = decodeContainer(file).map(({ id, bytes }) => ({ name: SECTION_NAMES[id], sizeBytes: bytes.length }));
  return {
    name,
    sizeBytes: file.length,
    workBytes,
    arenaBytes,
    ringBytes: align16(ringBytes),
    audioBytes: align16(2 * audioSamples),
    sections,
  };
}

/** Modules in build/ and models in models/, by name; what is not there is left out. */
export function measure(): { modules: ModuleSize[]; models: ModelSize[] } {
  const files = (folder: string, ending: string) =>
    existsSync(packagePath(folder))
      ? readdirSync(packagePath(folder))
          .filter((name) => name.endsWith(ending))
          .sort()
      : [];
  const read = (folder: string, name: string) => new Uint8Array(readFileSync(packagePath(folder, name)));
  return {
    modules: files("build", ".wasm").map((name) => moduleSize(name, read("build", name))),
    models: files("models", ".qmoe").map((name) => modelSize(name, read("models", name))),
  };
}

function print(rows: [string, ...(number | string)[]][]): void {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => `${row[column]}`.length)));
  for (const [name, ...values] of rows) {
    console.log([name.padEnd(widths[0]), ...values.map((value, i) => `${value}`.padStart(widths[i + 1]))].join("  "));
  }
}

function main(): void {
  const { modules, models } = measure();
  if (process.argv.includes("--json")) {
    console.log(JSON.stringify({ modules, models }, null, 2));
    return;
  }
  print([
    ["module", "bytes", "code"],
    ...modules.map(({ name, sizeBytes, codeBytes }): [string, number, number] => [name, sizeBytes, codeBytes]),
  ]);
  for (const { name, sizeBytes, workBytes, arenaBytes, ringBytes, audioBytes, sections } of models) {
    console.log();
    print([
      [name, sizeBytes],
      ...sections.map((section): [string, number] => [`  ${section.name}`, section.sizeBytes]),
      ["work memory", workBytes],
      ["  arena", arenaBytes],
      ["  ring", ringBytes],
      ["  audio", audioBytes],
    ]);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
