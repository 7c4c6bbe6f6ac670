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
 * Both, where activations are ternary: the core's float32 and the reference's float64 may put an activation that is as good as on the
 * threshold on different sides, and then it counts one whole step.
 */
const TERNARY_TOLERANCE = 0.1;

export interface ParityRow {
  network: string;
  vectors: number;
  /** max |p_core - p_reference| over vectors and outputs */
  maxDifference: number;
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
    const ternary = network.spec.weightType === "popcount";
    const [tie, tolerance] = ternary ? [TERNARY_TOLERANCE, TERNARY_TOLERANCE] : [TIE, TOLERANCE];
    const row: ParityRow = { network: packedNetwork.name, vectors: vectors.length, maxDifference: 0, labelsDiffer: 0 };
    for (const vector of vectors) {
      const expected = softmax(forward(layers, normalize(checkpoint.normalization, vector)));
      const label = core.decideFeatures(vector).label!;
      const found = core.probabilities();
      for (let i = 0; i < expected.length; i++) row.maxDifference = Math.max(row.maxDifference, Math.abs(found[i] - expected[i]));
      const best = expected.reduce((top, p) => Math.max(top, p));
      if (best - expected[label] > tie) row.labelsDiffer++;
    }
    if (row.labelsDiffer > 0 || !(row.maxDifference <= tolerance)) {
      throw new QurioError(
        "PARITY",
        `network ${row.network}: packed and reference differ: |dp| ${row.maxDifference.toExponential(1)}, at most ${tolerance} expected; ${row.labelsDiffer} of ${row.vectors} labels`,
        "The model was not written. This is a fault in qurio or its build: run npm test, and report it with the checkpoint.",
      );
    }
    return row;
  });
}
