// Browser-safe. The ways to an answer that a model can take, and how to make a loaded core take one of them: numbers of the model in its
// memory are overwritten, so that the shipped code decides as it always does and comes out there.
//
//   single     the only network
//   probe      answerer j answers: thresholds of those before it below any entropy (they escalate), its own above any
//   bayesian   expert i is chosen: a bias of the router's last op makes its gate 1

import {
  ENTRY_ID,
  ENTRY_OFFSET,
  ENTRY_SIZE,
  HEADER_BYTES,
  HEADER_SECTIONS,
  NETWORK_BYTES,
  OP_BYTES,
  POLICY_ESCALATE,
} from "../../assembly/format/file.ts";
import { POLICY_BAYESIAN, POLICY_FEATURES, POLICY_PROBE, SECTION_POLICY, SECTION_ROUTER } from "../../assembly/format/ids.ts";
import { LINEAR_BIAS_OFFSET } from "../../assembly/format/linear.ts";
import type { PackedModel, PackedNetwork } from "../model-file/model_file.ts";
import type { Core } from "../runtime/core.ts";
import { answererNetworks } from "../runtime/decision.ts";

export interface Path {
  /** Index of the answerer; -1 for a model that ends with its features. */
  answerer: number;
  name: string;
  /** Networks asked, in order. */
  networks: PackedNetwork[];
}

/** Every way to an answer. Under the probe policy the last one asks everybody. */
export function pathsOf(packed: PackedModel): Path[] {
  const answerers = answererNetworks(packed);
  const { kind } = packed.policy;
  if (kind === POLICY_FEATURES || answerers.length === 0) return [{ answerer: -1, name: "features only", networks: [] }];
  return answerers.map(({ name }, answerer) => {
    if (kind === POLICY_PROBE) return { answerer, name, networks: answerers.slice(0, answerer + 1) };
    const router = kind === POLICY_BAYESIAN ? [packed.router!] : [];
    return { answerer, name, networks: [...router, answerers[answerer]] };
  });
}

/** Steps of a network: an op each; the router's first op and its samples where it samples. */
export function stepsOf(packed: PackedModel, network: PackedNetwork): number {
  return network === packed.router && packed.policy.samples > 0 ? 1 + packed.policy.samples : network.ops.length;
}

/** No entropy is above it, and none is below the other. */
const [NEVER, ALWAYS] = [3e38, -1];
/** So large that every other gate is 0; still finite after LayerNorm and scales. */
const CHOSEN = 1e6;

/** Makes the model that `core` has loaded answer on `path`; returns what undoes it. */
export function takePath(core: Core, packed: PackedModel, { answerer }: Path): () => void {
  const view = new DataView(core.exports.memory.buffer);
  const undo: [at: number, value: number][] = [];
  const set = (at: number, value: number) => {
    undo.push([at, view.getFloat32(at, true)]);
    view.setFloat32(at, value, true);
  };
  if (packed.policy.kind === POLICY_PROBE) {
    const escalate = sectionPtr(view, core.modelPtr, SECTION_POLICY) + POLICY_ESCALATE;
    for (let i = 0; i < packed.experts.length; i++) set(escalate + 4 * i, i < answerer ? ALWAYS : NEVER);
  } else if (packed.policy.kind === POLICY_BAYESIAN) {
    const network = sectionPtr(view, core.modelPtr, SECTION_ROUTER);
    const last = network + NETWORK_BYTES + (packed.router!.ops.length - 1) * OP_BYTES;
    const bias = network + view.getUint32(last + LINEAR_BIAS_OFFSET, true);
    for (let i = 0; i < packed.experts.length; i++) set(bias + 4 * i, i === answerer ? CHOSEN : -CHOSEN);
  }
  return () => {
    const now = new DataView(core.exports.memory.buffer);
    for (const [at, value] of undo) now.setFloat32(at, value, true);
  };
}

function sectionPtr(view: DataView, filePtr: number, id: number): number {
  for (let i = 0; i < view.getUint32(filePtr + HEADER_SECTIONS, true); i++) {
    const entry = filePtr + HEADER_BYTES + i * ENTRY_SIZE;
    if (view.getUint32(entry + ENTRY_ID, true) === id) return filePtr + view.getUint32(entry + ENTRY_OFFSET, true);
  }
  throw new RangeError(`a loaded model without section ${id}`);
}
