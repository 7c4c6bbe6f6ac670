// Post-training quantization: networks trained in float32 get integer codes without training again.
//
//   code = clamp(round(w / scale), -top, top)     top = 2^(bits-1) - 1     scale = clip * max |w| / top
//
// Nothing is centred: the network was trained with the mean of its rows. For each row (or matrix, with one scale) the clip, from 1
// down to 0.4, is the one whose outputs on real features are closest, in squares, to those of the float32 network. Layers go in
// order, each with the inputs that the quantized layers before it give, so that later layers make up for earlier ones. Activations
// need no calibration: the device takes their scale from each vector (absmax).

import { QurioError } from "../../host/errors.ts";
import type { Codes, WeightType } from "../../host/model-file/weight_types.ts";
import type { Graph, LinearOp } from "../graph/graph.ts";
import { type GraphLayer, layersOf, weightTypeOf } from "../graph/layers.ts";
import { type GraphModel, networksOf } from "./model.ts";
import { maxCode, type QuantizedMatrix, quantizeActivations, roundHalfEven } from "./quantize.ts";
import { activate, linear, normalize, prepare } from "./reference.ts";

/** Shares of the largest weight that are tried. */
const CLIPS = Array.from({ length: 16 }, (_, i) => 1 - 0.04 * i);
/** Feature vectors that outputs are compared on: more change little and cost time. */
const MOST_VECTORS = 96;

export interface PtqRow {
  network: string;
  layer: number;
  /** Median over scales. */
  clip: number;
  /** Mean squared error of the layer's outputs over the mean square of the float32 network's. */
  outputError: number;
}

/**
 * The model with every float32 network in `bits` bits (its last layer in 8 at least); others stay as they are.
 *
 * @param vectors real features, raw; evenly spaced ones of them are used.
 * @throws QurioError PTQ when no network is float32, or without vectors.
 */
export function quantizeTrained(
  model: GraphModel,
  bits: number,
  vectors: readonly Float32Array[],
  perTensor = false,
): { model: GraphModel; report: PtqRow[] } {
  const types = networksOf(model).map(weightTypeOf);
  if (!types.includes("float32")) {
    throw new QurioError(
      "PTQ",
      `post-training quantization needs a network trained in float32, found ${types.join(", ") || "none"}`,
      "Train with --experts float32, or leave --ptq out: the other types were trained as they are packed.",
    );
  }
  if (vectors.length === 0) throw new QurioError("PTQ", "post-training quantization needs feature vectors, found 0", "Pass real features.");
  const step = Math.max(1, vectors.length / MOST_VECTORS);
  const inputs = Array.from({ length: Math.floor(vectors.length / step) }, (_, i) =>
    normalize(model.normalization, vectors[Math.floor(i * step)]!),
  );
  const report: PtqRow[] = [];
  const convert = (graph: Graph) => (weightTypeOf(graph) === "float32" ? quantizeGraph(graph, bits, inputs, perTensor, report) : graph);
  return { model: { ...model, router: model.router && convert(model.router), experts: model.experts.map(convert) }, report };
}

function quantizeGraph(graph: Graph, bits: number, inputs: Float64Array[], perTensor: boolean, report: PtqRow[]): Graph {
  const float = prepare(graph);
  const layers = layersOf(graph);
  let quantizedGraph = graph;
  let floatInputs = inputs;
  let packedInputs = inputs;
  for (const [index, layer] of layers.entries()) {
    const wanted = floatInputs.map((x) => linear(float[index]!, x));
    const seen = packedInputs.map(dequantized);
    const layerBits = index === layers.length - 1 ? Math.max(bits, 8) : bits;
    const { quantized, clips } = quantizeLayer(layer, seen, wanted, maxCode(layerBits), perTensor);
    quantizedGraph = withWeights(quantizedGraph, layer.op, `${layerBits}` as WeightType, quantized);
    const packed = prepare(quantizedGraph)[index]!;
    const got = packedInputs.map((x) => linear(packed, x));
    report.push({
      network: graph.name,
      layer: index,
      clip: clips.sort((a, b) => a - b)[clips.length >> 1]!,
      outputError: nmse(got, wanted),
    });
    floatInputs = wanted.map((h) => activate(float[index]!, h));
    packedInputs = got.map((h) => activate(packed, h));
  }
  return quantizedGraph;
}

function withWeights(graph: Graph, op: LinearOp, weightType: WeightType, { codes, scale }: QuantizedMatrix): Graph {
  const weight = { ...graph.tensors[op.weight]!, data: codes, quantization: { scale, zeroPoint: 0 } };
  return {
    ...graph,
    tensors: graph.tensors.map((tensor, id) => (id === op.weight ? weight : tensor)),
    ops: graph.ops.map((other) => (other === op ? { ...op, weightType } : other)),
  };
}

function dequantized(x: Float64Array): Float64Array {
  const { codes, scale } = quantizeActivations(x);
  return Float64Array.from(codes, (code) => code * scale);
}

function nmse(got: Float64Array[], wanted: Float64Array[]): number {
  let [error, power] = [0, 0];
  for (const [v, y] of wanted.entries()) {
    for (let i = 0; i < y.length; i++) {
      error += (got[v]![i]! - y[i]!) ** 2;
      power += y[i]! ** 2;
    }
  }
  return error / (power || 1);
}

/** Codes of one layer; `inputs` are what its integers will see, `wanted` the outputs to come close to, bias included. */
function quantizeLayer(
  { weight, bias, rows, columns }: GraphLayer,
  inputs: Float64Array[],
  wanted: Float64Array[],
  top: number,
  perTensor: boolean,
): { quantized: QuantizedMatrix; clips: number[] } {
  const codes: Codes = top > 127 ? new Int16Array(rows * columns) : new Int8Array(rows * columns);
  const groupRows = perTensor ? rows : 1;
  const candidate: Codes = top > 127 ? new Int16Array(groupRows * columns) : new Int8Array(groupRows * columns);
  const scale = new Float32Array(rows / groupRows);
  const clips: number[] = [];
  for (let first = 0; first < rows; first += groupRows) {
    const [start, end] = [first * columns, (first + groupRows) * columns];
    const w = (weight.data as Float32Array).subarray(start, end);
    let largest = 0;
    for (const value of w) largest = Math.max(largest, Math.abs(value));
    if (largest < 1e-30) {
      scale[first / groupRows] = 1;
      clips.push(1);
      continue;
    }
    let best = { error: Number.POSITIVE_INFINITY, clip: 1, scale: 1 };
    for (const clip of CLIPS) {
      const tried = Math.fround((clip * largest) / top);
      for (let i = 0; i < w.length; i++) candidate[i] = Math.max(-top, Math.min(top, roundHalfEven(w[i]! / tried)));
      const error = outputError(candidate, tried, inputs, wanted, bias, first, groupRows, columns);
      if (error >= best.error) continue;
      best = { error, clip, scale: tried };
      codes.set(candidate, start);
    }
    scale[first / groupRows] = best.scale;
    clips.push(best.clip);
  }
  return { quantized: { codes, scale }, clips };
}

/** Squared error of the rows' outputs, summed over all inputs. */
function outputError(
  codes: Codes,
  scale: number,
  inputs: Float64Array[],
  wanted: Float64Array[],
  bias: Float32Array,
  first: number,
  rows: number,
  columns: number,
): number {
  let error = 0;
  for (const [v, x] of inputs.entries()) {
    for (let row = 0, at = 0; row < rows; row++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += codes[at++]! * x[k]!;
      error += (sum * scale + bias[first + row]! - wanted[v]![first + row]!) ** 2;
    }
  }
  return error;
}
