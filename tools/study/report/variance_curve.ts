// How steady a router's cost can be made without curiosity: cap the costly expert's share, or wait until a bound has passed.

import { mean, std } from "../statistics/moments.ts";
import type { Model } from "./runs.ts";

export interface CurvePoint {
  /** Largest share of decisions that the costly expert may take, or the bound in cycles that cheaper decisions are padded to. */
  setting: number;
  meanCycles: number;
  stdCycles: number;
}

export interface VarianceCurve {
  capped: CurvePoint[];
  padded: CurvePoint[];
}

const STEPS = 10;

/**
 * Both curves of a router from its decisions' network cycles. Capped: of the costliest expert's decisions, those beyond the cap go to the
 * next cheaper expert and cost its mean; which ones does not matter to cycles. Padded: whoever is done early waits for the bound.
 * F1 under a cap is not known: the study holds one answer per decision. null where one expert takes all.
 */
export function varianceCurve({ runs }: Model): VarianceCurve | null {
  const cycles = runs.flatMap(({ decisions }) => decisions.map((answer) => answer.cycles));
  const byExpert = new Map<string, number[]>();
  for (const { answerers, decisions } of runs) {
    for (const { answerer, cycles: cost } of decisions) {
      const name = answerers[answerer] ?? `${answerer}`;
      byExpert.set(name, [...(byExpert.get(name) ?? []), cost]);
    }
  }
  const [costly, cheaper] = [...byExpert.values()].sort((a, b) => mean(b) - mean(a));
  if (!costly || !cheaper) return null;
  const others = [...byExpert.values()].filter((list) => list !== costly).flat();
  const replacement = mean(cheaper);
  const share = costly.length / cycles.length;
  const steps = Array.from({ length: STEPS + 1 }, (_, i) => i / STEPS);
  const [least, most] = cycles.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [cycles[0]!, cycles[0]!]);
  return {
    capped: steps.map((step) => {
      const kept = Math.round(costly.length * (1 - step));
      const moved = Array<number>(costly.length - kept).fill(replacement);
      return point(share * (1 - step), [...others, ...costly.slice(0, kept), ...moved]);
    }),
    padded: steps.map((step) => {
      const bound = least + step * (most - least);
      return point(
        bound,
        cycles.map((value) => Math.max(value, bound)),
      );
    }),
  };
}

function point(setting: number, cycles: readonly number[]): CurvePoint {
  return { setting, meanCycles: mean(cycles), stdCycles: std(cycles) };
}
