// model.json of a checkpoint as a schema, and the types that follow from it. docs/reference/checkpoint.md is its prose.

import * as v from "valibot";
import {
  MAX_CHANNELS,
  MAX_CLASSES,
  MAX_EXPERTS,
  MAX_OPS,
  MAX_SAMPLE_RATE,
  MAX_SAMPLES,
  MAX_WIDTH,
  MAX_WINDOW_SAMPLES,
  MIN_SAMPLE_RATE,
} from "../../assembly/format/ids.ts";
import { SAMPLE_RATE, WINDOW_SAMPLES } from "../../assembly/format/input_spec.ts";
import { ARITHMETICS, CODE_BITS, type FrontEndParameters, frontEndOf } from "../../host/model-file/front_end.ts";
import { audioInput, FEATURE_SETS, featureCount, type InputSpec } from "../../host/model-file/input_spec.ts";
import { WEIGHT_TYPE_SPECS } from "../../host/model-file/weight_types.ts";
import { dictionary, flag, kinds, list, number, object, oneOf, rule, text, whole, wrong } from "../../host/schema.ts";

export const FORMAT = "qurio-checkpoint";
/** Version 1 had `features` in place of `input`: it is read, and never written. */
export const VERSION = 2;

const WIDTH = { least: 1, most: MAX_WIDTH };
/** As devices accept it: assembly/model/network.ts. */
const DROPOUT = { least: 0, most: 0.9 };

/** A multilayer perceptron: inputs -> hidden -> ... -> outputs. */
export const NETWORK = object({
  name: text("1 to 15 printable ASCII characters"),
  weightType: v.pipe(
    oneOf(WEIGHT_TYPE_SPECS),
    v.description("of hidden layers; the last layer has 8 bits at least, and is float32 when this is"),
  ),
  inputs: whole("number of features", WIDTH),
  hidden: v.pipe(list(whole("width of a hidden layer", WIDTH)), v.maxLength(MAX_OPS - 1, `at most ${MAX_OPS - 1} hidden layers`)),
  outputs: whole("classes, or experts that a router chooses from", { least: 1, most: MAX_CLASSES }),
  norm: v.pipe(flag(), v.description("LayerNorm behind every hidden layer's linear part")),
  dropout: number("share of hidden activations dropped in training, and in the router's samples on the device", DROPOUT),
});
export type NetworkSpec = v.InferOutput<typeof NETWORK>;

const codes = {
  arithmetic: v.exactOptional(oneOf(ARITHMETICS), "float"),
  codeBits: v.exactOptional(
    v.pipe(v.picklist(CODE_BITS, `one of ${CODE_BITS.join(", ")}`), v.description("bits of each quantized log-mel code")),
    8,
  ),
  removeDc: v.exactOptional(flag(), false),
};

/** What is left out is as in the default input spec. Ranges are those of checkInput. */
const frontEnd = v.pipe(
  object({
    frameSamples: v.exactOptional(whole("samples of a frame")),
    hopSamples: v.exactOptional(whole("from the start of a frame to the start of the next one")),
    fftPoints: v.exactOptional(whole("a power of two")),
    bands: v.exactOptional(whole("mel bands")),
    lowestHz: v.exactOptional(number("lower edge of the first mel band")),
    highestHz: v.exactOptional(number("upper edge of the last one")),
    coefficients: v.exactOptional(whole("MFCC")),
    floor: v.exactOptional(number("L = ln(mel power + floor)")),
    origin: v.exactOptional(number("L of code 0, nats")),
    step: v.exactOptional(number("nats per code")),
    ...codes,
  }),
  v.transform((given): FrontEndParameters => ({ ...frontEndOf(given.codeBits, given.arithmetic, given.removeDc), ...given })),
);

const sampled = <const Source extends "audio" | "signal" | "frames">(source: Source) =>
  object({
    source: v.literal(source),
    channels: v.exactOptional(whole("of the samples", { least: 1, most: MAX_CHANNELS }), 1),
    sampleRate: v.exactOptional(whole("Hz, of each channel", { least: MIN_SAMPLE_RATE, most: MAX_SAMPLE_RATE }), SAMPLE_RATE),
    windowSamples: v.exactOptional(whole("of each channel", { least: 1, most: MAX_WINDOW_SAMPLES }), WINDOW_SAMPLES),
    frontEnd: v.exactOptional(v.nullable(frontEnd), {}),
    featureSet: v.exactOptional(oneOf(FEATURE_SETS), "rich"),
  });
const vectors = object({ source: v.literal("vectors"), features: whole("values of a feature vector", WIDTH) });

export const INPUT = v.variant(
  "source",
  [vectors, sampled("audio"), sampled("signal"), sampled("frames")],
  kinds(["vectors", "audio", "signal", "frames"]),
) satisfies v.GenericSchema<unknown, InputSpec>;

/** Version 1: sound as the default spec has it, or vectors that the caller computes. */
const oldFeatures = v.variant(
  "kind",
  [
    object({
      kind: v.literal("rich"),
      floor: number("L = ln(mel power + floor)", { least: 1e-12, most: 1e6 }),
      origin: number("L of code 0, nats", { least: -100, most: 100 }),
      step: number("nats per code", { least: 1e-3, most: 10 }),
      ...codes,
    }),
    object({ kind: v.literal("external"), count: whole("values of a feature vector", WIDTH) }),
  ],
  kinds(["rich", "external"]),
);

function inputOf(features: v.InferOutput<typeof oldFeatures>): InputSpec {
  if (features.kind === "external") return { source: "vectors", features: features.count };
  const { kind: _, ...parameters } = features;
  return audioInput({ ...frontEndOf(parameters.codeBits), ...parameters });
}

/** One number for each network of some kind. */
const each = (about: string, most: number) =>
  v.pipe(list(number(about, { least: 0, most })), v.maxLength(MAX_EXPERTS, `a list of at most ${MAX_EXPERTS}`));

export const POLICY = object({
  kind: oneOf(["features", "single", "probe", "bayesian"]),
  samples: v.exactOptional(
    whole("Monte Carlo dropout samples of the router; 0: one pass without dropout", { least: 0, most: MAX_SAMPLES }),
    0,
  ),
  alpha: v.exactOptional(number("strength of uncertainty in the gates", { least: 0, most: 1e6 }), 0),
  varianceScale: v.exactOptional(number("variance that counts as 1", { least: 1e-12, most: 1e6 }), 1),
  escalate: v.exactOptional(each("answerer i (the probe first) escalates above this entropy, nats", 100), []),
  abstain: each("answerer i abstains below this probability", 1),
  beta: v.exactOptional(each("pull of expert i under uncertainty", 1), []),
  energy: v.exactOptional(each("energy of expert i relative to the costliest; 0 when left out", 1)),
});
export type Policy = v.InferOutput<typeof POLICY>;

/** Where a model comes from. No paths. */
const provenance = object({
  dataset: object({
    name: text(),
    sha256: text(),
    clips: whole("clips that it was trained on", { least: 0, most: 1e9 }),
    folds: whole("folds", { least: 0, most: 1e9 }),
  }),
  command: text(),
  seed: whole("seed of the random numbers", { least: 0, most: 2 ** 32 - 1 }),
  versions: dictionary(text()),
  attribution: v.exactOptional(text("of the recordings")),
});
export type Provenance = v.InferOutput<typeof provenance>;

// a label is at least that long, and devices print it
const label = v.pipe(text("class name"), v.regex(/^[^\u0000-\u001f]*$/, "a text without control characters"));

const head = {
  format: v.literal(FORMAT, `"${FORMAT}"`),
  version: v.picklist([1, VERSION], `1 or ${VERSION}, which this qurio reads,`),
};

/** What says that the rest can be read at all. */
export const CHECKPOINT_HEAD = v.looseObject(head, "an object");

const common = {
  format: head.format,
  labels: v.pipe(
    list(label),
    v.maxLength(MAX_CLASSES, `a list of at most ${MAX_CLASSES}`),
    v.description("class names, in the order of the outputs"),
  ),
  clip: number("normalized features are clipped to +- this", { least: 1e-6, most: 1e6 }),
  router: v.exactOptional(v.nullable(NETWORK), null),
  experts: v.pipe(list(NETWORK), v.maxLength(MAX_EXPERTS, `a list of at most ${MAX_EXPERTS}`), v.description("cheapest first")),
  policy: POLICY,
  provenance,
};

const current = object({ ...common, version: v.literal(VERSION), input: v.exactOptional(INPUT, { source: "audio" }) });
const old = object({ ...common, version: v.literal(1), features: oldFeatures });

/** Everything of a checkpoint but its tensors. */
export const CHECKPOINT = v.pipe(current, rule(contradiction));
export type CheckpointDescription = v.InferOutput<typeof CHECKPOINT>;

/** One of version 1 becomes one of this version. */
export const CHECKPOINT_1 = v.pipe(
  old,
  v.transform(({ features, ...rest }): CheckpointDescription => ({ ...rest, version: VERSION, input: inputOf(features) })),
  rule(contradiction),
);

/** The parts must fit each other: inputs, outputs, and what the policy needs. */
function contradiction({ labels, input, router, experts, policy }: v.InferOutput<typeof current>) {
  const inputs = featureCount(input);
  const { kind } = policy;
  const routed = kind === "probe" || kind === "bayesian";
  if (routed !== (router !== null))
    return wrong(["router"], routed ? `a network for policy ${kind}` : `null for policy ${kind}`, router?.name ?? null);
  if (kind === "features" && experts.length > 0) return wrong(["experts"], "an empty list for policy features", experts.length);
  if ((kind === "single" || kind === "bayesian") && experts.length === 0)
    return wrong(["experts"], `at least one for policy ${kind}`, experts.length);
  const networks: [path: (string | number)[], spec: NetworkSpec, outputs: number][] = [
    ...(router ? [[["router"], router, kind === "bayesian" ? experts.length : labels.length] as [string[], NetworkSpec, number]] : []),
    ...experts.map((spec, i): [(string | number)[], NetworkSpec, number] => [["experts", i], spec, labels.length]),
  ];
  for (const [path, spec, outputs] of networks) {
    if (spec.inputs !== inputs) return wrong([...path, "inputs"], `${inputs}, the number of features,`, spec.inputs);
    if (spec.outputs !== outputs) return wrong([...path, "outputs"], `${outputs}`, spec.outputs);
  }
  const gated = kind === "bayesian" ? experts.length : 0;
  const lengths = {
    escalate: kind === "probe" ? experts.length : 0,
    abstain: experts.length + (kind === "probe" ? 1 : 0),
    beta: gated,
    energy: policy.energy ? gated : undefined,
  };
  for (const [field, length] of Object.entries(lengths)) {
    const given = policy[field as keyof typeof lengths];
    if (length !== undefined && given!.length !== length) return wrong(["policy", field], `a list of ${length} for policy ${kind}`, given);
  }
}
