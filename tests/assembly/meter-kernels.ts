// The scalar GEMV kernels alone and the layers around them, for emulation (bench/cortex_m.ts) and for the meter, whose cycle model is
// judged by them and never fitted to them.

export { float32Gemv } from "../../assembly/kernels/float32_gemv";
export { int1Gemv } from "../../assembly/kernels/int1_gemv";
export { int4Gemv } from "../../assembly/kernels/int4_gemv";
export { int8Gemv } from "../../assembly/kernels/int8_gemv";
export { int16Gemv } from "../../assembly/kernels/int16_gemv";
export { linear } from "../../assembly/kernels/linear";
export { popcountGemv } from "../../assembly/kernels/popcount_gemv";
export { ternary5Gemv } from "../../assembly/kernels/ternary5_gemv";
export { ternaryGemv } from "../../assembly/kernels/ternary_gemv";
export { layerNorm, relu } from "../../assembly/layers/norm";
export { softmax } from "../../assembly/layers/softmax";
