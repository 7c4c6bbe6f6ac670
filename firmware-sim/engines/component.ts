// Engine "component": the model baked into a component, which jco turns into an ES module with a core module beside it.
// One file is baked and transpiled once per process, loaded from a temporary folder; each opened model is an instance of its own.

import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { ERROR_INPUT_NOT_FINITE, ERROR_NO_FRONT_END } from "../../assembly/format/errors.ts";
import type { Input, Runner } from "../../host/engines/runner.ts";
import { type DeviceError, deviceError } from "../../host/errors.ts";
import { bake } from "../../tools/export/bake.ts";
import { INTERFACE, loadJco } from "../../tools/export/component.ts";

/** Interface model of wit/qurio.wit as jco gives it, as far as engines need it. */
export interface ComponentModel {
  classify(pcm: Int16Array, seed: number): ComponentAnswer;
  classifyFeatures(features: Float32Array, seed: number): ComponentAnswer;
  info(): Record<string, unknown>;
}

/** Record answer, as far as engines need it; `decision` has the fields of host/runtime/decision.ts, undefined for none. */
export interface ComponentAnswer {
  decision: Record<string, unknown>;
  probabilities: Float32Array;
  bytes: Uint8Array;
}

/** Variant error: what jco throws, or the payload of what it throws. */
type ComponentError =
  | { tag: "damaged-model" | "overflow"; val: DeviceError }
  | { tag: "takes-features" | "features-shape" | "not-finite"; val: number }
  | { tag: "no-samples" };

interface Transpiled {
  instantiate(core: (name: string) => WebAssembly.Module, imports: object): Promise<Record<string, ComponentModel>>;
  core: WebAssembly.Module;
}

const transpiled = new Map<string, Promise<Transpiled>>();

/** An instance of a component that `bake` made. */
export async function instantiateComponent(component: Uint8Array): Promise<ComponentModel> {
  const key = createHash("sha256").update(component).digest("hex");
  if (!transpiled.has(key)) transpiled.set(key, transpile(component));
  const { instantiate, core } = await transpiled.get(key)!;
  return (await instantiate(() => core, {}))[INTERFACE];
}

async function transpile(component: Uint8Array): Promise<Transpiled> {
  const { files } = await (await loadJco()).transpile(component, { name: "model", instantiation: "async" });
  const folder = mkdtempSync(join(tmpdir(), "qurio-component-"));
  for (const [name, bytes] of Object.entries({ ...files, "package.json": '{ "type": "module" }\n' })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  try {
    const { instantiate } = await import(pathToFileURL(join(folder, "model.js")).href);
    return { instantiate, core: await WebAssembly.compile(files["model.core.wasm"] as BufferSource) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const baked = new Map<string, Promise<Uint8Array>>();

function bakedComponent(file: Uint8Array): Promise<Uint8Array> {
  const key = createHash("sha256").update(file).digest("hex");
  if (!baked.has(key)) {
    baked.set(
      key,
      bake(file, { target: "component" }).then(({ wasm }) => wasm),
    );
  }
  return baked.get(key)!;
}

/** @throws QurioError JCO_MISSING; what is wrong with a damaged or foreign file */
export async function openComponent(file: Uint8Array): Promise<Runner> {
  const model = await instantiateComponent(await bakedComponent(file));
  return {
    decideRecords: async (inputs, seed = 0) => inputs.map((input) => decide(model, input, seed)),
    close: async () => {},
  };
}

function decide(model: ComponentModel, input: Input, seed: number): Uint8Array {
  try {
    // no samples at all mean silence to an engine, but the component wants one
    const { bytes } =
      input instanceof Float32Array
        ? model.classifyFeatures(input, seed)
        : model.classify(input.length > 0 ? input : new Int16Array(1), seed);
    return bytes.slice();
  } catch (error) {
    throw componentError(error);
  }
}

/** An error of the component as the one that the core would have given; openEngine has checked the shape of inputs. */
export function componentError(thrown: unknown): unknown {
  const error = ((thrown as { payload?: unknown }).payload ?? thrown) as ComponentError;
  switch (error.tag) {
    case "damaged-model":
    case "overflow":
      return deviceError(error.val);
    case "takes-features":
      return deviceError({ code: ERROR_NO_FRONT_END, place: 0, expected: error.val, found: 0 });
    case "not-finite":
      return deviceError({ code: ERROR_INPUT_NOT_FINITE, place: error.val, expected: 0, found: 0 });
    default:
      return thrown;
  }
}
