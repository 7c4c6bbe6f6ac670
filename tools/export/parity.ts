// Parity: each network of a packed model, run by the core on real features, against the float64 reference of its graph.

import { POLICY_SINGLE } from "../../assembly/format/ids.ts";
import { QurioError } from "../../host/errors.ts";
import { encodeModel, type PackedModel } from "../../host/model-file/model_file.ts";
import { outputsOf } from "../../host/model-file/network.ts";
import type { Core } from "../../host/runtime/core.ts";
import type { Graph } from "../graph/graph.ts";
import { tfliteReference } from "../import/tflite_reference.ts";
import { type GraphModel, networksOf } from "./model.ts";
import { forward, normalize, prepare, softmax } from "./reference.ts";

/** Labels may differ only where the reference's two best are closer than this. */
export const TIE = 1e-4;
/** Largest difference of a probability. */
export const TOLERANCE = 1e-3;
/**
 * An activation that is as good as half-way between two codes may be rounded up by the core's float32 and down by the reference's
 * float64, one in 100,000 or so, and then counts a whole step. Neither is wrong, so the reference also tries both ways, by this much
 * of a code; whichever way it went, the tolerance holds.
 */
const NUDGES = [0, 1e-6, -1e-6, 1e-5, -1e-5, 1e-4, -1e-4];

export interface ParityRow {
  network: string;
  vectors: number;
  /** max |p_core - p_reference| over vectors and outputs */
  maxDifference: number;
  /** Vectors in which an activation lay so close to half-way that the reference had to round it the other way. */
  ties: number;
  /** Vectors whose best output differs, ties apart. */
  labelsDiffer: number;
}

/**
 * One row per network, the router included; feature vectors are float32 [features], raw.
 * @throws QurioError PARITY when a row is outside the tolerance
 */
export function checkParity(model: GraphModel, packed: PackedModel, vectors: readonly Float32Array[], core: Core): ParityRow[] {
  const packedNetworks = packed.router ? [packed.router, ...packed.experts] : packed.experts;
  return networksOf(model).map((graph, i) => {
    const packedNetwork = packedNetworks[i]!;
    // the network alone; a router's outputs are experts, so its labels are stand-ins
    const labels = Array.from({ length: outputsOf(packedNetwork) }, (_, i) => `${i}`);
    const policy = { ...packed.policy, kind: POLICY_SINGLE, samples: 0 };
    core.load(encodeModel({ ...packed, router: null, experts: [packedNetwork], policy, labels }));
    const layers = prepare(graph);
    const row: ParityRow = { network: packedNetwork.name, vectors: vectors.length, maxDifference: 0, ties: 0, labelsDiffer: 0 };
    for (const vector of vectors) {
      const x = normalize(model.normalization, vector);
      const label = core.decideFeatures(vector).index!;
      const { expected, difference, nudge } = nearest(core.probabilities(), (nudge) => softmax(forward(layers, x, [], nudge)));
      row.maxDifference = Math.max(row.maxDifference, difference);
      if (nudge !== 0) row.ties++;
      const best = expected.reduce((top, p) => Math.max(top, p));
      if (best - expected[label] > TIE) row.labelsDiffer++;
    }
    if (row.labelsDiffer > 0 || !(row.maxDifference <= TOLERANCE)) {
      throw new QurioError(
        "PARITY",
        `network ${row.network}: packed and reference differ: |dp| ${row.maxDifference.toExponential(1)}, at most ${TOLERANCE} expected; ${row.labelsDiffer} of ${row.vectors} labels`,
        "The model was not written. This is a fault in qurio or its build: run npm test, and report it with the checkpoint.",
      );
    }
    return row;
  });
}

interface Nearest {
  expected: Float64Array;
  /** max |p_core - p_reference| */
  difference: number;
  nudge: number;
}

/** The reference as it is if that is within the tolerance, else the nearest of its nudged forms. */
function nearest(found: Float32Array, reference: (nudge: number) => Float64Array): Nearest {
  let best: Nearest | undefined;
  for (const nudge of NUDGES) {
    const expected = reference(nudge);
    const difference = expected.reduce((most, p, i) => Math.max(most, Math.abs(found[i] - p)), 0);
    if (!best || difference < best.difference) best = { expected, difference, nudge };
    if (best.difference <= TOLERANCE) break;
  }
  return best!;
}

/** How far a packed model is from what its file computes, which rounds elsewhere: no fault, but a figure to look at. */
export interface OriginParity {
  /** What the file's side was computed with. */
  arithmetic: string;
  vectors: number;
  /** max and mean over vectors of max |p_core - p_origin| */
  maxDifference: number;
  meanDifference: number;
  /** Vectors whose best output differs. */
  labelsDiffer: number;
}

/** @param core with the packed model loaded; feature vectors are float32 [features], raw */
export function originParity(graph: Graph, vectors: readonly Float32Array[], core: Core): OriginParity {
  const reference = tfliteReference(graph);
  const isInteger = graph.tensors[graph.input]!.quantization !== null;
  const arithmetic = isInteger ? "TensorFlow Lite's reference kernels" : "float64 on the file's weights";
  let [most, sum, labelsDiffer] = [0, 0, 0];
  for (const vector of vectors) {
    const { index: label } = core.decideFeatures(vector);
    const found = core.probabilities();
    const expected = softmax(reference(vector));
    const difference = expected.reduce((top, p, i) => Math.max(top, Math.abs(found[i]! - p)), 0);
    most = Math.max(most, difference);
    sum += difference;
    const best = expected.reduce((top, p) => Math.max(top, p));
    if (best > expected[label!]!) labelsDiffer++;
  }
  return { arithmetic, vectors: vectors.length, maxDifference: most, meanDifference: sum / vectors.length, labelsDiffer };
}
