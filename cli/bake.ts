// `qurio bake`: one self-contained wasm module of a model.

import { checkOutput, readInput, writeOutput } from "../host/files.ts";
import { type BakeSizes, bake } from "../tools/export/bake.ts";
import type { BakeTarget } from "../tools/export/bake_targets.ts";
import { formatTable } from "./output.ts";
import { printJson } from "./print_json.ts";
import type { BAKE } from "./schemas/model.ts";

export interface BakeCommandOptions {
  output: string;
  target: BakeTarget;
  simd?: boolean;
  weights: boolean;
  json?: boolean;
}

/** Bakes a model file into a module. Without weights the model that goes with it is written beside it, as OUTPUT.qmoe. */
export async function bakeModel(path: string, { output, target, simd = false, weights, json }: BakeCommandOptions): Promise<void> {
  checkOutput(output);
  const { wasm, model, sizes } = await bake(readInput(path), { target, simd, weights });
  writeOutput(output, wasm);
  const modelOutput = weights ? null : `${output}.qmoe`;
  if (modelOutput) writeOutput(modelOutput, model);
  if (json) {
    printJson<typeof BAKE>({ file: output, model: modelOutput, target, simd, ...sizes });
    return;
  }
  console.log(formatTable(sizeRows(sizes, weights), { head: [output, "bytes"] }));
  if (modelOutput) console.log(`\n${modelOutput}: the model, to be written at modelPtr() = ${sizes.modelPtr} before load`);
}

function sizeRows(sizes: BakeSizes, weights: boolean): [string, number][] {
  const rest = sizes.moduleBytes - sizes.codeBytes - (weights ? sizes.modelBytes : 0);
  return [
    ["module", sizes.moduleBytes],
    ["  code", sizes.codeBytes],
    ...(weights ? [["  weights (model file)", sizes.modelBytes] as [string, number]] : []),
    ["  the rest", rest],
    ["linear memory in use", sizes.memoryBytes],
    ["  static data", sizes.staticBytes],
    ["  work memory", sizes.workBytes],
    ["    arena", sizes.arenaBytes],
    ["    ring", sizes.ringBytes],
    ["    audio", sizes.audioBytes],
    ["  weights (model file)", sizes.modelBytes],
    ["memory in pages of 64 KiB: least and most", sizes.pages],
  ];
}
