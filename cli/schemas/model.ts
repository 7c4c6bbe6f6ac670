// `--json` of what makes and judges models: train, export, inspect, bake, eval, engines, study.

import * as v from "valibot";
import { INSTRUCTION_CLASSES } from "../../firmware-sim/image/printed.ts";
import { dictionary, flag, list, number, object, oneOf, text, whole } from "../../host/schema.ts";
import { BAKE_TARGETS } from "../../tools/export/bake_targets.ts";
import { INPUT, POLICY } from "../../tools/import/checkpoint_schema.ts";
import { amount, count, deviceName, fieldsOf, modelled, share, ujRange } from "./words.ts";

const layers = list(
  object({
    network: text("name"),
    layer: text("what it computes"),
    type: text("weight type"),
    kernel: text("of the scalar build"),
    simdKernel: text("of the SIMD build"),
    weights: count("weights"),
    payloadBytes: count("packed codes in the layout of the file, row sums and padding included"),
    paddingBytes: count("what of it is row sums and padding"),
    scaleBytes: count("scales"),
    otherBytes: count("bias, gamma and beta"),
    bitsPerWeight: amount("(payload + scales) * 8 / weights"),
  }),
);

export const EXPORT = object({
  file: text("written"),
  bytes: count("of the file"),
  layers,
  ptq: v.exactOptional(
    v.pipe(
      list(
        object({
          network: text("name"),
          layer: count("from 0"),
          clip: amount("median over scales"),
          outputError: amount("mean squared error of the layer's outputs over their mean square (NMSE)"),
        }),
      ),
      v.description("with --ptq only"),
    ),
  ),
  parity: v.pipe(
    list(
      object({
        network: text("name"),
        vectors: count("compared"),
        maxDifference: amount("largest difference of a probability"),
        ties: count("vectors in which an activation lay half-way between two codes"),
        labelsDiffer: count("vectors whose best output differs, ties apart"),
      }),
    ),
    v.description("packed integers in the core against the float64 reference"),
  ),
  parityVectors: text("where the vectors come from"),
  origin: v.exactOptional(
    v.pipe(
      object({
        arithmetic: text("that the file's side was computed with"),
        vectors: count("compared"),
        maxDifference: amount("of a probability, over the vectors"),
        meanDifference: amount("of a probability, mean of the vectors' largest"),
        labelsDiffer: count("vectors whose best output differs"),
      }),
      v.description("packed integers beside what an imported file computes"),
    ),
  ),
  notes: v.exactOptional(v.pipe(list(text()), v.description("what was decided in the user's place"))),
});

export const INSPECT = object({
  version: count("of the format"),
  bytes: count("of the file"),
  sections: list(
    object({
      id: count("of the kind"),
      name: text(),
      offset: count("in the file"),
      bytes: count("of the section"),
      crc32: v.pipe(v.string("a text"), v.regex(/^[0-9a-f]{8}$/, "8 hexadecimal digits")),
    }),
  ),
  input: INPUT,
  layers,
  plan: object({
    features: count("values of a feature vector"),
    classes: count("labels"),
    experts: count("experts"),
    bufferBytes: count("between layers"),
    scratchBytes: count("of the layer that wants most"),
    cache: count("values that a sampling router keeps"),
    outputs: count("of the widest last layer"),
    arenaBytes: count("scratch memory"),
    ringBytes: count("log-mel ring"),
    audioSamples: count("PCM buffer, samples"),
    workBytes: count("all of it"),
    maxMacs: count("multiply-accumulates of a decision, at most"),
  }),
  policy: object({
    kind: oneOf(["features only", "single", "probe", "bayesian"]),
    samples: count("Monte Carlo dropout samples of the router"),
    alpha: amount("strength of uncertainty in the gates"),
    varianceScale: amount("variance that counts as 1"),
    escalate: list(amount("nats")),
    abstain: list(share("probability")),
    beta: list(share("pull under uncertainty")),
    energy: list(share("of the costliest")),
  }),
  labels: list(v.string("a text")),
  provenance: v.pipe(v.any(), v.description("what the checkpoint said; null if nothing")),
});

export const TRAIN = object({
  checkpoint: text("folder written"),
  clips: count("that it was trained on"),
  folds: count("of the data set"),
  policy: POLICY,
});

const figures = object({
  f1Weighted: share("of the forced label, abstention ignored"),
  accuracy: share("of the forced label"),
  bitsPerWeight: amount("bits read a decision over the largest network's weights"),
  macs: amount("multiply-accumulates of the networks, a decision"),
  shares: list(share("answered by each network, the probe first")),
  ece: share("expected calibration error"),
  auroc: v.nullable(share("of error detection by entropy; null when all are right or all wrong")),
  coverage: share("answered"),
  selectiveRisk: v.nullable(share("errors among the answered; null when none are")),
  stress: dictionary(share("weighted F1 under each condition")),
});
const summary = object({
  mean: number("over folds and seeds"),
  overFolds: v.nullable(amount("half of the 95 % interval over folds")),
  overSeeds: v.nullable(amount("half of the 95 % interval over seeds")),
});

/** `--cv`. */
export const CROSS_VALIDATION = object({
  folds: list(
    object({
      seed: count("of the random numbers"),
      fold: count("left out"),
      clips: count("in it"),
      policy: POLICY,
      routed: v.pipe(figures, v.description("the model as it decides")),
      networks: list(object({ name: text(), figures })),
    }),
  ),
  summary: v.pipe(
    list(
      object({ name: text(), f1Weighted: summary, accuracy: summary, bitsPerWeight: summary, macs: summary, stress: dictionary(summary) }),
    ),
    v.description("the routed model, then each network alone"),
  ),
  costs: object({
    device: deviceName,
    kind: modelled,
    rows: list(object({ name: text(), networkCycles: amount("a decision, modelled") })),
  }),
});

export const EVAL = object({
  clips: count("judged"),
  f1Weighted: share("of the forced label, abstention ignored"),
  accuracy: share("of the forced label"),
  coverage: share("answered"),
  selectiveRisk: v.nullable(share("errors among the answered; null when none are")),
  ece: share("expected calibration error"),
  expertShare: dictionary(share("decisions that the network answers")),
  bitsPerWeight: amount("bits read a decision over the largest network's weights"),
  meanCycles: v.nullable(amount("whole decision, modelled; null where the data has no audio")),
  meanNetworkCycles: amount("router and experts, modelled"),
  networkUj: amount("uJ, modelled"),
  networkUjRange: ujRange,
  decisionUj: v.nullable(amount("uJ, modelled; null where the data has no audio")),
  decisionUjRange: v.nullable(ujRange),
  engine: text("that decided"),
  trainedOnThisData: v.pipe(flag(), v.description("the figures are those of training, not of new sounds")),
  stress: v.nullable(dictionary(share("weighted F1 under each condition; null without --stress"))),
});

export const ENGINES = object({
  engine: text("name"),
  found: v.pipe(flag(), v.description("everything that it needs is there, in a version that works")),
  runs: text("what it executes"),
  builds: list(oneOf(["scalar", "simd", "wasi", "component", "unchecked", "checked"])),
  versions: dictionary(text("of each program that was found")),
  problem: v.nullable(text("what is missing or wrong")),
  install: v.nullable(text("the line that helps")),
});

export const DOCTOR = object({
  works: v.pipe(flag(), v.description("sound can be decided about")),
  checks: list(
    object({
      name: text("what was looked at"),
      ok: flag(),
      required: v.pipe(flag(), v.description("without it nothing can be decided")),
      found: v.nullable(text("a version, or what was seen")),
      serves: text("what it is for"),
      problem: v.nullable(text("what is missing or wrong")),
      install: v.nullable(text("the line that helps")),
    }),
  ),
});

export const BAKE = object({
  file: text("written"),
  model: v.nullable(text("written beside it with --no-weights")),
  target: oneOf(BAKE_TARGETS),
  simd: flag(),
  moduleBytes: count("of the module"),
  codeBytes: count("the code section"),
  staticBytes: count("tables and variables below work memory"),
  workBytes: count("work memory: arena, ring, PCM buffer"),
  arenaBytes: count("scratch memory"),
  ringBytes: count("log-mel ring"),
  audioBytes: count("PCM buffer"),
  modelBytes: count("the model file in the module's layouts"),
  modelPtr: count("where it lies"),
  memoryBytes: count("all memory that is used"),
  pages: count("of 64 KiB, least and most"),
});

const phases = list(
  object({
    phase: oneOf(["load", "frame", "features", "router", "expert", "hop", "asleep", "other"]),
    steps: count("steps"),
    instructions: count("executed, exact"),
    classes: fieldsOf(INSTRUCTION_CLASSES, (kind) => count(`instructions of class ${kind}`)),
    cycles: amount("modelled, zero wait states"),
  }),
);
const record = v.pipe(v.string("a text"), v.regex(/^([0-9a-f]{2})+$/, "hexadecimal digits"));
const sizes = object({
  flash: object({
    code: count("bytes"),
    tables: count("bytes"),
    model: count("bytes"),
    clip: count("bytes"),
    total: count("bytes, clip left out"),
  }),
  ram: object({
    work: count("bytes"),
    static: count("bytes"),
    variables: count("bytes"),
    guard: count("bytes"),
    stack: count("bytes reserved"),
    total: count("bytes"),
  }),
});
const built = object({
  sizes,
  run: v.nullable(object({ record, label: text(), stackBytes: count("in use at most"), phases })),
  stream: v.nullable(
    object({ windows: list(object({ record: v.nullable(record), state: record })), stackBytes: count("in use at most"), phases }),
  ),
});

/** `--target cortex-m`. */
export const BAKE_FIRMWARE = object({
  folder: text("written"),
  device: deviceName,
  files: list(text()),
  note: v.nullable(text("why there is no ELF")),
  builds: object({ unchecked: v.exactOptional(built), checked: v.exactOptional(built) }),
});

export const STUDY = object({
  model: text("name of the row"),
  seed: count("of the random numbers"),
  fold: whole("held out", { least: 1 }),
  packedBytes: count("of the model file without provenance"),
  bitsPerWeight: amount("bits read a decision over the largest network's weights"),
  accuracy: share("of the forced label on the fold"),
  networkCycles: amount("a decision, modelled"),
});
