// Parity: each network of a packed model, run by the core on real features, against the float64 reference of its checkpoint.

import { POLICY_SINGLE } from "../../assembly/format/ids.ts";
import type { Checkpoint } from "../../tools/export/checkpoint.ts";
import { encodeModel, type PackedModel } from "../../tools/export/model_file.ts";
import { forward, normalize, prepare, softmax } from "../../tools/export/reference.ts";
import { QurioError } from "../errors.ts";
import type { Core } from "./core.ts";

/** Labels may differ only where the reference's two best are closer than this. */
export const TIE = 1e-4;
/** Largest difference of a probability. */
export const TOLERANCE = 1e-3;
/**
 * An activation that is as good as half-way between two codes may be rounded up by the core's float32 and down by the reference's
 * float64, and then counts one whole step: one activation in 100,000 or so. So one vector in a hundred may differ by up to this.
 */
export const ROUNDED_APART = 0.1;
const ROUNDED_APART_SHARE = 0.01;

export interface ParityRow {
  network: string;
  vectors: number;
  /** max |p_core - p_reference| over vectors and outputs */
  maxDifference: number;
  /** Vectors beyond TOLERANCE: an activation was rounded apart. */
  roundedApart: number;
  /** Vectors whose best output differs, ties apart. */
  labelsDiffer: number;
}

/**
 * One row per network, the router included; feature vectors are float32 [features], raw.
 * @throws QurioError PARITY when a row is outside the tolerance
 */
export function checkParity(checkpoint: Checkpoint, packed: PackedModel, vectors: readonly Float32Array[], core: Core): ParityRow[] {
  const pairs = [
    ...(checkpoint.router && packed.router ? [{ network: checkpoint.router, packed: packed.router }] : []),
    ...checkpoint.experts.map((network, i) => ({ network, packed: packed.experts[i] })),
  ];
  return pairs.map(({ network, packed: packedNetwork }) => {
    // the network alone; a router's outputs are experts, so its labels are stand-ins
    const labels = Array.from({ length: packedNetwork.outputs }, (_, i) => `${i}`);
    const policy = { ...packed.policy, kind: POLICY_SINGLE, samples: 0 };
    core.load(encodeModel({ ...packed, router: null, experts: [packedNetwork], policy, labels }));
    const layers = prepare(network);
    const row: ParityRow = { network: packedNetwork.name, vectors: vectors.length, maxDifference: 0, roundedApart: 0, labelsDiffer: 0 };
    for (const vector of vectors) {
      const expected = softmax(forward(layers, normalize(checkpoint.normalization, vector)));
      const label = core.decideFeatures(vector).label!;
      const found = core.probabilities();
      const difference = expected.reduce((most, p, i) => Math.max(most, Math.abs(found[i] - p)), 0);
      row.maxDifference = Math.max(row.maxDifference, difference);
      const isApart = difference > TOLERANCE;
      if (isApart) row.roundedApart++;
      const best = expected.reduce((top, p) => Math.max(top, p));
      if (best - expected[label] > (isApart ? ROUNDED_APART : TIE)) row.labelsDiffer++;
    }
    const isSame = row.labelsDiffer === 0 && row.maxDifference <= ROUNDED_APART;
    if (!isSame || row.roundedApart > Math.max(1, ROUNDED_APART_SHARE * row.vectors)) {
      throw new QurioError(
        "PARITY",
        `network ${row.network}: packed and reference differ: |dp| ${row.maxDifference.toExponential(1)}, at most ${TOLERANCE} expected; ${row.roundedApart} of ${row.vectors} vectors, ${row.labelsDiffer} labels`,
        "The model was not written. This is a fault in qurio or its build: run npm test, and report it with the checkpoint.",
      );
    }
    return row;
  });
}
