// Fake quantizers: what quantization does to values, with the gradient of doing nothing (straight-through estimator).
// The formulas are those of tools/export/quantize.ts; tests compare the two.

import { maxCode, TERNARY_THRESHOLD, type WeightType } from "../export/quantize.ts";
import {
  absolute,
  add,
  divide,
  greater,
  maximum,
  maxOver,
  multiply,
  round,
  sign,
  straightThrough,
  subtract,
  sumOver,
  type Tensor,
} from "./autodiff.ts";

/** Keeps the division of an all-zero row finite. */
const TINY = 1e-30;

/**
 * Weights [columns, rows] as the device will see them; an output channel is a column of the array here.
 *
 * @param real [columns, 1]: 1 for a real input, 0 for padding, which counts for nothing; or 1 for no padding.
 * @param columns number of real inputs.
 */
export function fakeQuantizeWeights(weights: Tensor, type: WeightType, real: Tensor | number, columns: number): Tensor {
  if (type === "float32") return weights;
  const mean = multiply(sumOver(multiply(weights, real), 0), 1 / columns);
  const centred = multiply(subtract(weights, mean), real);
  const largest = maximum(maxOver(absolute(centred), 0), TINY);
  return straightThrough(weights, type === "ternary" ? ternary(centred, largest) : integer(centred, largest, maxCode(Number(type))));
}

function ternary(centred: Tensor, largest: Tensor): Tensor {
  const used = greater(absolute(centred), multiply(largest, TERNARY_THRESHOLD));
  const scale = divide(sumOver(multiply(absolute(centred), used), 0), add(sumOver(used, 0), TINY));
  return multiply(multiply(sign(centred), used), scale);
}

function integer(centred: Tensor, largest: Tensor, top: number): Tensor {
  const scale = divide(largest, top);
  return multiply(round(divide(centred, scale)), scale);
}

/** Activations [batch, columns] through 8-bit codes: absmax per row, 127 levels a side. */
export function fakeQuantizeActivations(x: Tensor): Tensor {
  const largest = maximum(maxOver(absolute(x), 1), TINY);
  return straightThrough(x, multiply(round(multiply(x, divide(127, largest))), divide(largest, 127)));
}
