// Charge and voltage over the life, as a Vega-Lite description for host/plot.ts.

import type { TopLevelSpec } from "vega-lite";
import type { Scenario } from "./scenario.ts";
import type { SimulationResult } from "./simulate.ts";

/** Two panels over the same days: state of charge; voltage under the lasting load and the heaviest pulse, with brown-out as a line. */
export function lifeChart({ title, battery, supply }: Scenario, { history, lifeDays, end }: SimulationResult): TopLevelSpec {
  const x = { field: "day", type: "quantitative", title: "day", scale: { nice: false } };
  const panel = { width: 640, height: 180 };
  const charge = history.map(({ day, charge }) => ({ day, percent: 100 * charge }));
  const volts = history.flatMap(({ day, baseV, lowestV }) => [
    { day, volts: baseV, under: "lasting load" },
    { day, volts: lowestV, under: "heaviest pulse" },
  ]);
  const chart = {
    title: {
      text: title,
      subtitle: [
        `modelled: ${lifeDays.toFixed(0)} days on ${battery.title}`,
        end.cause === "horizon" ? end.detail : `ends by ${end.cause}: ${end.detail}`,
      ],
    },
    vconcat: [
      {
        ...panel,
        data: { values: charge },
        mark: "line",
        encoding: { x, y: { field: "percent", type: "quantitative", title: "charge, %", scale: { domain: [0, 100] } } },
      },
      {
        ...panel,
        layer: [
          {
            data: { values: volts },
            mark: "line",
            encoding: {
              x,
              y: { field: "volts", type: "quantitative", title: "battery, V", scale: { zero: false } },
              color: { field: "under", type: "nominal", title: "under", sort: null },
            },
          },
          {
            data: { values: [{ volts: supply.brownOutV }] },
            mark: { type: "rule", strokeDash: [4, 4], color: "firebrick" },
            encoding: { y: { field: "volts", type: "quantitative" } },
          },
        ],
      },
    ],
  };
  return chart as TopLevelSpec;
}
