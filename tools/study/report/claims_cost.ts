// Claims about bytes and joules. Ratios of energy are ratios of modelled cycles: what a cycle costs cancels.

import { type Claim, GOAL, judgeFigure, undecided } from "./claim.ts";
import type { Context } from "./context.ts";
import { fixed, percent, withRange } from "./format.ts";
import { modelNamed, SINGLE_4, SINGLE_8, SINGLE_16, TERNARY } from "./names.ts";
import { type Figure, figureOf, gridOf, momentsStatistic } from "./runs.ts";
import { judge, UNDECIDED } from "./verdict.ts";

/** kB at 1536 -> 640 -> 320 -> 50, as the paper gives them. */
const PAPER_KB: Record<string, number> = {
  "FP32-Base": 4830.8,
  "Q16-Base": 2468.8,
  "Q8-Base": 1281.0,
  "Q4-Base": 687.1,
  "Q2-Base": 390.1,
  "BitNet-Base": 393.9,
  "BitNet-Base-popcount": 308.6,
  "Q1-Base": 241.6,
};
const SIZE_TOLERANCE = 0.1;
const PAPER_F1_PER_MJ = 3.87;
const LEAST_COMPRESSION = 3.5;

export function costClaims(context: Context): Claim[] {
  return [
    compression(context),
    saving(context, SINGLE_4, "4-bit", 0.41, "41 %", "network only"),
    saving(context, SINGLE_4, "4-bit", 0.31, "31 % (later versions)", "network only"),
    saving(context, SINGLE_4, "4-bit", 0.41, "41 %", "whole decision"),
    saving(context, TERNARY, "ternary", 0.41, GOAL, "network only"),
    saving(context, TERNARY, "ternary", 0.41, GOAL, "whole decision"),
    f1PerMj(context, "network only"),
    f1PerMj(context, "whole decision"),
    sizes(context),
    {
      claim: "emissions of deployment pass those of training 10,000-fold beyond 1,000 inferences",
      paper: "10,000-fold",
      ours: "not part of a study: qurio carbon sets the energy of training against that of decisions",
      rule: "judged by another command",
      verdict: "not judged here",
    },
  ];
}

function compression({ rows }: Context): Claim {
  const head = {
    claim: "4-bit is 4 times smaller than 16-bit",
    paper: "4x (its own sizes: 3.59x)",
    rule: `16-bit file over 4-bit file at least ${LEAST_COMPRESSION}; sizes are exact`,
  };
  const [small, large] = [SINGLE_4, SINGLE_16].map((name) => rows.find((row) => row.name === name));
  if (!small || !large) return undecided(head, SINGLE_4, SINGLE_16);
  const ratio = large.packedBytes / small.packedBytes;
  return { ...head, ours: `${fixed(ratio, 2)}x`, verdict: ratio >= LEAST_COMPRESSION ? "holds" : "does not hold" };
}

/** Energy that a model saves against 8 bits: 1 - ratio of mean cycles. */
function saving(
  context: Context,
  name: string,
  called: string,
  least: number,
  paper: string,
  extent: "network only" | "whole decision",
): Claim {
  const head = {
    claim: `${called} takes ${percent(least, 0)} less energy than 8-bit, ${extent} (modelled)`,
    paper,
    rule: `the saving's 95 % interval lies at or above ${percent(least, 0)}`,
  };
  const [model, reference] = [modelNamed(context.models, name), modelNamed(context.models, SINGLE_8)];
  if (!model || !reference) return undecided(head, name, SINGLE_8);
  const frontEnd = extent === "network only" ? 0 : model.runs[0]!.frontEnd.cycles;
  const grid = gridOf(model, reference);
  const [own, other] = [0, 1].map((i) => momentsStatistic(grid, i, ({ cycles }) => cycles));
  const saved = figureOf(grid, (draws) => 1 - (own!(draws).mean + frontEnd) / (other!(draws).mean + frontEnd));
  return { ...head, ours: withRange(saved.value, saved.interval, percent), verdict: judgeFigure(saved, { atLeast: least }) };
}

function f1PerMj({ rows, device }: Context, extent: "network only" | "whole decision"): Claim {
  const head = {
    claim: `the best row reaches ${PAPER_F1_PER_MJ} F1 per mJ, ${extent} (modelled)`,
    paper: `${PAPER_F1_PER_MJ}, on its own hardware`,
    rule: `the interval, widened by the range of ${device.name}'s energy per cycle, lies at or above ${PAPER_F1_PER_MJ}`,
  };
  const figure = (row: (typeof rows)[number]): Figure => row.f1PerMj[extent === "network only" ? "network" : "whole"];
  const best = [...rows].filter((row) => figure(row).value > 0).sort((a, b) => figure(b).value - figure(a).value)[0];
  if (!best) return undecided(head, "any model");
  const { value, interval } = figure(best);
  const { energyPerCycle: pj, runs } = device;
  const cheaper = (pj.value * runs.factor.value) / (pj.low * runs.factor.low);
  const dearer = (pj.value * runs.factor.value) / (pj.high * runs.factor.high);
  const widened = interval && { low: interval.low * dearer, high: interval.high * cheaper };
  return {
    ...head,
    ours: `${best.name}: ${withRange(value, widened, (x) => fixed(x, 3))}`,
    verdict: best.folds < 2 ? UNDECIDED : judge(widened, { atLeast: PAPER_F1_PER_MJ }),
  };
}

/** Bytes at the paper's shape cannot be compared with ours at another; what each width saves can. */
function sizes({ rows }: Context): Claim {
  const head = {
    claim: "file sizes shrink with the bits as the paper says, relative to 32-bit floats",
    paper: "4830.8 kB at 32 bits, 2468.8 at 16, 1281.0 at 8, 687.1 at 4, 390.1 at 2, 393.9 ternary, 308.6 popcount, 241.6 at 1",
    rule: `every ratio to FP32-Base is within ${percent(SIZE_TOLERANCE, 0)} of the paper's; sizes are exact`,
  };
  const full = rows.find(({ name }) => name === "FP32-Base");
  const packed = rows.filter(({ name }) => name in PAPER_KB && name !== "FP32-Base");
  if (!full || packed.length === 0) return undecided(head, "FP32-Base", "a packed row");
  const ratios = packed.map(({ name, packedBytes }) => ({
    name,
    ours: packedBytes / full.packedBytes,
    paper: PAPER_KB[name]! / PAPER_KB["FP32-Base"]!,
  }));
  const fits = ratios.every(({ ours, paper }) => Math.abs(ours / paper - 1) <= SIZE_TOLERANCE);
  const list = ratios.map(({ name, ours, paper }) => `${name} ${percent(ours)} (paper ${percent(paper)})`).join(", ");
  return { ...head, ours: `of FP32-Base, tables of the front end included: ${list}`, verdict: fits ? "holds" : "does not hold" };
}
