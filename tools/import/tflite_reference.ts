// What TensorFlow Lite computes in a graph of tflite.ts, up to its logits, slow and obvious: the reference kernels' arithmetic.
//
//   float32   y = relu(bias + sum_k x[k] * w[n][k])              in float64: no two builds add in one order; int8 weights as numbers
//   int8      acc = bias + sum_k (x[k] - x.zeroPoint) * w[n][k]                             int32
//             y = clamp(y.zeroPoint + acc * multiplier * 2^shift, least, 127)               rounded twice, see below
//
// least is -128, or y.zeroPoint behind a ReLU. multiplier is a 31-bit fraction with x.scale * w.scale / y.scale = multiplier / 2^31 * 2^shift.
// github.com/tensorflow/tflite-micro, commit cb60aa9, tensorflow/lite/kernels/internal: reference/integer_ops/fully_connected.h,
// quantization_util.cc (QuantizeMultiplier), common.cc (MultiplyByQuantizedMultiplier, of two roundings: TFLITE_SINGLE_ROUNDING is off);
// the two roundings themselves: github.com/google/gemmlowp, fixedpoint/fixedpoint.h.

import { type Graph, type Quantization, valuesOf } from "../graph/graph.ts";
import { type GraphLayer, layersOf } from "../graph/layers.ts";

export interface Multiplier {
  /** 2^30 to 2^31 - 1 */
  fraction: number;
  /** Positive: to the left. */
  shift: number;
}

/** @param value above 0 */
export function quantizeMultiplier(value: number): Multiplier {
  let shift = Math.floor(Math.log2(value)) + 1;
  // log2 may be a rounding off at powers of two
  if (value / 2 ** shift >= 1) shift++;
  if (value / 2 ** shift < 0.5) shift--;
  let fraction = Math.round((value / 2 ** shift) * 2 ** 31);
  if (fraction === 2 ** 31) {
    fraction /= 2;
    shift++;
  }
  return { fraction, shift };
}

/** int32 times multiplier: the upper half of the doubled product, ties up; then shifted right, ties away from zero. */
export function multiplyByQuantized(x: number, { fraction, shift }: Multiplier): number {
  const left = BigInt(x) << BigInt(Math.max(shift, 0));
  const product = left * BigInt(fraction);
  const nudge = product >= 0n ? 1n << 30n : 1n - (1n << 30n);
  const high = (product + nudge) / (1n << 31n); // towards zero, as C divides
  const right = BigInt(Math.max(-shift, 0));
  const rest = high & ((1n << right) - 1n);
  const threshold = (((1n << right) - 1n) >> 1n) + (high < 0n ? 1n : 0n);
  return Number((high >> right) + (rest > threshold ? 1n : 0n));
}

/** One layer of codes: what its tensors say, in the terms of the formula above. */
export interface Int8Layer {
  rows: number;
  columns: number;
  relu: boolean;
  /** [rows, columns] */
  weights: Int8Array;
  /** [rows] or [1] */
  weightScale: Float32Array;
  /** [rows] */
  bias: Int32Array;
  input: Grid;
  output: Grid;
}

interface Grid {
  scale: number;
  zeroPoint: number;
}

/** Layers of an int8 graph; null if its activations are float. */
export function int8Layers(graph: Graph): Int8Layer[] | null {
  if (graph.tensors[graph.input]!.quantization === null) return null;
  return layersOf(graph).map(({ op, rows, columns, weight, relu, input, output }) => ({
    rows,
    columns,
    relu,
    weights: weight.data as Int8Array,
    weightScale: weight.quantization!.scale,
    bias: op.bias === null ? new Int32Array(rows) : (graph.tensors[op.bias]!.data as Int32Array),
    input: gridOf(input.quantization!),
    output: gridOf(output.quantization!),
  }));
}

function gridOf({ scale, zeroPoint }: Quantization): Grid {
  return { scale: scale[0]!, zeroPoint };
}

/** Codes of one layer. */
export function int8Layer(layer: Int8Layer, x: Int8Array): Int8Array<ArrayBuffer> {
  const { rows, columns, weights, weightScale, bias, input, output } = layer;
  const least = layer.relu ? output.zeroPoint : -128;
  // the product of scales in float32, as the kernels' preparation has it
  const multipliers = Array.from(weightScale, (scale) => quantizeMultiplier(Math.fround(input.scale * scale) / output.scale));
  return Int8Array.from({ length: rows }, (_, n) => {
    let sum = bias[n]!;
    for (let k = 0; k < columns; k++) sum += (x[k]! - input.zeroPoint) * weights[n * columns + k]!;
    const y = output.zeroPoint + multiplyByQuantized(sum, multipliers[n % multipliers.length]!);
    return Math.max(least, Math.min(127, y));
  });
}

export function quantizeInt8(x: Float32Array, { scale, zeroPoint }: Grid): Int8Array<ArrayBuffer> {
  return Int8Array.from(x, (value) => Math.max(-128, Math.min(127, Math.round(value / scale) + zeroPoint)));
}

/** Answers to inputs: the values before SOFTMAX, if there is one. An int8 graph's input is quantized before, its output dequantized behind. */
export function tfliteReference(graph: Graph): (x: Float32Array) => Float64Array {
  const layers = int8Layers(graph);
  if (layers === null) return floatReference(layersOf(graph));
  const { scale, zeroPoint } = layers.at(-1)!.output;
  return (x) => {
    const codes = layers.reduce((at, layer) => int8Layer(layer, at), quantizeInt8(x, layers[0]!.input));
    return Float64Array.from(codes, (code) => scale * (code - zeroPoint));
  };
}

function floatReference(layers: GraphLayer[]): (x: Float32Array) => Float64Array {
  const weights = layers.map(({ weight }) => valuesOf(weight));
  return (x) => {
    let at = Float64Array.from(x);
    for (const [i, { rows, columns, bias, relu }] of layers.entries()) {
      at = Float64Array.from({ length: rows }, (_, n) => {
        let sum = bias[n]!;
        for (let k = 0; k < columns; k++) sum += at[k]! * weights[i]![n * columns + k]!;
        return relu ? Math.max(0, sum) : sum;
      });
    }
    return at;
  };
}
