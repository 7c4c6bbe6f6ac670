// The report's charts as Vega-Lite descriptions.

import type { TopLevelSpec } from "vega-lite";
import { energyUjOf } from "../../../host/meter/cost.ts";
import { reliabilityBins } from "../metrics/reliability.ts";
import { riskCoverage } from "../metrics/selective.ts";
import type { Answer } from "../result.ts";
import type { Context } from "./context.ts";
import { isCurious, SINGLE_4 } from "./names.ts";
import type { Model } from "./runs.ts";
import { varianceCurve } from "./variance_curve.ts";

const WIDTH = 620;
const HEIGHT = 320;
const CONFIG = { axis: { grid: true, gridColor: "#eceff3", labelLimit: 400 }, legend: { labelLimit: 480 }, view: { stroke: "#d7dde4" } };

/** Vega-Lite's types know every mark and channel; these charts need to know none of them. */
function chart(values: object[], rest: object): TopLevelSpec {
  return { width: WIDTH, height: HEIGHT, config: CONFIG, data: { values }, ...rest } as unknown as TopLevelSpec;
}

const quantitative = (field: string, title: string, rest: object = {}) => ({ field, type: "quantitative", title, ...rest });
const nominal = (field: string, title: string | null, rest: object = {}) => ({ field, type: "nominal", title, sort: null, ...rest });
const fitted = { scale: { zero: false, nice: true, padding: 16 } };
const logarithmic = { scale: { type: "log", nice: false, padding: 40 } };

function kindOf(name: string): string {
  if (isCurious(name)) return "curiosity";
  if (name.includes("-QMoE")) return "mixture";
  return name.includes("-Base") ? "single" : "escalation and others";
}

/** F1 against energy; the line joins rows that no other beats in both. Two panels: network only and whole decision. */
export function paretoChart({ rows, device }: Context): TopLevelSpec {
  const values = (["network", "whole"] as const).flatMap((part) => {
    const points = rows.map((row) => ({
      part: part === "network" ? "network only" : "whole decision",
      name: row.name,
      kind: kindOf(row.name),
      energyUj: energyUjOf(row.cycles[part].mean, device).value,
      f1: row.f1.value,
    }));
    const beaten = (p: (typeof points)[number]) =>
      points.some((o) => o.energyUj <= p.energyUj && o.f1 >= p.f1 && (o.energyUj < p.energyUj || o.f1 > p.f1));
    return points.map((p) => ({ ...p, front: !beaten(p) }));
  });
  const x = quantitative("energyUj", "modelled energy per decision, uJ (logarithmic)", logarithmic);
  const y = quantitative("f1", "weighted F1", fitted);
  const front = { filter: "datum.front" };
  const labelled = { filter: `datum.front || datum.name === "${SINGLE_4}"` };
  return chart(values, {
    width: undefined,
    height: undefined,
    facet: { column: nominal("part", null) },
    resolve: { scale: { x: "independent" } },
    spec: {
      width: 430,
      height: HEIGHT,
      layer: [
        { transform: [front], mark: { type: "line", color: "#9aa5b1" }, encoding: { x, y, order: { field: "energyUj" } } },
        { mark: { type: "point", filled: true, size: 60 }, encoding: { x, y, color: nominal("kind", "kind") } },
        {
          transform: [labelled],
          mark: { type: "text", align: "left", dx: 6, dy: -6, fontSize: 10 },
          encoding: { x, y, text: { field: "name" } },
        },
      ],
    },
  });
}

/** Where a router's decisions lie in time: circles as large as their share. `value` in us. */
export function latencyChart(models: readonly Model[], title: string, value: (answer: Answer) => number): TopLevelSpec {
  const bins = 60;
  const slowest = models.map(({ runs }) => {
    const times = runs.flatMap(({ decisions }) => decisions.map(value)).sort((a, b) => a - b);
    // wall times of the last percent are noise of the machine and would squeeze the rest
    return times[Math.floor(0.99 * (times.length - 1))]!;
  });
  const top = 1.02 * Math.max(...slowest);
  const values = models.flatMap(({ name, runs }) => {
    const counts = new Map<number, number>();
    const own = runs.flatMap(({ decisions }) => decisions.map(value));
    for (const time of own) {
      const bin = Math.min(bins, Math.round((time / top) * bins));
      counts.set(bin, (counts.get(bin) ?? 0) + 1);
    }
    return [...counts].sort(([a], [b]) => a - b).map(([bin, count]) => ({ name, time: (bin / bins) * top, share: count / own.length }));
  });
  return chart(values, {
    height: { step: 22 },
    mark: { type: "circle", opacity: 0.75 },
    encoding: {
      x: quantitative("time", title),
      y: nominal("name", null),
      size: quantitative("share", "share of decisions", { scale: { domain: [0, 1], range: [0, 420] } }),
    },
  });
}

export function riskChart(models: readonly Model[]): TopLevelSpec {
  const values = models.flatMap(({ name, runs }) => {
    const curve = riskCoverage(
      runs.flatMap(({ decisions }) => decisions.map((a) => ({ uncertainty: a.entropy, correct: a.predicted === a.truth }))),
    );
    const every = Math.max(1, Math.floor(curve.length / 120));
    return curve
      .filter((_, i) => i % every === every - 1 || i === curve.length - 1)
      .map(({ coverage, risk }) => ({ name, coverage, risk }));
  });
  return chart(values, {
    mark: { type: "line", strokeWidth: 1.5 },
    encoding: {
      x: quantitative("coverage", "coverage: share answered, the surest first"),
      y: quantitative("risk", "risk: share wrong among them"),
      color: nominal("name", "model"),
    },
  });
}

export function reliabilityChart(models: readonly Model[]): TopLevelSpec {
  const values = models.flatMap(({ name, runs }) =>
    reliabilityBins(
      runs.flatMap(({ decisions }) => decisions.map((a) => ({ probability: a.probability, correct: a.predicted === a.truth }))),
    )
      .filter(({ count }) => count > 0)
      .map(({ meanProbability, accuracy, count }) => ({ name, probability: meanProbability, accuracy, count })),
  );
  const ends = [
    { probability: 0, accuracy: 0 },
    { probability: 1, accuracy: 1 },
  ];
  const x = quantitative("probability", "mean probability of the bin", { scale: { domain: [0, 1] } });
  const y = quantitative("accuracy", "share right in the bin", { scale: { domain: [0, 1] } });
  return chart(values, {
    width: HEIGHT,
    layer: [
      { data: { values: ends }, mark: { type: "line", color: "#9aa5b1", strokeDash: [4, 4] }, encoding: { x, y } },
      { mark: { type: "line", strokeWidth: 1.5 }, encoding: { x, y, color: nominal("name", "model") } },
      { mark: { type: "circle" }, encoding: { x, y, color: nominal("name", "model"), size: quantitative("count", "answers in the bin") } },
    ],
  });
}

/** Entropy of right and of wrong answers, each as shares of its own kind. */
export function entropyChart({ runs }: Model, classes: number): TopLevelSpec {
  const bins = 24;
  const top = Math.log(classes);
  const decisions = runs.flatMap((run) => run.decisions);
  const values = [true, false].flatMap((right) => {
    const own = decisions.filter(({ predicted, truth }) => (predicted === truth) === right);
    const counts = new Array<number>(bins).fill(0);
    for (const { entropy } of own) counts[Math.min(bins - 1, Math.floor((entropy / top) * bins))]!++;
    return counts.map((count, bin) => ({
      answers: `${right ? "right" : "wrong"} (${own.length})`,
      from: (bin / bins) * top,
      to: ((bin + 1) / bins) * top,
      share: own.length > 0 ? count / own.length : 0,
    }));
  });
  return chart(values, {
    mark: { type: "bar", opacity: 0.55 },
    encoding: {
      x: quantitative("from", "entropy of the answer, nats"),
      x2: { field: "to" },
      y: quantitative("share", "share of its kind", { stack: null, scale: { domainMin: 0 } }),
      y2: { datum: 0 },
      color: nominal("answers", "answers", { scale: { range: ["#3b7dd8", "#d8583b"] } }),
    },
  });
}

export function classChart({ runs }: Model, labels: readonly string[]): TopLevelSpec {
  const values = runs.flatMap(({ decisions }) =>
    decisions.map(({ truth, entropy }) => ({ label: labels[truth] ?? `${truth}`, entropy: Number(entropy.toFixed(4)) })),
  );
  return chart(values, {
    height: { step: 22 },
    mark: { type: "boxplot", extent: "min-max", size: 12 },
    encoding: {
      x: quantitative("entropy", "entropy of the answer, nats"),
      y: { field: "label", type: "nominal", title: null, sort: "ascending" },
    },
  });
}

/** Null where one expert takes all. */
export function varianceChart(curious: Model, plain: Model | null): TopLevelSpec | null {
  const curve = varianceCurve(plain ?? curious);
  if (!curve) return null;
  const own = varianceCurve(curious);
  const base = plain ? "plain router" : "curiosity";
  const values = [
    ...curve.capped.map((point) => ({ ...point, how: `${base}, costliest expert's share capped` })),
    ...curve.padded.map((point) => ({ ...point, how: `${base}, padded to a bound` })),
    ...(plain && own ? [{ ...own.capped[0]!, how: "curiosity, as it is" }] : []),
  ];
  return chart(values, {
    mark: { type: "line", point: { size: 40 } },
    encoding: {
      x: quantitative("meanCycles", "mean network cycles", { ...fitted, axis: { format: "~s" } }),
      y: quantitative("stdCycles", "standard deviation of network cycles", { axis: { format: "~s" } }),
      color: nominal("how", null),
      order: { field: "setting", type: "quantitative" },
    },
  });
}
