// One network (router or expert): validation of its section, and the walk through its layers.

import {
  ERROR_LAYER_SHAPE,
  ERROR_LAYOUT,
  ERROR_LAYER,
  ERROR_NETWORK,
  ERROR_TENSOR_NOT_FINITE,
  ERROR_SCALE,
  ERROR_TENSOR_BOUNDS,
  ERROR_WEIGHT_CODES,
  ERROR_WEIGHT_TYPE,
  OK,
} from "../format/errors.ts";
import {
  LAYER_BETA_OFFSET,
  LAYER_BIAS_OFFSET,
  LAYER_BYTES,
  LAYER_COLUMNS,
  LAYER_DROPOUT,
  LAYER_FLAGS,
  LAYER_GAMMA_OFFSET,
  LAYER_LAYOUT,
  LAYER_ROWS,
  LAYER_SCALE_OFFSET,
  LAYER_WEIGHT_TYPE,
  LAYER_WEIGHTS_BYTES,
  LAYER_WEIGHTS_OFFSET,
  NETWORK_BYTES,
  NETWORK_INPUTS,
  NETWORK_LAYERS,
  NETWORK_NAME_BYTES,
  NETWORK_OUTPUTS,
} from "../format/file.ts";
import {
  ALIGNMENT,
  LAYER_NORM,
  LAYER_RELU,
  LAYER_SCALE_PER_TENSOR,
  MAX_LAYERS,
  MAX_WEIGHTS,
  MAX_WIDTH,
  WEIGHT_FLOAT32,
  WEIGHT_TERNARY,
  WEIGHT_TERNARY_POPCOUNT,
} from "../format/ids.ts";
import {
  columnBlock,
  inputWidth,
  integerBits,
  layoutHolds,
  maxColumns,
  padTo,
  rowBlock,
  scalarLayout,
  weightBytes,
} from "../format/layouts.ts";
import { fail } from "../kernels/fail.ts";
import { canRead, linear } from "../kernels/linear.ts";
import { isFinite32 } from "../kernels/quantize.ts";
import { layerNorm, relu } from "../layers/norm.ts";
import { USES_FLOAT32_ROWS, USES_LAYER_NORM } from "../uses.ts";
import { codesAgree } from "./codes.ts";

export function layerPtr(networkPtr: usize, layer: i32): usize {
  return networkPtr + NETWORK_BYTES + layer * LAYER_BYTES;
}

// ---- validation ----

let anyLayout: bool = false;

/** true: accept every known layout, as validate() does; false: only what this build's kernels read. */
export function acceptAnyLayout(yes: bool): void {
  anyLayout = yes;
}

/** Where an error is: 100 * network + layer; network 0 is the router, 1 + i expert i. */
export function placeOf(number: i32, layer: i32): i32 {
  return 100 * number + layer;
}

/** Shapes, layouts, tensor bounds and values; after OK the walk cannot leave the section. `inputs` is what the plan says. */
export function checkNetwork(networkPtr: usize, bytes: i32, number: i32, inputs: i32): i32 {
  const place = placeOf(number, 0);
  if (bytes < NETWORK_BYTES) return fail(ERROR_NETWORK, place, NETWORK_BYTES, bytes);
  for (let i = 0; i < NETWORK_NAME_BYTES; i++) {
    const character = load<u8>(networkPtr + i);
    if (character > 126 || (character < 32 && character != 0)) return fail(ERROR_NETWORK, place, 0, character);
  }
  const layers = load<i32>(networkPtr, NETWORK_LAYERS);
  if (layers < 1 || layers > MAX_LAYERS) return fail(ERROR_NETWORK, place, MAX_LAYERS, layers);
  const tables = NETWORK_BYTES + layers * LAYER_BYTES;
  if (bytes < tables) return fail(ERROR_NETWORK, place, tables, bytes);
  if (load<i32>(networkPtr, NETWORK_INPUTS) != inputs) return fail(ERROR_LAYER_SHAPE, place, inputs, load<i32>(networkPtr, NETWORK_INPUTS));
  let columns = inputs;
  for (let i = 0; i < layers; i++) {
    const error = checkLayer(networkPtr, bytes, i, placeOf(number, i), columns, i == layers - 1);
    if (error != OK) return error;
    columns = load<i32>(layerPtr(networkPtr, i), LAYER_ROWS);
  }
  if (columns != load<i32>(networkPtr, NETWORK_OUTPUTS))
    return fail(ERROR_LAYER_SHAPE, placeOf(number, layers - 1), load<i32>(networkPtr, NETWORK_OUTPUTS), columns);
  return OK;
}

function checkLayer(networkPtr: usize, bytes: i32, index: i32, place: i32, columns: i32, last: bool): i32 {
  const layer = layerPtr(networkPtr, index);
  const type = load<i32>(layer, LAYER_WEIGHT_TYPE);
  if (integerBits(type) == 0 && type != WEIGHT_TERNARY_POPCOUNT && type != WEIGHT_FLOAT32) {
    return fail(ERROR_WEIGHT_TYPE, place, WEIGHT_TERNARY, type);
  }
  const layout = load<i32>(layer, LAYER_LAYOUT);
  if (!layoutHolds(layout, type) || !(anyLayout || canRead(layout))) return fail(ERROR_LAYOUT, place, type, layout);
  if (load<i32>(layer, LAYER_COLUMNS) != columns) return fail(ERROR_LAYER_SHAPE, place, columns, load<i32>(layer, LAYER_COLUMNS));
  if (columns > maxColumns(layout)) return fail(ERROR_LAYER_SHAPE, place, maxColumns(layout), columns);
  const rows = load<i32>(layer, LAYER_ROWS);
  if (rows < 1 || rows > MAX_WIDTH) return fail(ERROR_LAYER_SHAPE, place, MAX_WIDTH, rows);
  if (padTo(rows, rowBlock(layout)) > MAX_WEIGHTS / padTo(columns, columnBlock(layout)))
    return fail(ERROR_LAYER_SHAPE, place, MAX_WEIGHTS, rows);
  const flags = load<i32>(layer, LAYER_FLAGS);
  const most = last ? LAYER_SCALE_PER_TENSOR : (USES_LAYER_NORM ? LAYER_NORM : 0) | LAYER_RELU | LAYER_SCALE_PER_TENSOR;
  if (flags & ~most) return fail(ERROR_LAYER, place, 0, flags);
  const rate = load<f32>(layer, LAYER_DROPOUT);
  if (!(rate >= 0 && rate <= <f32>0.9) || (last && rate != 0)) return fail(ERROR_LAYER, place, 0, load<i32>(layer, LAYER_DROPOUT));
  const weights = weightBytes(layout, rows, columns);
  if (load<i32>(layer, LAYER_WEIGHTS_BYTES) != weights)
    return fail(ERROR_TENSOR_BOUNDS, place, weights, load<i32>(layer, LAYER_WEIGHTS_BYTES));
  let error = checkTensor(load<i32>(layer, LAYER_WEIGHTS_OFFSET), weights, bytes, place);
  if (error == OK) error = checkFloats(networkPtr, load<i32>(layer, LAYER_SCALE_OFFSET), scaleCount(flags, rows), bytes, place, true);
  if (error == OK) error = checkFloats(networkPtr, load<i32>(layer, LAYER_BIAS_OFFSET), rows, bytes, place, false);
  if (USES_LAYER_NORM && error == OK && flags & LAYER_NORM) {
    error = checkFloats(networkPtr, load<i32>(layer, LAYER_GAMMA_OFFSET), rows, bytes, place, false);
    if (error == OK) error = checkFloats(networkPtr, load<i32>(layer, LAYER_BETA_OFFSET), rows, bytes, place, false);
  }
  if (USES_FLOAT32_ROWS && error == OK && type == WEIGHT_FLOAT32) {
    error = checkFloats(networkPtr, load<i32>(layer, LAYER_WEIGHTS_OFFSET), weights >> 2, bytes, place, false);
  }
  if (error == OK && !codesAgree(type, layout, networkPtr + load<i32>(layer, LAYER_WEIGHTS_OFFSET), rows, columns)) {
    return fail(ERROR_WEIGHT_CODES, place, 0, 0);
  }
  return error;
}

function scaleCount(flags: i32, rows: i32): i32 {
  return flags & LAYER_SCALE_PER_TENSOR ? 1 : rows;
}

function checkTensor(offset: i32, length: i32, bytes: i32, place: i32): i32 {
  if (offset < 0 || offset & (ALIGNMENT - 1) || offset > bytes || length > bytes - offset) {
    return fail(ERROR_TENSOR_BOUNDS, place, bytes - length, offset);
  }
  return OK;
}

function checkFloats(networkPtr: usize, offset: i32, count: i32, bytes: i32, place: i32, positive: bool): i32 {
  const error = checkTensor(offset, count << 2, bytes, place);
  if (error != OK) return error;
  let ptr = networkPtr + offset;
  for (const end = ptr + ((<usize>count) << 2); ptr < end; ptr += 4) {
    const x = load<f32>(ptr);
    if (!isFinite32(x)) return fail(positive ? ERROR_SCALE : ERROR_TENSOR_NOT_FINITE, place, 0, load<i32>(ptr));
    if (positive && x <= 0) return fail(ERROR_SCALE, place, 0, load<i32>(ptr));
  }
  return OK;
}

// ---- the walk ----

/**
 * Layer `index` on the vector at vectorPtr (in and out), without its dropout.
 * Returns the weight bytes read (packed weights in the file's canonical layout, so that every build counts alike, and scales), or -1 when the vector was not finite.
 */
export function runLayer(networkPtr: usize, index: i32, vectorPtr: usize, preparedPtr: usize, tablePtr: usize): i32 {
  const layer = layerPtr(networkPtr, index);
  const columns = load<i32>(layer, LAYER_COLUMNS);
  const rows = load<i32>(layer, LAYER_ROWS);
  const flags = load<i32>(layer, LAYER_FLAGS);
  const layout = load<i32>(layer, LAYER_LAYOUT);
  for (let i = columns; i < inputWidth(layout, columns); i++) store<f32>(vectorPtr + ((<usize>i) << 2), 0);
  const wPtr = networkPtr + load<i32>(layer, LAYER_WEIGHTS_OFFSET);
  const scalePtr = networkPtr + load<i32>(layer, LAYER_SCALE_OFFSET);
  const biasPtr = networkPtr + load<i32>(layer, LAYER_BIAS_OFFSET);
  const scales = scaleCount(flags, rows);
  if (!linear(layout, vectorPtr, preparedPtr, tablePtr, wPtr, scalePtr, scales > 1 ? 4 : 0, biasPtr, columns, rows)) return -1;
  activate(networkPtr, index, vectorPtr);
  return weightBytes(scalarLayout(load<i32>(layer, LAYER_WEIGHT_TYPE), rows), rows, columns) + (scales << 2);
}

/** What follows the linear part of a layer: LayerNorm and ReLU, as its flags say. */
export function activate(networkPtr: usize, index: i32, vectorPtr: usize): void {
  const layer = layerPtr(networkPtr, index);
  const rows = load<i32>(layer, LAYER_ROWS);
  const flags = load<i32>(layer, LAYER_FLAGS);
  if (USES_LAYER_NORM && flags & LAYER_NORM) {
    layerNorm(vectorPtr, networkPtr + load<i32>(layer, LAYER_GAMMA_OFFSET), networkPtr + load<i32>(layer, LAYER_BETA_OFFSET), rows);
  }
  if (flags & LAYER_RELU) relu(vectorPtr, rows);
}
