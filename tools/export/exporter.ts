// A checkpoint as a packed model: every float row is quantized, packed in the canonical layout and sized.

import { MAX_EXPERTS, POLICY_BAYESIAN, POLICY_FEATURES, POLICY_PROBE, POLICY_SINGLE } from "../../assembly/format/ids.ts";
import { QurioError } from "../../host/errors.ts";
import { type Checkpoint, featureCount, layerWeightType, type Network, type Policy } from "./checkpoint.ts";
import { type FrontEndParameters, frontEndSection } from "./front_end_tables.ts";
import type { PackedLayer, PackedModel, PackedNetwork } from "./model_file.ts";
import { packWeights, WEIGHT_TYPES, type WeightTypeInfo, weightTypeById } from "./pack.ts";
import { quantizeRow, type WeightType } from "./quantize.ts";

const POLICY_KINDS: Record<Policy["kind"], number> = {
  features: POLICY_FEATURES,
  single: POLICY_SINGLE,
  probe: POLICY_PROBE,
  bayesian: POLICY_BAYESIAN,
};

const TYPE_NAMES: Record<WeightType, WeightTypeInfo["name"]> = { ternary: "ternary", "4": "4-bit", "8": "8-bit", float32: "float32" };

/** A network of float rows to packed layers. */
export function packNetwork(network: Network): PackedNetwork {
  const { spec } = network;
  const last = network.layers.length - 1;
  if (!/^[\x20-\x7e]{1,15}$/.test(spec.name)) {
    throw new QurioError(
      "NETWORK_NAME",
      `network name ${JSON.stringify(spec.name)} does not fit: 1 to 15 printable ASCII characters`,
      "Rename the network in model.json.",
    );
  }
  const layers = network.layers.map((layer, i): PackedLayer => {
    const weightType = layerWeightType(spec, i);
    const type = WEIGHT_TYPES.find(({ name }) => name === TYPE_NAMES[weightType])!;
    const { rows, columns } = layer;
    const scale = new Float32Array(rows).fill(1);
    let codes: Int8Array | Float32Array = layer.weight;
    if (weightType !== "float32") {
      codes = new Int8Array(rows * columns);
      for (let row = 0; row < rows; row++) {
        const quantized = quantizeRow(layer.weight.subarray(row * columns, (row + 1) * columns), weightType);
        codes.set(quantized.codes, row * columns);
        scale[row] = quantized.scale;
      }
    }
    return {
      weightType: type.id,
      layout: type.canonicalLayout,
      columns,
      rows,
      norm: layer.gamma !== null,
      relu: i < last,
      dropout: i < last ? spec.dropout : 0,
      weights: packWeights(type.canonicalLayout, codes, rows, columns),
      scale,
      bias: layer.bias,
      gamma: layer.gamma,
      beta: layer.beta,
    };
  });
  return { name: spec.name, inputs: spec.inputs, outputs: spec.outputs, layers };
}

/** The packed model of a checkpoint; `encodeModel` makes its bytes. */
export function packCheckpoint(checkpoint: Checkpoint): PackedModel {
  const { policy, features, normalization } = checkpoint;
  if (checkpoint.experts.length > MAX_EXPERTS) {
    throw new QurioError(
      "TOO_MANY_EXPERTS",
      `${checkpoint.experts.length} experts, at most ${MAX_EXPERTS} fit a model file`,
      "Leave experts out of the checkpoint.",
    );
  }
  return {
    features: featureCount(features),
    frontEnd: features.kind === "rich" ? frontEndSection(features) : null,
    normalization: { mean: normalization.mean, inverseStd: normalization.std.map((std) => 1 / std), clip: normalization.clip },
    router: checkpoint.router && packNetwork(checkpoint.router),
    experts: checkpoint.experts.map(packNetwork),
    policy: { ...policy, kind: POLICY_KINDS[policy.kind] },
    labels: checkpoint.labels,
    provenance: checkpoint.provenance,
  };
}

/** A model file without networks: the front end alone, as the trainer uses it. */
export function featuresModel(features: FrontEndParameters): PackedModel {
  return {
    features: featureCount({ kind: "rich", ...features }),
    frontEnd: frontEndSection(features),
    normalization: null,
    router: null,
    experts: [],
    policy: { kind: POLICY_FEATURES, samples: 0, alpha: 0, varianceScale: 1, escalate: [], abstain: [], beta: [] },
    labels: [],
    provenance: null,
  };
}

export interface LayerSize {
  network: string;
  /** "linear 969->128", "linear 969->128, norm, relu" … */
  layer: string;
  type: string;
  weights: number;
  /** Packed payload, row sums and padding included. */
  payloadBytes: number;
  scaleBytes: number;
  /** Bias, gamma and beta. */
  otherBytes: number;
  /** (payload + scales) * 8 / weights */
  bitsPerWeight: number;
}

/** One row per layer: what its weights cost. */
export function layerSizes(model: PackedModel): LayerSize[] {
  const networks = model.router ? [model.router, ...model.experts] : model.experts;
  return networks.flatMap((network) =>
    network.layers.map((layer) => {
      const weights = layer.rows * layer.columns;
      const scaleBytes = 4 * layer.rows;
      return {
        network: network.name,
        layer: `linear ${layer.columns}->${layer.rows}${layer.norm ? ", norm" : ""}${layer.relu ? ", relu" : ""}`,
        type: weightTypeById(layer.weightType).name,
        weights,
        payloadBytes: layer.weights.length,
        scaleBytes,
        otherBytes: 4 * layer.rows * (1 + (layer.gamma ? 1 : 0) + (layer.beta ? 1 : 0)),
        bitsPerWeight: (8 * (layer.weights.length + scaleBytes)) / weights,
      };
    }),
  );
}
