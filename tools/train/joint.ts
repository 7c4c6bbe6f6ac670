// The unit of work of the paper's mixtures: a gate and its experts trained together, then asked about other clips. Pure, as tasks.ts.

import { forward, normalize, prepare, softmax } from "../export/reference.ts";
import type { Network, NetworkSpec, Normalization } from "../import/checkpoint.ts";
import { networkGraph } from "../import/checkpoint_graph.ts";
import { type FeatureTable, featuresOf } from "./feature_table.ts";
import { jointLoss } from "./losses.ts";
import { Random } from "./random.ts";
import { sampledSoftmax, samplesOf, type Task, type TaskResult } from "./tasks.ts";
import { type EpochReport, type TrainerOptions, trainGroup } from "./trainer.ts";

export interface JointTask {
  /** For progress. */
  name: string;
  /** One output for each expert. */
  gate: NetworkSpec;
  experts: NetworkSpec[];
  trainer: TrainerOptions;
  trainClips: number[];
  predictClips: number[];
  /** Monte Carlo dropout samples that the gate's variance is measured with. */
  samples: number;
  /** Networks are large: most tasks are only asked for answers. */
  keepNetworks: boolean;
}

export interface JointResult {
  /** The gate, then the experts; null unless keepNetworks. */
  networks: Network[] | null;
  normalization: Normalization;
  /** f64 [predictClips][classes]: of the expert with the largest gate, one pass without dropout. */
  probabilities: Float64Array;
  /** f64 [predictClips]: sum over experts of the population variance of the sampled gates. */
  variance: Float64Array;
}

/** One network, or a gate with its experts. */
export type AnyTask = Task | JointTask;
export type ResultOf<T extends AnyTask> = T extends JointTask ? JointResult : TaskResult;

export async function runJointTask(
  task: JointTask,
  table: FeatureTable,
  onEpoch?: (report: EpochReport) => void,
  signal?: AbortSignal,
): Promise<JointResult> {
  const { gate, experts, trainer, predictClips } = task;
  const { normalization, ...samples } = samplesOf(table, task.trainClips);
  const loss = jointLoss(experts.length, table.classes);
  const networks = await trainGroup([gate, ...experts], samples, loss, trainer, onEpoch, signal);
  const [gateLayers, ...expertLayers] = networks.map((network) => prepare(networkGraph(network)));
  const probabilities = new Float64Array(predictClips.length * table.classes);
  const variance = new Float64Array(predictClips.length);
  for (const [row, clip] of predictClips.entries()) {
    const x = normalize(normalization, featuresOf(table, clip, 0));
    const gates = forward(gateLayers!, x);
    const chosen = gates.indexOf(Math.max(...gates));
    probabilities.set(softmax(forward(expertLayers[chosen]!, x)), row * table.classes);
    variance[row] = sampledSoftmax(gateLayers!, x, gate, task.samples, new Random(trainer.seed, 0x10000 + clip)).variance;
  }
  return { networks: task.keepNetworks ? networks : null, normalization, probabilities, variance };
}
