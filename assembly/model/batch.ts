// One network over many feature vectors at once, SIMD only: for hosts that judge or serve many windows. Gives the probabilities that
// the network gives to each vector alone, bit for bit; no routing, no dropout, no decision.
//
//   featuresPtr       f32 [count][features], raw
//   probabilitiesPtr  f32 [count][outputs]
//   scratchPtr        batchBytes, a multiple of 16, anywhere the caller likes:  | buffers [count] | one op's scratch |

import { ERROR_NETWORK, ERROR_NOT_LOADED, ERROR_OVERFLOW, OK } from "../format/errors.ts";
import { align16 } from "../format/plan.ts";
import { clearFailure, fail } from "../kernels/fail.ts";
import { softmax } from "../layers/softmax.ts";
import { lastOp, opCount, opPtr, outputOffset, outputValues } from "../ops/records.ts";
import { batchScratchOf, reachOf, runOpBatch } from "../ops/table.ts";
import { placeOf } from "./network.ts";
import { checkFinite, normalize } from "./normalize.ts";
import { expertCount, expertNetwork, featureCount, filePtr, routerNetwork } from "./state.ts";

/** Network 0 is the router, 1 + i expert i; 0 for none. */
function networkOf(number: i32): usize {
  if (filePtr == 0 || number < 0 || number > expertCount) return 0;
  return number == 0 ? routerNetwork() : expertNetwork(number - 1);
}

/** One set of buffers in which every op of the network can work. */
function bufferBytes(network: usize): i32 {
  let bytes = 0;
  for (let i = 0; i < opCount(network); i++) bytes = max(bytes, reachOf(network, opPtr(network, i)));
  return align16(bytes);
}

/** Outputs of a network of the loaded model, 0 when there is none of this number. */
export function batchOutputs(number: i32): i32 {
  const network = networkOf(number);
  return network == 0 ? 0 : outputValues(network, lastOp(network));
}

/** Scratch for `count` vectors; 0 when there is no such network. `count` times 80 KB must stay below 2^31. */
export function batchBytes(number: i32, count: i32): i32 {
  const network = networkOf(number);
  if (network == 0) return 0;
  let bytes = 0;
  for (let i = 0; i < opCount(network); i++) bytes = max(bytes, batchScratchOf(network, opPtr(network, i), count));
  return bufferBytes(network) * count + align16(bytes);
}

/** 0, or an error code, which then also ends the window under way: there is one failure record. */
export function forwardBatch(number: i32, featuresPtr: usize, count: i32, probabilitiesPtr: usize, scratchPtr: usize): i32 {
  clearFailure();
  if (filePtr == 0) return fail(ERROR_NOT_LOADED, 0, 0, 0);
  const network = networkOf(number);
  if (network == 0) return fail(ERROR_NETWORK, placeOf(number, 0), expertCount, number);
  const strideBytes = <usize>bufferBytes(network);
  for (let m = 0; m < count; m++) {
    const error = checkFinite(featuresPtr);
    if (error != OK) return error;
    normalize(featuresPtr, scratchPtr + <usize>m * strideBytes);
    featuresPtr += <usize>featureCount << 2;
  }
  const last = opCount(network) - 1;
  const opScratchPtr = scratchPtr + strideBytes * count;
  for (let i = 0; i <= last; i++) {
    if (!runOpBatch(network, opPtr(network, i), scratchPtr, strideBytes, count, opScratchPtr))
      return fail(ERROR_OVERFLOW, placeOf(number, i), 0, 0);
  }
  const outputs = outputValues(network, lastOp(network));
  const outputPtr = scratchPtr + outputOffset(network, lastOp(network));
  for (let m = 0; m < count; m++) {
    if (!softmax(outputPtr + <usize>m * strideBytes, probabilitiesPtr, outputs)) return fail(ERROR_OVERFLOW, placeOf(number, last), 0, 0);
    probabilitiesPtr += <usize>outputs << 2;
  }
  return OK;
}
