// What `qurio train --cv` prints.

import type { CrossValidation, FoldReport, Summary } from "../tools/train/cross_validation.ts";
import type { Costs } from "../tools/train/cross_validation_cost.ts";
import { formatCount, formatTable } from "./output.ts";

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
