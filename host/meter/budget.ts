// Browser-safe. Budgets: what a model may cost on a device, and how its figures compare with limits and with those last accepted.

import { Check } from "../check.ts";

/** What can be limited: from above, but days from below. */
export const FIGURES = {
  wasmBytes: "bytes of the baked module",
  flashBytes: "bytes of flash of the C library's firmware",
  ramBytes: "bytes of RAM, stack included",
  meanCycles: "cycles of a decision, mean of the clips, modelled",
  worstCycles: "cycles of a decision, any input, modelled",
  energyUj: "uJ of a decision, mean of the clips, upper end, modelled",
  batteryDays: "days at least, modelled and simulated",
} as const;
export type Figure = keyof typeof FIGURES;
export type Figures = Partial<Record<Figure, number>>;

export interface Budget {
  /** Relative to the budget's folder. */
  model: string;
  device: string;
  /** Clips that means are taken over; the bundled sample without it. */
  data: string | null;
  /** What the battery's days are simulated with: a scenario of `qurio simulate`, in which this model decides on this device. */
  scenario: string | null;
  limits: Figures;
}

/** A layer, a router's sample, or a phase of the front end. */
export interface LayerFigures {
  name: string;
  ops: number;
  weightBytes: number;
  cycles: number;
}

/** What `--accept` writes. */
export interface Accepted {
  model: string;
  device: string;
  data: string;
  figures: Figures;
  layers: LayerFigures[];
}

const HINT = "docs/guides/budget.md shows a budget file.";
const NAMES = Object.keys(FIGURES) as Figure[];

/** @throws QurioError BUDGET_FILE, by the field's path */
export function parseBudget(json: unknown, file: string): Budget {
  const check = new Check(file, "BUDGET_FILE", HINT);
  const budget = check.object(json, "", ["model", "device", "data", "scenario", "limits"]);
  const limits = readFigures(check, budget["limits"], "limits");
  if (Object.keys(limits).length === 0) throw check.error("limits", `at least one of ${NAMES.join(", ")}`, {});
  if ((limits.batteryDays === undefined) !== (budget["scenario"] === undefined))
    throw check.error("scenario", "a scenario where limits.batteryDays is given, and only there,", budget["scenario"]);
  return {
    model: check.text(budget["model"], "model"),
    device: check.text(budget["device"], "device"),
    scenario: budget["scenario"] === undefined ? null : check.text(budget["scenario"], "scenario"),
    data: budget["data"] === undefined ? null : check.text(budget["data"], "data"),
    limits,
  };
}

/** @throws QurioError BUDGET_FILE, by the field's path */
export function parseAccepted(json: unknown, file: string): Accepted {
  const check = new Check(file, "BUDGET_FILE", "qurio budget --accept writes this file; do not edit it.");
  const accepted = check.object(json, "", ["model", "device", "data", "figures", "layers"]);
  const layers = check.list(accepted["layers"], "layers").map((value, i): LayerFigures => {
    const layer = check.object(value, `layers[${i}]`, ["name", "ops", "weightBytes", "cycles"]);
    const number = (field: string) => check.number(layer[field], `layers[${i}].${field}`, { least: 0 });
    return {
      name: check.text(layer["name"], `layers[${i}].name`),
      ops: number("ops"),
      weightBytes: number("weightBytes"),
      cycles: number("cycles"),
    };
  });
  return {
    model: check.text(accepted["model"], "model"),
    device: check.text(accepted["device"], "device"),
    data: check.text(accepted["data"], "data"),
    figures: readFigures(check, accepted["figures"], "figures"),
    layers,
  };
}

function readFigures(check: Check, json: unknown, path: string): Figures {
  const given = check.object(json, path, NAMES);
  const figures: Figures = {};
  for (const name of NAMES) if (given[name] !== undefined) figures[name] = check.number(given[name], `${path}.${name}`, { above: 0 });
  return figures;
}

export interface FigureChange {
  name: Figure;
  now: number;
  limit: number | null;
  accepted: number | null;
  exceeded: boolean;
}

export interface LayerChange {
  name: string;
  /** Null: added, or gone. */
  now: LayerFigures | null;
  accepted: LayerFigures | null;
}

/** Figures in a fixed order, and the layers that are not what they were. */
export function compareBudget(
  budget: Budget,
  now: Accepted,
  accepted: Accepted | null,
): { figures: FigureChange[]; layers: LayerChange[] } {
  const figures = NAMES.filter((name) => now.figures[name] !== undefined).map((name): FigureChange => {
    const [value, limit] = [now.figures[name]!, budget.limits[name] ?? null];
    const exceeded = limit !== null && (name === "batteryDays" ? value < limit : value > limit);
    return { name, now: value, limit, accepted: accepted?.figures[name] ?? null, exceeded };
  });
  if (!accepted) return { figures, layers: [] };
  const names = [...new Set([...now.layers, ...accepted.layers].map(({ name }) => name))];
  const find = (list: readonly LayerFigures[], name: string) => list.find((layer) => layer.name === name) ?? null;
  const layers = names.map((name) => ({ name, now: find(now.layers, name), accepted: find(accepted.layers, name) }));
  return { figures, layers: layers.filter(({ now, accepted }) => !now || !accepted || differs(now, accepted)) };
}

function differs(a: LayerFigures, b: LayerFigures): boolean {
  return a.ops !== b.ops || a.weightBytes !== b.weightBytes || a.cycles !== b.cycles;
}
