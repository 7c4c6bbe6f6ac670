// Bake: one module for one model. What the model does not use is not compiled in, its weights lie in the layouts that the module reads,
// and memory is what just fits:
//
//   0          workPtr                        modelPtr                __heap_base
//   | static   | arena | ring | PCM buffer    | model file            | end of the last page
//              '------- work memory -------'
//
// Everything above modelPtr is read only: a board may keep it in flash. docs/guides/bake.md says how hosts use a baked module.

import { readFileSync } from "node:fs";
import { align16 } from "../../assembly/format/plan.ts";
import { deviceError, QurioError } from "../../host/errors.ts";
import { packagePath } from "../../host/files.ts";
import { framingOf } from "../../host/model-file/input_spec.ts";
import { decodeModel, encodeModel, memoryPlan } from "../../host/model-file/model_file.ts";
import { repack } from "../../host/model-file/repack.ts";
import { coreWasm } from "../../host/runtime/index.ts";
import { placeInMemory } from "../../host/wasm/place.ts";
import { readSections, SECTION_CODE } from "../../host/wasm/sections.ts";
import { BAKE_TARGETS, type BakeTarget } from "./bake_targets.ts";
import { compileCore } from "./compile.ts";
import { componentOf } from "./component.ts";
import { bakedUses } from "./uses.ts";

export interface BakeOptions {
  /**
   * core: the exports of assembly/index.ts and no imports. wasi: a WASI preview 1 command, the model its own. component: world classifier
   * of wit/qurio.wit.
   */
  target: BakeTarget;
  /** true: for engines with SIMD. */
  simd?: boolean;
  /** false: leave the model out, so that the host can put one into the module's memory; target core only. */
  weights?: boolean;
}

/** Entries of assembly/. */
const ENTRIES = { core: "baked", slot: "baked_slot", wasi: "baked_wasi", component: "component" };

/** Where a baked module's bytes go. */
export interface BakeSizes {
  moduleBytes: number;
  /** The code section. */
  codeBytes: number;
  /** Tables and variables below work memory. */
  staticBytes: number;
  /** Work memory: arena, ring of log-mel codes, PCM buffer. */
  workBytes: number;
  arenaBytes: number;
  ringBytes: number;
  audioBytes: number;
  /** The model file in the module's layouts, provenance left out. */
  modelBytes: number;
  modelPtr: number;
  /** __heap_base: all memory that is used. */
  memoryBytes: number;
  /** Pages of 64 KiB: least and most, but a component may grow; its caller's lists go behind the model. */
  pages: number;
}

export interface Baked {
  wasm: Uint8Array<ArrayBuffer>;
  /** The model as it lies in memory: what goes to modelPtr in a module without weights. */
  model: Uint8Array;
  sizes: BakeSizes;
}

/**
 * Bakes a model file. The same file, options and version give the same bytes.
 * @param file a `.qmoe` file in the layouts of either build
 * @throws QurioError what is wrong with the file; BAKE_TARGET, BAKE_WEIGHTS for options that do not go together
 */
export async function bake(file: Uint8Array, { target, simd = false, weights = true }: BakeOptions): Promise<Baked> {
  if (!BAKE_TARGETS.includes(target)) {
    throw new QurioError(
      "BAKE_TARGET",
      `unknown target ${target}: one of ${BAKE_TARGETS.join(", ")} expected`,
      "Pass core for a module without imports.",
      2,
    );
  }
  if (!weights && target !== "core") {
    throw new QurioError(
      "BAKE_WEIGHTS",
      `target ${target} needs the model in the module`,
      "Leave --no-weights out, or pass --target core.",
      2,
    );
  }
  await validate(file);
  const model = modelToBake(file, simd);
  const uses = bakedUses(readFileSync(packagePath("assembly", "uses.ts"), "utf8"), model, weights);
  const compiled = await compileCore(ENTRIES[weights ? target : "slot"], simd, uses);
  const packed = decodeModel(model);
  const plan = memoryPlan(packed);
  const modelPtr = await modelPtrOf(compiled);
  const memoryBytes = modelPtr + model.length;
  const framing = framingOf(packed.input);
  // what a component's caller brings: a window of 16-bit samples, or a feature vector
  const spare = target === "component" ? (framing ? 2 * framing.windowSamples : 4 * plan.features) : null;
  const { wasm: placed, pages } = placeInMemory(compiled, modelPtr, weights ? model : null, memoryBytes, spare);
  const wasm = target === "component" ? await componentOf(placed) : placed;
  const code = readSections(placed).get(SECTION_CODE)!;
  return {
    wasm,
    model,
    sizes: {
      moduleBytes: wasm.length,
      codeBytes: code.end - code.at,
      staticBytes: modelPtr - plan.workBytes,
      workBytes: plan.workBytes,
      arenaBytes: plan.arenaBytes,
      ringBytes: align16(plan.ringBytes),
      audioBytes: align16(2 * plan.audioSamples),
      modelBytes: model.length,
      modelPtr,
      memoryBytes,
      pages,
    },
  };
}

/** A valid model file as it lies in a baked module: in the module's layouts, provenance left out. */
export function modelToBake(file: Uint8Array, simd: boolean): Uint8Array {
  return encodeModel({ ...decodeModel(repack(file, simd ? "simd" : "scalar")), provenance: undefined });
}

/** Throws what the core has against the file. */
export async function validate(file: Uint8Array): Promise<void> {
  const { instance } = await WebAssembly.instantiate(coreWasm(false) as BufferSource);
  const core = instance.exports as unknown as {
    memory: WebAssembly.Memory;
    workPtr(): number;
    validate(ptr: number, bytes: number): number;
    lastError(): number;
  };
  const ptr = align16(core.workPtr());
  core.memory.grow(Math.ceil((ptr + file.length) / 65536));
  new Uint8Array(core.memory.buffer).set(file, ptr);
  if (core.validate(ptr, file.length) === 0) return;
  const [code, place, expected, found] = new Int32Array(core.memory.buffer, core.lastError(), 4);
  throw deviceError({ code, place, expected, found });
}

/** Asks the module, whose imports are not called for that. */
async function modelPtrOf(wasm: Uint8Array<ArrayBuffer>): Promise<number> {
  const module = await WebAssembly.compile(wasm);
  const imports: Record<string, Record<string, () => void>> = {};
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    imports[from] ??= {};
    imports[from][name] = () => {};
  }
  const { exports } = await WebAssembly.instantiate(module, imports);
  return (exports as { modelPtr(): number }).modelPtr();
}
