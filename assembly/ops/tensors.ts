// Checks of tensors in a network's section, for whichever op they belong to.

import { ERROR_SCALE, ERROR_TENSOR_BOUNDS, ERROR_TENSOR_NOT_FINITE, OK } from "../format/errors.ts";
import { ALIGNMENT } from "../format/ids.ts";
import { fail } from "../kernels/fail.ts";
import { isFinite32 } from "../kernels/quantize.ts";

/** `length` bytes at `offset` of a section of `bytes`. */
export function checkTensor(offset: i32, length: i32, bytes: i32, place: i32): i32 {
  if (offset < 0 || offset & (ALIGNMENT - 1) || offset > bytes || length > bytes - offset) {
    return fail(ERROR_TENSOR_BOUNDS, place, bytes - length, offset);
  }
  return OK;
}

/** f32 [count], finite; `positive`: scales, which are above 0. */
export function checkFloats(network: usize, offset: i32, count: i32, bytes: i32, place: i32, positive: bool): i32 {
  const error = checkTensor(offset, count << 2, bytes, place);
  if (error != OK) return error;
  let ptr = network + offset;
  for (const end = ptr + ((<usize>count) << 2); ptr < end; ptr += 4) {
    const x = load<f32>(ptr);
    if (!isFinite32(x)) return fail(positive ? ERROR_SCALE : ERROR_TENSOR_NOT_FINITE, place, 0, load<i32>(ptr));
    if (positive && x <= 0) return fail(ERROR_SCALE, place, 0, load<i32>(ptr));
  }
  return OK;
}
