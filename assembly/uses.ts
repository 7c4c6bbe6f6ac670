// Portable. What a module has code for: everything, here. `qurio bake` compiles with this one file replaced, so that what its model does
// not use is not in the module: where code is chosen, `if (USES_X && …)` folds and asc drops the rest. A loader refuses what it has
// no code for.

/** A bit for each layout that weights lie in (format/layouts.ts); those of odd widths, or in which weight bytes are counted, have one together. */
export const USES_LAYOUTS: i32 = -1;
export const USES_PACKED = true;

// ---- layers ----
export const USES_LAYER_NORM = true;

// ---- who answers ----
/** No networks: the module computes features and stops. */
export const USES_FEATURES_ONLY = true;
export const USES_SINGLE = true;
export const USES_PROBE = true;
export const USES_BAYESIAN = true;
/** Monte Carlo dropout in the router. */
export const USES_SAMPLES = true;

// ---- audio ----
export const USES_FRONT_END = true;
export const USES_FLOAT_FRONT_END = true;
export const USES_FIXED_FRONT_END = true;
/** Log-mel codes of 8 bits, of 4 bits, and frames that lose their mean. */
export const USES_CODES_8BIT = true;
export const USES_CODES_4BIT = true;
export const USES_REMOVE_DC = true;

// ---- a baked module's own model (baked.ts); the generic module has none ----
export const BAKED = false;
/** Bytes of work memory between static data and the model, and of the model. */
export const BAKED_WORK_BYTES = 0;
export const BAKED_MODEL_BYTES = 0;
/** Machine code on a board: the model lies in flash, anywhere among all addresses, and the board's code sees to bounds. */
export const FIRMWARE = false;
/**
 * A sealed module has its model in it and takes no other: bake has validated that model, so what is left to check at load is that every
 * byte is still the same. Checksums of all sections are in the section table, whose checksum, the header's, is this.
 */
export const SEALED = false;
export const SEALED_CRC: u32 = 0;
