// Every row against the single 4-bit model, and curiosity against the plain router, with corrected p-values.

import type { Answer, ModelRun, StudyResult } from "../result.ts";
import { holm } from "../statistics/holm.ts";
import { mean } from "../statistics/moments.ts";
import { type PairedT, pairedT } from "../statistics/paired.ts";
import { brownForsythe, levene } from "../statistics/variances.ts";
import { signedRank } from "../statistics/wilcoxon.ts";
import { type Figure, f1Of, figureOf, figuresOf, gridOf, type Model, momentsStatistic, pairs } from "./runs.ts";

export type Measure = "f1" | "cycles" | "latency";

/** What a decision costs, for measures that are costs. */
export function costOf(measure: Exclude<Measure, "f1">): (answer: Answer) => number {
  return measure === "cycles" ? ({ cycles }) => cycles : ({ latencyUs }) => latencyUs;
}

/** Runs that may be compared: fewer say nothing about what another fold would give. */
const LEAST_FOLDS = 2;

export interface Comparison {
  model: string;
  /** Of model minus baseline. Corrected for overlapping training sets; null with fewer than two folds. */
  corrected: PairedT | null;
  plain: PairedT | null;
  rankP: number;
  rankBiserial: number;
  /** Holm over all comparisons of this measure; null as `corrected`. */
  adjustedP: number | null;
}

/** Held-out over training clips, as pairedT wants it. */
export function overlapOf({ data }: StudyResult, heldOut: number): number {
  return heldOut / Math.max(1, data.clips - heldOut);
}

/** Differences a - b of a measure for each seed and fold, tested with the correction; null with fewer than two folds. */
export function compare(result: StudyResult, a: Model, b: Model, measure: Measure): Omit<Comparison, "adjustedP"> {
  const matched = pairs(a, b);
  const measured = (run: ModelRun) => (measure === "f1" ? f1Of(run, result.data.labels.length) : mean(run.decisions.map(costOf(measure))));
  const differences = matched.map(([one, other]) => measured(one) - measured(other));
  const enough = new Set(matched.map(([{ fold }]) => fold)).size >= LEAST_FOLDS;
  const heldOut = mean(matched.map(([{ decisions }]) => decisions.length));
  const rank = signedRank(differences);
  return {
    model: a.name,
    corrected: enough ? pairedT(differences, overlapOf(result, heldOut)) : null,
    plain: enough ? pairedT(differences) : null,
    rankP: rank.p,
    rankBiserial: rank.rankBiserial,
  };
}

/** Every other model against `baseline`; the family that Holm's adjustment is over is this list. */
export function compareAll(result: StudyResult, models: readonly Model[], baseline: Model, measure: Measure): Comparison[] {
  const all = models.filter(({ name }) => name !== baseline.name).map((model) => compare(result, model, baseline, measure));
  const tested = all.filter(({ corrected }) => corrected !== null);
  const adjusted = new Map(holm(tested.map(({ corrected }) => corrected!.p)).map((p, i) => [tested[i]!.model, p]));
  return all.map((comparison) => ({ ...comparison, adjustedP: adjusted.get(comparison.model) ?? null }));
}

/** Curiosity routing beside the same experts with the plain router, in network cycles, nothing padded. */
export interface RoutingPair {
  model: string;
  stdCurious: number;
  stdPlain: number;
  /** Curious over plain; infinite where the plain router's cost never varies, not defined where neither does. */
  stdRatio: Figure;
  /** Of mean cycles. */
  costRatio: Figure;
  /** The largest p over the seeds: a clip that several seeds judged counts once. */
  leveneP: number | null;
  brownForsytheP: number | null;
}

export function routingPair(curious: Model, plain: Model): RoutingPair {
  const grid = gridOf(curious, plain);
  const [c, p] = [momentsStatistic(grid, 0, ({ cycles }) => cycles), momentsStatistic(grid, 1, ({ cycles }) => cycles)];
  const everything = grid.sizes.map((size, cluster) => ({ cluster, members: Int32Array.from({ length: size }, (_, i) => i) }));
  const cyclesBySeed = [curious, plain].map(({ runs }) => {
    const seeds = new Map<number, number[]>();
    for (const { seed, decisions } of runs) seeds.set(seed, [...(seeds.get(seed) ?? []), ...decisions.map(({ cycles }) => cycles)]);
    return seeds;
  });
  const largest = (test: typeof levene) => {
    const found = [...cyclesBySeed[0]!].flatMap(([seed, own]) => {
      const other = cyclesBySeed[1]!.get(seed);
      return (other && test([own, other])?.p) ?? [];
    });
    return found.length > 0 ? Math.max(...found) : null;
  };
  const [stdRatio, costRatio] = figuresOf(grid, (draws) => {
    const [own, other] = [c(draws), p(draws)];
    return [own.std / other.std, own.mean / other.mean];
  });
  return {
    model: curious.name,
    stdCurious: c(everything).std,
    stdPlain: p(everything).std,
    stdRatio: stdRatio!,
    costRatio: costRatio!,
    leveneP: largest(levene),
    brownForsytheP: largest(brownForsythe),
  };
}

/** Mean cost of one model over that of another. */
export function meanRatio(a: Model, b: Model, cost: (answer: Answer) => number): Figure {
  const grid = gridOf(a, b);
  const [one, other] = [momentsStatistic(grid, 0, cost), momentsStatistic(grid, 1, cost)];
  return figureOf(grid, (draws) => one(draws).mean / other(draws).mean);
}

/** Share of decisions for which curiosity asks another expert than the same model would with alpha = 0. */
export function changedRoutes(model: Model): Figure {
  const grid = gridOf(model);
  const known = model.runs.every(({ decisions }) => decisions.every(({ plainAnswerer }) => plainAnswerer !== null));
  const changed = momentsStatistic(grid, 0, ({ answerer, plainAnswerer }) => (answerer === plainAnswerer ? 0 : 1));
  return known ? figureOf(grid, (draws) => changed(draws).mean) : { value: Number.NaN, interval: null, folds: grid.sizes.length };
}
