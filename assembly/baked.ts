// A baked module with its model: `init` once, then as the generic core after `load`.

import { load } from "./index.ts";
import { modelBytes, modelPtr } from "./baked_slot.ts";

export * from "./baked_slot";

/** Checks and opens the model in the module. 0, or an error code: damaged weights are a checksum error, never a wrong answer. */
export function init(): i32 {
  return load(modelPtr(), modelBytes());
}
