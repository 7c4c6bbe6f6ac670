// The package's entry for Node: loadModel with file access.

import { fileURLToPath } from "node:url";
import { QurioError } from "../errors.ts";
import { packagePath, readInput } from "../files.ts";
import { type LoadOptions, type Model, modelFromBytes } from "./model.ts";

export { QurioError } from "../errors.ts";
export {
  type Decision,
  hasSimd,
  type LoadOptions,
  Model,
  SAMPLE_RATE,
  type Stream,
  type StreamWindow,
  type Uncertainty,
  type WasmSource,
  WINDOW_SAMPLES,
} from "./model.ts";
export type { StreamOptions } from "./stream.ts";

/** Bytes of a core module that this package ships. */
export function coreWasm(simd: boolean): Uint8Array {
  return readInput(packagePath("build", simd ? "qurio.simd.wasm" : "qurio.wasm"));
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
export async function loadModel(source: string | URL | Uint8Array, options: LoadOptions = {}): Promise<Model> {
  const file = source instanceof Uint8Array ? source : readInput(source instanceof URL ? fileURLToPath(source) : source);
  const name = source instanceof Uint8Array ? undefined : `${source}`;
  const wasm = options.wasm ?? { scalar: coreWasm(false), simd: coreWasm(true) };
  try {
    return await modelFromBytes(file, { ...options, wasm });
  } catch (error) {
    if (name === undefined || !(error instanceof QurioError)) throw error;
    throw new QurioError(error.code, `${name}: ${error.message}`, error.hint, error.exitCode);
  }
}
