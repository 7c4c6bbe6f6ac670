// The scalar GEMV kernels alone, for the meter: judged by the cycle model, never used to fit it.

import { int4Gemv } from "../../assembly/kernels/int4_gemv.ts";
import { int8Gemv } from "../../assembly/kernels/int8_gemv.ts";
import { ternaryGemv } from "../../assembly/kernels/ternary_gemv.ts";

export { int4Gemv, int8Gemv, ternaryGemv };
