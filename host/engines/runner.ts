// What an engine must be able to do; engine.ts makes the rest of it.

import { QurioError } from "../errors.ts";
import type { Trace } from "./trace.ts";

/** 16-bit PCM, mono, of which the first window counts and what is missing is silence; or a raw feature vector. */
export type Input = Int16Array | Float32Array;

/**
 * scalar and simd: the core module, driven from outside; wasi: the command around the scalar core; component: the same, baked; unchecked and
 * checked: the scalar core as machine code, without a sandbox and in one.
 */
export type Build = "scalar" | "simd" | "wasi" | "component" | "unchecked" | "checked";

/** What an engine must be able to do. */
export interface Runner {
  /**
   * The 40 bytes of each input's decision record. One call with many inputs is cheaper than many calls where an engine is a process.
   * @param seed feeds the router's Monte Carlo dropout, 0 to 2^32 - 1
   */
  decideRecords(inputs: readonly Input[], seed?: number): Promise<Uint8Array[]>;
  /** The same for one input, with what each phase left in memory; only where memory can be read. */
  trace?(input: Input, seed?: number): Promise<Trace>;
  close(): Promise<void>;
}

/** Refuses what the engine cannot load, by deciding about a moment of silence; a model that takes features is asked no more. */
export async function tryModel(runner: Runner): Promise<void> {
  try {
    await runner.decideRecords([new Int16Array(1)]);
  } catch (error) {
    if (error instanceof QurioError && error.code === "NO_FRONT_END") return;
    await runner.close();
    throw error;
  }
}
