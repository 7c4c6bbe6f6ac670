// The WASI command with its model in it (wasi.ts): CLIP.wav [SEED] -> the same JSON line.

export { modelBytes, modelPtr } from "./baked_slot";
export { _start } from "./wasi";
