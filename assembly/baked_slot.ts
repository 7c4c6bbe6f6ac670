// A baked module: the core with code for one model only (uses.ts), and a place of that model's size in its own memory.
//
//   0          workPtr()                       modelPtr()            modelPtr() + modelBytes()
//   | static   | work memory (plan)            | model file          | end of memory
//
// Here the place is empty: the host writes a model file there, in the layouts that the module reads, and calls load. baked.ts is the
// module that has its model.

import { workPtr } from "./index.ts";
import { BAKED_MODEL_BYTES, BAKED_WORK_BYTES } from "./uses.ts";

export * from "./index";

export function modelPtr(): usize {
  return workPtr() + BAKED_WORK_BYTES;
}

/** The longest model file that fits. */
export function modelBytes(): i32 {
  return BAKED_MODEL_BYTES;
}
