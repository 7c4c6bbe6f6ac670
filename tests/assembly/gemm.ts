// Entry for tests and benchmarks: the SIMD kernels and their preparation, each callable alone.
export { int1LutGemvSimd } from "../../assembly/kernels/int1_lut_gemv.simd";
export { int4Gemm } from "../../assembly/kernels/int4_gemm.simd";
export { int4GemvSimd } from "../../assembly/kernels/int4_gemv.simd";
export { int8Gemm } from "../../assembly/kernels/int8_gemm.simd";
export { int8GemvSimd } from "../../assembly/kernels/int8_gemv.simd";
export { int16GemvSimd } from "../../assembly/kernels/int16_gemv.simd";
export { float32Gemv } from "../../assembly/kernels/float32_gemv";
export { popcountGemvSimd } from "../../assembly/kernels/popcount_gemv.simd";
export { prepareBatchRow } from "../../assembly/kernels/gemm.simd";
export { prepareTables } from "../../assembly/kernels/lut.simd";
export { linearBatch, linearBatchBytes } from "../../assembly/kernels/linear_batch.simd";
export { prepareLanes, prepareNibbles } from "../../assembly/kernels/prepare";
export { PAIR_COLUMNS, ternaryLutGemm, ternaryMaskdotGemm } from "../../assembly/kernels/ternary_gemm.simd";
export { ternaryGemvSimd } from "../../assembly/kernels/ternary_gemv.simd";
export { ternaryLutGemvSimd } from "../../assembly/kernels/ternary_lut_gemv.simd";
