// An int8 network of TensorFlow Lite as a checkpoint of one expert, its codes kept as they are.
//
//   TFLite   y = relu(scale_x * scale_w * (bias + sum_k (x[k] - zero) * w[n][k]))       x, y: int8, their scales fixed beforehand
//   qurio    y = relu(bias' + scale_x' * scale_w * sum_k x'[k] * w[n][k])               x': 8 bits around 0, scaled by each vector's maximum
//
// Inputs that lie on one side of 0 would waste half of x'. So the middle of the input's range becomes the mean that the device takes from
// its features, and what the first layer makes of that mean goes into its bias: the same network.

import { QurioError } from "../../host/errors.ts";
import type { Checkpoint, Layer, Network } from "../import/checkpoint_types.ts";
import type { Int8Layer, TfliteNetwork } from "../import/tflite.ts";

/**
 * Policy single, no front end; the label is the largest output, which for an autoencoder means nothing.
 * @param networkName at most 15 printable ASCII characters
 * @throws QurioError TFLITE_UNSUPPORTED for a network that is not int8, or has ReLU elsewhere than between its layers
 */
export function tfliteCheckpoint({ layers }: TfliteNetwork, networkName: string): Checkpoint {
  const hint = "Only int8 networks with ReLU behind every layer but the last can be packed.";
  for (const [i, layer] of layers.entries()) {
    if (layer.kind !== "int8") throw new QurioError("TFLITE_UNSUPPORTED", `${networkName}: int8 expected, ${layer.kind} found`, hint);
    if (layer.relu !== i < layers.length - 1)
      throw new QurioError("TFLITE_UNSUPPORTED", `${networkName}: ReLU between layers expected, operator ${i} is otherwise`, hint);
  }
  const int8 = layers as Int8Layer[];
  const { input } = int8[0];
  const middle = -input.scale * input.zeroPoint;
  const [inputs, outputs] = [int8[0].columns, int8.at(-1)!.rows];
  const network: Network = {
    spec: {
      name: networkName,
      weightType: "8",
      inputs,
      hidden: int8.slice(0, -1).map(({ rows }) => rows),
      outputs,
      norm: false,
      dropout: 0,
    },
    layers: int8.map((layer, i) => convert(layer, i === 0 ? middle : 0)),
  };
  return {
    labels: Array.from({ length: outputs }, (_, i) => `${i}`),
    features: { kind: "external", count: inputs },
    normalization: {
      mean: new Float32Array(inputs).fill(middle),
      std: new Float32Array(inputs).fill(1),
      clip: 128 * input.scale,
    },
    router: null,
    experts: [network],
    policy: { kind: "single", samples: 0, alpha: 0, varianceScale: 1, escalate: [], abstain: [], beta: [] },
    provenance: { dataset: { name: networkName, sha256: "", clips: 0, folds: 0 }, command: "", seed: 0, versions: {} },
  };
}

/** @param mean what has been taken from each input */
function convert({ rows, columns, weights, weightScale, bias, input }: Int8Layer, mean: number): Layer {
  const scale = (n: number) => weightScale[n % weightScale.length];
  const sums = Array.from(bias, (_, n) => weights.subarray(n * columns, (n + 1) * columns).reduce((sum, code) => sum + code, 0));
  return {
    rows,
    columns,
    weight: Float32Array.from(weights, (code, i) => code * scale(Math.floor(i / columns))),
    bias: Float32Array.from(bias, (code, n) => (code * input.scale + mean * sums[n]) * scale(n)),
    gamma: null,
    beta: null,
    quantized: { codes: weights, scale: weightScale },
  };
}

/** The same network in float32, for post-training quantization to fewer bits. */
export function asFloat(checkpoint: Checkpoint): Checkpoint {
  const experts = checkpoint.experts.map(
    ({ spec, layers }): Network => ({
      spec: { ...spec, weightType: "float32" },
      layers: layers.map(({ quantized: _, ...layer }) => layer),
    }),
  );
  return { ...checkpoint, experts };
}
