// A network as importers and the trainer write it and export reads it: ops over numbered tensors, in the order in which they run.
// It says what is computed, on which numbers and how weights are to be packed; which network answers when is no matter of a graph.
//
//   linear    y[r] = sum_c weight[r][c] * x[c] + bias[r]
//   norm      y[r] = (x[r] - mean x) / sqrt(variance x + 1e-5) * gamma[r] + beta[r]
//   relu      y = max(0, x)
//   dropout   y = x, but where a router samples: a share of x is 0, the rest x / (1 - rate)
//   softmax   y[r] = exp(x[r]) / sum exp(x)

import type { WeightType } from "../../host/model-file/weight_types.ts";

/** The grid of integer codes: value = scale * (code - zeroPoint). */
export interface Quantization {
  /** Above 0: one for all, or one for each row of a matrix or value of a vector. */
  scale: Float32Array;
  zeroPoint: number;
}

export interface Tensor {
  /** For people and messages. */
  name: string;
  shape: readonly number[];
  /** Row after row; float values or integer codes. null: the graph's input, or what an op computes. */
  data: Float32Array | Int8Array | Int16Array | Int32Array | null;
  /** Of codes. Beside null data: the grid to which the network's origin rounds these values. null: real numbers. */
  quantization: Quantization | null;
}

/** Index into Graph.tensors. */
export type TensorId = number;

interface Step {
  input: TensorId;
  output: TensorId;
}

export interface LinearOp extends Step {
  kind: "linear";
  /** [rows, columns] */
  weight: TensorId;
  /** [rows]; null: zeros */
  bias: TensorId | null;
  /** What the weights are packed as; float data becomes codes of this type, codes are of it already. */
  weightType: WeightType;
  /** Float data gets one scale for the whole matrix, not one a row. */
  perTensor: boolean;
}

export interface NormOp extends Step {
  kind: "norm";
  /** [rows] */
  gamma: TensorId;
  /** [rows] */
  beta: TensorId;
}

export interface ReluOp extends Step {
  kind: "relu";
}

export interface DropoutOp extends Step {
  kind: "dropout";
  /** Above 0, below 1. */
  rate: number;
}

export interface SoftmaxOp extends Step {
  kind: "softmax";
}

export type Op = LinearOp | NormOp | ReluOp | DropoutOp | SoftmaxOp;

/** The file that a graph was read from. No paths. */
export interface Origin {
  format: string;
  name: string;
  sha256: string;
}

export interface Graph {
  name: string;
  tensors: readonly Tensor[];
  ops: readonly Op[];
  input: TensorId;
  output: TensorId;
  /** null for what was trained here. */
  origin: Origin | null;
}

/** Values of a tensor's shape. */
export function sizeOf({ shape }: Pick<Tensor, "shape">): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** The numbers that a constant tensor stands for, in float64: its data, or scale * (code - zeroPoint). */
export function valuesOf({ data, quantization }: Tensor): Float64Array {
  if (data === null) return new Float64Array(0);
  if (quantization === null) return Float64Array.from(data);
  const { scale, zeroPoint } = quantization;
  const perScale = data.length / scale.length;
  return Float64Array.from(data, (code, i) => scale[Math.floor(i / perScale)]! * (code - zeroPoint));
}
