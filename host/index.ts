// The package's entry for Node: loadModel with file access.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { QurioError } from "./errors.ts";
import { type LoadOptions, type Model, modelFromBytes } from "./model.ts";
import { buildFile } from "./paths.ts";

export { QurioError } from "./errors.ts";
export {
  type Decision,
  hasSimd,
  type LoadOptions,
  Model,
  SAMPLE_RATE,
  type Uncertainty,
  type WasmSource,
  WINDOW_SAMPLES,
} from "./model.ts";

/** A file's bytes; a missing or unreadable file is named. */
export async function readBytes(path: string | URL, what: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code ?? String(error);
    const name = path instanceof URL ? fileURLToPath(path) : path;
    throw new QurioError("CANNOT_READ", `cannot read ${what} ${name}: ${reason}`, "Check the path and its permissions.");
  }
}

/** Bytes of a core module that this package ships. */
export async function coreWasm(simd: boolean): Promise<Uint8Array<ArrayBuffer>> {
  return readBytes(buildFile(simd ? "qurio.simd.wasm" : "qurio.wasm"), "the core module (npm run build makes it)");
}

/**
 * Loads a `.qmoe` model.
 *
 *     const model = await loadModel("models/esc10.qmoe");
 *     model.decide(pcm).label;
 *
 * @param source a path, a file URL, or the file's bytes
 * @throws QurioError that names what is wrong with a missing, damaged or foreign file
 */
export async function loadModel(source: string | URL | Uint8Array, options: LoadOptions = {}): Promise<Model> {
  const file = source instanceof Uint8Array ? source : await readBytes(source, "model");
  const wasm = options.wasm ?? { scalar: await coreWasm(false), simd: await coreWasm(true) };
  return modelFromBytes(file, { ...options, wasm });
}
