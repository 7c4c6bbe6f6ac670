// The same device event by event: each decision listens, wakes, computes, answers and sends in turn, at the voltage of that moment. Slow, and a
// check on the aggregated simulation; nothing is random: decisions come at even distances, and of k ways each gets its share in turn.

import { decisionsPerHour, type Load, loadOf, type PulseClass } from "./load.ts";
import {
  ACCOUNTS,
  type Account,
  addSegment,
  clear,
  newOperatingPoint,
  SELF_DISCHARGE,
  type Segment,
  segmentsOf,
} from "./operating_point.ts";
import type { Scenario } from "./scenario.ts";
import { type EndCause, NO_VARIATION, policyAt, weather } from "./simulate.ts";
import { cellOf } from "./state.ts";
import { YEAR_HOURS } from "./sun.ts";

export interface EventResult {
  days: number;
  decisions: number;
  /** null: still running. */
  end: EndCause | null;
  energyJ: Record<Account, number>;
  drawnJ: number;
  chargeMah: { drawn: number; selfDischarge: number; used: number };
  /** The lowest voltage of any moment. */
  lowestV: number;
}

/** What happens in one decision: classes in their order, each as often as is due. */
class Script {
  private readonly events: { pulse: PulseClass; segment: Segment; perDecision: number }[];
  private readonly due: Float64Array;

  constructor(load: Load, segments: Segment[], perHour: number) {
    this.events = load.pulses
      .map((pulse, i) => ({ pulse, segment: segments[i + 1], perDecision: pulse.perHour / perHour }))
      .filter(({ pulse }) => pulse.cause !== "gate");
    this.due = new Float64Array(this.events.length);
  }

  next(): { segment: Segment; hours: number }[] {
    const now: { segment: Segment; hours: number }[] = [];
    const push = (i: number) => {
      this.due[i]--;
      now.push({ segment: this.events[i].segment, hours: this.events[i].pulse.timeMs / 3.6e6 });
    };
    this.events.forEach(({ perDecision }, i) => {
      this.due[i] += perDecision;
    });
    let answer = -1;
    this.events.forEach(({ pulse }, i) => {
      if (pulse.cause === "inference" && (answer < 0 || this.due[i] > this.due[answer])) answer = i;
    });
    this.events.forEach(({ pulse }, i) => {
      if (pulse.cause === "inference") {
        if (i === answer) push(i);
      } else while (this.due[i] >= 1 - 1e-9) push(i);
    });
    return now;
  }
}

/** Simulates `days` event by event, without sun (a scenario's sun is left out), or less if the device stops before. */
export function simulateEvents(scenario: Scenario, days: number): EventResult {
  const { battery, supply } = scenario;
  const cell = cellOf(battery);
  const perHour = decisionsPerHour(scenario);
  const loads = scenario.inference.policies.map((policy) => {
    const load = loadOf(scenario, policy);
    const segments = segmentsOf(load, cell);
    const isFrame = (_: Segment, i: number) => i > 0 && load.pulses[i - 1].cause === "gate";
    const frameDuty = segments.filter(isFrame).reduce((sum, { duty }) => sum + duty, 0);
    // frames that come in during a decision are computed behind it
    const frames = segments.filter(isFrame).map((frame) => ({ ...frame, duty: frame.duty / (1 - load.busyShare + frameDuty) }));
    return { script: new Script(load, segments, perHour), base: segments[0], frames };
  });
  const year = weather(scenario, cell, NO_VARIATION);
  const capacity = battery.capacity.value;
  const energyJ = new Float64Array(ACCOUNTS.length);
  const charge = { drawn: 0, selfDischarge: 0 };
  const point = newOperatingPoint();
  const endHours = days * 24;
  let [hours, drawnJ, lowestV, meanUa, decisions] = [0, 0, Number.POSITIVE_INFINITY, 0, 0];
  let end: EndCause | null = null;
  const used = () => charge.drawn + charge.selfDischarge;
  const slotAt = () => Math.floor((scenario.startDayOfYear - 1) * 24 + hours + 1e-9) % YEAR_HOURS;
  const depthAt = (slot: number) => used() / (capacity * year.capacity[slot] * cell.capacityByRate(meanUa));

  /** One stretch of time with one segment (and, in the background, the gate's frames). */
  const spend = (length: number, base: Segment, frames: Segment[], segment: Segment | null): void => {
    const slot = slotAt();
    const depth = depthAt(slot);
    const openCircuitV = cell.openCircuitV(depth);
    const ohm = year.ohm[slot] * cell.resistanceByDepth(depth);
    clear(point);
    const background = frames.reduce((share, frame) => share - frame.duty, 1);
    const alone = segment ? 0 : background;
    const { currentUa, voltageV } = addSegment(point, supply, base, alone, openCircuitV, ohm, 0);
    if (segment) addSegment(point, supply, segment, 1, openCircuitV, ohm, currentUa);
    else for (const frame of frames) addSegment(point, supply, frame, frame.duty, openCircuitV, ohm, currentUa);
    lowestV = Math.min(lowestV, point.lowestV);
    if (point.lowestV < supply.brownOutV) end = "brown-out";
    if (depth >= 1 || voltageV < Math.max(supply.brownOutV, battery.cutoff.value)) end = "capacity";
    const lossMa = year.selfDischarge[slot] * (capacity - used());
    for (let i = 0; i < energyJ.length; i++) energyJ[i] += point.powerW[i] * 3600 * length;
    energyJ[SELF_DISCHARGE] += openCircuitV * lossMa * 3.6 * length;
    drawnJ += openCircuitV * (point.meanUa * 1e-3 + lossMa) * 3.6 * length;
    charge.drawn += point.meanUa * 1e-3 * length;
    charge.selfDischarge += lossMa * length;
    hours += length;
    // over the last hour, as the aggregated simulation takes it
    meanUa += (point.meanUa - meanUa) * Math.min(1, length / Math.min(hours, 1));
  };

  const busy = (load: (typeof loads)[number], length: number, segment: Segment | null): void => {
    for (let rest = length; rest > 1e-12 && end === null; ) {
      const part = Math.min(rest, Math.floor(hours + 1e-9) + 1 - hours);
      spend(part, load.base, load.frames, segment);
      rest -= part;
    }
  };

  while (end === null && hours < endHours - 1e-9) {
    const load = loads[policyAt(scenario, 1 - depthAt(slotAt()))];
    const due = Math.min(endHours, decisions / perHour);
    if (due > hours) busy(load, due - hours, null);
    if (end !== null || hours >= endHours - 1e-9) break;
    for (const { segment, hours: length } of load.script.next()) busy(load, length, segment);
    decisions++;
  }
  return {
    days: hours / 24,
    decisions,
    end,
    energyJ: Object.fromEntries(ACCOUNTS.map((name, i) => [name, energyJ[i]])) as Record<Account, number>,
    drawnJ,
    chargeMah: { ...charge, used: used() },
    lowestV,
  };
}
