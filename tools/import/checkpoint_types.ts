// What a checkpoint holds: networks as float weights, and how they work together.

import { RICH_FEATURES } from "../../assembly/format/plan.ts";
import type { FrontEndParameters } from "../../host/model-file/front_end.ts";
import { type Codes, isTernary, type WeightType } from "../../host/model-file/weight_types.ts";

/** A multilayer perceptron: inputs -> hidden -> ... -> outputs. */
export interface NetworkSpec {
  name: string;
  /** Hidden layers; the last layer has 8 bits at least, and is float32 when this is. */
  weightType: WeightType;
  inputs: number;
  hidden: number[];
  outputs: number;
  /** LayerNorm behind every hidden layer's linear part. */
  norm: boolean;
  /** Share of hidden activations dropped in training, and in the router's samples on the device. */
  dropout: number;
}

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
  /** Codes that post-training quantization chose; without them the exporter quantizes as training did. Not part of the file. */
  quantized?: { codes: Codes; scale: Float32Array };
}

export interface Network {
  spec: NetworkSpec;
  layers: Layer[];
  /** One scale for each matrix instead of one a row. Not part of the file. */
  perTensor?: boolean;
}

/** x = clamp((feature - mean) / std, -clip, clip) */
export interface Normalization {
  mean: Float32Array;
  std: Float32Array;
  clip: number;
}

/** The built-in front end, or vectors that the caller computes. */
export type FeatureSpec = ({ kind: "rich" } & FrontEndParameters) | { kind: "external"; count: number };

export interface Policy {
  kind: "features" | "single" | "probe" | "bayesian";
  /** Monte Carlo dropout samples of the router; 0 = one pass without dropout. */
  samples: number;
  alpha: number;
  varianceScale: number;
  /** Answerer i (the probe first, if there is one) hands on above this entropy, in nats. */
  escalate: number[];
  /** Answerer i abstains below this probability. */
  abstain: number[];
  /** Expert i, 0..1. */
  beta: number[];
  /** Energy of expert i relative to the costliest, 0..1; bayesian only, and 0 when absent. */
  energy?: number[];
}

/** Where a model comes from. No paths. */
export interface Provenance {
  dataset: { name: string; sha256: string; clips: number; folds: number };
  command: string;
  seed: number;
  versions: Record<string, string>;
  attribution?: string;
}

export interface Checkpoint {
  labels: string[];
  features: FeatureSpec;
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
  const isNarrow = isTernary(weightType) || Number(weightType) < 8;
  return index === hidden.length && isNarrow ? "8" : weightType;
}

export function featureCount(features: FeatureSpec): number {
  return features.kind === "rich" ? RICH_FEATURES : features.count;
}
