// A checkpoint as a packed model: every float row is quantized, packed in the canonical layout and sized.

import { MAX_EXPERTS, POLICY_BAYESIAN, POLICY_FEATURES, POLICY_PROBE, POLICY_SINGLE } from "../../assembly/format/ids.ts";
import { QurioError } from "../../host/errors.ts";
import { type Checkpoint, featureCount, layerCodes, layerWeightType, type Network, type Policy } from "./checkpoint.ts";
import { type FrontEndParameters, frontEndSection } from "./front_end_tables.ts";
import type { PackedLayer, PackedModel, PackedNetwork } from "./model_file.ts";
import { formulation, layoutFor, packWeights, weightTypeById, weightTypeBySpec } from "./pack.ts";

const POLICY_KINDS: Record<Policy["kind"], number> = {
  features: POLICY_FEATURES,
  single: POLICY_SINGLE,
  probe: POLICY_PROBE,
  bayesian: POLICY_BAYESIAN,
};

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
    const type = weightTypeBySpec(layerWeightType(spec, i));
    const { rows, columns } = layer;
    const layout = layoutFor(type.id, "scalar", rows, columns);
    const { codes, scale } = layerCodes(network, i) ?? { codes: layer.weight, scale: new Float32Array(rows).fill(1) };
    return {
      weightType: type.id,
      layout,
      columns,
      rows,
      norm: layer.gamma !== null,
      relu: i < last,
      dropout: i < last ? spec.dropout : 0,
      weights: packWeights(layout, codes, rows, columns),
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
  /** How the scalar and the SIMD build multiply. */
  kernel: string;
  simdKernel: string;
  weights: number;
  /** Packed codes in the layout of the file, row sums and padding included. */
  payloadBytes: number;
  /** What of it is row sums and padding. */
  paddingBytes: number;
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
      const { rows, columns, weightType } = layer;
      const type = weightTypeById(weightType);
      const weights = rows * columns;
      const scaleBytes = 4 * layer.scale.length;
      return {
        network: network.name,
        layer: `linear ${columns}->${rows}${layer.norm ? ", norm" : ""}${layer.relu ? ", relu" : ""}`,
        type: type.name,
        kernel: formulation(layoutFor(weightType, "scalar", rows, columns)),
        simdKernel: formulation(layoutFor(weightType, "simd", rows, columns)),
        weights,
        payloadBytes: layer.weights.length,
        paddingBytes: layer.weights.length - Math.ceil((type.bits * weights) / 8),
        scaleBytes,
        otherBytes: 4 * layer.rows * (1 + (layer.gamma ? 1 : 0) + (layer.beta ? 1 : 0)),
        bitsPerWeight: (8 * (layer.weights.length + scaleBytes)) / weights,
      };
    }),
  );
}
