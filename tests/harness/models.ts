// Small random models for tests: same seed, same bytes.

import { POLICY_PROBE, POLICY_SINGLE } from "../../assembly/format/ids.ts";
import { type Arithmetic, DEFAULT_FRONT_END } from "../../host/model-file/front_end.ts";
import { encodeModel, type PackedModel } from "../../host/model-file/model_file.ts";
import { chain, type PackedNetwork, type UnplacedOp } from "../../host/model-file/network.ts";
import { packWeights } from "../../host/model-file/pack.ts";
import { WEIGHT_TYPES } from "../../host/model-file/weight_types.ts";
import { soundParts } from "../../tools/export/front_end_tables.ts";
import { random } from "./random.ts";

export type TypeName = (typeof WEIGHT_TYPES)[number]["name"];

export interface Shape {
  features: number;
  hidden: number[];
  classes: number;
}

export function randomNetwork(
  name: string,
  type: TypeName,
  inputs: number,
  hidden: number[],
  outputs: number,
  seed: number,
  norm = true,
): PackedNetwork {
  const next = random(seed);
  const widths = [inputs, ...hidden, outputs];
  const ops = widths.slice(1).map((rows, i): UnplacedOp => {
    const last = i === hidden.length;
    const chosen = WEIGHT_TYPES.find((row) => row.name === type)!;
    const info = last && chosen.bits < 8 ? WEIGHT_TYPES.find((row) => row.name === "8-bit")! : chosen;
    const columns = widths[i];
    const count = rows * columns;
    const [low, high] = info.name === "float32" ? [-1, 1] : info.range;
    // a sign is never 0
    const code = () => Math.round(low + next() * (high - low)) || (info.bits === 1 ? 1 : 0);
    const values =
      info.name === "float32"
        ? Float32Array.from({ length: count }, () => 2 * next() - 1)
        : info.bits > 8
          ? Int16Array.from({ length: count }, code)
          : Int8Array.from({ length: count }, code);
    const floats = (centre: number, spread: number) => Float32Array.from({ length: rows }, () => centre + spread * (next() - 0.5));
    const withNorm = norm && !last;
    const centre = last ? 3 / (high * Math.sqrt(columns)) : 0.02;
    return {
      kind: "linear",
      weightType: info.id,
      layout: info.canonicalLayout,
      columns,
      rows,
      norm: withNorm,
      relu: !last,
      dropout: last ? 0 : 0.2,
      weights: packWeights(info.canonicalLayout, values, rows, columns),
      scale: floats(centre, Math.min(0.001, centre)),
      bias: floats(0, 0.2),
      gamma: withNorm ? floats(1, 0.2) : null,
      beta: withNorm ? floats(0, 0.2) : null,
    };
  });
  return chain(name, ops);
}

export interface ModelOptions {
  features?: number;
  frontEnd?: boolean;
  /** Of the front end. */
  arithmetic?: Arithmetic;
  classes?: number;
  policy?: number;
  experts?: TypeName[];
  hidden?: number[];
  routerType?: TypeName;
  samples?: number;
  alpha?: number;
  escalate?: number[];
  abstain?: number[];
  beta?: number[];
  energy?: number[];
  seed?: number;
}

/** Defaults: rich features with a front end, a ternary probe and a 4-bit and an 8-bit expert. */
export function randomModel(options: ModelOptions = {}): PackedModel {
  const { frontEnd = true, classes = 10, policy = POLICY_PROBE, experts = ["4-bit", "8-bit"], hidden = [24, 17], seed = 1 } = options;
  const features = frontEnd ? 969 : (options.features ?? 37);
  const next = random(seed + 1000);
  const routerOutputs = policy === POLICY_PROBE ? classes : experts.length;
  const used = policy === POLICY_SINGLE ? experts.slice(0, 1) : experts;
  return {
    ...(frontEnd
      ? soundParts({ ...DEFAULT_FRONT_END, arithmetic: options.arithmetic ?? "float" })
      : { input: { source: "vectors", features }, frontEnd: null }),
    normalization: {
      mean: Float32Array.from({ length: features }, () => next() - 0.5),
      inverseStd: Float32Array.from({ length: features }, () => 0.5 + next()),
      clip: 5,
    },
    router:
      policy === POLICY_SINGLE ? null : randomNetwork("probe", options.routerType ?? "ternary", features, [16, 9], routerOutputs, seed + 1),
    experts: used.map((type, i) => randomNetwork(type, type, features, hidden, classes, seed + 2 + i)),
    policy: {
      kind: policy,
      samples: options.samples ?? 0,
      alpha: options.alpha ?? 1,
      varianceScale: 0.01,
      escalate: options.escalate ?? [1.5, 1.5],
      abstain: options.abstain ?? [0.2, 0.2, 0.2],
      beta: options.beta ?? [0, 0.4, 1],
      ...(options.energy && { energy: options.energy }),
    },
    labels: Array.from({ length: classes }, (_, i) => `class ${i}`),
    provenance: { dataset: { name: "random", seed } },
  };
}

export const randomModelFile = (options: ModelOptions = {}): Uint8Array => encodeModel(randomModel(options));

/** 16-bit PCM of mixed tones, noise and silence. */
export function randomPcm(samples: number, seed: number): Int16Array {
  const next = random(seed);
  const [hz, loudness] = [100 + 3000 * next(), 200 + 8000 * next()];
  return Int16Array.from({ length: samples }, (_, i) => {
    const burst = Math.floor(i / 8000) % 3 !== 1 ? 1 : 0;
    return Math.round(burst * loudness * (Math.sin((2 * Math.PI * hz * i) / 16000) + 0.5 * (next() - 0.5)));
  });
}
