// Claims about who answers: what curiosity does to the spread of the cost, what a mixture costs, and whether escalation pays.

import { differenceInterval } from "../statistics/paired.ts";
import { type Claim, GOAL, judgeFigure, shown, undecided } from "./claim.ts";
import { changedRoutes, compare, meanRatio, routingPair } from "./comparisons.ts";
import type { Context } from "./context.ts";
import { fixed, percent, pValue, whole, withRange } from "./format.ts";
import { headlinePairs, modelNamed, PROBE_FIRST, SINGLE_4 } from "./names.ts";
import { allOf, judge } from "./verdict.ts";

/** 1 - 82 %, the smaller of the paper's cuts. */
const PAPER_STD_RATIO = 0.18;
const PAPER_LATENCY_RATIO = 1.11;
const MOST_CYCLES = 0.7;
const F1_MARGIN = 0.01;

export function routingClaims(context: Context): Claim[] {
  return [...spreadClaims(context), ...routesChange(context), ...mixtureCosts(context), probeFirst(context)];
}

function spreadClaims({ models }: Context): Claim[] {
  const lower = {
    claim: "curiosity routing makes the cost of a decision steadier than the plain router does",
    paper: "Levene p = 0.008",
    rule: "the 95 % interval of the ratio of standard deviations (network cycles, nothing padded) lies below 1",
  };
  const cut = {
    claim: "curiosity routing cuts the standard deviation by 82 % or more",
    paper: "82 to 87 %: from 230 to 29 ms",
    rule: `the same interval lies at or below ${PAPER_STD_RATIO}`,
  };
  const found = headlinePairs(models);
  if (found.length === 0) return [lower, cut].map((head) => undecided(head, "a -C model", "the same without -C"));
  return found.flatMap(([curious, plain]) => {
    const { stdCurious, stdPlain, stdRatio, costRatio, leveneP, brownForsytheP } = routingPair(curious, plain);
    const ours =
      `${curious.name}: ${whole(stdCurious)} against ${whole(stdPlain)} cycles, ratio ${shown(stdRatio)}; ` +
      `Levene p ${pValue(leveneP)}, Brown-Forsythe p ${pValue(brownForsytheP)} (largest over seeds); ` +
      `mean cycles ${shown(costRatio)} of the plain router's`;
    const below1 = judgeFigure(stdRatio, { atMost: 1 });
    // a ratio of exactly 1 in every resample is no less than 1
    const same = stdRatio.interval?.low === 1;
    return [
      { ...lower, ours, verdict: below1 === "holds" && same ? "does not hold" : below1 },
      { ...cut, ours: `${curious.name}: ratio ${shown(stdRatio)}`, verdict: judgeFigure(stdRatio, { atMost: PAPER_STD_RATIO }) },
    ];
  });
}

/** In the paper's published code curiosity cancels out and changes no decision. */
function routesChange({ models }: Context): Claim[] {
  const head = {
    claim: "curiosity changes who answers",
    paper: "implied; in its published code no route changes",
    rule: "the share of decisions with another expert than alpha = 0 gives is above 0, with its 95 % interval",
  };
  const found = headlinePairs(models);
  if (found.length === 0) return [undecided(head, "a -C model", "the same without -C")];
  return found.map(([curious]) => {
    const share = changedRoutes(curious);
    const ours = `${curious.name}: ${withRange(share.value, share.interval, percent)} of decisions`;
    return { ...head, ours, verdict: judgeFigure(share, { atLeast: Number.MIN_VALUE }) };
  });
}

function mixtureCosts({ models }: Context): Claim[] {
  const head = {
    claim: "the mixture costs 11 % or more on top of the single 4-bit model's latency",
    paper: "11 %",
    rule: `the 95 % interval of the ratio of mean network cycles lies at or above ${PAPER_LATENCY_RATIO}`,
  };
  const [found, single] = [headlinePairs(models), modelNamed(models, SINGLE_4)];
  if (found.length === 0 || !single) return [undecided(head, "a -C model with its twin", SINGLE_4)];
  return found.map(([curious]) => {
    const ratio = meanRatio(curious, single, ({ cycles }) => cycles);
    return { ...head, ours: `${curious.name}: ${shown(ratio)}`, verdict: judgeFigure(ratio, { atLeast: PAPER_LATENCY_RATIO }) };
  });
}

function probeFirst({ models, result }: Context): Claim {
  const head = {
    claim: `probe-first takes at most ${MOST_CYCLES} of always-4-bit's cycles at an F1 within ${F1_MARGIN}`,
    paper: GOAL,
    rule: `the 95 % interval of the ratio of mean network cycles lies at or below ${MOST_CYCLES}, and the 90 % interval of the difference in F1 at or above -${F1_MARGIN}`,
  };
  const [probe, single] = [modelNamed(models, PROBE_FIRST), modelNamed(models, SINGLE_4)];
  if (!probe || !single) return undecided(head, PROBE_FIRST, SINGLE_4);
  const { corrected } = compare(result, probe, single, "f1");
  if (!corrected) return undecided(head, "two folds or more");
  const ratio = meanRatio(probe, single, ({ cycles }) => cycles);
  const interval = differenceInterval(corrected, 0.9);
  const verdict = allOf(judgeFigure(ratio, { atMost: MOST_CYCLES }), judge(interval, { atLeast: -F1_MARGIN }));
  const f1 = withRange(corrected.meanDifference, interval, (x) => fixed(x, 4));
  const conclusion = verdict === "does not hold" ? "; the single 4-bit model wins" : "";
  return { ...head, ours: `cycles ${shown(ratio)} of Q4-Base, F1 ${f1} against it${conclusion}`, verdict };
}
