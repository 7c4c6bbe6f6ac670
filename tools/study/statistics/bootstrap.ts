// Bootstrap intervals for data in clusters: folds first, then the clips in them.

import jStat from "jstat";
import { Random } from "../../train/random.ts";
import { mean } from "./moments.ts";

/** A cluster that was drawn, and which of its members, both with repetition. */
export interface Draw {
  cluster: number;
  members: ArrayLike<number>;
}

export interface Interval {
  low: number;
  high: number;
}

export interface Bootstrapped {
  /** Of the data as they are. */
  estimate: number;
  /** 95 % of the resampled values lie within (Efron 1979). */
  percentile: Interval;
  /** Corrected for bias and skew (Efron 1987, JASA 82, 171-185); null when the correction is undefined. */
  bca: Interval | null;
}

export interface BootstrapOptions {
  seed?: number;
  resamples?: number;
  /** Probability of coverage. */
  level?: number;
}

/**
 * Two-stage bootstrap (Davison and Hinkley 1997, section 3.8): clusters are drawn with replacement, then members within each; errs to
 * the wide side. With one cluster only members are drawn, and what differs between clusters is not in the interval.
 * Resamples without a value (NaN) are left out.
 * @param sizes members of each cluster
 * @param statistics figures of one resample, always as many
 * @returns for each figure; null when it or more than half of its resamples have no value
 */
export function bootstrapAll(
  sizes: readonly number[],
  statistics: (draws: readonly Draw[]) => number[],
  { seed = 1, resamples = 2000, level = 0.95 }: BootstrapOptions = {},
): (Bootstrapped | null)[] {
  const whole = sizes.map((size, cluster): Draw => ({ cluster, members: Int32Array.from({ length: size }, (_, i) => i) }));
  const estimates = statistics(whole);
  const resampled: number[][] = estimates.map(() => []);
  const random = new Random(seed);
  for (let round = 0; round < resamples; round++) {
    for (const [i, value] of statistics(resample(sizes, random)).entries()) if (!Number.isNaN(value)) resampled[i]!.push(value);
  }
  const leftOut = leaveOneOut(whole).map(statistics);
  return estimates.map((estimate, i) => {
    const values = resampled[i]!.sort((a, b) => a - b);
    if (Number.isNaN(estimate) || values.length < resamples / 2) return null;
    const tail = (1 - level) / 2;
    const jackknife = leftOut.map((figures) => figures[i]!);
    return {
      estimate,
      percentile: { low: at(values, tail), high: at(values, 1 - tail) },
      bca: bcaInterval(values, estimate, jackknife, tail),
    };
  });
}

/** bootstrapAll of a single figure. */
export function bootstrap(
  sizes: readonly number[],
  statistic: (draws: readonly Draw[]) => number,
  options: BootstrapOptions = {},
): Bootstrapped | null {
  return sizes.length > 0 ? bootstrapAll(sizes, (draws) => [statistic(draws)], options)[0]! : null;
}

function resample(sizes: readonly number[], random: Random): Draw[] {
  return sizes.map(() => {
    const cluster = sizes.length > 1 ? random.below(sizes.length) : 0;
    const members = new Int32Array(sizes[cluster]!);
    for (let i = 0; i < members.length; i++) members[i] = random.below(members.length);
    return { cluster, members };
  });
}

/** The interval to print: BCa where it is defined. */
export function bestInterval({ bca, percentile }: Bootstrapped): Interval {
  return bca ?? percentile;
}

/** The data without each cluster in turn; without each member if there is but one cluster. */
function leaveOneOut(whole: readonly Draw[]): Draw[][] {
  if (whole.length !== 1) return whole.map((_, left) => whole.filter((_, i) => i !== left));
  const members = Array.from(whole[0]!.members);
  return members.map((_, left) => [{ cluster: 0, members: members.filter((_, i) => i !== left) }]);
}

function bcaInterval(values: readonly number[], estimate: number, leftOut: readonly number[], tail: number): Interval | null {
  const below = values.reduce((count, value) => count + (value < estimate ? 1 : value === estimate ? 0.5 : 0), 0) / values.length;
  const centre = mean(leftOut);
  const [cubes, squares] = leftOut.reduce(([a, b], value) => [a + (centre - value) ** 3, b + (centre - value) ** 2], [0, 0]);
  const acceleration = squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
  const bias = jStat.normal.inv(below, 0, 1);
  const bound = (p: number) => {
    const z = bias + jStat.normal.inv(p, 0, 1);
    return jStat.normal.cdf(bias + z / (1 - acceleration * z), 0, 1);
  };
  const [low, high] = [bound(tail), bound(1 - tail)];
  return Number.isFinite(low) && Number.isFinite(high) ? { low: at(values, low), high: at(values, high) } : null;
}

/** Quantile of sorted values, linear between neighbours. */
function at(sorted: readonly number[], q: number): number {
  const place = q * (sorted.length - 1);
  const low = Math.floor(place);
  const [a, b] = [sorted[low]!, sorted[Math.min(sorted.length - 1, low + 1)]!];
  return a === b ? a : a + (place - low) * (b - a);
}
