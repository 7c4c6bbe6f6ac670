// y = W x + b for many vectors at once, SIMD only: linear.ts with matrix products where there is one, vector by vector where not.
// The results are those of linear.ts bit for bit: same codes, exact sums, same scaling.
//
//   xPtr        f32 [M][stride]: K values in, zeros from there to inputWidth
//   yPtr        f32 [M][stride]: N values out; it may be xPtr, or overlap it
//   scratchPtr  linearBatchBytes, given by the caller:
//
//     | x scales f32 [M] | codes i16 [ceil(M/2)][K/8][2][8] | four decoded rows, 8 K bytes |
//     | prepared activations and tables of linear.ts                                       |   layers without a matrix product

import {
  columnBlock, LAYOUT_INT4_MASKDOT, LAYOUT_INT8_BLOCKED, LAYOUT_TERNARY_LUT_SIMD, LAYOUT_TERNARY_MASKDOT, padTo,
} from "../format/layouts.ts";
import { linearScratchBytes, preparedBytes } from "../format/linear.ts";
import { align16 } from "../format/plan.ts";
import { prepareBatchRow } from "./gemm.simd.ts";
import { int4Gemm } from "./int4_gemm.simd.ts";
import { int8Gemm } from "./int8_gemm.simd.ts";
import { linear, scaleBack } from "./linear.ts";
import { absmax, inverseScaleOf, isFinite32 } from "./quantize.ts";
import { PAIR_COLUMNS, ternaryLutGemm, ternaryMaskdotGemm } from "./ternary_gemm.simd.ts";

/** Fewer vectors than these do not pay for decoding the weights (docs/how-it-works/growth); a 1-bit look-up is as fast as any product. */
const LEAST_BATCH = 8;
const LEAST_INT8_BATCH = 4;

function hasGemm(layout: i32, columns: i32, batch: i32): bool {
  if (layout == LAYOUT_INT8_BLOCKED) return batch >= LEAST_INT8_BATCH;
  if (batch < LEAST_BATCH) return false;
  if (layout == LAYOUT_INT4_MASKDOT) return true;
  if (layout != LAYOUT_TERNARY_MASKDOT && layout != LAYOUT_TERNARY_LUT_SIMD) return false;
  return padTo(columns, columnBlock(layout)) <= PAIR_COLUMNS;
}

/** Scratch of one layer. */
export function linearBatchBytes(layout: i32, rows: i32, columns: i32, batch: i32): i32 {
  if (!hasGemm(layout, columns, batch)) return linearScratchBytes(layout, rows, columns);
  const k = padTo(columns, columnBlock(layout));
  return align16(batch << 2) + 2 * k * ((batch + 1) & ~1) + 8 * k;
}

/** Returns -1, or the number of the first vector that holds an infinity or a NaN: then outputs are not complete. */
export function linearBatch(
  layout: i32, xPtr: usize, yPtr: usize, strideBytes: usize, batch: i32, scratchPtr: usize, wPtr: usize,
  scalePtr: usize, scaleStep: usize, biasPtr: usize, columns: i32, rows: i32,
): i32 {
  if (!hasGemm(layout, columns, batch)) {
    const tablePtr = scratchPtr + preparedBytes(layout, columns);
    for (let m = 0; m < batch; m++) {
      if (!linear(layout, xPtr, yPtr, scratchPtr, tablePtr, wPtr, scalePtr, scaleStep, biasPtr, columns, rows)) return m;
      xPtr += strideBytes;
      yPtr += strideBytes;
    }
    return -1;
  }
  const k = padTo(columns, columnBlock(layout));
  const x16Ptr = scratchPtr + align16(batch << 2);
  const decodedPtr = x16Ptr + 2 * k * ((batch + 1) & ~1);
  for (let m = 0; m < batch; m++) {
    const maximum = absmax(xPtr, columns);
    if (!isFinite32(maximum)) return m;
    store<f32>(scratchPtr + (<usize>m << 2), maximum / <f32>127);
    prepareBatchRow(xPtr, x16Ptr, m, k, inverseScaleOf(maximum));
    xPtr += strideBytes;
  }
  const n = padTo(rows, 4);
  if (layout == LAYOUT_INT8_BLOCKED) int8Gemm(x16Ptr, wPtr, yPtr, k, n, batch, strideBytes, decodedPtr);
  else if (layout == LAYOUT_INT4_MASKDOT) int4Gemm(x16Ptr, wPtr, yPtr, k, n, batch, strideBytes, decodedPtr);
  else if (layout == LAYOUT_TERNARY_MASKDOT) ternaryMaskdotGemm(x16Ptr, wPtr, yPtr, k, n, batch, strideBytes, decodedPtr);
  else ternaryLutGemm(x16Ptr, wPtr, yPtr, k, n, batch, strideBytes, decodedPtr);
  for (let m = 0; m < batch; m++) {
    scaleBack(false, yPtr, scalePtr, scaleStep, biasPtr, rows, load<f32>(scratchPtr + (<usize>m << 2)));
    yPtr += strideBytes;
  }
  return -1;
}
