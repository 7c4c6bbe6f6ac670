// What a simulation is told: device, battery, weather and how often something is to be decided. parse_scenario.ts reads it from JSON.

import type { BatteryProfile } from "./batteries.ts";

export const REGULATORS = ["none", "ldo", "buck", "boost"] as const;

/** What one step of a decision takes of the supply. */
export interface Work {
  energyUj: number;
  timeMs: number;
}

/** A way to an answer and the share of decisions that take it; shares add up to 1. */
export interface Answer extends Work {
  name: string;
  share: number;
}

/** Holds while the state of charge (0..1) is above `aboveCharge`; the last one's is 0. */
export interface Policy {
  aboveCharge: number;
  answers: Answer[];
}

/** A decision: the front end, then one answer. */
export interface InferenceCost {
  frontEnd: Work;
  answers: Answer[];
}

export type Gate =
  | { kind: "comparator"; wakesPerHour: number; currentUa: number }
  | { kind: "log-mel"; wakesPerHour: number; framesPerS: number; frameUj: number; frameTimeMs: number };

/** Some decisions (a share of them) send something. */
export interface Sending {
  share: number;
  timeMs: number;
}

export interface Scenario {
  title: string;
  battery: BatteryProfile;
  years: number;
  startDayOfYear: number;
  /** Daily mean over the year, and half of the swing from winter to summer and from night to day. */
  temperature: { meanC: number; seasonC: number; dayC: number };
  supply: {
    regulator: (typeof REGULATORS)[number];
    /** What currents and energies of the scenario are stated at; the regulator's output if there is one. */
    supplyV: number;
    quiescentUa: number;
    /** Of buck and boost. */
    efficiencyPercent: number;
    /** At the battery's terminals: below it, even for a moment, the device stops. */
    brownOutV: number;
  };
  processor: { sleepUa: number; wakeMa: number; wakeTimeMs: number };
  /** `captureUa`: what the processor takes while samples come in. */
  microphone: { activeUa: number; idleUa: number; captureUa: number; windowMs: number };
  decisions: { scheduledPerHour: number; gate: Gate | null };
  frontEnd: Work;
  policies: Policy[];
  radio: null | {
    transmitMa: number;
    onDetection: Sending | null;
    onUncertainty: Sending | null;
    onSchedule: { perDay: number; timeMs: number } | null;
  };
  /** A panel lying flat, its power at 1000 W/m2, and the share of sunlight that clouds let through. */
  sun: null | { panelMw: number; latitudeDeg: number; clearShare: number; efficiencyPercent: number };
  /** Standard deviations of what differs from device to device; for Monte Carlo runs. */
  spread: { wakesPercent: number; temperatureC: number; selfDischargePercent: number; cloudPercent: number };
}
