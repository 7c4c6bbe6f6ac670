// A multilayer perceptron with quantization in the loop, as formulas over tensors.
//
//   x [batch, padded inputs] -> per hidden layer: 8-bit activations -> quantized linear + bias -> LayerNorm -> ReLU -> dropout
//                            -> 8-bit activations -> linear + bias -> logits [batch, outputs]
//
// Training keeps weights as [columns, rows] (the transpose of a checkpoint) and pads the inputs to a multiple of 4, because
// that is what the matrix product is fast at (autodiff.ts).

import { type Layer, layerShapes, layerWeightType, type Network, type NetworkSpec } from "../import/checkpoint.ts";
import { add, divide, matmul, maximum, meanOver, multiply, read, sqrt, subtract, type Tensor, tensor } from "./autodiff.ts";
import { fakeQuantizeActivations, fakeQuantizeWeights } from "./quantizers.ts";
import type { Random } from "./random.ts";

/** Trainable tensors of one layer: weight [columns, rows], the others [rows]. */
export type LayerParameters = { weight: Tensor; bias: Tensor; gamma?: Tensor; beta?: Tensor };

const EPSILON = 1e-5;
const GRAIN = 4;

export function paddedInputs(spec: NetworkSpec): number {
  return Math.ceil(spec.inputs / GRAIN) * GRAIN;
}

/** Columns of each layer as trained: only the first layer's are padded. */
function trainedColumns(spec: NetworkSpec): number[] {
  return [paddedInputs(spec), ...spec.hidden];
}

/** Weights and biases uniform in +-1/sqrt(columns), as PyTorch starts a linear layer. */
export function initialNetwork(spec: NetworkSpec, random: Random): Network {
  const layers = layerShapes(spec).map(({ rows, columns }, index): Layer => {
    const bound = 1 / Math.sqrt(columns);
    const uniform = (count: number) => Float32Array.from({ length: count }, () => random.between(-bound, bound));
    const normed = spec.norm && index < spec.hidden.length;
    return {
      rows,
      columns,
      weight: uniform(rows * columns),
      bias: uniform(rows),
      gamma: normed ? new Float32Array(rows).fill(1) : null,
      beta: normed ? new Float32Array(rows) : null,
    };
  });
  return { spec, layers };
}

/** Network -> tensors to train. */
export function toParameters(network: Network): LayerParameters[] {
  const padded = trainedColumns(network.spec);
  return network.layers.map((layer, index) => {
    const { rows, columns } = layer;
    const weight = new Float32Array(padded[index]! * rows);
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) weight[c * rows + r] = layer.weight[r * columns + c]!;
    return {
      weight: tensor(weight, [padded[index]!, rows]),
      bias: tensor(layer.bias, [rows]),
      ...(layer.gamma && layer.beta ? { gamma: tensor(layer.gamma, [rows]), beta: tensor(layer.beta, [rows]) } : {}),
    };
  });
}

/** Tensors (which are freed) -> network. */
export async function fromParameters(spec: NetworkSpec, parameters: LayerParameters[]): Promise<Network> {
  const layers: Layer[] = [];
  for (const [index, { rows, columns }] of layerShapes(spec).entries()) {
    const { weight, bias, gamma, beta } = parameters[index]!;
    const trained = await read(weight);
    const rowMajor = new Float32Array(rows * columns);
    for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) rowMajor[r * columns + c] = trained[c * rows + r]!;
    layers.push({
      rows,
      columns,
      weight: rowMajor,
      bias: (await read(bias)).slice(),
      gamma: gamma ? (await read(gamma)).slice() : null,
      beta: beta ? (await read(beta)).slice() : null,
    });
  }
  return { spec, layers };
}

/** [padded inputs, 1]: 1 for a real input, 0 for padding. */
export function realInputs(spec: NetworkSpec): Float32Array {
  return Float32Array.from({ length: paddedInputs(spec) }, (_, i) => (i < spec.inputs ? 1 : 0));
}

/**
 * Logits [batch, outputs].
 *
 * @param x [batch, padded inputs], z-scored and clipped, zero in the padding.
 * @param masks per hidden layer [batch, rows]: 0 for a dropped activation, 1 / (1 - dropout) for a kept one; none = no dropout.
 * @param real [padded inputs, 1], see realInputs.
 */
export function logits(spec: NetworkSpec, parameters: LayerParameters[], x: Tensor, masks: Tensor[], real: Tensor): Tensor {
  let h = x;
  for (const [index, { columns }] of layerShapes(spec).entries()) {
    const { weight, bias, gamma, beta } = parameters[index]!;
    const type = layerWeightType(spec, index);
    h = add(matmul(fakeQuantizeActivations(h, type), fakeQuantizeWeights(weight, type, index === 0 ? real : 1, columns)), bias);
    if (index === spec.hidden.length) break;
    if (gamma && beta) h = layerNorm(h, gamma, beta);
    h = maximum(h, 0);
    if (masks[index]) h = multiply(h, masks[index]);
  }
  return h;
}

function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor): Tensor {
  const centred = subtract(x, meanOver(x, 1));
  const variance = meanOver(multiply(centred, centred), 1);
  return add(multiply(divide(centred, sqrt(add(variance, EPSILON))), gamma), beta);
}
