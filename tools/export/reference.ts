// A graph in plain float64, on the codes that the exporter packs: what packed arithmetic is compared with.
//
//   per layer  y[r] = scale[r] * xScale * sum_c code(r, c) * xCode(c) + bias[r]      (float32 layers: y = W x + b)
//   behind it  LayerNorm (population variance, eps 1e-5) and ReLU where the graph has them

import { type Codes, weightTypeBySpec } from "../../host/model-file/weight_types.ts";
import type { Graph } from "../graph/graph.ts";
import { layersOf } from "../graph/layers.ts";
import type { Normalization } from "../import/checkpoint_types.ts";
import { layerCodes, quantizeActivations, ternaryActivations } from "./quantize.ts";

const EPSILON = 1e-5;

export interface PreparedLayer {
  rows: number;
  columns: number;
  /** [rows, columns]; null for float32. */
  codes: Codes | null;
  /** Inputs are ternary too, instead of 8-bit. */
  ternaryActivations: boolean;
  /** [rows] */
  scale: Float32Array;
  /** [rows, columns], float32 layers only. */
  weight: Float32Array | null;
  bias: Float32Array;
  gamma: Float32Array | null;
  beta: Float32Array | null;
  relu: boolean;
}

/** Quantizes every layer once; `forward` then runs on it. Errors: those of layersOf. */
export function prepare(graph: Graph): PreparedLayer[] {
  return layersOf(graph).map((layer) => {
    const { op, rows, columns, weight, bias, gamma, beta, relu } = layer;
    const quantized = layerCodes(layer);
    return {
      rows,
      columns,
      codes: quantized?.codes ?? null,
      ternaryActivations: weightTypeBySpec(op.weightType).ternaryActivations,
      scale: Float32Array.from({ length: rows }, (_, row) => (quantized ? quantized.scale[quantized.scale.length > 1 ? row : 0]! : 1)),
      weight: quantized ? null : (weight.data as Float32Array),
      bias,
      gamma,
      beta,
      relu,
    };
  });
}

/**
 * x = clamp((feature - mean) * (1 / std), -clip, clip), in float32 as the device does it, so that the first layer's codes are
 * exactly the device's.
 */
export function normalize({ mean, std, clip }: Normalization, features: ArrayLike<number>): Float64Array {
  const x = new Float64Array(mean.length);
  for (let i = 0; i < x.length; i++) {
    const value = Math.fround(Math.fround(Math.fround(features[i]!) - mean[i]!) * Math.fround(1 / std[i]!));
    x[i] = Math.max(-clip, Math.min(clip, value));
  }
  return x;
}

/**
 * Logits, float64 [outputs].
 *
 * @param x normalized features [inputs].
 * @param masks per hidden layer [rows]: 0 for a dropped activation, 1 / (1 - dropout) for a kept one; none = no dropout.
 * @param nudge added to activations before they are rounded, in codes: which way those go that lie half-way between two.
 */
export function forward(layers: PreparedLayer[], x: Float64Array, masks: Float64Array[] = [], nudge = 0): Float64Array {
  let h = x;
  for (const [index, layer] of layers.entries()) {
    h = activate(layer, linear(layer, h, nudge));
    const mask = masks[index];
    if (mask) for (let i = 0; i < h.length; i++) h[i] = h[i]! * mask[i]!;
  }
  return h;
}

/** LayerNorm and ReLU, in place, where the layer has them. */
export function activate({ gamma, beta, relu }: PreparedLayer, h: Float64Array): Float64Array {
  if (gamma && beta) layerNorm(h, gamma, beta);
  if (relu) for (let i = 0; i < h.length; i++) h[i] = Math.max(0, h[i]!);
  return h;
}

/** W x + b of one layer, x quantized as the layer asks. */
export function linear(
  { rows, columns, codes, ternaryActivations: ternary, scale, weight, bias }: PreparedLayer,
  x: Float64Array,
  nudge = 0,
): Float64Array {
  const quantize = ternary ? ternaryActivations : quantizeActivations;
  const { codes: xCodes, scale: xScale } = codes ? quantize(x, nudge) : { codes: x, scale: 1 };
  const matrix = codes ?? weight!;
  const y = new Float64Array(rows);
  for (let r = 0, at = 0; r < rows; r++) {
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += matrix[at++]! * xCodes[c]!;
    y[r] = sum * scale[r]! * xScale + bias[r]!;
  }
  return y;
}

function layerNorm(x: Float64Array, gamma: Float32Array, beta: Float32Array): void {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / x.length;
  const inverse = 1 / Math.sqrt(variance + EPSILON);
  for (let i = 0; i < x.length; i++) x[i] = (x[i]! - mean) * inverse * gamma[i]! + beta[i]!;
}

/** Probabilities of logits, float64. */
export function softmax(z: Float64Array): Float64Array {
  const top = z.reduce((a, b) => Math.max(a, b));
  const e = z.map((v) => Math.exp(v - top));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}

/** -sum p ln p, in nats. */
export function entropy(p: Float64Array): number {
  return Math.max(0, -p.reduce((sum, v) => sum + (v > 1e-30 ? v * Math.log(v) : 0), 0));
}

/** Probabilities at another temperature: softmax(ln p / temperature). */
export function temper(p: Float64Array, temperature: number): Float64Array {
  return softmax(p.map((v) => Math.log(Math.max(v, 1e-300)) / temperature));
}
