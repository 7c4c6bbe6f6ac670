// The report's tables: all rows, all comparisons.

import { energyUjOf } from "../../../host/meter/cost.ts";
import type { DeviceProfile } from "../../../host/meter/device.ts";
import type { Answer } from "../result.ts";
import { holm } from "../statistics/holm.ts";
import { changedRoutes, compareAll, costOf, type Measure, meanRatio, routingPair } from "./comparisons.ts";
import type { Context } from "./context.ts";
import type { Block } from "./document.ts";
import { energy, fixed, NONE, percent, pValue, whole, withRange } from "./format.ts";
import { isCurious, modelNamed, plainTwin, SINGLE_4 } from "./names.ts";
import type { Row, Spread } from "./rows.ts";
import type { Model } from "./runs.ts";
import { varianceCurve } from "./variance_curve.ts";

type Table = Extract<Block, { kind: "table" }>;
const table = (head: string[], rows: string[][]): Table => ({ kind: "table", head, rows });
const three = (value: number) => fixed(value, 3);

export function qualityTable({ rows }: Context): Table {
  return table(
    ["model", "F1 (95 % interval)", "std over runs", "accuracy", "packed bytes", "bits per weight", "who answers"],
    rows.map((row) => [
      row.name,
      withRange(row.f1.value, row.f1.interval, three),
      three(row.f1.std),
      three(row.accuracy),
      whole(row.packedBytes),
      fixed(row.bitsPerWeight, 2),
      row.shares.length > 1 ? row.shares.map(({ name, share }) => `${name} ${percent(share)}`).join(", ") : (row.shares[0]?.name ?? NONE),
    ]),
  );
}

/** Cycles of a decision, for the network or the whole. */
export function cyclesTable({ rows }: Context): Table {
  const cells = ({ mean, std, worst }: Spread) => [whole(mean), whole(std), whole(worst)];
  return table(
    ["model", "network: mean", "std", "worst", "whole: mean", "std", "worst"],
    rows.map(({ name, cycles }) => [name, ...cells(cycles.network), ...cells(cycles.whole)]),
  );
}

export function energyTable({ rows, device }: Context): Table {
  const point = (cycles: number) => energy(energyUjOf(cycles, device).value);
  const spread = (part: Spread) => [energyCell(part, device), point(part.std), point(part.worst)];
  const f1PerMj = (figure: Row["f1PerMj"]["network"]) => withRange(figure.value, figure.interval, three);
  return table(
    ["model", "network: mean", "std", "worst", "F1 per mJ", "whole: mean", "std", "worst", "F1 per mJ"],
    rows.map((row) => [
      row.name,
      ...spread(row.cycles.network),
      f1PerMj(row.f1PerMj.network),
      ...spread(row.cycles.whole),
      f1PerMj(row.f1PerMj.whole),
    ]),
  );
}

function energyCell({ mean }: Spread, device: DeviceProfile): string {
  const { value, low, high } = energyUjOf(mean, device);
  return low === high ? energy(value) : `${energy(value)} (${energy(low)} to ${energy(high)})`;
}

export function uncertaintyTable({ rows }: Context): Table {
  const area = (found: Row["areas"]["entropy"]) => (found ? withRange(found.area, found.interval, three) : NONE);
  return table(
    [
      "model",
      "ECE",
      "AUROC of errors: entropy",
      "mutual information",
      "router variance",
      "AURC",
      "AUGRC",
      "coverage at 5 % risk",
      "risk reached",
    ],
    rows.map((row) => [
      row.name,
      three(row.calibrationError),
      area(row.areas.entropy),
      area(row.areas.mutualInformation),
      area(row.areas.routerVariance),
      fixed(row.aurc, 4),
      fixed(row.augrc, 4),
      percent(row.coverage?.coverage),
      percent(row.coverage?.risk),
    ]),
  );
}

export function outsideTable({ rows, result }: Context): Table {
  const other = result.outOfDistribution?.name ?? "no other set";
  return table(
    ["model", `AUROC of telling ${other}`, `false alarms an hour: ${other}`, "on noise"],
    rows.map((row) => [
      row.name,
      row.outOfDistribution ? withRange(row.outOfDistribution.area, row.outOfDistribution.interval, three) : NONE,
      fixed(row.alarms.outOfDistribution, 1),
      fixed(row.alarms.noise, 1),
    ]),
  );
}

/** Null without the baseline. */
export function comparisonTable({ result, models }: Context, measure: Measure): Table | null {
  const baseline = modelNamed(models, SINGLE_4);
  if (!baseline || models.length < 2) return null;
  const show = { f1: (x: number) => fixed(x, 4), cycles: whole, latency: (x: number) => fixed(x, 1) }[measure];
  const unit = { f1: "F1", cycles: "network cycles", latency: "us" }[measure];
  return table(
    [
      "model",
      `difference to ${SINGLE_4}, ${unit}`,
      ...(measure === "f1" ? [] : ["ratio (95 %)"]),
      "t (corrected)",
      "p (corrected)",
      "p (Holm)",
      "p (uncorrected t)",
      "d_z",
      "p (Wilcoxon)",
      "rank-biserial",
    ],
    compareAll(result, models, baseline, measure).map(({ model, corrected, plain, adjustedP, rankP, rankBiserial }) => [
      model,
      show(corrected?.meanDifference ?? Number.NaN),
      ...(measure === "f1" ? [] : [ratioCell(modelNamed(models, model)!, baseline, costOf(measure))]),
      fixed(corrected?.t, 2),
      pValue(corrected?.p),
      pValue(adjustedP),
      pValue(plain?.p),
      fixed(corrected?.dz, 2),
      corrected ? pValue(rankP) : NONE,
      corrected ? fixed(rankBiserial, 2) : NONE,
    ]),
  );
}

function ratioCell(model: Model, baseline: Model, cost: (answer: Answer) => number): string {
  const { value, interval } = meanRatio(model, baseline, cost);
  return withRange(value, interval, three);
}

/** Every model with curiosity, beside the plain router where the study has it; null without any. */
export function routingTable({ models }: Context): Table | null {
  const curious = models.filter(({ name }) => isCurious(name));
  if (curious.length === 0) return null;
  const found = curious.map((model) => {
    const plain = plainTwin(models, model);
    return { model, changed: changedRoutes(model), pair: plain ? routingPair(model, plain) : null };
  });
  const tested = found.filter(({ pair }) => pair?.brownForsytheP !== undefined && pair.brownForsytheP !== null);
  const adjusted = new Map(holm(tested.map(({ pair }) => pair!.brownForsytheP!)).map((p, i) => [tested[i]!.model, p]));
  return table(
    [
      "curiosity",
      "routes changed (95 %)",
      "std, cycles",
      "plain router's std",
      "ratio of std (95 %)",
      "Levene p",
      "Brown-Forsythe p",
      "Brown-Forsythe p (Holm)",
      "ratio of mean cycles (95 %)",
    ],
    found.map(({ model, changed, pair }) => [
      model.name,
      withRange(changed.value, changed.interval, percent),
      whole(pair?.stdCurious),
      whole(pair?.stdPlain),
      withRange(pair?.stdRatio.value, pair?.stdRatio.interval, three),
      pValue(pair?.leveneP),
      pValue(pair?.brownForsytheP),
      pValue(adjusted.get(model)),
      withRange(pair?.costRatio.value, pair?.costRatio.interval, three),
    ]),
  );
}

export function varianceTable(model: Model): Table | null {
  const curve = varianceCurve(model);
  if (!curve) return null;
  const cells = (setting: string, { meanCycles, stdCycles }: { meanCycles: number; stdCycles: number }) => [
    setting,
    whole(meanCycles),
    whole(stdCycles),
  ];
  return table(
    ["setting", "mean cycles", "std of cycles"],
    [
      ...curve.capped.map((point) => cells(`costliest expert at most ${percent(point.setting)}`, point)),
      ...curve.padded.map((point) => cells(`padded to ${whole(point.setting)} cycles`, point)),
    ],
  );
}

/** Measured: stands among the wall times only. */
export function wallTable({ rows }: Context): Table {
  return table(
    ["model", "mean us", "std", "worst"],
    rows.map(({ name, latencyUs: { mean, std, worst } }) => [name, fixed(mean, 1), fixed(std, 1), fixed(worst, 1)]),
  );
}
