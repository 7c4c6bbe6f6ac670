// One network over many feature vectors at once, SIMD only: for hosts that judge or serve many windows. Gives the probabilities that
// the network gives to each vector alone, bit for bit; no routing, no dropout, no decision.
//
//   featuresPtr       f32 [count][features], raw
//   probabilitiesPtr  f32 [count][outputs]
//   scratchPtr        batchBytes, a multiple of 16, anywhere the caller likes:  | vectors f32 [count][width] | one layer's scratch |

import { ERROR_NETWORK, ERROR_NOT_LOADED, ERROR_OVERFLOW, OK } from "../format/errors.ts";
import {
  LAYER_BIAS_OFFSET, LAYER_COLUMNS, LAYER_FLAGS, LAYER_LAYOUT, LAYER_ROWS, LAYER_SCALE_OFFSET, LAYER_WEIGHTS_OFFSET, NETWORK_LAYERS,
  NETWORK_OUTPUTS,
} from "../format/file.ts";
import { LAYER_SCALE_PER_TENSOR } from "../format/ids.ts";
import { inputWidth, layerWidth } from "../format/layouts.ts";
import { align16 } from "../format/plan.ts";
import { clearFailure, fail } from "../kernels/fail.ts";
import { linearBatch, linearBatchBytes } from "../kernels/linear_batch.simd.ts";
import { softmax } from "../layers/softmax.ts";
import { activate, layerPtr, placeOf } from "./network.ts";
import { checkFinite, normalize } from "./normalize.ts";
import { expertCount, expertNetwork, featureCount, filePtr, routerNetwork } from "./state.ts";

/** Network 0 is the router, 1 + i expert i; 0 for none. */
function networkOf(number: i32): usize {
  if (filePtr == 0 || number < 0 || number > expertCount) return 0;
  return number == 0 ? routerNetwork() : expertNetwork(number - 1);
}

/** Elements of a vector that every layer of the network can work in. */
function widthOf(network: usize): i32 {
  let width = 0;
  for (let i = 0; i < load<i32>(network, NETWORK_LAYERS); i++) {
    const layer = layerPtr(network, i);
    width = max(width, layerWidth(load<i32>(layer, LAYER_LAYOUT), load<i32>(layer, LAYER_ROWS), load<i32>(layer, LAYER_COLUMNS)));
  }
  return width;
}

/** Outputs of a network of the loaded model, 0 when there is none of this number. */
export function batchOutputs(number: i32): i32 {
  const network = networkOf(number);
  return network == 0 ? 0 : load<i32>(network, NETWORK_OUTPUTS);
}

/** Scratch for `count` vectors; 0 when there is no such network. `count` times 64 KB must stay below 2^31. */
export function batchBytes(number: i32, count: i32): i32 {
  const network = networkOf(number);
  if (network == 0) return 0;
  let bytes = 0;
  for (let i = 0; i < load<i32>(network, NETWORK_LAYERS); i++) {
    const layer = layerPtr(network, i);
    const layout = load<i32>(layer, LAYER_LAYOUT);
    bytes = max(bytes, linearBatchBytes(layout, load<i32>(layer, LAYER_ROWS), load<i32>(layer, LAYER_COLUMNS), count));
  }
  return align16(widthOf(network) << 2) * count + align16(bytes);
}

/** 0, or an error code, which then also ends the window under way: there is one failure record. */
export function forwardBatch(number: i32, featuresPtr: usize, count: i32, probabilitiesPtr: usize, scratchPtr: usize): i32 {
  clearFailure();
  if (filePtr == 0) return fail(ERROR_NOT_LOADED, 0, 0, 0);
  const network = networkOf(number);
  if (network == 0) return fail(ERROR_NETWORK, placeOf(number, 0), expertCount, number);
  const strideBytes = <usize>align16(widthOf(network) << 2);
  for (let m = 0; m < count; m++) {
    const error = checkFinite(featuresPtr);
    if (error != OK) return error;
    normalize(featuresPtr, scratchPtr + <usize>m * strideBytes);
    featuresPtr += <usize>featureCount << 2;
  }
  const layers = load<i32>(network, NETWORK_LAYERS);
  for (let i = 0; i < layers; i++) {
    if (!forwardLayer(network, i, scratchPtr, strideBytes, count)) return fail(ERROR_OVERFLOW, placeOf(number, i), 0, 0);
  }
  const outputs = load<i32>(network, NETWORK_OUTPUTS);
  for (let m = 0; m < count; m++) {
    if (!softmax(scratchPtr + <usize>m * strideBytes, probabilitiesPtr, outputs)) return fail(ERROR_OVERFLOW, placeOf(number, layers - 1), 0, 0);
    probabilitiesPtr += <usize>outputs << 2;
  }
  return OK;
}

/** One layer of all vectors, in place; false when a vector is not finite. */
function forwardLayer(network: usize, index: i32, vectorsPtr: usize, strideBytes: usize, count: i32): bool {
  const layer = layerPtr(network, index);
  const layout = load<i32>(layer, LAYER_LAYOUT);
  const columns = load<i32>(layer, LAYER_COLUMNS);
  const rows = load<i32>(layer, LAYER_ROWS);
  const width = inputWidth(layout, columns);
  for (let m = 0; m < count; m++) {
    const vectorPtr = vectorsPtr + <usize>m * strideBytes;
    for (let i = columns; i < width; i++) store<f32>(vectorPtr + (<usize>i << 2), 0);
  }
  const bad = linearBatch(
    layout, vectorsPtr, strideBytes, count, vectorsPtr + strideBytes * count,
    network + load<i32>(layer, LAYER_WEIGHTS_OFFSET),
    network + load<i32>(layer, LAYER_SCALE_OFFSET), load<i32>(layer, LAYER_FLAGS) & LAYER_SCALE_PER_TENSOR ? 0 : 4,
    network + load<i32>(layer, LAYER_BIAS_OFFSET), columns, rows,
  );
  if (bad >= 0) return false;
  for (let m = 0; m < count; m++) activate(network, index, vectorsPtr + <usize>m * strideBytes);
  return true;
}
