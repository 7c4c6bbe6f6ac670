// The training loop: seeded batches, mixup, dropout, AdamW with a cosine schedule. Same seed, same bytes.

import type { Network, NetworkSpec } from "../export/checkpoint.ts";
import { add, compile, divide, multiply, read, scalar, sqrt, subtract, type Tensor, tensor, valueAndGradient } from "./autodiff.ts";
import type { Loss } from "./losses.ts";
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
  /** [outputs]; what it means depends on the loss. */
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
  const random = new Random(options.seed, 1);
  const step = stepFor(spec, loss, options.weightDecay);
  const initial = initialNetwork(spec, random);
  let parameters = toParameters(initial);
  let first = zerosLike(initial);
  let second = zerosLike(initial);
  const stepsPerEpoch = Math.ceil(samples.count / options.batch);
  const steps = stepsPerEpoch * options.epochs;
  for (let epoch = 0, done = 0; epoch < options.epochs; epoch++) {
    const order = random.permutation(samples.count);
    let lossSum = 0;
    let hits = 0;
    for (let b = 0; b < stepsPerEpoch; b++) {
      signal?.throwIfAborted();
      const batch = drawBatch(spec, samples, order, b * options.batch, epoch, options, random);
      const rate = 0.5 * options.learningRate * (1 + Math.cos((Math.PI * done) / steps));
      done++;
      const result = step(
        parameters,
        first,
        second,
        tensor(batch.x, [options.batch, paddedInputs(spec)]),
        tensor(batch.target, [options.batch, spec.outputs]),
        dropoutMasks(spec, options.batch, random),
        tensor(realInputs(spec), [paddedInputs(spec), 1]),
        [scalar(rate), scalar(1 / (1 - MOMENTUM ** done)), scalar(1 / (1 - SECOND_MOMENTUM ** done))],
      );
      ({ parameters, first, second } = result);
      lossSum += (await read(result.loss))[0]!;
      hits += countHits(await read(result.z), batch.target, spec.outputs);
      await new Promise(setImmediate);
    }
    onEpoch({ epoch, loss: lossSum / stepsPerEpoch, trainAccuracy: hits / (stepsPerEpoch * options.batch) });
  }
  disposeAll(first);
  disposeAll(second);
  return fromParameters(spec, parameters);
}

type Step = (
  parameters: LayerParameters[],
  first: LayerParameters[],
  second: LayerParameters[],
  x: Tensor,
  target: Tensor,
  masks: Tensor[],
  real: Tensor,
  rates: [rate: Tensor, firstScale: Tensor, secondScale: Tensor],
) => { parameters: LayerParameters[]; first: LayerParameters[]; second: LayerParameters[]; loss: Tensor; z: Tensor };

/** Compiling takes as long as ten epochs of a small network, and cross-validation trains the same shapes again and again. */
const compiled = new Map<string, Step>();

function stepFor(spec: NetworkSpec, loss: Loss, weightDecay: number): Step {
  const key = JSON.stringify([spec, loss.name, weightDecay]);
  const step = compiled.get(key) ?? compileStep(spec, loss, weightDecay);
  compiled.set(key, step);
  return step;
}

function compileStep(spec: NetworkSpec, loss: Loss, weightDecay: number): Step {
  const lossAndGradient = valueAndGradient((p: LayerParameters[], x: Tensor, target: Tensor, masks: Tensor[], real: Tensor) => {
    const z = logits(spec, p, x, masks, real);
    return [loss(z, target), z];
  });
  return compile((parameters, first, second, x, target, masks, real, [rate, firstScale, secondScale]) => {
    const [value, z, gradient] = lossAndGradient(parameters, x, target, masks, real);
    const next = { parameters: [] as LayerParameters[], first: [] as LayerParameters[], second: [] as LayerParameters[], loss: value, z };
    for (const [index, layer] of parameters.entries()) {
      const updated: Record<string, Tensor>[] = [{}, {}, {}];
      for (const name of Object.keys(layer) as (keyof LayerParameters)[]) {
        const p = layer[name]!;
        const g = gradient[index]![name]!;
        const m = add(multiply(first[index]![name]!, MOMENTUM), multiply(g, 1 - MOMENTUM));
        const v = add(multiply(second[index]![name]!, SECOND_MOMENTUM), multiply(multiply(g, g), 1 - SECOND_MOMENTUM));
        let change = divide(multiply(m, firstScale), add(sqrt(multiply(v, secondScale)), EPSILON));
        if (name === "weight") change = add(change, multiply(p, weightDecay));
        updated[0]![name] = subtract(p, multiply(change, rate));
        updated[1]![name] = m;
        updated[2]![name] = v;
      }
      next.parameters.push(updated[0] as LayerParameters);
      next.first.push(updated[1] as LayerParameters);
      next.second.push(updated[2] as LayerParameters);
    }
    return next;
  }) as Step;
}

/** Batch from `start` in `order`, wrapping around at the end, so that every batch is full. */
function drawBatch(
  spec: NetworkSpec,
  samples: Samples,
  order: Uint32Array,
  start: number,
  epoch: number,
  options: TrainerOptions,
  random: Random,
): { x: Float32Array; target: Float32Array } {
  const columns = paddedInputs(spec);
  const x = new Float32Array(options.batch * columns);
  const target = new Float32Array(options.batch * spec.outputs);
  for (let row = 0; row < options.batch; row++) {
    const index = order[(start + row) % samples.count]!;
    const mixed = random.uniform() < options.mixupShare;
    const share = mixed ? random.beta(options.mixupAlpha) : 0;
    const other = mixed ? random.below(samples.count) : index;
    mix(x, row * columns, samples.sample(epoch, index), samples.sample(epoch, other), share);
    mix(target, row * spec.outputs, samples.target(epoch, index), samples.target(epoch, other), share);
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

function disposeAll(parameters: LayerParameters[]): void {
  for (const layer of parameters) for (const values of Object.values(layer)) values.dispose();
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
