// How run i of many differs from the scenario. Factors are lognormal (they cannot become negative, their median is 1), capacity and temperature
// normal; nothing lies further out than three standard deviations.

import jstat from "jstat";
import type { Scenario } from "./scenario.ts";
import type { Variation } from "./simulate.ts";

const TAIL = 0.00135; // beyond three standard deviations, each side

/** Deterministic in scenario, seed and run. */
export function variationOf({ battery, spread }: Scenario, seed: number, run: number): Variation {
  const normal = (which: number) => jstat.normal.inv(TAIL + (1 - 2 * TAIL) * uniform(seed, run, which), 0, 1);
  const factor = (percent: number, which: number) => Math.exp(Math.log1p(percent / 100) * normal(which));
  return {
    capacity: 1 + (battery.capacitySpread.value / 100) * normal(0),
    wakes: factor(spread.wakesPercent, 1),
    temperatureC: spread.temperatureC * normal(2),
    selfDischarge: factor(spread.selfDischargePercent, 3),
    sun: factor(spread.cloudPercent, 4),
  };
}

/** In 0..1, from three whole numbers: each is mixed in by the finalizer of MurmurHash3 (A. Appleby), which scatters neighbours. */
function uniform(...numbers: number[]): number {
  let hash = 0x9e3779b9;
  for (const number of numbers) {
    hash = Math.imul(hash ^ number, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash ^= hash >>> 16;
  }
  return ((hash >>> 0) + 0.5) / 2 ** 32;
}
