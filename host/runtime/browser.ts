// The package's entry for browsers: the same API as host/runtime/index.ts, without file access.

import { type LoadOptions, type Model, modelFromBytes, type WasmSource, wasmBytes } from "./model.ts";

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

/**
 * Loads a `.qmoe` model.
 * @param source the file's bytes, or a URL to fetch
 * @param options `wasm` is required here: where qurio.wasm and qurio.simd.wasm are
 * @throws QurioError that names what is wrong with a damaged or foreign file
 */
export async function loadModel(source: WasmSource, options: LoadOptions): Promise<Model> {
  const bytes = await wasmBytes(source);
  return modelFromBytes(ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes), options);
}
