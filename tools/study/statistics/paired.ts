// Paired comparisons over folds and seeds: Student's test, its form for overlapping training sets, and equivalence.

import jStat from "jstat";
import { mean, variance } from "./moments.ts";

export interface PairedT {
  /** Number of differences. */
  pairs: number;
  meanDifference: number;
  standardError: number;
  /** Infinite when all differences are the same and not 0. */
  t: number;
  degreesOfFreedom: number;
  /** Two-sided. */
  p: number;
  /** Cohen's d_z: mean over standard deviation of the differences (Cohen 1988, section 2.3.5). 0 when nothing differs, infinite as t. */
  dz: number;
}

/**
 * Student's t-test of paired differences; null for fewer than two.
 *
 * With `overlap` it is the corrected resampled t-test of Nadeau and Bengio (2003, Machine Learning 52, 239-281): folds share training
 * clips, so their differences are correlated and s^2 / J is too small; the variance of the mean becomes (1 / J + overlap) s^2. Over
 * repeated cross-validation J counts folds times repeats (Bouckaert and Frank 2004, PAKDD, 3-12).
 * @param overlap held-out over training clips of one fold: 1 / (k - 1) for k equal folds; 0 is the plain test
 */
export function pairedT(differences: readonly number[], overlap = 0): PairedT | null {
  const pairs = differences.length;
  if (pairs < 2) return null;
  const meanDifference = mean(differences);
  const spread = variance(differences);
  const standardError = Math.sqrt((1 / pairs + overlap) * spread);
  const t = quotient(meanDifference, standardError);
  return {
    pairs,
    meanDifference,
    standardError,
    t,
    degreesOfFreedom: pairs - 1,
    p: Math.min(1, 2 * lowerTail(-Math.abs(t), pairs - 1)),
    dz: quotient(meanDifference, Math.sqrt(spread)),
  };
}

/** Interval of the mean difference that covers it with probability `level`. */
export function differenceInterval(
  { meanDifference, standardError, degreesOfFreedom }: PairedT,
  level = 0.95,
): { low: number; high: number } {
  const half = jStat.studentt.inv(0.5 + level / 2, degreesOfFreedom) * standardError;
  return { low: meanDifference - half, high: meanDifference + half };
}

export interface Equivalence {
  margin: number;
  /** The larger p-value of the two one-sided tests: below alpha, the difference lies within the margin. */
  p: number;
  /** The 90 % interval, which lies within +-margin exactly when p < 0.05. */
  interval: { low: number; high: number };
}

/** Two one-sided tests of |mean difference| < margin (Schuirmann 1987, J. Pharmacokinet. Biopharm. 15, 657-680), alpha 0.05. */
export function equivalence(test: PairedT, margin: number): Equivalence {
  const { meanDifference, standardError, degreesOfFreedom } = test;
  const above = lowerTail(-quotient(meanDifference + margin, standardError), degreesOfFreedom);
  const below = lowerTail(quotient(meanDifference - margin, standardError), degreesOfFreedom);
  return { margin, p: Math.max(above, below), interval: differenceInterval(test, 0.9) };
}

/** a / b, 0 for 0 / 0: no difference is no effect. */
function quotient(a: number, b: number): number {
  return a === 0 ? 0 : a / b;
}

/** P(T <= t) of Student's distribution. */
function lowerTail(t: number, degreesOfFreedom: number): number {
  if (!Number.isFinite(t)) return t < 0 ? 0 : 1;
  return jStat.studentt.cdf(t, degreesOfFreedom);
}
