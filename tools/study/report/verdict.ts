// One rule for every claim: the whole interval must lie on one side of what is claimed.

import type { Interval } from "../statistics/bootstrap.ts";

export const VERDICTS = ["holds", "does not hold", "cannot be decided with this much data", "not judged here"] as const;
export type Verdict = (typeof VERDICTS)[number];

export const UNDECIDED: Verdict = "cannot be decided with this much data";

/** The rule, as the report prints it. */
export const RULE =
  "A claim holds when the whole interval of our figure lies on the claimed side of its bound, does not hold when the whole interval lies " +
  "on the other side, and cannot be decided with this much data when the bound lies inside the interval, when the models or seeds " +
  "that it needs are missing, or when fewer than two folds were held out.";

export interface Bound {
  atLeast?: number;
  atMost?: number;
}

export function judge(interval: Interval | null, { atLeast, atMost }: Bound): Verdict {
  if (!interval || Number.isNaN(interval.low) || Number.isNaN(interval.high)) return UNDECIDED;
  const { low, high } = interval;
  if ((atLeast === undefined || low >= atLeast) && (atMost === undefined || high <= atMost)) return "holds";
  if ((atLeast !== undefined && high < atLeast) || (atMost !== undefined && low > atMost)) return "does not hold";
  return UNDECIDED;
}

/** A claim of several parts holds when all do, and does not when any does not. */
export function allOf(...parts: readonly Verdict[]): Verdict {
  if (parts.includes("does not hold")) return "does not hold";
  return parts.every((part) => part === "holds") ? "holds" : UNDECIDED;
}
