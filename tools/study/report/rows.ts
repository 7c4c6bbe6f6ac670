// What one model is worth and what it costs, over all seeds and folds: a row of the report's tables.

import { energyUjOf } from "../../../host/meter/cost.ts";
import type { DeviceProfile } from "../../../host/meter/device.ts";
import { accuracy, calibrationError } from "../../train/metrics.ts";
import { type Coverage, coverageAtRisk, falseAlarmsPerHour } from "../metrics/alarms.ts";
import { augrc, aurc } from "../metrics/selective.ts";
import type { Answer, ModelRun } from "../result.ts";
import { type Area, auroc } from "../statistics/auroc.ts";
import { mean, std } from "../statistics/moments.ts";
import { type Figure, f1Of, f1Statistic, figuresOf, gridOf, type Model, momentsStatistic } from "./runs.ts";

export interface Spread {
  mean: number;
  /** Over decisions; NaN for a single one. */
  std: number;
  worst: number;
}

export interface Row {
  name: string;
  runs: number;
  folds: number;
  /** Mean over runs, a run being a seed and a fold; its spread over runs; its interval by the bootstrap. */
  f1: Figure & { std: number };
  accuracy: number;
  packedBytes: number;
  bitsPerWeight: number;
  /** Modelled. Network: router and experts. Whole: with the front end. */
  cycles: { network: Spread; whole: Spread };
  f1PerMj: { network: Figure; whole: Figure };
  /** Of decisions, in the order of `answerers`. */
  shares: { name: string; share: number }[];
  calibrationError: number;
  /** Of error detection, each score clustered by clip. */
  areas: { entropy: Area | null; mutualInformation: Area | null; routerVariance: Area | null };
  aurc: number;
  augrc: number;
  /** Of telling clips of the other set by their entropy. */
  outOfDistribution: Area | null;
  /** Per hour, on the other set and on noise. */
  alarms: { outOfDistribution: number | null; noise: number | null };
  /** With the conformal threshold for 5 % risk. */
  coverage: Coverage | null;
  /** Wall time, measured. */
  latencyUs: Spread;
}

export const RISK = 0.05;

export function rowOf(model: Model, classes: number, device: DeviceProfile): Row {
  const { runs } = model;
  const decisions = runs.flatMap((run) => run.decisions);
  const correct = decisions.map(({ predicted, truth }) => predicted === truth);
  const judged = decisions.map(({ entropy }, i) => ({ uncertainty: entropy, correct: correct[i]! }));
  const f1s = runs.map((run) => f1Of(run, classes));
  const grid = gridOf(model);
  const frontEnd = runs[0]!.frontEnd.cycles;
  const f1 = f1Statistic(grid, 0, classes);
  const cost = momentsStatistic(grid, 0, ({ cycles }) => cycles);
  const [f1Figure, f1PerMjNetwork, f1PerMjWhole] = figuresOf(grid, (draws) => {
    const [worth, cycles] = [f1(draws), cost(draws).mean];
    const perMj = (more: number) => worth / (energyUjOf(cycles + more, device).value / 1000);
    return [worth, perMj(0), perMj(frontEnd)];
  });
  const network = spreadOf(decisions.map(({ cycles }) => cycles));
  return {
    name: model.name,
    runs: runs.length,
    folds: grid.sizes.length,
    f1: { ...f1Figure!, value: mean(f1s), std: std(f1s) },
    accuracy: accuracy(
      decisions.map(({ truth }) => truth),
      decisions.map(({ predicted }) => predicted),
    ),
    packedBytes: mean(runs.map((run) => run.packedBytes)),
    bitsPerWeight: mean(runs.map((run) => run.bitsPerWeight)),
    cycles: { network, whole: { mean: network.mean + frontEnd, std: network.std, worst: network.worst + frontEnd } },
    f1PerMj: { network: f1PerMjNetwork!, whole: f1PerMjWhole! },
    shares: sharesOf(runs),
    calibrationError: calibrationError(
      decisions.map(({ probability }) => probability),
      correct,
    ),
    areas: {
      entropy: errorArea(decisions, ({ entropy }) => entropy),
      mutualInformation: errorArea(decisions, ({ mutualInformation }) => mutualInformation),
      routerVariance: errorArea(decisions, ({ routerVariance }) => routerVariance),
    },
    aurc: aurc(judged),
    augrc: augrc(judged),
    outOfDistribution: otherSetArea(runs),
    alarms: {
      outOfDistribution: falseAlarmsPerHour(runs.flatMap((run) => run.outOfDistribution)),
      noise: falseAlarmsPerHour(runs.flatMap((run) => run.noise)),
    },
    coverage: coverageAtRisk(runs, RISK),
    latencyUs: spreadOf(decisions.map(({ latencyUs }) => latencyUs)),
  };
}

function spreadOf(values: readonly number[]): Spread {
  return { mean: mean(values), std: std(values), worst: values.reduce((a, b) => Math.max(a, b), 0) };
}

function sharesOf(runs: readonly ModelRun[]): Row["shares"] {
  const counts = new Map<string, number>();
  for (const { answerers, decisions } of runs) {
    for (const name of answerers) counts.set(name, counts.get(name) ?? 0);
    for (const { answerer } of decisions) {
      const name = answerers[answerer] ?? `${answerer}`;
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  const all = [...counts.values()].reduce((a, b) => a + b, 0);
  return [...counts].map(([name, count]) => ({ name, share: count / all }));
}

/** null where the model has no such score. */
function errorArea(decisions: readonly Answer[], score: (answer: Answer) => number | null): Area | null {
  const scored = decisions.flatMap((answer) => {
    const value = score(answer);
    return value === null ? [] : [{ score: value, positive: answer.predicted !== answer.truth, cluster: answer.clip }];
  });
  return scored.length === decisions.length ? auroc(scored) : null;
}

function otherSetArea(runs: readonly ModelRun[]): Area | null {
  return auroc(
    runs.flatMap(({ decisions, outOfDistribution }) => [
      ...decisions.map(({ entropy, clip }) => ({ score: entropy, positive: false, cluster: clip })),
      ...outOfDistribution.map(({ entropy, clip }) => ({ score: entropy, positive: true, cluster: `other ${clip}` })),
    ]),
  );
}
