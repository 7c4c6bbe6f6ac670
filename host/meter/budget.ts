// Browser-safe. Budgets: what a model may cost on a device, and how its figures compare with limits and with those last accepted.

import * as v from "valibot";
import { checkJson } from "../json.ts";
import { list, number, object, rule, type Schema, text, wrong } from "../schema.ts";

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

const NAMES = Object.keys(FIGURES) as Figure[];

const figures = v.pipe(
  object(
    Object.fromEntries(NAMES.map((name) => [name, v.exactOptional(number(FIGURES[name], { above: 0 }))])) as Record<
      Figure,
      v.ExactOptionalSchema<Schema<number>, undefined>
    >,
  ),
  v.title("figures that can be limited"),
);
export type Figures = v.InferOutput<typeof figures>;

/** qurio.budget.json: what a model may cost. */
export const BUDGET = v.pipe(
  object({
    model: text("model file (.qmoe) or baked module (.wasm), relative to the budget's folder"),
    device: text("device profile: a name that `qurio devices` lists, or the path of a .json file"),
    data: v.exactOptional(text("clips that means are taken over, as for --data; the bundled sample without it")),
    scenario: v.exactOptional(
      text(
        "scenario of `qurio simulate` that gives the battery's days, in which this model decides on this device; relative to the budget's folder",
      ),
    ),
    limits: v.pipe(figures, v.minEntries(1, `at least one of ${NAMES.join(", ")}`)),
  }),
  rule(({ scenario, limits }) =>
    (limits.batteryDays === undefined) === (scenario === undefined)
      ? undefined
      : wrong(["scenario"], "a scenario where limits.batteryDays is given, and only there,", scenario),
  ),
);
export type Budget = v.InferOutput<typeof BUDGET>;

const COUNT = { least: 0 };
const layer = v.pipe(
  object({
    name: text(),
    ops: number("wasm operations of a decision, mean of the clips", COUNT),
    weightBytes: number("bytes of packed weights and scales", COUNT),
    cycles: number("modelled cycles, mean of the clips", COUNT),
  }),
  v.description("a layer, a router's sample, or a phase of the front end"),
);
export type LayerFigures = v.InferOutput<typeof layer>;

/** What `--accept` writes beside the budget. */
export const ACCEPTED = object({ model: text(), device: text(), data: text("what means were taken over"), figures, layers: list(layer) });
export type Accepted = v.InferOutput<typeof ACCEPTED>;

/** @throws QurioError BUDGET_FILE, by the field's path */
export function parseBudget(json: unknown, file: string): Budget {
  return checkJson(BUDGET, json, { file, code: "BUDGET_FILE", hint: "docs/budget.md shows a budget file." });
}

/** @throws QurioError BUDGET_FILE, by the field's path */
export function parseAccepted(json: unknown, file: string): Accepted {
  return checkJson(ACCEPTED, json, { file, code: "BUDGET_FILE", hint: "qurio budget --accept writes this file; do not edit it." });
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
