// One network (router or expert): validation of its section.

import { ERROR_BUFFER, ERROR_LAYER, ERROR_LAYER_SHAPE, ERROR_NETWORK, OK } from "../format/errors.ts";
import {
  BUFFER_BYTES,
  BUFFER_OFFSET,
  BUFFER_PADDING,
  BUFFER_VALUES,
  NETWORK_BUFFERS,
  NETWORK_BYTES,
  NETWORK_NAME_BYTES,
  OP_BYTES,
  OP_DROPOUT,
  OP_INPUT,
  OP_OUTPUT,
} from "../format/file.ts";
import { ALIGNMENT, MAX_BUFFERS, MAX_OPS, MAX_WIDTH } from "../format/ids.ts";
import { fail } from "../kernels/fail.ts";
import { bufferPtr, opCount, opPtr } from "../ops/records.ts";
import { checkOp } from "../ops/table.ts";
import { USES_SAMPLES } from "../uses.ts";

/** Where an error is: 100 * network + op; network 0 is the router, 1 + i expert i. */
export function placeOf(number: i32, op: i32): i32 {
  return 100 * number + op;
}

/** Ops, buffers, tensor bounds and values; after OK no op can leave the section. `inputs` is what the plan says; `samples`: passes through all ops but the first, or 0. */
export function checkNetwork(network: usize, bytes: i32, number: i32, inputs: i32, samples: i32): i32 {
  const place = placeOf(number, 0);
  if (bytes < NETWORK_BYTES) return fail(ERROR_NETWORK, place, NETWORK_BYTES, bytes);
  for (let i = 0; i < NETWORK_NAME_BYTES; i++) {
    const character = load<u8>(network + i);
    if (character > 126 || (character < 32 && character != 0)) return fail(ERROR_NETWORK, place, 0, character);
  }
  const ops = opCount(network);
  if (ops < 1 || ops > MAX_OPS) return fail(ERROR_NETWORK, place, MAX_OPS, ops);
  const buffers = load<i32>(network, NETWORK_BUFFERS);
  if (buffers < 1 || buffers > MAX_BUFFERS) return fail(ERROR_NETWORK, place, MAX_BUFFERS, buffers);
  const tables = NETWORK_BYTES + ops * OP_BYTES + buffers * BUFFER_BYTES;
  if (bytes < tables) return fail(ERROR_NETWORK, place, tables, bytes);
  const start = load<i32>(bufferPtr(network, 0), BUFFER_OFFSET), found = load<i32>(bufferPtr(network, 0), BUFFER_VALUES);
  if (start != 0) return fail(ERROR_BUFFER, place, 0, start);
  if (found != inputs) return fail(ERROR_LAYER_SHAPE, place, inputs, found);
  let written: u32 = 1; // a bit a buffer whose values are there; the input's are from the start
  const runs = USES_SAMPLES && samples > 0 ? 2 * ops - 1 : ops; // what a second pass finds, every later one finds
  for (let run = 0; run < runs; run++) {
    const index = run < ops ? run : run - ops + 1;
    const op = opPtr(network, index);
    const input = load<i32>(op, OP_INPUT), output = load<i32>(op, OP_OUTPUT);
    const at = placeOf(number, index);
    if (run == ops) written = write(network, load<i32>(opPtr(network, 0), OP_OUTPUT), written); // from the cache
    if (<u32>input >= <u32>buffers || !((written >>> input) & 1)) return fail(ERROR_BUFFER, at, buffers, input);
    if (<u32>output >= <u32>buffers) return fail(ERROR_BUFFER, at, buffers, output);
    if (run < ops) {
      let error = checkBuffer(network, output, at);
      if (error == OK) error = checkOp(network, bytes, op, at, index == ops - 1);
      if (error != OK) return error;
      const rate = load<f32>(op, OP_DROPOUT);
      if (!(rate >= 0 && rate <= <f32>0.9) || (index == ops - 1 && rate != 0)) return fail(ERROR_LAYER, at, 0, load<i32>(op, OP_DROPOUT));
    }
    written = write(network, output, write(network, input, written));
  }
  return OK;
}

/** `written` with this buffer, and without those that its values or the padding behind them overwrite. */
function write(network: usize, buffer: i32, written: u32): u32 {
  const start = load<i32>(bufferPtr(network, buffer), BUFFER_OFFSET);
  const end = start + ((load<i32>(bufferPtr(network, buffer), BUFFER_VALUES) + BUFFER_PADDING) << 2);
  for (let other = 0; other < MAX_BUFFERS; other++) {
    if (!((written >>> other) & 1)) continue;
    const at = load<i32>(bufferPtr(network, other), BUFFER_OFFSET);
    if (at < end && start < at + (load<i32>(bufferPtr(network, other), BUFFER_VALUES) << 2)) written &= ~(<u32>1 << other);
  }
  return written | (<u32>1 << buffer);
}

/** Its place in the buffers' memory, where it may overlap others, and its size. */
function checkBuffer(network: usize, buffer: i32, place: i32): i32 {
  const offset = load<i32>(bufferPtr(network, buffer), BUFFER_OFFSET);
  const values = load<i32>(bufferPtr(network, buffer), BUFFER_VALUES);
  if (offset < 0 || offset > 4 * MAX_WIDTH || offset & (ALIGNMENT - 1)) return fail(ERROR_BUFFER, place, ALIGNMENT, offset);
  if (values < 1 || values > MAX_WIDTH) return fail(ERROR_LAYER_SHAPE, place, MAX_WIDTH, values);
  return OK;
}
