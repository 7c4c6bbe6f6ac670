// One load on one battery at one state: mean current, the lowest voltages, and where each watt goes. The inner loop of a simulation.

import { CAUSES, type Currents, type Load } from "./load.ts";
import type { Scenario } from "./scenario.ts";
import { type Cell, type Draw, draw, noDraw, outputV, regulatorLossW } from "./state.ts";

/** Causes, then losses: everything that leaves the battery. */
export const LOSSES = ["regulator", "resistance", "selfDischarge"] as const;
export const ACCOUNTS = [...CAUSES, ...LOSSES] as const;
export type Account = (typeof ACCOUNTS)[number];
export const [REGULATOR, RESISTANCE, SELF_DISCHARGE] = LOSSES.map((name) => ACCOUNTS.indexOf(name));

const HOUR_MS = 3.6e6;

/** A stretch of constant load, by account. */
export interface Segment {
  name: string;
  loadUa: number;
  /** [account, uA] pairs. */
  currents: [number, number][];
  /** Share of the time. */
  duty: number;
  /** Share of the internal resistance that it meets. */
  resistanceShare: number;
}

export interface OperatingPoint {
  /** Of the battery, all segments together. */
  meanUa: number;
  baseV: number;
  /** The lowest under any segment, and which. */
  lowestV: number;
  lowestAt: string;
  /** W by account, but for self-discharge. */
  powerW: Float64Array;
}

export function newOperatingPoint(): OperatingPoint {
  return { meanUa: 0, baseV: 0, lowestV: 0, lowestAt: "", powerW: new Float64Array(ACCOUNTS.length) };
}

const indexed = (currents: Currents): [number, number][] =>
  CAUSES.flatMap((cause, i): [number, number][] => (currents[cause] ? [[i, currents[cause]]] : []));

/** The lasting load first, then each class of pulses. */
export function segmentsOf(load: Load, cell: Cell): Segment[] {
  const base = {
    name: "the lasting load",
    loadUa: load.baseUa,
    currents: indexed(load.base),
    duty: 1 - load.busyShare,
    resistanceShare: 1,
  };
  const pulses = load.pulses.map(({ name, loadUa, currents, perHour, timeMs }) => ({
    name,
    loadUa,
    currents: indexed(currents),
    duty: (perHour * timeMs) / HOUR_MS,
    resistanceShare: cell.pulseShare(timeMs),
  }));
  return [base, ...pulses];
}

const drawn = noDraw();

/** Adds what `segment` takes, `share` of the time, to `point`. `baseUa` is the lasting current of the battery. */
export function addSegment(
  point: OperatingPoint,
  supply: Scenario["supply"],
  segment: Segment,
  share: number,
  openCircuitV: number,
  ohm: number,
  baseUa: number,
): Draw {
  const own = ohm * segment.resistanceShare;
  draw(supply, openCircuitV - baseUa * 1e-6 * (ohm - own), own, segment.loadUa, drawn);
  const { voltageV, currentUa } = drawn;
  if (voltageV < point.lowestV) {
    point.lowestV = voltageV;
    point.lowestAt = segment.name;
  }
  point.meanUa += currentUa * share;
  const { powerW } = point;
  powerW[RESISTANCE] += (openCircuitV - voltageV) * currentUa * 1e-6 * share;
  powerW[REGULATOR] += regulatorLossW(supply, drawn, segment.loadUa) * share;
  const loadV = outputV(supply, drawn) * 1e-6 * share;
  for (const [account, ua] of segment.currents) powerW[account] += ua * loadV;
  return drawn;
}

export function clear(point: OperatingPoint): void {
  point.meanUa = 0;
  point.lowestV = Number.POSITIVE_INFINITY;
  point.powerW.fill(0);
}

/** All segments, each its share of the time. */
export function operate(point: OperatingPoint, supply: Scenario["supply"], segments: Segment[], openCircuitV: number, ohm: number): void {
  clear(point);
  const base = addSegment(point, supply, segments[0], segments[0].duty, openCircuitV, ohm, 0);
  const baseUa = base.currentUa;
  point.baseV = base.voltageV;
  for (let i = 1; i < segments.length; i++) addSegment(point, supply, segments[i], segments[i].duty, openCircuitV, ohm, baseUa);
}

/** Voltages and currents hold while depth changes by less (a step of simulate.ts), and resistance by a smaller share: about a millivolt. */
const SAME_DEPTH = 5e-4;
const SAME_RESISTANCE = 0.01;

interface Remembered {
  point: OperatingPoint;
  openCircuitV: number;
  /** Share of the capacity that can be taken at this current. */
  rateShare: number;
  depth: number;
  ohm: number;
  policy: number;
  /** Spent here, and not yet in the sum of energies. */
  hours: number;
}

/** Operating points of the 24 hours of a day, kept from day to day until something has changed: days are much alike. */
export class OperatingPoints {
  private readonly kept: Remembered[];
  private readonly energyJ = new Float64Array(ACCOUNTS.length);
  private readonly supply: Scenario["supply"];
  private readonly cell: Cell;
  private readonly loads: Segment[][];

  /** @param loads segments of each policy */
  constructor(supply: Scenario["supply"], cell: Cell, loads: Segment[][]) {
    this.supply = supply;
    this.cell = cell;
    this.loads = loads;
    const none = { openCircuitV: 0, rateShare: 1, depth: -1, ohm: 0, policy: -1, hours: 0 };
    this.kept = Array.from({ length: 24 }, () => ({ point: newOperatingPoint(), ...none }));
  }

  /** Add to its `hours` what is spent there. @param ohm of the full battery at this temperature */
  at(hourOfDay: number, policy: number, depth: number, ohm: number): Remembered {
    const known = this.kept[hourOfDay];
    const same = known.policy === policy && Math.abs(depth - known.depth) < SAME_DEPTH && Math.abs(ohm - known.ohm) < SAME_RESISTANCE * ohm;
    if (same) return known;
    this.settle(known);
    known.policy = policy;
    known.depth = depth;
    known.ohm = ohm;
    known.openCircuitV = this.cell.openCircuitV(depth);
    operate(known.point, this.supply, this.loads[policy], known.openCircuitV, ohm * this.cell.resistanceByDepth(depth));
    known.rateShare = this.cell.capacityByRate(known.point.meanUa);
    return known;
  }

  /** Joules by account, but for self-discharge. */
  spentJ(): Float64Array {
    for (const known of this.kept) this.settle(known);
    return this.energyJ;
  }

  private settle(known: Remembered): void {
    if (known.hours === 0) return;
    for (let i = 0; i < this.energyJ.length; i++) this.energyJ[i] += known.point.powerW[i] * 3600 * known.hours;
    known.hours = 0;
  }
}
