// Engines: what executes a model. All take the same model files and give the same decision records, bit for bit.

import { QurioError } from "../errors.ts";
import { featureCount } from "../model-file/input_spec.ts";
import { decodeModel } from "../model-file/model_file.ts";
import { checkFeatures } from "../runtime/core.ts";
import { type Decision, nameDecision, readDecision } from "../runtime/decision.ts";
import { coreWasm } from "../runtime/index.ts";
import { isWasm, modelFromBytes } from "../runtime/model.ts";
import type { Build, Input, Runner } from "./runner.ts";
import { CHROMIUM, IWASM, PYTHON_WASM3, type Tool, WAMR, WAMRC, WASMTIME } from "./tools.ts";

/** One model, opened in one engine. */
export interface Engine extends Runner {
  readonly name: string;
  readonly build: Build;
  decide(input: Input, seed?: number): Promise<Decision>;
  decideAll(inputs: readonly Input[], seed?: number): Promise<Decision[]>;
}

export interface EngineKind {
  runs: string;
  /** The first one is taken when none is asked for. */
  builds: readonly Build[];
  tools: readonly Tool[];
  open(file: Uint8Array, build: Build): Promise<Runner>;
}

export type EngineKinds = Readonly<Record<string, EngineKind>>;

/** Those that run modules as this package ships them. */
export const HOST_ENGINES = {
  node: {
    runs: "the core module in this process",
    builds: ["simd", "scalar"],
    tools: [],
    open: async (file, build) => (await import("./node.ts")).openNode(file, build),
  },
  wasi: {
    runs: "the WASI command, under node:wasi in this process",
    builds: ["wasi"],
    tools: [],
    open: async (file) => (await import("./wasi.ts")).openWasi(file),
  },
  wasmtime: {
    runs: "the WASI command, compiled when it starts",
    builds: ["wasi"],
    tools: [WASMTIME],
    open: async (file) => (await import("./native.ts")).openWasmtime(file),
  },
  iwasm: {
    runs: "the WASI command, interpreted by WAMR",
    builds: ["wasi"],
    tools: [IWASM],
    open: async (file) => (await import("./native.ts")).openIwasm(file),
  },
  "iwasm-aot": {
    runs: "the WASI command, compiled by wamrc once",
    builds: ["wasi"],
    tools: [WAMRC, WAMR],
    open: async (file) => (await import("./native.ts")).openIwasmAot(file),
  },
  wasm3: {
    runs: "the core module, interpreted by wasm3 through its Python package",
    builds: ["scalar"],
    tools: [PYTHON_WASM3],
    open: async (file) => (await import("./wasm3.ts")).openWasm3(file),
  },
  chromium: {
    runs: "the browser entry and the core module in a headless page",
    builds: ["simd", "scalar"],
    tools: [CHROMIUM],
    open: async (file, build) => (await import("./chromium.ts")).openChromium(file, build === "simd"),
  },
} satisfies Record<string, EngineKind>;

/**
 * Opens a model in an engine.
 * @param kinds the engines there are, by name
 * @param file a `.qmoe` file's bytes; engine node also takes a baked module's
 * @throws QurioError ENGINE for an unknown name, TOOL_MISSING, TOOL_VERSION; what is wrong with a damaged or foreign file
 */
export async function openEngineOf(kinds: EngineKinds, name: string, file: Uint8Array, wanted?: Build): Promise<Engine> {
  const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  if (!kind) {
    throw new QurioError(
      "ENGINE",
      `unknown engine ${name}: one of ${Object.keys(kinds).join(", ")} expected`,
      "`qurio engines` lists them.",
      2,
    );
  }
  const build = wanted ?? kind.builds[0];
  const runner = await kind.open(file, build);
  const packed = isWasm(file) ? (await modelFromBytes(file, {}, coreWasm)).packed : decodeModel(file);
  const decideRecords = async (inputs: readonly Input[], seed = 0) => {
    for (const input of inputs) if (input instanceof Float32Array) checkFeatures(input, featureCount(packed.input));
    return runner.decideRecords(inputs, seed);
  };
  const decideAll = async (inputs: readonly Input[], seed = 0) =>
    (await decideRecords(inputs, seed)).map((record) => nameDecision(packed, readDecision(record)));
  return { ...runner, name, build, decideRecords, decideAll, decide: async (input, seed) => (await decideAll([input], seed))[0] };
}
