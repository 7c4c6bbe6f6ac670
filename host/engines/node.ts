// Engine "node": the core module in this process.

import { loadModel } from "../index.ts";
import type { Build, Runner } from "./runner.ts";
import { traceDecision } from "./trace.ts";

export async function openNode(file: Uint8Array, build: Build): Promise<Runner> {
  const { core, packed } = await loadModel(file, build === "scalar" ? { simd: false } : {});
  return {
    async decideRecords(inputs, seed = 0) {
      return inputs.map((input) => {
        if (input instanceof Float32Array) core.decideFeatures(input, seed);
        else {
          core.reset(seed);
          core.push(input);
          core.decide();
        }
        return core.decisionBytes();
      });
    },
    trace: async (input, seed = 0) => traceDecision(core, packed, input, seed),
    close: async () => {},
  };
}
