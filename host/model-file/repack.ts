// A model in another build's weight layouts, and models with fewer networks; both keep codes and scales bit for bit.

import { POLICY_SINGLE } from "../../assembly/format/ids.ts";
import { decodeModel, encodeModel, type PackedNetwork } from "./model_file.ts";
import { layoutFor, packWeights, type Target, unpackWeights } from "./pack.ts";

function repackNetwork(network: PackedNetwork, target: Target): PackedNetwork {
  const layers = network.layers.map((layer) => {
    const layout = layoutFor(layer.weightType, target, layer.rows, layer.columns);
    if (layout === layer.layout) return layer;
    const codes = unpackWeights(layer.layout, layer.weights, layer.rows, layer.columns);
    return { ...layer, layout, weights: packWeights(layout, codes, layer.rows, layer.columns) };
  });
  return { ...network, layers };
}

/** The same model with every tensor in the layout that `target` reads; the file itself when it is so already. `file` must be valid. */
export function repack(file: Uint8Array, target: Target): Uint8Array {
  const model = decodeModel(file);
  const layers = [...(model.router ? [model.router] : []), ...model.experts].flatMap((network) => network.layers);
  if (layers.every(({ weightType, layout, rows, columns }) => layout === layoutFor(weightType, target, rows, columns))) return file;
  return encodeModel({
    ...model,
    router: model.router && repackNetwork(model.router, target),
    experts: model.experts.map((expert) => repackNetwork(expert, target)),
  });
}

/** A model in which answerer `index` (the probe first, if there is one) answers everything: the baseline of a routed model. */
export function singleExpert(file: Uint8Array, index: number, answerers: PackedNetwork[]): Uint8Array {
  const model = decodeModel(file);
  const policy = { ...model.policy, kind: POLICY_SINGLE, samples: 0, abstain: [model.policy.abstain[index]] };
  return encodeModel({ ...model, router: null, experts: [answerers[index]], policy });
}
