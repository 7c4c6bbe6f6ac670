// Wilcoxon's signed-rank test: the paired comparison that assumes no distribution.

import jStat from "jstat";
import { midranks } from "./moments.ts";

export interface SignedRank {
  /** Differences that are not 0; the others are left out, as Wilcoxon (1945, Biometrics Bulletin 1, 80-83) does. */
  pairs: number;
  /** Sums of ranks of positive and of negative differences. */
  plus: number;
  minus: number;
  /** Two-sided; 1 when nothing differs. */
  p: number;
  /** (plus - minus) / (plus + minus), the matched-pairs rank-biserial correlation (Kerby 2014, Comprehensive Psychology 3). */
  rankBiserial: number;
}

/** Up to here p is exact. */
const EXACT_PAIRS = 50;

/**
 * Exact for up to 50 differences, ties included: of the 2^n sign patterns over the midranks, the share that is as extreme. Above,
 * normal approximation with the variance of the midranks (Hollander, Wolfe and Chicken 2014, section 3.1).
 */
export function signedRank(differences: readonly number[]): SignedRank {
  const used = differences.filter((difference) => difference !== 0);
  const pairs = used.length;
  if (pairs === 0) return { pairs, plus: 0, minus: 0, p: 1, rankBiserial: 0 };
  const ranks = midranks(used.map(Math.abs));
  const plus = ranks.reduce((sum, rank, i) => sum + (used[i]! > 0 ? rank : 0), 0);
  const minus = (pairs * (pairs + 1)) / 2 - plus;
  const p = pairs <= EXACT_PAIRS ? exactP(ranks, Math.min(plus, minus)) : normalP(ranks, plus);
  return { pairs, plus, minus, p, rankBiserial: (plus - minus) / (plus + minus) };
}

/** Twice the chance that the positive ranks sum to `smaller` or less when every sign is a coin's. */
function exactP(ranks: readonly number[], smaller: number): number {
  // midranks are halves: counted in units of 1/2, chance[s] is that of a sum of s
  const chance = new Float64Array(2 * ranks.reduce((a, b) => a + b, 0) + 1);
  chance[0] = 1;
  for (const rank of ranks) {
    const step = 2 * rank;
    for (let s = chance.length - 1; s >= 0; s--) chance[s] = (chance[s]! + (s >= step ? chance[s - step]! : 0)) / 2;
  }
  let tail = 0;
  for (let s = 0; s <= 2 * smaller; s++) tail += chance[s]!;
  return Math.min(1, 2 * tail);
}

function normalP(ranks: readonly number[], plus: number): number {
  const [total, squares] = ranks.reduce(([a, b], rank) => [a + rank, b + rank * rank], [0, 0]);
  const z = (plus - total / 2) / Math.sqrt(squares / 4);
  return 2 * jStat.normal.cdf(-Math.abs(z), 0, 1);
}
