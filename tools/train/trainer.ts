// The training loop: seeded batches, mixup, dropout, AdamW with a cosine schedule. Same seed, same bytes.

import type { Network, NetworkSpec } from "../import/checkpoint.ts";
import { add, compile, divide, multiply, read, scalar, sqrt, subtract, type Tensor, tensor, valueAndGradient } from "./autodiff.ts";
import type { GroupLoss, Loss } from "./losses.ts";
import { fromParameters, initialNetwork, type LayerParameters, logits, paddedInputs, realInputs, toParameters } from "./network.ts";
import { Random } from "./random.ts";

/** How to train. The defaults were found by search on ESC-10. */
export interface TrainerOptions {
  seed: number;
  epochs: number;
  batch: number;
  learningRate: number;
  /** Decoupled (AdamW, Loshchilov and Hutter 2019, arXiv 1711.05101), on matrices only. */
  weightDecay: number;
  /** Share of samples mixed with another one (mixup, Zhang et al. 2018, arXiv 1710.09412). */
  mixupShare: number;
  /** The weight of the other sample is drawn from Beta(mixupAlpha, mixupAlpha). */
  mixupAlpha: number;
}

export const TRAINER_DEFAULTS: TrainerOptions = {
  seed: 1,
  epochs: 70,
  batch: 64,
  learningRate: 5.8e-4,
  weightDecay: 5.1e-3,
  mixupShare: 0.7,
  mixupAlpha: 0.4,
};

const MOMENTUM = 0.9;
const SECOND_MOMENTUM = 0.999;
const EPSILON = 1e-8;

/** What to learn from. A sample may differ from epoch to epoch (augmented copies). */
export interface Samples {
  count: number;
  /** [inputs], z-scored and clipped. */
  sample(epoch: number, index: number): Float32Array;
  /** As long as the loss wants it; what it means depends on the loss. */
  target(epoch: number, index: number): Float32Array;
}

export interface EpochReport {
  epoch: number;
  loss: number;
  /** Share of training samples, as augmented and mixed, whose largest output is that of their target. */
  trainAccuracy: number;
}

/**
 * Trains a network from its initial weights.
 *
 * @returns float32 master weights; the caller keeps `spec` as it is.
 * @throws the signal's reason when it aborts, between two batches.
 */
export async function trainNetwork(
  spec: NetworkSpec,
  samples: Samples,
  loss: Loss,
  options: TrainerOptions,
  onEpoch: (report: EpochReport) => void = () => {},
  signal?: AbortSignal,
): Promise<Network> {
  const alone: GroupLoss = { name: loss.name, outputs: spec.outputs, of: ([z], target) => [loss(z!, target), z!] };
  const [network] = await trainGroup([spec], samples, alone, options, onEpoch, signal);
  return network!;
}

/**
 * Trains networks together that see the same inputs and share a loss, such as a gate and its experts.
 *
 * @param specs all with the same number of inputs.
 * @returns float32 master weights in the order of `specs`.
 * @throws the signal's reason when it aborts, between two batches.
 */
export async function trainGroup(
  specs: readonly NetworkSpec[],
  samples: Samples,
  loss: GroupLoss,
  options: TrainerOptions,
  onEpoch: (report: EpochReport) => void = () => {},
  signal?: AbortSignal,
): Promise<Network[]> {
  const random = new Random(options.seed, 1);
  const step = stepFor(specs, loss, options.weightDecay);
  const initial = specs.map((spec) => initialNetwork(spec, random));
  let parameters = initial.map(toParameters);
  let first = initial.map(zerosLike);
  let second = initial.map(zerosLike);
  const columns = paddedInputs(specs[0]!);
  const stepsPerEpoch = Math.ceil(samples.count / options.batch);
  const steps = stepsPerEpoch * options.epochs;
  for (let epoch = 0, done = 0; epoch < options.epochs; epoch++) {
    const order = random.permutation(samples.count);
    let lossSum = 0;
    let hits = 0;
    for (let b = 0; b < stepsPerEpoch; b++) {
      signal?.throwIfAborted();
      const batch = drawBatch(columns, loss.outputs, samples, order, b * options.batch, epoch, options, random);
      const rate = 0.5 * options.learningRate * (1 + Math.cos((Math.PI * done) / steps));
      done++;
      const result = step(
        parameters,
        first,
        second,
        tensor(batch.x, [options.batch, columns]),
        tensor(batch.target, [options.batch, loss.outputs]),
        specs.map((spec) => dropoutMasks(spec, options.batch, random)),
        tensor(realInputs(specs[0]!), [columns, 1]),
        [scalar(rate), scalar(1 / (1 - MOMENTUM ** done)), scalar(1 / (1 - SECOND_MOMENTUM ** done))],
      );
      ({ parameters, first, second } = result);
      lossSum += (await read(result.loss))[0]!;
      hits += countHits(await read(result.z), batch.target, loss.outputs);
      await new Promise(setImmediate);
    }
    onEpoch({ epoch, loss: lossSum / stepsPerEpoch, trainAccuracy: hits / (stepsPerEpoch * options.batch) });
  }
  disposeAll(first);
  disposeAll(second);
  const trained: Network[] = [];
  for (const [i, spec] of specs.entries()) trained.push(await fromParameters(spec, parameters[i]!));
  return trained;
}

/** Parameters, or moments of them, of every layer of every network. */
type Group = LayerParameters[][];

type Step = (
  parameters: Group,
  first: Group,
  second: Group,
  x: Tensor,
  target: Tensor,
  masks: Tensor[][],
  real: Tensor,
  rates: [rate: Tensor, firstScale: Tensor, secondScale: Tensor],
) => { parameters: Group; first: Group; second: Group; loss: Tensor; z: Tensor };

/** Compiling takes as long as ten epochs of a small network, and cross-validation trains the same shapes again and again. */
const compiled = new Map<string, Step>();

function stepFor(specs: readonly NetworkSpec[], loss: GroupLoss, weightDecay: number): Step {
  const key = JSON.stringify([specs, loss.name, weightDecay]);
  const step = compiled.get(key) ?? compileStep(specs, loss, weightDecay);
  compiled.set(key, step);
  return step;
}

function compileStep(specs: readonly NetworkSpec[], loss: GroupLoss, weightDecay: number): Step {
  const lossAndGradient = valueAndGradient((p: Group, x: Tensor, target: Tensor, masks: Tensor[][], real: Tensor) =>
    loss.of(
      specs.map((spec, i) => logits(spec, p[i]!, x, masks[i]!, real)),
      target,
    ),
  );
  return compile((parameters, first, second, x, target, masks, real, rates) => {
    const [value, z, gradient] = lossAndGradient(parameters, x, target, masks, real);
    const updated = parameters.map((layers, i) =>
      layers.map((layer, l) => adamW(layer, gradient[i]![l]!, first[i]![l]!, second[i]![l]!, rates, weightDecay)),
    );
    const pick = (part: 0 | 1 | 2) => updated.map((layers) => layers.map((layer) => layer[part]));
    return { parameters: pick(0), first: pick(1), second: pick(2), loss: value, z };
  }) as Step;
}

/** One step of one layer: parameters and both moments. */
function adamW(
  layer: LayerParameters,
  gradient: LayerParameters,
  first: LayerParameters,
  second: LayerParameters,
  [rate, firstScale, secondScale]: [Tensor, Tensor, Tensor],
  weightDecay: number,
): [LayerParameters, LayerParameters, LayerParameters] {
  const updated: Record<string, Tensor>[] = [{}, {}, {}];
  for (const name of Object.keys(layer) as (keyof LayerParameters)[]) {
    const p = layer[name]!;
    const g = gradient[name]!;
    const m = add(multiply(first[name]!, MOMENTUM), multiply(g, 1 - MOMENTUM));
    const v = add(multiply(second[name]!, SECOND_MOMENTUM), multiply(multiply(g, g), 1 - SECOND_MOMENTUM));
    let change = divide(multiply(m, firstScale), add(sqrt(multiply(v, secondScale)), EPSILON));
    if (name === "weight") change = add(change, multiply(p, weightDecay));
    updated[0]![name] = subtract(p, multiply(change, rate));
    updated[1]![name] = m;
    updated[2]![name] = v;
  }
  return updated as [LayerParameters, LayerParameters, LayerParameters];
}

/** Batch from `start` in `order`, wrapping around at the end, so that every batch is full. */
function drawBatch(
  columns: number,
  outputs: number,
  samples: Samples,
  order: Uint32Array,
  start: number,
  epoch: number,
  options: TrainerOptions,
  random: Random,
): { x: Float32Array; target: Float32Array } {
  const x = new Float32Array(options.batch * columns);
  const target = new Float32Array(options.batch * outputs);
  for (let row = 0; row < options.batch; row++) {
    const index = order[(start + row) % samples.count]!;
    const mixed = random.uniform() < options.mixupShare;
    const share = mixed ? random.beta(options.mixupAlpha) : 0;
    const other = mixed ? random.below(samples.count) : index;
    mix(x, row * columns, samples.sample(epoch, index), samples.sample(epoch, other), share);
    mix(target, row * outputs, samples.target(epoch, index), samples.target(epoch, other), share);
  }
  return { x, target };
}

function mix(out: Float32Array, at: number, a: Float32Array, b: Float32Array, share: number): void {
  for (let i = 0; i < a.length; i++) out[at + i] = (1 - share) * a[i]! + share * b[i]!;
}

function dropoutMasks(spec: NetworkSpec, batch: number, random: Random): Tensor[] {
  const kept = 1 / (1 - spec.dropout);
  return spec.hidden.map((rows) => {
    const mask = new Float32Array(batch * rows);
    for (let i = 0; i < mask.length; i++) mask[i] = random.uniform() < spec.dropout ? 0 : kept;
    return tensor(mask, [batch, rows]);
  });
}

function zerosLike(network: Network): LayerParameters[] {
  const zero = (values: Float32Array | null) => values && new Float32Array(values.length);
  const layers = network.layers.map((layer) => ({
    ...layer,
    weight: new Float32Array(layer.weight.length),
    bias: new Float32Array(layer.bias.length),
    gamma: zero(layer.gamma),
    beta: zero(layer.beta),
  }));
  return toParameters({ spec: network.spec, layers });
}

function disposeAll(group: Group): void {
  for (const layer of group.flat()) for (const values of Object.values(layer)) values.dispose();
}

function countHits(z: Float32Array, target: Float32Array, width: number): number {
  let hits = 0;
  for (let at = 0; at < z.length; at += width) if (argmax(z.subarray(at, at + width)) === argmax(target.subarray(at, at + width))) hits++;
  return hits;
}

function argmax(x: Float32Array): number {
  let best = 0;
  for (let i = 1; i < x.length; i++) if (x[i]! > x[best]!) best = i;
  return best;
}
