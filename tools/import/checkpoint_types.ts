// What a checkpoint holds: networks as float weights, and how they work together.

import type { InputSpec } from "../../host/model-file/input_spec.ts";
import { type WeightType, weightTypeBySpec } from "../../host/model-file/weight_types.ts";
import type { NetworkSpec, Policy, Provenance } from "./checkpoint_schema.ts";

export type { NetworkSpec, Policy, Provenance };

/** Float32 master weights of one layer; the exporter quantizes them. */
export interface Layer {
  rows: number;
  columns: number;
  /** [rows, columns] */
  weight: Float32Array;
  /** [rows] */
  bias: Float32Array;
  /** [rows]; null on the last layer and without norm. */
  gamma: Float32Array | null;
  beta: Float32Array | null;
}

export interface Network {
  spec: NetworkSpec;
  layers: Layer[];
}

/** x = clamp((feature - mean) / std, -clip, clip) */
export interface Normalization {
  mean: Float32Array;
  std: Float32Array;
  clip: number;
}

export interface Checkpoint {
  labels: string[];
  input: InputSpec;
  normalization: Normalization;
  router: Network | null;
  experts: Network[];
  policy: Policy;
  provenance: Provenance;
}

/** Rows and columns of every layer. */
export function layerShapes(spec: NetworkSpec): { rows: number; columns: number }[] {
  const widths = [spec.inputs, ...spec.hidden, spec.outputs];
  return widths.slice(1).map((rows, i) => ({ rows, columns: widths[i]! }));
}

/** Weight type of layer `index`: the last one is never below 8 bits. */
export function layerWeightType({ weightType, hidden }: NetworkSpec, index: number): WeightType {
  const isNarrow = weightTypeBySpec(weightType).bits < 8;
  return index === hidden.length && isNarrow ? "8" : weightType;
}
