// The chart of `qurio policies`: on the left what policies gain in days and lose in F1, on the right what listening behind a gate does.

import type { TopLevelSpec } from "vega-lite";
import type { PoliciesResult } from "./compare_policies.ts";

export function policiesChart({ rows, device, battery, everyS, soundShare }: PoliciesResult): TopLevelSpec {
  const reference = rows[0];
  const points = rows
    .filter(({ listening, difference }) => listening === "schedule" && difference)
    .map(({ policy, difference, lifeDays }) => ({
      policy,
      gained: hundredths(100 * (lifeDays / reference.lifeDays - 1)),
      points: hundredths(100 * difference!.mean),
      low: hundredths(100 * (difference!.mean - (difference!.halfWidth ?? 0))),
      high: hundredths(100 * (difference!.mean + (difference!.halfWidth ?? 0))),
    }));
  const limit = rows.find(({ f1 }) => f1 === null)!;
  const gated = new Set(rows.filter(({ listening }) => listening !== "schedule").map(({ policy }) => policy));
  const bars = rows
    .filter(({ policy }) => gated.has(policy))
    .map(({ policy, listening, lifeDays }) => ({
      policy,
      listening: listening === "schedule" ? "no gate" : listening,
      days: Number(lifeDays.toPrecision(4)),
    }));
  const x = {
    field: "gained",
    type: "quantitative",
    title: `days gained over ${reference.policy}, %; dashed: free networks`,
  } as const;
  return {
    title: `${device}, ${battery}, a window every ${everyS} s, sound in ${Number((100 * soundShare).toPrecision(3))} % of them; modelled`,
    hconcat: [
      {
        width: 420,
        height: 280,
        data: { values: points },
        layer: [
          {
            mark: { type: "rule", strokeDash: [4, 4], color: "#888" },
            data: { values: [{ gained: hundredths(100 * (limit.lifeDays / reference.lifeDays - 1)) }] },
            encoding: { x },
          },
          {
            mark: { type: "rule", strokeWidth: 1.5 },
            encoding: {
              x,
              y: { field: "low", type: "quantitative", title: `F1 - ${reference.policy}, points (95 %, paired)` },
              y2: { field: "high" },
              color: { field: "policy", type: "nominal", sort: null, title: "policy" },
            },
          },
          {
            mark: { type: "point", filled: true, size: 70, opacity: 1 },
            encoding: { x, y: { field: "points", type: "quantitative" }, color: { field: "policy", type: "nominal", sort: null } },
          },
        ],
      },
      {
        width: 260,
        height: 280,
        data: { values: bars },
        mark: "bar",
        encoding: {
          y: { field: "listening", type: "nominal", sort: null, title: null },
          yOffset: { field: "policy", sort: null },
          x: { field: "days", type: "quantitative", title: "days" },
          color: { field: "policy", type: "nominal", sort: null },
        },
      },
    ],
  } as TopLevelSpec;
}

/** What a chart shows of a percent; the labels inside of it stay short. */
function hundredths(value: number): number {
  return Math.round(100 * value) / 100;
}
