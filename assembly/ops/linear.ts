// The op `linear` (format/linear.ts): its check, what it needs, its run. Weights are multiplied in kernels/linear.ts.

import {
  ERROR_LAYER, ERROR_LAYER_SHAPE, ERROR_LAYOUT, ERROR_TENSOR_BOUNDS, ERROR_WEIGHT_CODES, ERROR_WEIGHT_TYPE, OK,
} from "../format/errors.ts";
import { MAX_WEIGHTS } from "../format/ids.ts";
import {
  columnBlock, inputWidth, isRead, layoutHolds, maxColumns, padTo, rowBlock, scalarLayout, USES_FLOAT32_ROWS, valueBits, WEIGHT_FLOAT32,
  WEIGHT_TERNARY, weightBytes,
} from "../format/layouts.ts";
import {
  LINEAR_BETA_OFFSET, LINEAR_BIAS_OFFSET, LINEAR_FLAGS, LINEAR_GAMMA_OFFSET, LINEAR_LAYOUT, LINEAR_NORM, LINEAR_RELU,
  LINEAR_SCALE_OFFSET, LINEAR_SCALE_PER_TENSOR, LINEAR_WEIGHT_TYPE, LINEAR_WEIGHTS_BYTES, LINEAR_WEIGHTS_OFFSET, linearInputBytes,
  linearMacs, linearOutputBytes, linearScratchBytes, preparedBytes,
} from "../format/linear.ts";
import { fail } from "../kernels/fail.ts";
import { linear } from "../kernels/linear.ts";
import { linearBatch, linearBatchBytes } from "../kernels/linear_batch.simd.ts";
import { layerNorm, relu } from "../layers/norm.ts";
import { USES_LAYER_NORM } from "../uses.ts";
import { codesAgree } from "./codes.ts";
import { inputOffset, inputValues, outputOffset, outputValues } from "./records.ts";
import { checkFloats, checkTensor } from "./tensors.ts";

let anyLayout: bool = false;

/** true: accept every known layout, as validate() does; false: only what this build's kernels read. */
export function acceptAnyLayout(yes: bool): void {
  anyLayout = yes;
}

function scaleCount(flags: i32, rows: i32): i32 {
  return flags & LINEAR_SCALE_PER_TENSOR ? 1 : rows;
}

/** Type, layout, shape and tensors; `last`: the network's last op, which gives logits. */
export function checkLinear(network: usize, bytes: i32, op: usize, place: i32, last: bool): i32 {
  const columns = inputValues(network, op),
    rows = outputValues(network, op);
  const type = load<i32>(op, LINEAR_WEIGHT_TYPE);
  if (valueBits(type) == 0) return fail(ERROR_WEIGHT_TYPE, place, WEIGHT_TERNARY, type);
  const layout = load<i32>(op, LINEAR_LAYOUT);
  if (!layoutHolds(layout, type) || !(anyLayout || isRead(layout, ASC_FEATURE_SIMD))) return fail(ERROR_LAYOUT, place, type, layout);
  if (columns > maxColumns(layout)) return fail(ERROR_LAYER_SHAPE, place, maxColumns(layout), columns);
  if (padTo(rows, rowBlock(layout)) > MAX_WEIGHTS / padTo(columns, columnBlock(layout)))
    return fail(ERROR_LAYER_SHAPE, place, MAX_WEIGHTS, rows);
  const flags = load<i32>(op, LINEAR_FLAGS);
  const most = last ? LINEAR_SCALE_PER_TENSOR : (USES_LAYER_NORM ? LINEAR_NORM : 0) | LINEAR_RELU | LINEAR_SCALE_PER_TENSOR;
  if (flags & ~most) return fail(ERROR_LAYER, place, 0, flags);
  const weights = weightBytes(layout, rows, columns);
  if (load<i32>(op, LINEAR_WEIGHTS_BYTES) != weights) return fail(ERROR_TENSOR_BOUNDS, place, weights, load<i32>(op, LINEAR_WEIGHTS_BYTES));
  let error = checkTensor(load<i32>(op, LINEAR_WEIGHTS_OFFSET), weights, bytes, place);
  if (error == OK) error = checkFloats(network, load<i32>(op, LINEAR_SCALE_OFFSET), scaleCount(flags, rows), bytes, place, true);
  if (error == OK) error = checkFloats(network, load<i32>(op, LINEAR_BIAS_OFFSET), rows, bytes, place, false);
  if (USES_LAYER_NORM && error == OK && flags & LINEAR_NORM) {
    error = checkFloats(network, load<i32>(op, LINEAR_GAMMA_OFFSET), rows, bytes, place, false);
    if (error == OK) error = checkFloats(network, load<i32>(op, LINEAR_BETA_OFFSET), rows, bytes, place, false);
  }
  if (USES_FLOAT32_ROWS && error == OK && type == WEIGHT_FLOAT32) {
    error = checkFloats(network, load<i32>(op, LINEAR_WEIGHTS_OFFSET), weights >> 2, bytes, place, false);
  }
  if (error == OK && !codesAgree(type, layout, network + load<i32>(op, LINEAR_WEIGHTS_OFFSET), rows, columns)) {
    return fail(ERROR_WEIGHT_CODES, place, 0, 0);
  }
  return error;
}

/** How far it reads and writes in the buffers' memory. */
export function linearReach(network: usize, op: usize): i32 {
  const layout = load<i32>(op, LINEAR_LAYOUT);
  return max(
    inputOffset(network, op) + linearInputBytes(layout, inputValues(network, op)),
    outputOffset(network, op) + linearOutputBytes(layout, outputValues(network, op)),
  );
}

export function linearScratch(network: usize, op: usize): i32 {
  return linearScratchBytes(load<i32>(op, LINEAR_LAYOUT), outputValues(network, op), inputValues(network, op));
}

export function macsOfLinear(network: usize, op: usize): i32 {
  return linearMacs(outputValues(network, op), inputValues(network, op));
}

/**
 * Buffers at buffersPtr, in to out. Returns the weight bytes read (packed weights in the file's canonical layout, so that every build
 * counts alike, and scales), or -1 when the input is not finite.
 */
export function runLinear(network: usize, op: usize, buffersPtr: usize, scratchPtr: usize): i32 {
  const columns = inputValues(network, op),
    rows = outputValues(network, op);
  const xPtr = buffersPtr + inputOffset(network, op),
    yPtr = buffersPtr + outputOffset(network, op);
  const layout = load<i32>(op, LINEAR_LAYOUT);
  clearPadding(layout, xPtr, columns);
  const wPtr = network + load<i32>(op, LINEAR_WEIGHTS_OFFSET);
  const scalePtr = network + load<i32>(op, LINEAR_SCALE_OFFSET);
  const biasPtr = network + load<i32>(op, LINEAR_BIAS_OFFSET);
  const scales = scaleCount(load<i32>(op, LINEAR_FLAGS), rows);
  const tablePtr = scratchPtr + preparedBytes(layout, columns);
  if (!linear(layout, xPtr, yPtr, scratchPtr, tablePtr, wPtr, scalePtr, scales > 1 ? 4 : 0, biasPtr, columns, rows)) return -1;
  activate(network, op, yPtr, rows);
  return weightBytes(scalarLayout(load<i32>(op, LINEAR_WEIGHT_TYPE), rows), rows, columns) + (scales << 2);
}

function clearPadding(layout: i32, xPtr: usize, columns: i32): void {
  for (let i = columns; i < inputWidth(layout, columns); i++) store<f32>(xPtr + ((<usize>i) << 2), 0);
}

/** LayerNorm and ReLU, as the flags say, in place. */
function activate(network: usize, op: usize, yPtr: usize, rows: i32): void {
  const flags = load<i32>(op, LINEAR_FLAGS);
  if (USES_LAYER_NORM && flags & LINEAR_NORM) {
    layerNorm(yPtr, network + load<i32>(op, LINEAR_GAMMA_OFFSET), network + load<i32>(op, LINEAR_BETA_OFFSET), rows);
  }
  if (flags & LINEAR_RELU) relu(yPtr, rows);
}

// ---- many vectors at once, SIMD only ----

export function linearScratchOfBatch(network: usize, op: usize, count: i32): i32 {
  return linearBatchBytes(load<i32>(op, LINEAR_LAYOUT), outputValues(network, op), inputValues(network, op), count);
}

/** `count` sets of buffers, strideBytes apart; false when an input is not finite. */
export function runLinearBatch(network: usize, op: usize, buffersPtr: usize, strideBytes: usize, count: i32, scratchPtr: usize): bool {
  const columns = inputValues(network, op),
    rows = outputValues(network, op);
  const xPtr = buffersPtr + inputOffset(network, op),
    yPtr = buffersPtr + outputOffset(network, op);
  const layout = load<i32>(op, LINEAR_LAYOUT);
  for (let m = 0; m < count; m++) clearPadding(layout, xPtr + <usize>m * strideBytes, columns);
  const bad = linearBatch(
    layout,
    xPtr,
    yPtr,
    strideBytes,
    count,
    scratchPtr,
    network + load<i32>(op, LINEAR_WEIGHTS_OFFSET),
    network + load<i32>(op, LINEAR_SCALE_OFFSET),
    load<i32>(op, LINEAR_FLAGS) & LINEAR_SCALE_PER_TENSOR ? 0 : 4,
    network + load<i32>(op, LINEAR_BIAS_OFFSET),
    columns,
    rows,
  );
  if (bad >= 0) return false;
  for (let m = 0; m < count; m++) activate(network, op, yPtr + <usize>m * strideBytes, rows);
  return true;
}
