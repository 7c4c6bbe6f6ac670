// y = W x + b on packed weights: prepare, multiply, scale back.
//
//   y[n] = sum[n] * (scale[n] * xScale) + bias[n]        integer sums;   xScale = absmax / 127, or preparePlanes'
//   y[n] = sum[n] * scale[n] + bias[n]                   float32 weights
//
//   xPtr         f32 [K] in, zeros from there to inputWidth (format/layouts.ts)
//   yPtr         f32 [N] out, written up to outputWidth; it may be xPtr, or overlap it
//   preparedPtr  scratch of 64 + 4 * inputWidth bytes
//   tablePtr     scratch of tableBytes
//
// The layouts that a build reads are those of format/layouts.ts; the loader refuses the rest.

import {
  columnBlock, hasFloatSums, hasRowSums, inputWidth, LAYOUT_FLOAT32_ROWS, LAYOUT_INT1_LUT, LAYOUT_INT1_LUT_SIMD, LAYOUT_INT4_MASKDOT,
  LAYOUT_INT4_SWAR, LAYOUT_INT8_BLOCKED, LAYOUT_INT16_BLOCKED, LAYOUT_TERNARY5_LUT, LAYOUT_TERNARY_LUT_SIMD, LAYOUT_TERNARY_MASKDOT,
  LAYOUT_TERNARY_PLANES, LAYOUT_TERNARY_SWAR, padTo, rowBlock, USES_FLOAT32_ROWS, USES_INT1_LUT, USES_INT1_LUT_SIMD, USES_INT4_MASKDOT,
  USES_INT4_SWAR, USES_INT8_BLOCKED, USES_INT16_BLOCKED, USES_TERNARY5_LUT, USES_TERNARY_LUT_SIMD, USES_TERNARY_MASKDOT,
  USES_TERNARY_PLANES, USES_TERNARY_SWAR,
} from "../format/layouts.ts";
import { USES_PACKED } from "../uses.ts";
import { float32Gemv } from "./float32_gemv.ts";
import { int16GemvSimd } from "./int16_gemv.simd.ts";
import { int16Gemv } from "./int16_gemv.ts";
import { int1Gemv } from "./int1_gemv.ts";
import { int1LutGemvSimd } from "./int1_lut_gemv.simd.ts";
import { int4GemvSimd } from "./int4_gemv.simd.ts";
import { int4Gemv } from "./int4_gemv.ts";
import { int8GemvSimd } from "./int8_gemv.simd.ts";
import { int8Gemv } from "./int8_gemv.ts";
import { prepareTables } from "./lut.simd.ts";
import { packedGemv } from "./packed_gemv.ts";
import { popcountGemvSimd } from "./popcount_gemv.simd.ts";
import { popcountGemv } from "./popcount_gemv.ts";
import { preparePlanes } from "./prepare_planes.ts";
import { prepareBytes, prepareLanes, prepareNibbles } from "./prepare.ts";
import { absmax, inverseScaleOf, isFinite32 } from "./quantize.ts";
import { ternary5Gemv } from "./ternary5_gemv.ts";
import { ternaryGemvSimd } from "./ternary_gemv.simd.ts";
import { ternaryGemv } from "./ternary_gemv.ts";
import { ternaryLutGemvSimd } from "./ternary_lut_gemv.simd.ts";

/**
 * `scaleStep`: 4 for a scale a row, 0 for one of the whole matrix.
 * Returns false when the input vector holds an infinity or a NaN; the output is then not written.
 */
export function linear(
  layout: i32, xPtr: usize, yPtr: usize, preparedPtr: usize, tablePtr: usize, wPtr: usize,
  scalePtr: usize, scaleStep: usize, biasPtr: usize, columns: i32, rows: i32,
): bool {
  const maximum = absmax(xPtr, columns);
  if (!isFinite32(maximum)) return false;
  const k = padTo(columns, columnBlock(layout));
  const n = padTo(rows, rowBlock(layout));
  let xScale = maximum / <f32>127;
  if (USES_FLOAT32_ROWS && layout == LAYOUT_FLOAT32_ROWS) {
    for (let i: usize = 0; i < <usize>k << 2; i += 4) store<f32>(preparedPtr + i, load<f32>(xPtr + i));
    float32Gemv(preparedPtr, wPtr, yPtr, k, n);
    xScale = 1;
  } else if (USES_TERNARY_PLANES && layout == LAYOUT_TERNARY_PLANES) {
    xScale = preparePlanes(xPtr, preparedPtr, k, maximum);
    if (ASC_FEATURE_SIMD) popcountGemvSimd(preparedPtr, wPtr, yPtr, k, n);
    else popcountGemv(preparedPtr, wPtr, yPtr, k, n);
  } else if (ASC_FEATURE_SIMD) {
    simdGemv(layout, xPtr, yPtr, preparedPtr, tablePtr, wPtr, k, n, inverseScaleOf(maximum));
  } else {
    scalarGemv(layout, xPtr, yPtr, preparedPtr, tablePtr, wPtr, columns, rows, inverseScaleOf(maximum));
  }
  scaleBack(hasFloatSums(layout), yPtr, scalePtr, scaleStep, biasPtr, rows, xScale);
  return true;
}

@inline
function simdGemv(layout: i32, xPtr: usize, yPtr: usize, preparedPtr: usize, tablePtr: usize, wPtr: usize, k: i32, n: i32, inverse: f32): void {
  if (USES_TERNARY_LUT_SIMD && layout == LAYOUT_TERNARY_LUT_SIMD) {
    const xSum = prepareTables(xPtr, tablePtr, k, inverse);
    ternaryLutGemvSimd(tablePtr, wPtr, yPtr, k, n, xSum);
  } else if (USES_INT1_LUT_SIMD && layout == LAYOUT_INT1_LUT_SIMD) {
    const xSum = prepareTables(xPtr, tablePtr, k, inverse);
    int1LutGemvSimd(tablePtr, wPtr, yPtr, k, n, xSum);
  } else if (USES_TERNARY_MASKDOT && layout == LAYOUT_TERNARY_MASKDOT) {
    prepareLanes(xPtr, preparedPtr, k, inverse, 6, 2, 1);
    ternaryGemvSimd(preparedPtr, wPtr, yPtr, k, n);
  } else if (USES_INT4_MASKDOT && layout == LAYOUT_INT4_MASKDOT) {
    prepareNibbles(xPtr, preparedPtr, k, inverse);
    int4GemvSimd(preparedPtr, wPtr, yPtr, k, n);
  } else if (USES_INT8_BLOCKED || USES_INT16_BLOCKED) {
    prepareLanes(xPtr, preparedPtr, k, inverse, 0, 0, 0);
    if (USES_INT8_BLOCKED && layout == LAYOUT_INT8_BLOCKED) int8GemvSimd(preparedPtr, wPtr, yPtr, k, n);
    else if (USES_INT16_BLOCKED) int16GemvSimd(preparedPtr, wPtr, yPtr, k, n);
  }
}

@inline
function scalarGemv(
  layout: i32, xPtr: usize, yPtr: usize, preparedPtr: usize, tablePtr: usize, wPtr: usize, columns: i32, rows: i32, inverse: f32,
): void {
  const k = padTo(columns, columnBlock(layout));
  const n = padTo(rows, rowBlock(layout));
  // row sums are what the kernels of unsigned activations subtract
  const xSum = prepareBytes(xPtr, preparedPtr, inputWidth(layout, columns), inverse, hasRowSums(layout) ? 128 : 0);
  if (USES_TERNARY_SWAR && layout == LAYOUT_TERNARY_SWAR) ternaryGemv(preparedPtr, wPtr, yPtr, k, n, xSum);
  else if (USES_INT4_SWAR && layout == LAYOUT_INT4_SWAR) int4Gemv(preparedPtr, wPtr, yPtr, k, n, xSum << 3);
  else if (USES_INT8_BLOCKED && layout == LAYOUT_INT8_BLOCKED) int8Gemv(preparedPtr, wPtr, yPtr, k, n);
  else if (USES_TERNARY5_LUT && layout == LAYOUT_TERNARY5_LUT) ternary5Gemv(preparedPtr, wPtr, yPtr, k, n, tablePtr);
  else if (USES_INT1_LUT && layout == LAYOUT_INT1_LUT) int1Gemv(preparedPtr, wPtr, yPtr, k, n, tablePtr);
  else if (USES_INT16_BLOCKED && layout == LAYOUT_INT16_BLOCKED) int16Gemv(preparedPtr, wPtr, yPtr, k, n);
  else if (USES_PACKED) packedGemv(layout, preparedPtr, wPtr, yPtr, columns, rows, tablePtr, xSum);
}

/** Sums, i32 or f32, to outputs, in place; four at a time in SIMD, with the same roundings. */
export function scaleBack(
  floats: bool, vectorPtr: usize, scalePtr: usize, scaleStep: usize, biasPtr: usize, rows: i32, xScale: f32,
): void {
  const end = vectorPtr + (<usize>rows << 2);
  if (ASC_FEATURE_SIMD) {
    const xScales = f32x4.splat(xScale);
    for (; vectorPtr + 16 <= end; vectorPtr += 16) {
      const sum = floats ? v128.load(vectorPtr) : f32x4.convert_i32x4_s(v128.load(vectorPtr));
      const scale = scaleStep ? v128.load(scalePtr) : v128.load32_splat(scalePtr);
      store<v128>(vectorPtr, f32x4.add(f32x4.mul(sum, f32x4.mul(scale, xScales)), v128.load(biasPtr)));
      scalePtr += scaleStep << 2;
      biasPtr += 16;
    }
  }
  for (; vectorPtr < end; vectorPtr += 4) {
    const sum = floats ? load<f32>(vectorPtr) : <f32>load<i32>(vectorPtr);
    store<f32>(vectorPtr, sum * (load<f32>(scalePtr) * xScale) + load<f32>(biasPtr));
    scalePtr += scaleStep;
    biasPtr += 4;
  }
}
