// The device that policies are compared on, as a scenario of the battery simulation: when it listens, what wakes it, what a decision takes.
//
//   schedule        a window every so often; the microphone is off in between (or always on, when windows abut)
//   log-mel gate    microphone and frames all the time, features and networks only for windows with sound (docs/guides/streaming.md)
//   wake-on-sound   a microphone that wakes the processor; then a window, its front end and networks

import { energyUjOf } from "../../host/meter/cost.ts";
import type { DeviceProfile } from "../../host/meter/device.ts";
import type { FrontEndCycles } from "../../tools/export/network_cost.ts";
import type { BatteryProfile, ScenarioInput } from "../battery/index.ts";

export const LISTENING = ["schedule", "log-mel gate", "wake-on-sound"] as const;
export type Listening = (typeof LISTENING)[number];

/** An answer path: modelled cycles of its networks, and the share of decisions that take it. */
export interface PathCost {
  name: string;
  share: number;
  cycles: number;
}

export interface Setting {
  device: DeviceProfile;
  battery: BatteryProfile;
  /** Seconds from window to window. */
  everyS: number;
  /** Share of windows that have something to hear: what a gate lets through. */
  soundShare: number;
  frontEnd: FrontEndCycles;
}

/** uA. TDK T5818 data sheet (DS-000270): 220 in low-power mode, PDM clock 400 to 800 kHz. */
const MICROPHONE_UA = 220;
/** uA that the processor takes while DMA fills a buffer and the core sleeps; an assumption, as in the bundled scenarios. */
const CAPTURE_UA = 300;
/** uA. TDK T5838, acoustic activity detection: from 20 on. */
const WAKE_ON_SOUND_UA = 20;
/** TI TPS6274x data sheet (SLVSB02): 360 nA quiescent, 90 % at light loads; a boost converter of the class of TPS61099 takes more. */
const BUCK = { regulator: "buck", quiescentUa: 0.36, efficiencyPercent: 90 } as const;
const BOOST = { regulator: "boost", quiescentUa: 1, efficiencyPercent: 85 } as const;
/** V at which such a boost converter still works. */
const BOOST_LEAST_V = 0.7;

/** @param policies cheapest charge last: each holds while the charge is above `aboveCharge`, the last one's is 0 */
export function scenarioOf(setting: Setting, listening: Listening, policies: { aboveCharge: number; paths: PathCost[] }[]): ScenarioInput {
  const { device, battery, everyS, soundShare, frontEnd } = setting;
  const perHour = 3600 / everyS;
  const { framesPerS } = frontEnd.framing;
  const windowMs = 1000 * frontEnd.framing.windowS;
  const work = (cycles: number) => ({ energyUj: energyUjOf(cycles, device).value, timeMs: cycles / (device.clock.value * 1e3) });
  const gated = work(frontEnd.gatedFrame);
  // sound comes as often however seldom the schedule looks
  const wakesPerHour = soundShare * (3.6e6 / windowMs);
  const decisions: Record<Listening, ScenarioInput["decisions"]> = {
    schedule: { scheduledPerHour: perHour },
    "log-mel gate": {
      gate: { kind: "log-mel", wakesPerHour, framesPerS, frameUj: gated.energyUj, frameTimeMs: gated.timeMs },
    },
    "wake-on-sound": { gate: { kind: "comparator", wakesPerHour, currentUa: WAKE_ON_SOUND_UA } },
  };
  const answers = (paths: PathCost[]) => paths.map(({ name, share, cycles }) => ({ name, share, ...work(cycles) }));
  // windows that abut, or overlap the work on the one before: the microphone is never off
  const busyMs = work(frontEnd.window + Math.max(...policies.flatMap(({ paths }) => paths.map(({ cycles }) => cycles)))).timeMs;
  const always = listening === "schedule" && everyS * 1000 < windowMs + busyMs;
  return {
    title: `${listening}, every ${everyS} s`,
    battery: battery.name,
    years: 100,
    temperature: { meanC: 20, seasonC: 0, dayC: 0 },
    supply: supplyOf(device, battery),
    processor: {
      sleepUa: device.sleep.value,
      // waking draws what computing does
      wakeMa: (device.energyPerCycle.value * device.clock.value * 1e-3) / device.supply.value,
      wakeTimeMs: device.wake.value / 1000,
    },
    microphone: always
      ? { activeUa: 0, captureUa: 0, idleUa: MICROPHONE_UA + CAPTURE_UA, windowMs: 0 }
      : { activeUa: MICROPHONE_UA, captureUa: CAPTURE_UA, idleUa: 0, windowMs: windowMs },
    decisions: decisions[listening],
    inference: {
      frontEnd: work(listening === "log-mel gate" ? frontEnd.features : frontEnd.window),
      policies: policies.map(({ aboveCharge, paths }) => ({ aboveCharge, answers: answers(paths) })),
    },
  };
}

/** A converter between battery and device; none when they are made for each other, within a tenth of a volt. */
function supplyOf({ supply, supplyMin }: DeviceProfile, { openCircuit }: BatteryProfile): ScenarioInput["supply"] {
  const fullV = openCircuit.points[0][1];
  const supplyV = supply.value;
  if (Math.abs(fullV - supplyV) <= 0.1) return { regulator: "none", supplyV, brownOutV: supplyMin.value };
  return fullV > supplyV ? { ...BUCK, supplyV, brownOutV: supplyMin.value } : { ...BOOST, supplyV, brownOutV: BOOST_LEAST_V };
}
