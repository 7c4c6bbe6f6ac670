// The tables of `qurio budget`.

import type { Accepted, compareBudget, FigureChange, LayerChange, LayerFigures } from "../host/meter/budget.ts";
import { FIGURES } from "../host/meter/budget.ts";
import { colors, formatBytes, formatCount, formatTable } from "./output.ts";

export function budgetTables(now: Accepted, accepted: Accepted | null, { figures, layers }: ReturnType<typeof compareBudget>): string {
  const lines = [`${now.model} on ${now.device}; ${now.data}`, "", figureTable(figures)];
  if (!accepted) return [...lines, "", "nothing accepted yet: --accept writes these figures"].join("\n");
  const moved = (["model", "device", "data"] as const).filter((field) => now[field] !== accepted[field]);
  for (const field of moved) lines.push(`${field} was ${accepted[field]}`);
  lines.push("", layers.length > 0 ? layerTable(layers) : "every layer costs what was accepted");
  return lines.join("\n");
}

function figureTable(figures: readonly FigureChange[]): string {
  const rows = figures.map(({ name, now, limit, accepted, exceeded }) => [
    name,
    whole(now),
    limit === null ? "" : whole(limit),
    limit === null ? "" : exceeded ? colors.red("exceeded") : "within",
    accepted === null ? "" : whole(accepted),
    change(now, accepted),
    FIGURES[name],
  ]);
  return formatTable(rows, { head: ["figure", "now", "limit", "", "accepted", "change", ""] });
}

function layerTable(layers: readonly LayerChange[]): string {
  const both = (now: LayerFigures | null, before: LayerFigures | null, of: (layer: LayerFigures) => string) => {
    const [old, fresh] = [before, now].map((layer) => (layer ? of(layer) : "none"));
    return old === fresh ? fresh : `${old} -> ${fresh}`;
  };
  const rows = layers.map(({ name, now, accepted }) => [
    name,
    both(now, accepted, ({ weightBytes }) => formatBytes(weightBytes)),
    both(now, accepted, ({ ops }) => formatCount(Math.round(ops))),
    both(now, accepted, ({ cycles }) => formatCount(Math.round(cycles))),
    now && accepted ? change(now.cycles, accepted.cycles) : now ? "new" : "gone",
  ]);
  return formatTable(rows, { head: ["layers that changed", "weights", "ops", "cycles", "change"] });
}

const whole = (value: number) => Math.round(value).toLocaleString("en");

function change(now: number, before: number | null): string {
  if (before === null || now === before) return "";
  const percent = 100 * (now / before - 1);
  return `${percent > 0 ? "+" : "-"}${Math.abs(percent).toFixed(Math.abs(percent) < 1 ? 2 : 1)} %`;
}
