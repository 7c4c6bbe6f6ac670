// A decision as applications see it, and the record that it is read from. Browser-safe.

import * as D from "../../assembly/format/decision.ts";
import { POLICY_PROBE } from "../../assembly/format/ids.ts";
import type { PackedModel, PackedNetwork } from "../model-file/model_file.ts";

/** How sure the model is. Entropies in nats; null where the model's policy does not compute the quantity. */
export interface Uncertainty {
  /** Predictive entropy of the network that answered; ln(classes) at most. */
  entropy: number | null;
  /** H(mean p) - mean H(p_m) over the router's Monte Carlo samples. */
  mutualInformation: number | null;
  /** Sum over the router's outputs of the variance of its sampled softmaxes. */
  routerVariance: number | null;
}

/** A model without networks only computes features: then label, index, probability and answerer are null. */
export interface Decision {
  /** The most probable label, also when `abstained`. */
  label: string | null;
  /** Index of the label in `Model.labels`. */
  index: number | null;
  /** Probability of the label, 0..1. */
  probability: number | null;
  uncertainty: Uncertainty;
  /** Name of the network that answered, one of `Model.answerers`. */
  answerer: string | null;
  /** The probability is below the calibrated threshold: treat the label as "not sure". */
  abstained: boolean;
  /** Log-mel frames computed, zero-padding included; 0 for a decision from features. */
  framesSeen: number;
  /** Packed weights and scales read, the router included. */
  weightBytesRead: number;
}

/** A field's type by WIT's name, with a question mark where it may be null. */
type FieldType<T> = null extends T
  ? `${FieldType<NonNullable<T>> & string}?`
  : T extends string
    ? "string"
    : T extends number
      ? "u32" | "f32"
      : "bool";
type Schema<T> = { [Key in keyof T]: T[Key] extends object ? Schema<T[Key]> : FieldType<T[Key]> };

/**
 * The one schema of a decision: what JavaScript, the WIT of components and the WASI command's JSON have in common, in this order. WIT
 * writes names with dashes and `T?` as option<T>; JavaScript and JSON say null. tests/decision.test.ts compares all of them with it.
 */
export const DECISION_FIELDS = {
  label: "string?",
  index: "u32?",
  probability: "f32?",
  uncertainty: { entropy: "f32?", mutualInformation: "f32?", routerVariance: "f32?" },
  answerer: "string?",
  abstained: "bool",
  framesSeen: "u32",
  weightBytesRead: "u32",
} as const satisfies Schema<Decision>;

/** The decision record as numbers; absent values are null. Entropies in nats. */
export interface RawDecision {
  /** Of the label. */
  index: number | null;
  probability: number | null;
  entropy: number | null;
  mutualInformation: number | null;
  routerVariance: number | null;
  /** Index among the networks that may answer: the probe, if there is one, first. */
  answerer: number | null;
  abstained: boolean;
  framesSeen: number;
  weightBytesRead: number;
}

/** A value of the record; what is absent is negative there. */
const present = (value: number) => (value < 0 ? null : value);

/** A decision record's bytes as numbers. */
export function readDecision(bytes: Uint8Array): RawDecision {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    index: present(view.getInt32(D.DECISION_INDEX, true)),
    probability: present(view.getFloat32(D.DECISION_PROBABILITY, true)),
    entropy: present(view.getFloat32(D.DECISION_ENTROPY, true)),
    mutualInformation: present(view.getFloat32(D.DECISION_MUTUAL_INFORMATION, true)),
    routerVariance: present(view.getFloat32(D.DECISION_ROUTER_VARIANCE, true)),
    answerer: present(view.getInt32(D.DECISION_ANSWERER, true)),
    abstained: view.getUint32(D.DECISION_ABSTAINED, true) !== 0,
    framesSeen: view.getUint32(D.DECISION_FRAMES_SEEN, true),
    weightBytesRead: view.getUint32(D.DECISION_WEIGHT_BYTES_READ, true),
  };
}

/** A decision record's numbers with the model's names. */
export function nameDecision(packed: PackedModel, raw: RawDecision): Decision {
  return {
    label: raw.index === null ? null : packed.labels[raw.index],
    index: raw.index,
    probability: raw.probability,
    uncertainty: { entropy: raw.entropy, mutualInformation: raw.mutualInformation, routerVariance: raw.routerVariance },
    answerer: raw.answerer === null ? null : answererNetworks(packed)[raw.answerer].name,
    abstained: raw.abstained,
    framesSeen: raw.framesSeen,
    weightBytesRead: raw.weightBytesRead,
  };
}

/** Networks that may answer, in the order of the decision record's answerer field. */
export function answererNetworks(packed: PackedModel): PackedNetwork[] {
  return packed.policy.kind === POLICY_PROBE && packed.router ? [packed.router, ...packed.experts] : packed.experts;
}
