// Graphs as a packed model: every float row is quantized, packed in the canonical layout and sized.

import { MAX_EXPERTS, POLICY_BAYESIAN, POLICY_FEATURES, POLICY_PROBE, POLICY_SINGLE } from "../../assembly/format/ids.ts";
import { QurioError } from "../../host/errors.ts";
import type { FrontEndParameters } from "../../host/model-file/front_end.ts";
import type { PackedModel } from "../../host/model-file/model_file.ts";
import { chain, type PackedNetwork, type UnplacedOp } from "../../host/model-file/network.ts";
import { layoutFor, packWeights } from "../../host/model-file/pack.ts";
import { weightTypeBySpec } from "../../host/model-file/weight_types.ts";
import type { Graph } from "../graph/graph.ts";
import { layersOf } from "../graph/layers.ts";
import type { Checkpoint, Policy } from "../import/checkpoint_types.ts";
import { inputParts, soundParts } from "./front_end_tables.ts";
import { checkpointModel, type GraphModel } from "./model.ts";
import { layerCodes } from "./quantize.ts";

const POLICY_KINDS: Record<Policy["kind"], number> = {
  features: POLICY_FEATURES,
  single: POLICY_SINGLE,
  probe: POLICY_PROBE,
  bayesian: POLICY_BAYESIAN,
};

/** Errors: NETWORK_NAME, and those of layersOf. */
export function packNetwork(graph: Graph): PackedNetwork {
  const { name } = graph;
  if (!/^[\x20-\x7e]{1,15}$/.test(name)) {
    throw new QurioError(
      "NETWORK_NAME",
      `network name ${JSON.stringify(name)} does not fit: 1 to 15 printable ASCII characters`,
      "Rename the network in model.json.",
    );
  }
  const ops = layersOf(graph).map((layer): UnplacedOp => {
    const { rows, columns, bias, gamma, beta, relu, dropout } = layer;
    const type = weightTypeBySpec(layer.op.weightType);
    const layout = layoutFor(type.id, "scalar", rows, columns);
    const { codes, scale } = layerCodes(layer) ?? { codes: layer.weight.data as Float32Array, scale: new Float32Array(rows).fill(1) };
    return {
      kind: "linear",
      weightType: type.id,
      layout,
      columns,
      rows,
      norm: gamma !== null,
      relu,
      dropout,
      weights: packWeights(layout, codes, rows, columns),
      scale,
      bias,
      gamma,
      beta,
    };
  });
  return chain(name, ops);
}

/** `encodeModel` makes the packed model's bytes. Errors: TOO_MANY_EXPERTS, and those of packNetwork. */
export function packModel(model: GraphModel): PackedModel {
  const { policy, input, normalization, router, experts, labels, provenance } = model;
  if (experts.length > MAX_EXPERTS) {
    throw new QurioError(
      "TOO_MANY_EXPERTS",
      `${experts.length} experts, at most ${MAX_EXPERTS} fit a model file`,
      "Leave experts out of the checkpoint.",
    );
  }
  return {
    ...inputParts(input),
    normalization: { mean: normalization.mean, inverseStd: normalization.std.map((std) => 1 / std), clip: normalization.clip },
    router: router && packNetwork(router),
    experts: experts.map(packNetwork),
    policy: { ...policy, kind: POLICY_KINDS[policy.kind] },
    labels,
    provenance,
  };
}

/** A checkpoint as it is, packed. */
export function packCheckpoint(checkpoint: Checkpoint): PackedModel {
  return packModel(checkpointModel(checkpoint));
}

/** A model file without networks: the front end alone, as the trainer uses it. */
export function featuresModel(frontEnd: FrontEndParameters): PackedModel {
  return {
    ...soundParts(frontEnd),
    normalization: null,
    router: null,
    experts: [],
    policy: { kind: POLICY_FEATURES, samples: 0, alpha: 0, varianceScale: 1, escalate: [], abstain: [], beta: [] },
    labels: [],
    provenance: null,
  };
}
