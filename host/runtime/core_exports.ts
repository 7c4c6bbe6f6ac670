// The core module as its hosts see it: what assembly/index.ts exports. Types only.

/** The part of WebAssembly.Memory that hosts use; spelled out, so that the package's types need neither DOM's nor Node's. */
export interface CoreMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** What assembly/index.ts exports; its docstrings are there. */
export interface CoreExports {
  memory: CoreMemory;
  abiVersion(): number;
  workPtr(): number;
  load(ptr: number, bytes: number): number;
  validate(ptr: number, bytes: number): number;
  reset(seed: number): void;
  audioPtr(): number;
  audioSpace(): number;
  pushAudio(samples: number): number;
  step(): number;
  stepPadded(): number;
  decide(): number;
  pushFeatures(): number;
  featuresPtr(): number;
  ringPtr(): number;
  probabilitiesPtr(): number;
  decisionPtr(): number;
  streamPtr(): number;
  lastError(): number;
  /** Modules of `qurio bake` only; init if the model is in the module. */
  modelPtr?(): number;
  modelBytes?(): number;
  init?(): number;
  /** The SIMD build only, with batchOutputs and forwardBatch. */
  batchBytes?(network: number, count: number): number;
  batchOutputs?(network: number): number;
  forwardBatch?(network: number, featuresPtr: number, count: number, probabilitiesPtr: number, scratchPtr: number): number;
}
