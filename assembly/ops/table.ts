// All ops: who checks, sizes and runs each kind. An op is one file beside this one and a line in each function here.

import { ERROR_OP } from "../format/errors.ts";
import { OP_KIND } from "../format/file.ts";
import { OP_LINEAR } from "../format/linear.ts";
import { fail } from "../kernels/fail.ts";
import { checkLinear, linearReach, linearScratch, linearScratchOfBatch, macsOfLinear, runLinear, runLinearBatch } from "./linear.ts";

/** Fields and tensors of an op whose buffers exist; after OK it stays in its section, its buffers and its scratch. */
export function checkOp(network: usize, bytes: i32, op: usize, place: i32, last: bool): i32 {
  const kind = load<i32>(op, OP_KIND);
  if (kind == OP_LINEAR) return checkLinear(network, bytes, op, place, last);
  return fail(ERROR_OP, place, OP_LINEAR, kind);
}

/** Bytes of the buffers' memory that the op needs, from its start. */
export function reachOf(network: usize, op: usize): i32 {
  return linearReach(network, op);
}

/** Bytes of scratch. */
export function scratchOf(network: usize, op: usize): i32 {
  return linearScratch(network, op);
}

/** Multiply-accumulates. */
export function macsOf(network: usize, op: usize): i32 {
  return macsOfLinear(network, op);
}

/** One op, without its dropout. Returns the weight bytes read, or -1 when its input is not finite. */
export function runOp(network: usize, op: usize, buffersPtr: usize, scratchPtr: usize): i32 {
  return runLinear(network, op, buffersPtr, scratchPtr);
}

/** Bytes of scratch of runOpBatch. */
export function batchScratchOf(network: usize, op: usize, count: i32): i32 {
  return linearScratchOfBatch(network, op, count);
}

/** One op on `count` sets of buffers, strideBytes apart, SIMD only; false when an input is not finite. */
export function runOpBatch(network: usize, op: usize, buffersPtr: usize, strideBytes: usize, count: i32, scratchPtr: usize): bool {
  return runLinearBatch(network, op, buffersPtr, strideBytes, count, scratchPtr);
}
