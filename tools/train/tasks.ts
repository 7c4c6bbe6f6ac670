// The unit of work: train one network on some clips, then answer others with its quantized form. Pure: the same task on the
// same table gives the same bytes, on any thread.

import { forward, normalize, type PreparedLayer, prepare, softmax } from "../export/reference.ts";
import type { Network, NetworkSpec, Normalization } from "../import/checkpoint.ts";
import { networkGraph } from "../import/checkpoint_graph.ts";
import { type FeatureTable, featuresOf, normalizationOf } from "./feature_table.ts";
import { crossEntropy, mixtureLoss, smoothedTarget } from "./losses.ts";
import { Random } from "./random.ts";
import { type EpochReport, type Samples, type TrainerOptions, trainNetwork } from "./trainer.ts";

/** Normalized features are clipped to +- this. */
export const CLIP = 5;

export interface Task {
  /** For progress. */
  name: string;
  spec: NetworkSpec;
  trainer: TrainerOptions;
  trainClips: number[];
  predictClips: number[];
  /** Which variants of each predicted clip. */
  predictVariants: number[];
  /** For a router, f32 [clips][copies][outputs]: the probability that each frozen expert gives to the right class. */
  expertLikelihood?: Float32Array;
  /** Monte Carlo dropout samples of an answer; 0 = one pass without dropout. */
  samples: number;
  /** Networks are large: most tasks are only asked for answers. */
  keepNetwork: boolean;
}

export interface TaskResult {
  /** null unless keepNetwork. */
  network: Network | null;
  normalization: Normalization;
  /** f64 [predictClips][predictVariants][outputs]: probabilities, averaged over the samples. */
  probabilities: Float64Array;
  /** f64 [predictClips][predictVariants]: sum over outputs of the samples' population variance; zeros without samples. */
  variance: Float64Array;
}

export async function runTask(
  task: Task,
  table: FeatureTable,
  onEpoch?: (report: EpochReport) => void,
  signal?: AbortSignal,
): Promise<TaskResult> {
  const { spec, expertLikelihood } = task;
  const { normalization, rowOf, ...samples } = samplesOf(table, task.trainClips);
  const likelihoodOf = (epoch: number, index: number) => {
    const at = rowOf(epoch, index) * spec.outputs;
    return expertLikelihood!.subarray(at, at + spec.outputs);
  };
  const network = await trainNetwork(
    spec,
    { ...samples, target: expertLikelihood ? likelihoodOf : samples.target },
    expertLikelihood ? mixtureLoss : crossEntropy,
    task.trainer,
    onEpoch,
    signal,
  );
  return { network: task.keepNetwork ? network : null, normalization, ...predict(task, table, network, normalization) };
}

/** Standardized training clips with their classes as targets; each epoch takes the next copy of a clip, so all copies are used evenly. */
export function samplesOf(
  table: FeatureTable,
  trainClips: readonly number[],
): Samples & { normalization: Normalization; rowOf(epoch: number, index: number): number } {
  const normalization = normalizationOf(table, trainClips, CLIP);
  const standardized = new Map<number, Float32Array>();
  const rowIndex = (clip: number, copy: number) => clip * table.copies + copy;
  for (const clip of trainClips)
    for (let copy = 0; copy < table.copies; copy++)
      standardized.set(rowIndex(clip, copy), Float32Array.from(normalize(normalization, featuresOf(table, clip, copy))));
  const classTargets = Array.from({ length: table.classes }, (_, label) => smoothedTarget(label, table.classes));
  const rowOf = (epoch: number, index: number) => rowIndex(trainClips[index]!, (epoch + index) % table.copies);
  return {
    normalization,
    rowOf,
    count: trainClips.length,
    sample: (epoch, index) => standardized.get(rowOf(epoch, index))!,
    target: (_, index) => classTargets[table.labels[trainClips[index]!]!]!,
  };
}

function predict(
  { spec, predictClips, predictVariants, samples, trainer }: Task,
  table: FeatureTable,
  network: Network,
  normalization: Normalization,
): { probabilities: Float64Array; variance: Float64Array } {
  const layers = prepare(networkGraph(network));
  const count = predictClips.length * predictVariants.length;
  const probabilities = new Float64Array(count * spec.outputs);
  const variance = new Float64Array(count);
  let row = 0;
  for (const clip of predictClips)
    for (const variant of predictVariants) {
      const x = normalize(normalization, featuresOf(table, clip, variant));
      const random = new Random(trainer.seed, 0x10000 + clip);
      const answer = samples > 0 ? sampledSoftmax(layers, x, spec, samples, random) : { mean: softmax(forward(layers, x)), variance: 0 };
      probabilities.set(answer.mean, row * spec.outputs);
      variance[row++] = answer.variance;
    }
  return { probabilities, variance };
}

/** Monte Carlo dropout (Gal and Ghahramani 2016, arXiv 1506.02142): mean softmax and summed variance over the samples. */
export function sampledSoftmax(
  layers: PreparedLayer[],
  x: Float64Array,
  spec: NetworkSpec,
  samples: number,
  random: Random,
): { mean: Float64Array; variance: number } {
  const sum = new Float64Array(spec.outputs);
  const squares = new Float64Array(spec.outputs);
  for (let s = 0; s < samples; s++) {
    const masks = spec.hidden.map((rows) =>
      Float64Array.from({ length: rows }, () => (random.uniform() < spec.dropout ? 0 : 1 / (1 - spec.dropout))),
    );
    for (const [i, p] of softmax(forward(layers, x, masks)).entries()) {
      sum[i]! += p;
      squares[i]! += p * p;
    }
  }
  const mean = sum.map((value) => value / samples);
  const variance = squares.reduce((total, value, i) => total + Math.max(0, value / samples - mean[i]! ** 2), 0);
  return { mean, variance };
}
