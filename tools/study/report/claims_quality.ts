// Claims about being right and knowing it: F1 of few bits, and uncertainty that finds errors.

import { differenceInterval, equivalence } from "../statistics/paired.ts";
import { type Claim, GOAL, undecided } from "./claim.ts";
import { compare } from "./comparisons.ts";
import type { Context } from "./context.ts";
import { fixed, pValue, range, withRange } from "./format.ts";
import { defaultModel, headlinePair, headlinePairs, modelNamed, SINGLE_4, SINGLE_16, TERNARY } from "./names.ts";
import { f1Statistic, figureOf, gridOf, type Model } from "./runs.ts";
import { judge, UNDECIDED } from "./verdict.ts";

const MARGIN = 0.02;
const TERNARY_MARGIN = 0.03;
const LEAST_AUROC = 0.88;
const three = (value: number) => fixed(value, 3);
const four = (value: number) => fixed(value, 4);

export function qualityClaims(context: Context): Claim[] {
  return [
    equivalent(context, SINGLE_4, MARGIN, "4-bit keeps the F1 of 16-bit", "99.9 %: 0.858 against 0.859"),
    equivalent(context, TERNARY, TERNARY_MARGIN, "ternary is within 0.03 F1 of 16-bit", GOAL),
    ...noGain(context),
    findsErrors(context),
  ];
}

/** Equivalence of a model's F1 with that of 16 bits. */
function equivalent(context: Context, name: string, margin: number, claim: string, paper: string): Claim {
  const head = { claim, paper, rule: `two one-sided tests: the 90 % interval of the difference in F1 lies within ±${margin}` };
  const [model, reference] = [modelNamed(context.models, name), modelNamed(context.models, SINGLE_16)];
  if (!model || !reference) return undecided(head, name, SINGLE_16);
  const { corrected, plain } = compare(context.result, model, reference, "f1");
  if (!corrected || !plain) return undecided(head, "two folds or more");
  const { p, interval } = equivalence(corrected, margin);
  const ratio = f1Ratio(context, model, reference);
  return {
    ...head,
    ours:
      `difference ${withRange(corrected.meanDifference, interval, four)}, TOST p ${pValue(p)} (${pValue(equivalence(plain, margin).p)} without the correction); ` +
      `ratio of F1 ${withRange(ratio.value, ratio.interval, three)}`,
    verdict: judge(interval, { atLeast: -margin, atMost: margin }),
  };
}

function f1Ratio({ result }: Context, a: Model, b: Model) {
  const grid = gridOf(a, b);
  const [one, other] = [f1Statistic(grid, 0, result.data.labels.length), f1Statistic(grid, 1, result.data.labels.length)];
  return figureOf(grid, (draws) => one(draws) / other(draws));
}

/** The paper: mixtures are not more accurate. */
function noGain(context: Context): Claim[] {
  const head = {
    claim: "the mixture gains no accuracy over the single 4-bit model",
    paper: "no gain",
    rule: `the 90 % interval of the gain in F1 lies below ${MARGIN}`,
  };
  const [found, single] = [headlinePairs(context.models), modelNamed(context.models, SINGLE_4)];
  if (found.length === 0 || !single) return [undecided(head, "a -C model with its twin", SINGLE_4)];
  return found.map(([curious]) => {
    const { corrected } = compare(context.result, curious, single, "f1");
    if (!corrected) return undecided(head, "two folds or more");
    const interval = differenceInterval(corrected, 0.9);
    return {
      ...head,
      ours: `${curious.name}: gain ${withRange(corrected.meanDifference, interval, four)}`,
      verdict: judge(interval, { atMost: MARGIN }),
    };
  });
}

function findsErrors(context: Context): Claim {
  const head = {
    claim: `entropy, the default uncertainty, finds errors with AUROC ${LEAST_AUROC} or more`,
    paper: `${GOAL}; the paper uses the router's variance`,
    rule: `the 95 % interval of the AUROC (DeLong, clustered by clip) lies at or above ${LEAST_AUROC}`,
  };
  const model = defaultModel(context.models);
  const row = context.rows.find(({ name }) => name === model?.name);
  if (!row) return undecided(head, "Probe-first or Q4-Base");
  const area = row.areas.entropy;
  const curious = headlinePair(context.models)?.[0];
  const router = context.rows.find(({ name }) => name === curious?.name)?.areas.routerVariance;
  const beside = router ? `; the router's variance of ${curious!.name}: ${withRange(router.area, router.interval, three)}` : "";
  return {
    ...head,
    ours: area ? `${row.name}: ${three(area.area)} (${range(area.interval, three)})${beside}` : `${row.name}: all right or all wrong`,
    verdict: area && row.folds > 1 ? judge(area.interval, { atLeast: LEAST_AUROC }) : UNDECIDED,
  };
}
