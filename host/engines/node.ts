// Engine "node": the core module in this process, SIMD where it runs.

import { loadModel } from "../index.ts";
import type { Engine } from "./engine.ts";

export async function openNode(file: Uint8Array): Promise<Engine> {
  const model = await loadModel(file);
  return {
    name: "node",
    decide: async (pcm, seed) => model.decide(pcm, seed),
    close: async () => {},
  };
}
