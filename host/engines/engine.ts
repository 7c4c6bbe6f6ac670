// Engines: what executes a model. All take the same model files, give the same decisions, and are interchangeable.

import { QurioError } from "../errors.ts";
import type { Decision } from "../model.ts";

/** One model, opened in one engine. */
export interface Engine {
  readonly name: EngineName;
  /**
   * One decision about the first 5 s.
   * @param pcm 16-bit, 16 kHz, mono; shorter than 80,000 samples counts as followed by silence
   * @param seed feeds the router's Monte Carlo dropout, 0 to 2^32 - 1
   */
  decide(pcm: Int16Array, seed?: number): Promise<Decision>;
  close(): Promise<void>;
}

/** node: the core module in this process. wasi: the WASI command under node:wasi; its quantities are rounded to six decimals. */
export const ENGINE_NAMES = ["node", "wasi"] as const;
export type EngineName = (typeof ENGINE_NAMES)[number];

/**
 * Opens a model in an engine.
 * @param file a `.qmoe` file's bytes
 * @throws QurioError ENGINE for an unknown name; what is wrong with a damaged or foreign file
 */
export async function openEngine(name: string, file: Uint8Array): Promise<Engine> {
  if (name === "node") return (await import("./node.ts")).openNode(file);
  if (name === "wasi") return (await import("./wasi.ts")).openWasi(file);
  throw new QurioError("ENGINE", `unknown engine ${name}: one of ${ENGINE_NAMES.join(", ")} expected`, "Leave --engine out for node.", 2);
}
