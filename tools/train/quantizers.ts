// Fake quantizers: what quantization does to values, with the gradient of doing nothing (straight-through estimator).
// The formulas are those of tools/export/quantize.ts; tests compare the two.

import { type WeightType, weightTypeBySpec } from "../../host/model-file/weight_types.ts";
import { TERNARY_ACTIVATION_THRESHOLD, TERNARY_THRESHOLD } from "../export/quantize.ts";
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
  return straightThrough(weights, approximate(centred, type, real, columns));
}

function approximate(centred: Tensor, type: Exclude<WeightType, "float32">, real: Tensor | number, columns: number): Tensor {
  const magnitude = absolute(centred);
  const { quantizer, range } = weightTypeBySpec(type);
  if (quantizer === "sign") {
    const signs = subtract(multiply(greater(centred, 0), 2), real);
    return multiply(signs, multiply(sumOver(magnitude, 0), 1 / columns));
  }
  const largest = maximum(maxOver(magnitude, 0), TINY);
  return quantizer === "ternary" ? ternary(centred, largest, TERNARY_THRESHOLD, 0) : integer(centred, largest, range[1]);
}

/** sign(x) times the mean of the magnitudes above the threshold, along `axis`. */
function ternary(x: Tensor, largest: Tensor, threshold: number, axis: number): Tensor {
  const used = greater(absolute(x), multiply(largest, threshold));
  const scale = divide(sumOver(multiply(absolute(x), used), axis), add(sumOver(used, axis), TINY));
  return multiply(multiply(sign(x), used), scale);
}

function integer(centred: Tensor, largest: Tensor, top: number): Tensor {
  const scale = divide(largest, top);
  return multiply(round(divide(centred, scale)), scale);
}

/** Activations [batch, columns] as a layer of this weight type takes them: 8-bit codes (absmax per row, 127 levels a side) or ternary. */
export function fakeQuantizeActivations(x: Tensor, type: WeightType): Tensor {
  if (type === "float32") return x;
  const largest = maximum(maxOver(absolute(x), 1), TINY);
  if (weightTypeBySpec(type).ternaryActivations) return straightThrough(x, ternary(x, largest, TERNARY_ACTIVATION_THRESHOLD, 1));
  return straightThrough(x, multiply(round(multiply(x, divide(127, largest))), divide(largest, 127)));
}
