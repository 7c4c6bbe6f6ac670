// The SIMD core module's exports: those of index.ts, and batches. (asc takes no extension behind `export … from`.)

export * from "./index";
export { batchBytes, batchOutputs, forwardBatch } from "./model/batch";
