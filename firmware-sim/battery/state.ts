// The battery under a load: voltage and current at its terminals, for the lasting load and for pulses of a class.
//
//   lasting   V = OCV(depth) - I R            R = R0 * byDepth(depth) * byTemperature(C)
//   pulse     V = OCV - Ibase R - (I - Ibase) Rp(t)        Rp(t) = R * (fast + (1 - fast) * (1 - exp(-t / settling)))
//
// An LDO draws what it gives (I = load + quiescent); a buck or boost draws power (V I = load * supplyV / efficiency), so V solves a
// quadratic. Below its output voltage an LDO or buck passes the battery through.

import type { BatteryProfile } from "./batteries.ts";
import { sampler } from "./curve.ts";
import type { Scenario } from "./scenario.ts";

/** `voltageV` 0: the battery cannot give that power. */
export interface Draw {
  voltageV: number;
  currentUa: number;
  /** A buck or boost converts; false where the battery's current is the load's. */
  converts: boolean;
}

export function noDraw(): Draw {
  return { voltageV: 0, currentUa: 0, converts: false };
}

/** Terminal voltage and current for `loadUa` at the supply, from `emfV` behind `ohm`. Writes into `out`. */
export function draw(supply: Scenario["supply"], emfV: number, ohm: number, loadUa: number, out: Draw): Draw {
  const { regulator, supplyV, quiescentUa } = supply;
  out.currentUa = loadUa + quiescentUa;
  out.voltageV = emfV - out.currentUa * 1e-6 * ohm;
  out.converts = false;
  if (regulator === "none" || regulator === "ldo") return out;
  const emf = emfV - quiescentUa * 1e-6 * ohm;
  const powerW = (loadUa * 1e-6 * supplyV * 100) / supply.efficiencyPercent;
  const root = emf * emf - 4 * powerW * ohm;
  const voltageV = root < 0 ? 0 : (emf + Math.sqrt(root)) / 2;
  if (regulator === "buck" && voltageV < supplyV) return out;
  out.converts = true;
  out.voltageV = voltageV;
  out.currentUa = voltageV === 0 ? Number.POSITIVE_INFINITY : (powerW / voltageV) * 1e6 + quiescentUa;
  return out;
}

/** Volts that the load sees. */
export function outputV({ regulator, supplyV }: Scenario["supply"], { voltageV, converts }: Draw): number {
  if (regulator === "none") return voltageV;
  return converts ? supplyV : Math.min(supplyV, voltageV);
}

/** What the regulator itself turns into heat, W: conversion and quiescent current. */
export function regulatorLossW(supply: Scenario["supply"], drawn: Draw, loadUa: number): number {
  const quiescentW = drawn.voltageV * supply.quiescentUa * 1e-6;
  if (drawn.converts) return quiescentW + loadUa * 1e-6 * supply.supplyV * (100 / supply.efficiencyPercent - 1);
  return quiescentW + loadUa * 1e-6 * (drawn.voltageV - outputV(supply, drawn));
}

/** A battery's curves, ready for the inner loop. */
export interface Cell {
  openCircuitV(depth: number): number;
  resistanceByDepth(depth: number): number;
  resistanceByTemperature(temperatureC: number): number;
  capacityByTemperature(temperatureC: number): number;
  /** At a mean current. */
  capacityByRate(currentUa: number): number;
  /** Share of the resistance that a pulse of this length meets. */
  pulseShare(timeMs: number): number;
  /** Share of the remaining charge lost in an hour. */
  selfDischargePerHour(temperatureC: number): number;
}

const YEAR_HOURS = 8760;

export function cellOf(battery: BatteryProfile): Cell {
  const byRate = sampler(battery.capacityByRate);
  const fast = battery.fastShare.value;
  const yearly = -Math.log1p(-battery.selfDischarge.value / 100);
  return {
    openCircuitV: sampler(battery.openCircuit),
    resistanceByDepth: sampler(battery.resistanceByDepth),
    resistanceByTemperature: sampler(battery.resistanceByTemperature),
    capacityByTemperature: sampler(battery.capacityByTemperature),
    capacityByRate: (currentUa) => byRate(currentUa * 1e-3),
    pulseShare: (timeMs) => fast + (1 - fast) * -Math.expm1(-timeMs / battery.settling.value),
    selfDischargePerHour: (temperatureC) => (yearly / YEAR_HOURS) * 2 ** ((temperatureC - 20) / battery.selfDischargeDoubling.value),
  };
}
