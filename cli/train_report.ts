// What `qurio train --cv` prints.

import type * as v from "valibot";
import { DEFAULT_DEVICE, loadDevice } from "../host/meter/devices.ts";
import { Meter } from "../host/meter/meter.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { networkCycles, routerCycles } from "../tools/export/network_cost.ts";
import type { CrossValidation, FoldReport, Summary } from "../tools/train/cross_validation.ts";
import type { TrainingDataset } from "../tools/train/feature_table.ts";
import { type FitOptions, specsOf } from "../tools/train/fit.ts";
import { formatCount, formatTable } from "./output.ts";
import type { CROSS_VALIDATION } from "./schemas/model.ts";

/** Network cycles per decision, modelled; "routed" first, then each answering network alone. */
export type Costs = v.InferOutput<typeof CROSS_VALIDATION>["costs"];

/** Mean network cycles of the routed model, from the shares of its answerers, and of each network alone. */
export async function cyclesOfReport(report: CrossValidation, fit: FitOptions, data: TrainingDataset, features: number): Promise<Costs> {
  const device = loadDevice(DEFAULT_DEVICE);
  const meter = await Meter.create(coreWasm(false), false);
  const { answerers, gate } = specsOf(fit, { features, classes: data.labels.length });
  const alone = answerers.map((spec) => networkCycles(spec, meter, device));
  const { kind, samples } = report.folds[0].policy;
  const router = gate ? routerCycles(gate, "bayesian", samples, meter, device) : 0;
  const first = kind === "probe" && samples > 0 ? routerCycles(answerers[0], "probe", samples, meter, device) : alone[0];
  // a cascade has run every answerer up to the one that answers; gates run one expert
  const spent = alone.map((cycles, k) => (gate ? router + cycles : alone.slice(1, k + 1).reduce((sum, c) => sum + c, first)));
  const routed = report.folds.reduce((sum, { routed }) => sum + routed.shares.reduce((s, share, k) => s + share * spent[k], 0), 0);
  const rows = [{ name: "routed", networkCycles: routed / report.folds.length }];
  answerers.forEach(({ name }, k) => {
    rows.push({ name, networkCycles: alone[k] });
  });
  return { device: device.name, kind: "modelled", rows };
}

const percent = (value: number) => (100 * value).toFixed(1);

/** Folds one by one, then means with 95 % intervals, cost and stress. */
export function crossValidationReport({ folds, summary }: CrossValidation, costs: Costs, data: string): string {
  const names = summary.map(({ name }) => name);
  const of = (fold: FoldReport, k: number) => (k === 0 ? fold.routed : fold.networks[k - 1].figures);
  const foldRows = folds.map((fold) => [`${fold.seed}`, `${fold.fold}`, ...names.map((_, k) => percent(of(fold, k).f1Weighted))]);
  const seeds = new Set(folds.map(({ seed }) => seed)).size;
  const lines = [
    `${data}: weighted F1 in % on the fold that was left out, training on the others`,
    "",
    formatTable(foldRows, { head: ["seed", "fold", ...names] }),
    "",
    formatTable(
      summary.map((row, k) => [
        row.name,
        interval(row.f1Weighted),
        interval(row.accuracy),
        row.bitsPerWeight.mean.toFixed(2),
        formatCount(costs.rows[k].networkCycles),
      ]),
      { head: ["network", "F1 %", "accuracy %", "bits/weight", "cycles"] },
    ),
    `mean ± half of the 95 % interval over folds${seeds > 1 ? " | over seeds" : ""}; network cycles modelled for ${costs.device}`,
    "",
    formatTable(routedRows(folds, names), { head: ["routed", "mean over folds"] }),
  ];
  const conditions = Object.keys(summary[0].stress);
  if (conditions.length > 0) {
    const rows = conditions.map((condition) => [
      condition,
      ...summary.map((row) => `${percent(row.stress[condition].mean)} (${signed(row.stress[condition].mean - row.f1Weighted.mean)})`),
    ]);
    lines.push("", formatTable(rows, { head: ["stress: F1 % (against clean)", ...names] }));
  }
  lines.push("", verdict(summary, costs));
  return lines.join("\n");
}

function interval({ mean, overFolds, overSeeds }: Summary): string {
  const half = (value: number | null) => (value === null ? "" : `${percent(value)}`);
  return `${percent(mean)} ± ${half(overFolds)}${overSeeds === null ? "" : ` | ${half(overSeeds)}`}`;
}

function signed(difference: number): string {
  return `${difference < 0 ? "-" : "+"}${percent(Math.abs(difference))}`;
}

function routedRows(folds: FoldReport[], names: string[]): [string, string][] {
  const mean = (value: (fold: FoldReport) => number | null) => {
    const values = folds.map(value).filter((x) => x !== null);
    return values.length === 0 ? null : values.reduce((a, b) => a + b, 0) / values.length;
  };
  const rows: [string, string][] = names
    .slice(1)
    .map((name, k) => [`answered by ${name}`, `${percent(mean(({ routed }) => routed.shares[k])!)} %`]);
  const add = (label: string, value: number | null, unit = " %") =>
    rows.push([label, value === null ? "-" : `${unit === "" ? value.toFixed(2) : percent(value)}${unit}`]);
  add(
    "calibration error (ECE)",
    mean(({ routed }) => routed.ece),
  );
  add(
    "AUROC of error detection",
    mean(({ routed }) => routed.auroc),
    "",
  );
  add(
    "coverage",
    mean(({ routed }) => routed.coverage),
  );
  add(
    "error among answered",
    mean(({ routed }) => routed.selectiveRisk),
  );
  return rows;
}

/** The comparison that counts: the routed model against the single 4-bit one. */
function verdict(summary: CrossValidation["summary"], costs: Costs): string {
  const single = summary.findIndex(({ name }) => name === "4-bit");
  if (single < 0) return "no 4-bit expert: nothing to compare the routed model with";
  const ratio = costs.rows[0].networkCycles / costs.rows[single].networkCycles;
  const difference = summary[0].f1Weighted.mean - summary[single].f1Weighted.mean;
  const won = ratio <= 0.7 && difference >= -0.01;
  const text = `routed against the single 4-bit model: ${ratio.toFixed(2)} x its network cycles, F1 ${signed(difference)} points`;
  return won ? `${text}: routing wins` : `${text}: the single 4-bit model wins (aim: at most 0.70 x at F1 within 1.0)`;
}
