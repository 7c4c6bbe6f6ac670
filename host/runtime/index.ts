// The package's entry for Node: loadModel with file access.

import { fileURLToPath } from "node:url";
import { QurioError } from "../errors.ts";
import { readInput } from "../read_input.ts";
import { type Address, type LoadOptions, type Model, modelFromBytes, type WasmSource } from "./model.ts";

export { QurioError } from "../errors.ts";
export type { Decision, Uncertainty } from "./decision.ts";
export {
  hasSimd,
  type LoadOptions,
  Model,
  type Stream,
  type StreamWindow,
  type WasmSource,
} from "./model.ts";
export type { StreamOptions } from "./stream.ts";

/** Bytes of a core module that this package ships. */
export function coreWasm(simd: boolean): Uint8Array {
  // written out, so that bundlers for servers find the files
  const url = simd ? new URL("../../build/qurio.simd.wasm", import.meta.url) : new URL("../../build/qurio.wasm", import.meta.url);
  return readInput(fileURLToPath(url));
}

/**
 * Loads a `.qmoe` model, or a module that `qurio bake --target core` made of one.
 *
 *     const model = await loadModel("models/esc10.qmoe");
 *     model.decide(pcm).label;
 *
 * @param source a path, a file URL, or the file's bytes
 * @throws QurioError that names what is wrong with a missing, damaged or foreign file
 */
export async function loadModel(source: WasmSource, options: LoadOptions = {}): Promise<Model> {
  if (ArrayBuffer.isView(source)) return modelFromBytes(source as Uint8Array, options, coreWasm);
  if (source instanceof ArrayBuffer) return modelFromBytes(new Uint8Array(source), options, coreWasm);
  const name = typeof source === "string" ? source : (source as Address).href;
  const file = readInput(typeof source === "string" ? source : fileURLToPath(name));
  try {
    return await modelFromBytes(file, options, coreWasm);
  } catch (error) {
    if (!(error instanceof QurioError)) throw error;
    throw new QurioError(error.code, `${name}: ${error.message}`, error.hint, error.exitCode);
  }
}
