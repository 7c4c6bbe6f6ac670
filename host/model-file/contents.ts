// What `qurio inspect` says of a model file: its sections, what its weights and its memory take, and the part of its policy that is in use.

import * as F from "../../assembly/format/file.ts";
import { POLICY_BAYESIAN, POLICY_PROBE } from "../../assembly/format/ids.ts";
import { SECTION_NAMES } from "./container.ts";
import { memoryPlan, type PackedModel } from "./model_file.ts";
import { layerSizes } from "./sizes.ts";

const POLICY_NAMES = ["features only", "single", "probe", "bayesian"] as const;

/** A row of the section table. */
export interface SectionEntry {
  /** SECTION_* of assembly/format/ids.ts */
  id: number;
  name: string;
  /** Bytes from the file's beginning. */
  offset: number;
  bytes: number;
  /** 8 hexadecimal digits. */
  crc32: string;
}

export type Contents = ReturnType<typeof contentsOf>;
export type PolicyInUse = ReturnType<typeof policyInUse>;

/**
 * @param file a model file that the core has validated
 * @param packed the same file, decoded
 * @param answerers names of the networks that may answer, as Model has them
 */
export function contentsOf(file: Uint8Array, packed: PackedModel, answerers: readonly string[]) {
  return {
    version: new DataView(file.buffer, file.byteOffset).getUint32(F.HEADER_VERSION, true),
    bytes: file.length,
    sections: sectionsOf(file),
    input: packed.input,
    layers: layerSizes(packed),
    plan: memoryPlan(packed),
    policy: policyInUse(packed, answerers.length),
    labels: packed.labels,
    provenance: packed.provenance ?? null,
  };
}

function sectionsOf(file: Uint8Array): SectionEntry[] {
  const view = new DataView(file.buffer, file.byteOffset);
  return Array.from({ length: view.getUint32(F.HEADER_SECTIONS, true) }, (_, i) => {
    const entry = F.HEADER_BYTES + i * F.ENTRY_SIZE;
    const field = (at: number) => view.getUint32(entry + at, true);
    return {
      id: field(F.ENTRY_ID),
      name: SECTION_NAMES[field(F.ENTRY_ID)],
      offset: field(F.ENTRY_OFFSET),
      bytes: field(F.ENTRY_BYTES_FIELD),
      crc32: field(F.ENTRY_CRC).toString(16).padStart(8, "0"),
    };
  });
}

/** The file has room for the most networks in each list; here a list is as long as what uses it, and empty where nothing does. */
function policyInUse({ policy, experts }: PackedModel, answerers: number) {
  return {
    kind: POLICY_NAMES[policy.kind],
    samples: policy.samples,
    alpha: policy.alpha,
    varianceScale: policy.varianceScale,
    escalate: policy.kind === POLICY_PROBE ? policy.escalate.slice(0, answerers - 1) : [],
    abstain: policy.abstain.slice(0, answerers),
    beta: policy.kind === POLICY_BAYESIAN ? policy.beta.slice(0, experts.length) : [],
    energy: policy.energy?.slice(0, experts.length) ?? [],
  };
}
