// A battery's life, step by step. Duty cycles are aggregated; a step is at most an hour and takes at most a 2000th of the charge.
//
//   available = capacity * byTemperature(C) * byRate(mean current)         depth = used / available
//   used += (mean current + self-discharge * (capacity - used) - sun) * dt
//
// What is not available in the cold is so again when it is warmer. The first hour in which the device stops ends the life, whatever came after.

import { loadOf } from "./load.ts";
import { ACCOUNTS, type Account, type OperatingPoint, OperatingPoints, SELF_DISCHARGE, segmentsOf } from "./operating_point.ts";
import type { Scenario } from "./scenario.ts";
import { cellOf } from "./state.ts";
import { sunMw, temperatureAt, YEAR_HOURS } from "./sun.ts";

/**
 * capacity: what is left does not carry the lasting load; brown-out: it does, but not a pulse on top of it; calendar: the battery is too old;
 * horizon: the simulated time was over first.
 */
export const END_CAUSES = ["capacity", "brown-out", "calendar", "horizon"] as const;
export type EndCause = (typeof END_CAUSES)[number];

export interface HistoryPoint {
  day: number;
  /** State of charge, 0..1. */
  charge: number;
  /** Under the lasting load. */
  baseV: number;
  /** Under the heaviest pulse. */
  lowestV: number;
}

export interface SimulationResult {
  kind: "modelled";
  lifeDays: number;
  end: { cause: EndCause; detail: string };
  /** Joules that left the battery, by cause and as losses; they add up to `drawnJ`. */
  energyJ: Record<Account, number>;
  drawnJ: number;
  /** mAh: drawn by the device + selfDischarge - charged = used; what was left of the capacity is not lost but out of reach. */
  chargeMah: { drawn: number; selfDischarge: number; charged: number; used: number; left: number };
  /** Of the battery, over the life. */
  meanCurrentUa: number;
  /** capacity / mean current: what a division promises, without self-discharge, sag, cold and rate. */
  naiveDays: number;
  history: HistoryPoint[];
}

/** How one device of many differs; all 1 (and 0 C) is the scenario itself. */
export interface Variation {
  capacity: number;
  wakes: number;
  temperatureC: number;
  selfDischarge: number;
  sun: number;
}

export const NO_VARIATION: Variation = { capacity: 1, wakes: 1, temperatureC: 0, selfDischarge: 1, sun: 1 };

const DEPTH_STEP = 1 / 2000;
const MAX_POINTS = 800;

/**
 * Simulates until the device stops or the scenario's years are over. 10 years take less than 0.1 s.
 * @param history false leaves the course out (Monte Carlo runs)
 */
export function simulateScenario(scenario: Scenario, variation: Variation = NO_VARIATION, history = true): SimulationResult {
  const { battery } = scenario;
  const cell = cellOf(battery);
  const loads = scenario.inference.policies.map((policy) => segmentsOf(loadOf(scenario, policy, variation.wakes), cell));
  const year = weather(scenario, cell, variation);
  const capacity = battery.capacity.value * variation.capacity;
  const startHour = Math.round((scenario.startDayOfYear - 1) * 24);
  const calendarHours = battery.calendarLife.value * YEAR_HOURS;
  const endHours = Math.min(scenario.years * YEAR_HOURS, calendarHours);
  const remembered = new OperatingPoints(scenario.supply, cell, loads);
  const course = new Course(history);
  const charge = { drawn: 0, selfDischarge: 0, charged: 0 };
  let drawnJ = 0;
  let used = 0;
  let hours = 0;
  let rateShare = 1;
  let selfDischargeJ = 0;
  let end: SimulationResult["end"] | null = null;
  while (end === null) {
    const hour = Math.floor(hours + 1e-9);
    const slot = (startHour + hour) % YEAR_HOURS;
    const most = capacity * year.capacity[slot];
    const before = used / (most * rateShare);
    const now = remembered.at(slot % 24, policyAt(scenario, 1 - before), before, year.ohm[slot]);
    const { point, openCircuitV } = now;
    rateShare = now.rateShare;
    const available = most * rateShare;
    const depth = used / available;
    end = stops(scenario, point, depth, () => where(hours, year.temperatureC[slot]));
    course.add(hours, 1 - depth, point.baseV, point.lowestV, end !== null);
    if (end) break;
    const lossMa = year.selfDischarge[slot] * (capacity - used);
    const chargeMa = chargingMa(year.sunMw[slot], point.baseV, used + (point.meanUa * 1e-3 + lossMa), battery.charge?.maximum.value ?? 0);
    const net = point.meanUa * 1e-3 + lossMa - chargeMa;
    let step = Math.min(hour + 1 - hours, endHours - hours);
    if (net > 0) step = Math.min(step, (DEPTH_STEP * available) / net, Math.max(1e-9, (available - used) / net));
    used = Math.max(0, used + net * step);
    charge.drawn += point.meanUa * 1e-3 * step;
    charge.selfDischarge += lossMa * step;
    charge.charged += chargeMa * step;
    now.hours += step;
    selfDischargeJ += openCircuitV * lossMa * 3.6 * step;
    drawnJ += openCircuitV * (point.meanUa * 1e-3 + lossMa) * 3.6 * step;
    hours += step;
    if (hours >= endHours - 1e-9) {
      const calendar = endHours === calendarHours;
      const detail = calendar
        ? `${battery.calendarLife.value} years, the age that ${battery.name} is good for`
        : `nothing: still running when the ${scenario.years} years are over`;
      end = { cause: calendar ? "calendar" : "horizon", detail };
      course.add(hours, 1 - used / available, point.baseV, point.lowestV, true);
    }
  }
  const energyJ = remembered.spentJ();
  energyJ[SELF_DISCHARGE] = selfDischargeJ;
  const meanCurrentUa = (charge.drawn / Math.max(hours, 1e-12)) * 1e3;
  return {
    kind: "modelled",
    lifeDays: hours / 24,
    end,
    energyJ: Object.fromEntries(ACCOUNTS.map((name, i) => [name, energyJ[i]])) as Record<Account, number>,
    drawnJ,
    chargeMah: { ...charge, used, left: capacity - used },
    meanCurrentUa,
    naiveDays: hours === 0 ? 0 : battery.capacity.value / meanCurrentUa / 0.024,
    history: course.points,
  };
}

/** Why the device stops at this point, or null. */
function stops({ battery, supply }: Scenario, point: OperatingPoint, depth: number, when: () => string): SimulationResult["end"] | null {
  const leastV = Math.max(supply.brownOutV, battery.cutoff.value);
  if (point.baseV < leastV) return { cause: "capacity", detail: `less than ${leastV} V under the lasting load ${when()}` };
  if (point.lowestV < supply.brownOutV) {
    const sag = `${point.lowestV.toFixed(2)} V under ${point.lowestAt}, charge ${percent(1 - depth)}`;
    return { cause: "brown-out", detail: `${sag} ${when()}` };
  }
  return depth >= 1 - 1e-12 ? { cause: "capacity", detail: `nothing left to take ${when()}` } : null;
}

/** The sun's current into the battery, mA: no more than it takes, and than what there is room for (an hour's worth). */
function chargingMa(sunPowerMw: number, voltageV: number, roomMah: number, mostMa: number): number {
  return sunPowerMw === 0 ? 0 : Math.min(sunPowerMw / voltageV, mostMa, roomMah);
}

/** Index of the policy that holds at a state of charge. */
export function policyAt({ inference: { policies } }: Scenario, charge: number): number {
  let index = 0;
  while (index < policies.length - 1 && charge <= policies[index].aboveCharge) index++;
  return index;
}

/** What a year of hours does to the battery; every year is like the others. */
export function weather(scenario: Scenario, cell: ReturnType<typeof cellOf>, variation: Variation) {
  const { battery, temperature, sun } = scenario;
  const table = () => new Float64Array(YEAR_HOURS);
  const year = { temperatureC: table(), capacity: table(), ohm: table(), selfDischarge: table(), sunMw: table() };
  for (let hour = 0; hour < YEAR_HOURS; hour++) {
    const temperatureC = temperatureAt(temperature, hour) + variation.temperatureC;
    year.temperatureC[hour] = temperatureC;
    year.capacity[hour] = cell.capacityByTemperature(temperatureC);
    year.ohm[hour] = battery.resistance.value * cell.resistanceByTemperature(temperatureC);
    year.selfDischarge[hour] = cell.selfDischargePerHour(temperatureC) * variation.selfDischarge;
    const warm = battery.charge !== undefined && temperatureC >= battery.charge.lowestTemperature.value;
    if (sun && warm) year.sunMw[hour] = sunMw(sun, hour) * variation.sun;
  }
  return year;
}

const where = (hours: number, temperatureC: number) => `after ${(hours / 24).toFixed(1)} days at ${temperatureC.toFixed(0)} C`;
const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

/** Keeps at most MAX_POINTS points: 1, 2, 4, 8, 24, 48, ... hours apart. */
class Course {
  points: HistoryPoint[] = [];
  private readonly kept: boolean;
  private apart = 1;
  private next = 0;

  constructor(kept: boolean) {
    this.kept = kept;
  }

  add(hours: number, charge: number, baseV: number, lowestV: number, last: boolean): void {
    if (!this.kept || (hours < this.next - 1e-9 && !last)) return;
    this.points.push({ day: hours / 24, charge: Math.max(0, charge), baseV, lowestV });
    this.next = hours + this.apart;
    if (this.points.length < MAX_POINTS) return;
    this.apart *= this.apart === 8 ? 3 : 2;
    this.points = this.points.filter((_, i) => i % (this.apart === 24 ? 3 : 2) === 0);
  }
}
