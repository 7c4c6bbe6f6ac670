// Scenarios for tests of the battery simulation: a plain battery whose behaviour closed forms describe, and a load.

import { type BatteryProfile, loadBattery, parseBattery } from "../../firmware-sim/battery/batteries.ts";
import type { ScenarioInput } from "../../firmware-sim/battery/index.ts";

type Json = Record<string, unknown>;

const constant = (value: number, unit: string) => ({ value, unit, source: "test" });
const curve = (unit: string, points: [number, number][]) => ({ unit, points, source: "test" });

/** 1000 mAh, 3.6 V falling straight to 2.0 V, 1 ohm at any depth, no losses, 100 years. */
export function plainBattery(changes: Json = {}): BatteryProfile {
  return parseBattery({
    name: "plain",
    title: "plain",
    capacity: constant(1000, "mAh"),
    capacityByTemperature: curve("C, share", [
      [-20, 1],
      [20, 1],
    ]),
    capacityByRate: curve("mA, share", [
      [0, 1],
      [1e5, 1],
    ]),
    openCircuit: curve("depth, V", [
      [0, 3.6],
      [1, 2],
    ]),
    resistance: constant(1, "ohm"),
    resistanceByDepth: curve("depth, x", [
      [0, 1],
      [1, 1],
    ]),
    resistanceByTemperature: curve("C, x", [
      [-20, 1],
      [20, 1],
    ]),
    fastShare: constant(1, "share"),
    settling: constant(100, "ms"),
    selfDischarge: constant(0, "%/year"),
    selfDischargeDoubling: constant(10, "K"),
    cutoff: constant(0.5, "V"),
    calendarLife: constant(100, "years"),
    capacitySpread: constant(0, "%"),
    ...changes,
  });
}

/** Sleeps at 100 uA without a regulator and next to never decides. */
export function plainScenario(changes: Json = {}): ScenarioInput {
  return {
    title: "test",
    battery: plainBattery(),
    years: 100,
    temperature: { meanC: 20, seasonC: 0, dayC: 0 },
    supply: { regulator: "none", supplyV: 3, brownOutV: 0.5 },
    processor: { sleepUa: 100, wakeMa: 0, wakeTimeMs: 0 },
    microphone: { activeUa: 0, idleUa: 0, captureUa: 0, windowMs: 0 },
    decisions: { scheduledPerHour: 1e-9 },
    inference: { frontEnd: { energyUj: 0, timeMs: 0 }, answers: [{ name: "all", share: 1, energyUj: 0, timeMs: 0 }] },
    ...changes,
  };
}

/** Everything at once: gate, answers of two kinds, radio of three, a buck regulator, seasons and nights. */
export function fullScenario(changes: Json = {}): ScenarioInput {
  return plainScenario({
    battery: loadBattery("aa-alkaline-2"),
    years: 10,
    temperature: { meanC: 12, seasonC: 8, dayC: 4 },
    supply: { regulator: "buck", supplyV: 1.8, quiescentUa: 0.5, efficiencyPercent: 85, brownOutV: 1.9 },
    processor: { sleepUa: 4, wakeMa: 5, wakeTimeMs: 1 },
    microphone: { activeUa: 150, idleUa: 1, captureUa: 300, windowMs: 5000 },
    decisions: { scheduledPerHour: 10, gate: { kind: "comparator", wakesPerHour: 20, currentUa: 6 } },
    inference: {
      frontEnd: { energyUj: 6500, timeMs: 280 },
      answers: [
        { name: "probe", share: 0.8, energyUj: 45, timeMs: 2 },
        { name: "4", share: 0.2, energyUj: 300, timeMs: 13 },
      ],
    },
    radio: {
      transmitMa: 20,
      onDetection: { share: 0.25, timeMs: 30 },
      onUncertainty: { share: 0.05, timeMs: 100 },
      onSchedule: { perDay: 24, timeMs: 5 },
    },
    spread: { wakesPercent: 50, temperatureC: 3, selfDischargePercent: 50 },
    ...changes,
  });
}
