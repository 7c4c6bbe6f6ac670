// A graph that an importer read, as a model of one network that takes vectors.
//
//   TFLite   y = relu(scale_x * scale_w * (bias + sum_k (x[k] - zero) * w[n][k]))       x, y: int8, their scales fixed beforehand
//   qurio    y = relu(bias' + scale_x' * scale_w * sum_k x'[k] * w[n][k])               x': 8 bits around 0, scaled by each vector's maximum
//
// Inputs that lie on one side of 0 would waste half of x'. So the middle of the input's grid becomes the mean that the device takes from
// its features, and what the first layer makes of that mean goes into its bias: the same network. Codes of weights stay as they are.

import type { Graph, Tensor } from "../graph/graph.ts";
import { sizeOf, valuesOf } from "../graph/graph.ts";
import { layersOf } from "../graph/layers.ts";
import type { Normalization } from "../import/checkpoint_types.ts";
import type { GraphModel } from "./model.ts";

/** Where nothing is known about inputs, nothing is cut off: the largest float32. */
const NO_CLIP = (2 - 2 ** -23) * 2 ** 127;

/**
 * Policy single, no front end. The outputs are taken as classes, whatever they are.
 * @param labels one for each output
 * @param networkName at most 15 printable ASCII characters
 * @param normalization std other than 1 only for float weights
 */
export function importedModel(
  graph: Graph,
  networkName: string,
  labels: string[],
  normalization: Normalization = gridNormalization(graph),
): GraphModel {
  return {
    labels,
    input: { source: "vectors", features: normalization.mean.length },
    normalization,
    router: null,
    experts: [{ ...takingNormalized(graph, normalization), name: networkName }],
    policy: { kind: "single", samples: 0, alpha: 0, varianceScale: 1, escalate: [], abstain: [], beta: [] },
    provenance: { origin: graph.origin },
  };
}

/** The middle of the input's grid, and the reach of its codes to either side; nothing for inputs of any size. */
function gridNormalization({ tensors, input }: Graph): Normalization {
  const { quantization } = tensors[input]!;
  const count = sizeOf(tensors[input]!);
  const std = new Float32Array(count).fill(1);
  if (quantization === null) return { mean: new Float32Array(count), std, clip: NO_CLIP };
  const { scale, zeroPoint } = quantization;
  return { mean: new Float32Array(count).fill(-scale[0]! * zeroPoint), std, clip: 128 * scale[0]! };
}

/** Mean, deviation and reach of the inputs that were seen: what lies outside is cut off, as fixed scales of activations would do. */
export function observedNormalization(vectors: readonly Float32Array[]): Normalization {
  const count = vectors[0]!.length;
  const mean = new Float32Array(count);
  const std = new Float32Array(count);
  for (let f = 0; f < count; f++) {
    const average = vectors.reduce((sum, vector) => sum + vector[f]!, 0) / vectors.length;
    const variance = vectors.reduce((sum, vector) => sum + (vector[f]! - average) ** 2, 0) / vectors.length;
    mean[f] = average;
    // what never changes but for rounding
    std[f] = Math.sqrt(variance) > 1e-6 * Math.abs(average) ? Math.sqrt(variance) : 1;
  }
  let clip = 1;
  for (const vector of vectors) for (const [f, value] of vector.entries()) clip = Math.max(clip, Math.abs(value - mean[f]!) / std[f]!);
  return { mean, std, clip };
}

/**
 * The graph that gives on (x - mean) / std what `graph` gives on x: its first layer takes what normalizing takes away. Weights that are
 * codes stay codes, for which std must be 1.
 */
export function takingNormalized(graph: Graph, { mean, std }: Normalization): Graph {
  const { op, weight, rows, columns } = layersOf(graph)[0]!;
  const values = valuesOf(weight);
  const bias = op.bias === null ? new Float64Array(rows) : valuesOf(graph.tensors[op.bias]!);
  const shifted = Float32Array.from({ length: rows }, (_, n) => {
    let sum = bias[n]!;
    for (let k = 0; k < columns; k++) sum += values[n * columns + k]! * mean[k]!;
    return sum;
  });
  const scaled = weight.quantization ? weight : { ...weight, data: Float32Array.from(values, (value, i) => value * std[i % columns]!) };
  const biasTensor: Tensor = { name: "0.bias, inputs normalized", shape: [rows], data: shifted, quantization: null };
  return {
    ...graph,
    tensors: [...graph.tensors.map((tensor, id) => (id === op.weight ? scaled : tensor)), biasTensor],
    ops: graph.ops.map((other) => (other === op ? { ...op, bias: graph.tensors.length } : other)),
  };
}
