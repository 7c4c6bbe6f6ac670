// A model in another build's weight layouts, and models with fewer networks; both keep codes and scales bit for bit.

import { POLICY_SINGLE } from "../../assembly/format/ids.ts";
import { decodeModel, encodeModel } from "./model_file.ts";
import { opKind, type PackedNetwork } from "./network.ts";
import type { Target } from "./pack.ts";

function repackNetwork(network: PackedNetwork, target: Target): PackedNetwork {
  const ops = network.ops.map((op) => opKind(op).repack(op, target));
  return ops.every((op, i) => op === network.ops[i]) ? network : { ...network, ops };
}

/** The same model with every tensor as `target` reads it; the file itself when it is so already. `file` must be valid. */
export function repack(file: Uint8Array, target: Target): Uint8Array {
  const model = decodeModel(file);
  const router = model.router && repackNetwork(model.router, target);
  const experts = model.experts.map((expert) => repackNetwork(expert, target));
  const same = router === model.router && experts.every((expert, i) => expert === model.experts[i]);
  return same ? file : encodeModel({ ...model, router, experts });
}

/** A model in which answerer `index` (the probe first, if there is one) answers everything: the baseline of a routed model. */
export function singleExpert(file: Uint8Array, index: number, answerers: PackedNetwork[]): Uint8Array {
  const model = decodeModel(file);
  const policy = { ...model.policy, kind: POLICY_SINGLE, samples: 0, abstain: [model.policy.abstain[index]] };
  return encodeModel({ ...model, router: null, experts: [answerers[index]], policy });
}
