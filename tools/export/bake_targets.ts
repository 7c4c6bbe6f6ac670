// What a model can be baked into; apart from bake.ts, so that a command line can name them without loading it.

export const BAKE_TARGETS = ["core", "wasi", "component"] as const;
export type BakeTarget = (typeof BAKE_TARGETS)[number];
