// Judges a model on clips that it need not know: decisions come from the core of an engine, costs from its metered twin.

import { toPcm } from "../../host/audio/resample.ts";
import type { Engine } from "../../host/engines/engine.ts";
import type { Input } from "../../host/engines/runner.ts";
import { QurioError } from "../../host/errors.ts";
import { addPartCounts, costOf, noPartCounts } from "../../host/meter/cost.ts";
import type { DeviceProfile } from "../../host/meter/device.ts";
import { Meter } from "../../host/meter/meter.ts";
import { needsOf } from "../../host/model-file/network.ts";
import { answererNetworks, type Decision } from "../../host/runtime/decision.ts";
import { coreWasm, loadModel, type Model } from "../../host/runtime/index.ts";
import { STRESS_CONDITIONS } from "./augment.ts";
import type { TrainingClip, TrainingDataset } from "./feature_table.ts";
import { accuracy, calibrationError, selective, weightedF1 } from "./metrics.ts";
import { Random } from "./random.ts";

/** Names are a contract; absent values are null. F1 and accuracy are of the forced label, abstention ignored. */
export interface Evaluation {
  clips: number;
  f1Weighted: number;
  accuracy: number;
  coverage: number;
  selectiveRisk: number | null;
  ece: number;
  expertShare: Record<string, number>;
  /** Bits of packed weights and scales read per decision, router included, over the largest expert's weight count. */
  bitsPerWeight: number;
  /** Whole decision; null cost of the front end where the data has no audio. */
  meanCycles: number | null;
  meanNetworkCycles: number;
  networkUj: number;
  /** Low and high: one figure where a board like it was measured. */
  networkUjRange: [low: number, high: number];
  decisionUj: number | null;
  decisionUjRange: [low: number, high: number] | null;
  engine: string;
  /** The model was trained on these very files: its figures are those of training, not of new sounds. */
  trainedOnThisData: boolean;
  /** Weighted F1 under each condition; null without --stress. */
  stress: Record<string, number> | null;
}

export interface EvaluateOptions {
  /** Only the clips of this fold. */
  fold?: number | undefined;
  /** Judge the clips also with noise, gain, shift and half the bandwidth. */
  stress?: boolean | undefined;
  /** Share of the clips that are judged, 0..1. */
  progress?: (share: number) => void;
}

/** An engine that is a process decides so many in one. */
const CLIPS_AT_ONCE = 16;

type Condition = { name: string; apply(pcm: Int16Array, clip: number, sampleRate: number): Int16Array | Promise<Int16Array> };

/** Noise, gain and shift as in training; and the clip as an 8 kHz recorder would have it: nothing above 4 kHz. */
const STRESS: readonly Condition[] = [
  ...STRESS_CONDITIONS.map(({ name, apply }, i) => ({
    name,
    apply: (pcm: Int16Array, clip: number) => apply(pcm, new Random(2, clip * 100 + i)),
  })),
  { name: "8 kHz bandwidth", apply: throughEightKilohertz },
];

const NARROW_RATE = 8000;

async function throughEightKilohertz(pcm: Int16Array, _clip: number, sampleRate: number): Promise<Int16Array> {
  const floats = (samples: Int16Array) => Float32Array.from(samples, (x) => x / 32768);
  const narrow = await toPcm({ samples: floats(pcm), sampleRate }, NARROW_RATE);
  return toPcm({ samples: floats(narrow), sampleRate: NARROW_RATE }, sampleRate);
}

/**
 * @param file a model file's bytes
 * @param engine the same model, opened; it stays open
 * @throws QurioError FOLD, LABEL_UNKNOWN, STRESS_NEEDS_AUDIO; what is wrong with a damaged model
 */
export async function evaluate(
  file: Uint8Array,
  engine: Engine,
  device: DeviceProfile,
  data: TrainingDataset,
  { fold, stress = false, progress }: EvaluateOptions = {},
): Promise<Evaluation> {
  const model = await loadModel(file);
  const meter = await Meter.create(coreWasm(false), false);
  meter.core.load(file);
  const clips = data.clips.filter((clip) => fold === undefined || clip.fold === fold);
  if (clips.length === 0) {
    const folds = [...new Set(data.clips.map(({ fold }) => fold))].sort((a, b) => a - b);
    throw new QurioError(
      "FOLD",
      `${data.name} has no fold ${fold}: it has ${folds.join(", ")}`,
      "Pass one of its folds, or none for all clips.",
      2,
    );
  }
  const truth = clips.map((clip) => labelIndex(model, data.labels[clip.label]));
  const hasAudio = clips[0].features === undefined;
  const conditions = stress ? STRESS : [];
  if (stress && !hasAudio) {
    throw new QurioError(
      "STRESS_NEEDS_AUDIO",
      `${data.name} holds features: --stress changes sound`,
      "Pass a folder of recordings with --data.",
      2,
    );
  }
  const decisions: Decision[] = [];
  const stressed = conditions.map((): number[] => []);
  const counts = noPartCounts();
  for (let from = 0; from < clips.length; from += CLIPS_AT_ONCE) {
    const inputs = await Promise.all(clips.slice(from, from + CLIPS_AT_ONCE).map((clip) => inputOf(clip, model)));
    decisions.push(...(await engine.decideAll(inputs)));
    for (const input of inputs)
      addPartCounts(counts, meter.decide(input instanceof Int16Array ? { pcm: input } : { features: input }).counts);
    for (const [c, { apply }] of conditions.entries()) {
      const altered = await Promise.all(inputs.map((input, i) => apply(input as Int16Array, from + i, model.sampleRate)));
      stressed[c].push(...(await engine.decideAll(altered)).map(({ index }) => index!));
    }
    progress?.((from + inputs.length) / clips.length);
    await new Promise(setImmediate);
  }
  const classes = model.labels.length;
  const predictions = decisions.map(({ index }) => index!);
  const correct = decisions.map(({ index }, i) => index === truth[i]);
  const cost = costOf(counts, device);
  const mean = (sum: number) => sum / clips.length;
  const meanRange = ([low, high]: [number, number]): [number, number] => [mean(low), mean(high)];
  return {
    clips: clips.length,
    f1Weighted: weightedF1(truth, predictions, classes),
    accuracy: accuracy(truth, predictions),
    ...selective(
      decisions.map(({ abstained }) => abstained),
      correct,
    ),
    ece: calibrationError(
      decisions.map(({ probability }) => probability!),
      correct,
    ),
    expertShare: Object.fromEntries(
      model.answerers.map((name) => [name, mean(decisions.filter(({ answerer }) => answerer === name).length)]),
    ),
    bitsPerWeight: (8 * mean(decisions.reduce((sum, { weightBytesRead }) => sum + weightBytesRead, 0))) / largestNetwork(model),
    meanCycles: hasAudio ? mean(cost.cycles.total) : null,
    meanNetworkCycles: mean(cost.cycles.router + cost.cycles.expert),
    networkUj: mean(cost.networkUj),
    networkUjRange: meanRange(cost.networkUjRange),
    decisionUj: hasAudio ? mean(cost.decisionUj) : null,
    decisionUjRange: hasAudio ? meanRange(cost.decisionUjRange) : null,
    engine: engine.name,
    trainedOnThisData: datasetOf(model) === data.sha256,
    stress: stress ? Object.fromEntries(conditions.map(({ name }, c) => [name, weightedF1(truth, stressed[c], classes)])) : null,
  };
}

async function inputOf(clip: TrainingClip, { sampleRate }: Model): Promise<Input> {
  return clip.features ?? clip.load!(sampleRate || undefined);
}

function labelIndex(model: Model, label: string): number {
  const index = model.labels.indexOf(label);
  if (index < 0) {
    throw new QurioError(
      "LABEL_UNKNOWN",
      `the data set has class "${label}", the model knows ${model.labels.join(", ")}`,
      "Judge the model on data with the classes that it was trained on.",
    );
  }
  return index;
}

function datasetOf({ packed }: Model): unknown {
  return (packed.provenance as { dataset?: { sha256?: unknown } } | null)?.dataset?.sha256;
}

function largestNetwork(model: Model): number {
  return Math.max(...answererNetworks(model.packed).map((network) => needsOf(network).macs));
}
