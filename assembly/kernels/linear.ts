// y = W x + b on packed weights: prepare, multiply, scale back.
//
//   y[n] = sum[n] * (scale[n] * xScale) + bias[n]        integer sums;   xScale = absmax / 127
//   y[n] = sum[n] * scale[n] + bias[n]                   float32 weights
//
//   vectorPtr    f32 [K] in, zero-padded to a multiple of 64; f32 [N] out in the same place
//   preparedPtr  scratch of 64 + 4 * padded K bytes
//
// The layouts that a build reads are those of this table; the loader refuses the rest.

import {
  LAYOUT_FLOAT32_ROWS, LAYOUT_INT4_MASKDOT, LAYOUT_INT4_SWAR, LAYOUT_INT8_BLOCKED, LAYOUT_TERNARY_MASKDOT, LAYOUT_TERNARY_SWAR,
} from "../format/ids.ts";
import { columnBlock, padTo, rowBlock } from "../format/layouts.ts";
import { float32Gemv } from "./float32_gemv.ts";
import { int4GemvSimd } from "./int4_gemv.simd.ts";
import { int4Gemv } from "./int4_gemv.ts";
import { int8GemvSimd } from "./int8_gemv.simd.ts";
import { int8Gemv } from "./int8_gemv.ts";
import { prepareBytes, prepareLanes } from "./prepare.ts";
import { absmax, inverseScaleOf, isFinite32 } from "./quantize.ts";
import { ternaryGemvSimd } from "./ternary_gemv.simd.ts";
import { ternaryGemv } from "./ternary_gemv.ts";

export function canRead(layout: i32): bool {
  if (layout == LAYOUT_INT8_BLOCKED || layout == LAYOUT_FLOAT32_ROWS) return true;
  if (ASC_FEATURE_SIMD) return layout == LAYOUT_TERNARY_MASKDOT || layout == LAYOUT_INT4_MASKDOT;
  return layout == LAYOUT_TERNARY_SWAR || layout == LAYOUT_INT4_SWAR;
}

/** Returns false when the input vector holds an infinity or a NaN; the output is then not written. */
export function linear(
  layout: i32, vectorPtr: usize, preparedPtr: usize, wPtr: usize, scalePtr: usize, biasPtr: usize, columns: i32, rows: i32,
): bool {
  const maximum = absmax(vectorPtr, columns);
  if (!isFinite32(maximum)) return false;
  const k = padTo(columns, columnBlock(layout));
  const n = padTo(rows, rowBlock(layout));
  if (layout == LAYOUT_FLOAT32_ROWS) {
    for (let i: usize = 0; i < <usize>k << 2; i += 4) store<f32>(preparedPtr + i, load<f32>(vectorPtr + i));
    float32Gemv(preparedPtr, wPtr, vectorPtr, k, n);
    scaleFloats(vectorPtr, scalePtr, biasPtr, rows);
    return true;
  }
  integerGemv(layout, vectorPtr, preparedPtr, wPtr, k, n, inverseScaleOf(maximum));
  scaleSums(vectorPtr, scalePtr, biasPtr, rows, maximum / <f32>127);
  return true;
}

@inline
function integerGemv(layout: i32, vectorPtr: usize, preparedPtr: usize, wPtr: usize, k: i32, n: i32, inverse: f32): void {
  if (ASC_FEATURE_SIMD) {
    if (layout == LAYOUT_TERNARY_MASKDOT) {
      prepareLanes(vectorPtr, preparedPtr, k, inverse, 6, 2, 1);
      ternaryGemvSimd(preparedPtr, wPtr, vectorPtr, k, n);
    } else if (layout == LAYOUT_INT4_MASKDOT) {
      prepareLanes(vectorPtr, preparedPtr, k, inverse, 4, 4, 8);
      int4GemvSimd(preparedPtr, wPtr, vectorPtr, k, n);
    } else {
      prepareLanes(vectorPtr, preparedPtr, k, inverse, 0, 0, 0);
      int8GemvSimd(preparedPtr, wPtr, vectorPtr, k, n);
    }
  } else if (layout == LAYOUT_INT8_BLOCKED) {
    prepareBytes(vectorPtr, preparedPtr, k, inverse, 0);
    int8Gemv(preparedPtr, wPtr, vectorPtr, k, n);
  } else {
    const xSum = prepareBytes(vectorPtr, preparedPtr, k, inverse, 128);
    if (layout == LAYOUT_TERNARY_SWAR) ternaryGemv(preparedPtr, wPtr, vectorPtr, k, n, xSum, 0x00030003);
    else int4Gemv(preparedPtr, wPtr, vectorPtr, k, n, xSum << 3, 0x000f000f);
  }
}

function scaleSums(vectorPtr: usize, scalePtr: usize, biasPtr: usize, rows: i32, xScale: f32): void {
  for (const end = vectorPtr + (<usize>rows << 2); vectorPtr < end; vectorPtr += 4) {
    store<f32>(vectorPtr, <f32>load<i32>(vectorPtr) * (load<f32>(scalePtr) * xScale) + load<f32>(biasPtr));
    scalePtr += 4;
    biasPtr += 4;
  }
}

function scaleFloats(vectorPtr: usize, scalePtr: usize, biasPtr: usize, rows: i32): void {
  for (const end = vectorPtr + (<usize>rows << 2); vectorPtr < end; vectorPtr += 4) {
    store<f32>(vectorPtr, load<f32>(vectorPtr) * load<f32>(scalePtr) + load<f32>(biasPtr));
    scalePtr += 4;
    biasPtr += 4;
  }
}
