// A claim and how it is judged.

import { fixed, withRange } from "./format.ts";
import type { Figure } from "./runs.ts";
import { type Bound, judge, UNDECIDED, type Verdict } from "./verdict.ts";

export interface Claim {
  claim: string;
  /** The paper's figure, or GOAL. */
  paper: string;
  ours: string;
  /** What must lie where for the claim to hold. */
  rule: string;
  verdict: Verdict;
}

export const GOAL = "goal of this project";

/** A claim whose models are not in the study. */
export function undecided(claim: Omit<Claim, "ours" | "verdict">, ...needed: string[]): Claim {
  return { ...claim, ours: `needs ${needed.join(" and ")} in the study`, verdict: UNDECIDED };
}

/** Figures of a single fold decide nothing. */
export function judgeFigure({ interval, folds }: Figure, bound: Bound): Verdict {
  return judge(folds < 2 ? null : interval, bound);
}

/** "0.41 (0.40 to 0.42)" */
export function shown({ value, interval }: Figure, digits = 2): string {
  return withRange(value, interval, (x) => fixed(x, digits));
}
