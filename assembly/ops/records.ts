// Op and buffer records of a network: where they lie and what they say (format/file.ts).

import { BUFFER_BYTES, BUFFER_OFFSET, BUFFER_VALUES, NETWORK_BYTES, NETWORK_OPS, OP_BYTES, OP_INPUT, OP_OUTPUT } from "../format/file.ts";

export function opCount(network: usize): i32 {
  return load<i32>(network, NETWORK_OPS);
}

export function opPtr(network: usize, index: i32): usize {
  return network + NETWORK_BYTES + index * OP_BYTES;
}

/** Record of a buffer; they follow those of the ops. */
export function bufferPtr(network: usize, number: i32): usize {
  return opPtr(network, opCount(network)) + number * BUFFER_BYTES;
}

/** Bytes from the start of the buffers' memory. */
export function inputOffset(network: usize, op: usize): i32 {
  return load<i32>(bufferPtr(network, load<i32>(op, OP_INPUT)), BUFFER_OFFSET);
}

export function outputOffset(network: usize, op: usize): i32 {
  return load<i32>(bufferPtr(network, load<i32>(op, OP_OUTPUT)), BUFFER_OFFSET);
}

export function inputValues(network: usize, op: usize): i32 {
  return load<i32>(bufferPtr(network, load<i32>(op, OP_INPUT)), BUFFER_VALUES);
}

export function outputValues(network: usize, op: usize): i32 {
  return load<i32>(bufferPtr(network, load<i32>(op, OP_OUTPUT)), BUFFER_VALUES);
}

/** The op whose output is the network's. */
export function lastOp(network: usize): usize {
  return opPtr(network, opCount(network) - 1);
}
