// Engine "node": the core module in this process.

import { loadModel } from "../runtime/index.ts";
import type { Build, Runner } from "./runner.ts";
import { decideRecord, traceDecision } from "./trace.ts";

export async function openNode(file: Uint8Array, build: Build): Promise<Runner> {
  const { core, packed } = await loadModel(file, build === "scalar" ? { simd: false } : {});
  return {
    decideRecords: async (inputs, seed = 0) => inputs.map((input) => decideRecord(core, input, seed)),
    trace: async (input, seed = 0) => traceDecision(core, packed, input, seed),
    close: async () => {},
  };
}
