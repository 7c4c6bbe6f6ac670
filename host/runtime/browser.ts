// The package's entry for browsers: the same API as host/runtime/index.ts, without file access. What is published is a bundle of it,
// build/browser.js, which lies beside the core modules (scripts/build-packages.ts).

import { fetched, type LoadOptions, type Model, modelFromBytes, type WasmSource } from "./model.ts";

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

/** Beside the bundle; written out, so that other bundlers find the files. */
const ownWasm = (simd: boolean) => (simd ? new URL("./qurio.simd.wasm", import.meta.url) : new URL("./qurio.wasm", import.meta.url));

/**
 * Loads a `.qmoe` model, or a module that `qurio bake --target core` made of one.
 *
 *     const model = await loadModel("/esc10.qmoe");
 *     model.decide(pcm).label;
 *
 * @param source the file's bytes, or a URL to fetch
 * @param options `wasm` says where qurio.wasm and qurio.simd.wasm are, if not beside this file
 * @throws QurioError that names what is wrong with a missing, damaged or foreign file
 */
export async function loadModel(source: WasmSource, options: LoadOptions = {}): Promise<Model> {
  return modelFromBytes(await fetched(source), options, ownWasm);
}
