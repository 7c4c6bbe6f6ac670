// What the device draws: a lasting load, and classes of pulses on top of it, each with its rate, length and the causes of its current.

import type { Gate, Policy, Scenario, Work } from "./scenario.ts";

export const CAUSES = ["sleep", "microphone", "gate", "wake", "frontEnd", "inference", "radio"] as const;
export type Cause = (typeof CAUSES)[number];

/** uA at the supply, by cause. */
export type Currents = Partial<Record<Cause, number>>;

/** While it lasts, `currents` are drawn in place of the lasting load's. */
export interface PulseClass {
  name: string;
  cause: Cause;
  perHour: number;
  timeMs: number;
  currents: Currents;
  loadUa: number;
}

export interface Load {
  /** Between the pulses. */
  base: Currents;
  baseUa: number;
  pulses: PulseClass[];
  /** Share of the time that pulses take, 0..1 when the scenario is possible. */
  busyShare: number;
}

const HOUR_MS = 3.6e6;

/** Decisions an hour; `wakesFactor` scales those that a gate asks for. */
export function decisionsPerHour({ decisions: { scheduledPerHour, gate } }: Scenario, wakesFactor = 1): number {
  return scheduledPerHour + (gate ? gate.wakesPerHour * wakesFactor : 0);
}

/**
 * The load under one policy. The microphone listens for a window, the processor wakes, computes the front end, answers and perhaps sends;
 * behind a log-mel gate it captures all the time, and the gate's frames are pulses of their own.
 */
export function loadOf(scenario: Scenario, policy: Policy, wakesFactor = 1): Load {
  const { processor, microphone, decisions, inference, radio, supply } = scenario;
  const { gate } = decisions;
  const perHour = decisionsPerHour(scenario, wakesFactor);
  const base = { sleep: processor.sleepUa, ...listening(scenario, gate) };
  const { sleep: _, ...awake } = base;
  const pulses: PulseClass[] = [];
  const add = (name: string, cause: Cause, perHour: number, timeMs: number, ownUa: number, others: Currents = awake) => {
    if (perHour === 0 || timeMs === 0) return;
    const currents = { ...others, [cause]: (others[cause] ?? 0) + ownUa };
    pulses.push({ name, cause, perHour, timeMs, currents, loadUa: sumUa(currents) });
  };
  const work = (name: string, cause: Cause, perHour: number, { energyUj, timeMs }: Work) =>
    add(name, cause, perHour, timeMs, timeMs === 0 ? 0 : (energyUj / timeMs / supply.supplyV) * 1e3);

  if (gate?.kind === "log-mel") work("gate frame", "gate", gate.framesPerS * 3600, { energyUj: gate.frameUj, timeMs: gate.frameTimeMs });
  else {
    const { microphone: _idle, ...rest } = base;
    add("capture", "microphone", perHour, microphone.windowMs, microphone.activeUa + microphone.captureUa, rest);
  }
  add("wake", "wake", perHour + (radio?.onSchedule?.perDay ?? 0) / 24, processor.wakeTimeMs, processor.wakeMa * 1e3);
  work("front end", "frontEnd", perHour, inference.frontEnd);
  for (const answer of policy.answers) work(`inference, ${answer.name}`, "inference", perHour * answer.share, answer);
  if (radio) {
    const send = (when: string, perHour: number, timeMs: number) => add(`radio ${when}`, "radio", perHour, timeMs, radio.transmitMa * 1e3);
    if (radio.onDetection) send("on detection", perHour * radio.onDetection.share, radio.onDetection.timeMs);
    if (radio.onUncertainty) send("on uncertainty", perHour * radio.onUncertainty.share, radio.onUncertainty.timeMs);
    if (radio.onSchedule) send("on schedule", radio.onSchedule.perDay / 24, radio.onSchedule.timeMs);
  }
  const busyShare = pulses.reduce((sum, pulse) => sum + pulse.perHour * pulse.timeMs, 0) / HOUR_MS;
  return { base, baseUa: sumUa(base), pulses, busyShare };
}

/** What is drawn for listening whether or not anything happens. */
function listening({ microphone }: Scenario, gate: Gate | null): Currents {
  if (gate?.kind === "log-mel") return { microphone: microphone.activeUa + microphone.captureUa };
  if (gate?.kind === "comparator") return { microphone: microphone.idleUa, gate: gate.currentUa };
  return { microphone: microphone.idleUa };
}

function sumUa(currents: Currents): number {
  return Object.values(currents).reduce((sum, current) => sum + current, 0);
}
