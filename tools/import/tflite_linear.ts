// FULLY_CONNECTED of a TensorFlow Lite file: y = activation(W x + b), W [rows, columns].

import { MAX_WEIGHTS, MAX_WIDTH } from "../../assembly/format/ids.ts";
import type { Chain, Constant } from "../graph/chain.ts";
import { sizeOf } from "../graph/graph.ts";
import type { TfliteFile, TfliteOperator, TfliteStep, TfliteTensor } from "./tflite_file.ts";
import { activationName, typeName } from "./tflite_names.ts";
import { FLOAT32, floatsOf, gridOf, INT8, int32BiasOf, weightsOf } from "./tflite_tensors.ts";

const OPTIONS = { type: 8, activation: 0, weightsFormat: 1 };
const NONE = 0;
const RELU = 1;

/** Types of input, weights and output: float, int8, and int8 weights between float activations. */
const TYPES = [
  [FLOAT32, FLOAT32, FLOAT32],
  [INT8, INT8, INT8],
  [FLOAT32, INT8, FLOAT32],
];

/** Why it cannot be packed, in the words that follow its name; null if it can. */
export function linearProblem(file: TfliteFile, { operator, input, output }: TfliteStep): string | null {
  const { activation, weightsFormat } = optionsOf(file, operator);
  if (activation !== NONE && activation !== RELU) return `with ${activationName(activation)} behind it`;
  if (weightsFormat !== 0) return `with weights in format ${weightsFormat}`;
  const weights = tensorOfWeights(file, operator);
  if (weights.isSparse) return "with sparse weights";
  if (weights.bytes === 0) return "with weights that are computed";
  const types = [input.type, weights.type, output.type];
  if (TYPES.some((known) => `${known}` === `${types}`)) return null;
  return `of ${typeName(weights.type)} weights from ${typeName(input.type)} to ${typeName(output.type)}`;
}

/** Puts it behind the chain. Errors: TFLITE, TFLITE_UNSUPPORTED. */
export function addLinear(file: TfliteFile, { operator, input, output }: TfliteStep, chain: Chain): void {
  const where = `operator ${operator.index}`;
  const weights = tensorOfWeights(file, operator);
  if (weights.shape.length !== 2) throw file.unsupported(`${where}, dimensions of weights`, "2", weights.shape.length);
  const [rows, columns] = weights.shape as [number, number];
  if (![rows, columns].every((n) => n >= 1 && n <= MAX_WIDTH) || rows * columns > MAX_WEIGHTS)
    throw file.unsupported(`${where}, weights`, `at most ${MAX_WIDTH} x ${MAX_WIDTH} and ${MAX_WEIGHTS} in all`, `${rows} x ${columns}`);
  for (const [tensor, what, width] of [[input, "input", columns] as const, [output, "output", rows] as const])
    if (sizeOf(tensor) !== width) throw file.unsupported(`${where}, values of its ${what}`, `${width} (a batch of one)`, sizeOf(tensor));
  const weight = weightsOf(file, weights, [rows, columns], `${where}, weights`);
  const grid = gridOf(file, output, `${where}, output`);
  const hasRelu = optionsOf(file, operator).activation === RELU;
  const packing = { weightType: weight.quantization ? ("8" as const) : ("float32" as const), perTensor: false };
  chain.linear(weight, biasOf(file, operator, input, weight), packing, hasRelu ? null : grid);
  if (hasRelu) chain.relu(grid);
}

function optionsOf(file: TfliteFile, { index, options, optionsType }: TfliteOperator): { activation: number; weightsFormat: number } {
  if (options === 0) return { activation: NONE, weightsFormat: 0 };
  if (optionsType !== OPTIONS.type)
    throw file.damaged(`operator ${index}, options`, `${OPTIONS.type} (FullyConnectedOptions)`, optionsType);
  return { activation: file.flat.u8(options, OPTIONS.activation), weightsFormat: file.flat.u8(options, OPTIONS.weightsFormat) };
}

function tensorOfWeights(file: TfliteFile, { index, inputs }: TfliteOperator): TfliteTensor {
  return file.needed(inputs[1]!, `operator ${index}, weights`);
}

function biasOf(file: TfliteFile, { index, inputs }: TfliteOperator, input: TfliteTensor, weight: Constant): Constant | null {
  const id = inputs[2] ?? -1;
  if (id < 0) return null;
  const where = `operator ${index}, bias`;
  const grid = gridOf(file, input, `operator ${index}, input`);
  const bias = file.tensor(id);
  return grid ? int32BiasOf(file, bias, grid, weight, where) : floatsOf(file, bias, [weight.shape[0]!], where);
}
