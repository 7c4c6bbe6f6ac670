// A checkpoint as a packed model: every float row is quantized, packed in the canonical layout and sized.

import { MAX_EXPERTS, POLICY_BAYESIAN, POLICY_FEATURES, POLICY_PROBE, POLICY_SINGLE } from "../../assembly/format/ids.ts";
import { QurioError } from "../../host/errors.ts";
import type { PackedLayer, PackedModel, PackedNetwork } from "../../host/model-file/model_file.ts";
import { layoutFor, packWeights, weightTypeBySpec } from "../../host/model-file/pack.ts";
import { type Checkpoint, featureCount, layerWeightType, type Network, type Policy } from "../import/checkpoint.ts";
import { type FrontEndParameters, frontEndSection } from "./front_end_tables.ts";
import { layerCodes } from "./quantize.ts";

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
