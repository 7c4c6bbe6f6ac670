// Browser-safe. From op counts to cycles, energy and time: counts are exact, everything behind them is modelled.
//
//   cycles = sum over classes of count[class] * cyclesPerOp[class]
//   energy = cycles * energyPerCycle, a range where no board of the kind was measured            time = cycles / clock

import { QurioError } from "../errors.ts";
import type { Estimate } from "../schema.ts";
import { CLASSES } from "../wasm/opcodes.ts";
import { addCounts, type Counts, noCounts, totalOf } from "./counts.ts";
import type { DeviceProfile } from "./device.ts";

/** Parts of a decision. The network is router and expert; the front end is everything before them. */
export const PARTS = ["frontEnd", "router", "expert"] as const;
export type Part = (typeof PARTS)[number];
export type PartCounts = Record<Part, Counts>;
export type PartNumbers = Record<Part | "total", number>;

export interface Cost {
  kind: "modelled";
  device: string;
  /** Exact. */
  ops: PartNumbers;
  cycles: PartNumbers;
  /** Router and expert only. */
  networkUj: number;
  /** Low and high; both are networkUj where a measured row of this very board gives the energy of a cycle. */
  networkUjRange: [low: number, high: number];
  /** The whole decision, front end included. */
  decisionUj: number;
  decisionUjRange: [low: number, high: number];
  networkMs: number;
  /** The whole decision. */
  timeMs: number;
}

/** Cycles of `counts` on `device`. Errors: DEVICE_CANNOT for a class that the device has no cycles for. */
export function cyclesOf(counts: Counts, device: DeviceProfile): number {
  let cycles = 0;
  for (const kind of CLASSES) {
    if (counts[kind] === 0) continue;
    const factor = device.cyclesPerOp[kind];
    if (!factor) {
      throw new QurioError(
        "DEVICE_CANNOT",
        `${device.name} has no cycles for ${kind} operations, the module executed ${counts[kind]}`,
        "Meter the scalar build: it has no SIMD and no bulk memory operations.",
      );
    }
    cycles += counts[kind] * factor.value;
  }
  return cycles;
}

/** Energy of `cycles` on `device`, in uJ; the range is that of a cycle's energy times that of how wasm runs there. */
export function energyUjOf(cycles: number, { energyPerCycle, runs }: DeviceProfile): Estimate {
  const uj = (pj: number, factor: number) => (cycles * pj * 1e-6 * factor) / runs.factor.value;
  return {
    value: uj(energyPerCycle.value, runs.factor.value),
    low: uj(energyPerCycle.low, runs.factor.low),
    high: uj(energyPerCycle.high, runs.factor.high),
  };
}

export function costOf(counts: PartCounts, device: DeviceProfile): Cost {
  const ops = withTotal((part) => totalOf(counts[part]));
  const cycles = withTotal((part) => cyclesOf(counts[part], device));
  const network = cycles.router + cycles.expert;
  const [networkUj, decisionUj] = [energyUjOf(network, device), energyUjOf(cycles.total, device)];
  const ms = (n: number) => n / (device.clock.value * 1e3);
  return {
    kind: "modelled",
    device: device.name,
    ops,
    cycles,
    networkUj: networkUj.value,
    networkUjRange: [networkUj.low, networkUj.high],
    decisionUj: decisionUj.value,
    decisionUjRange: [decisionUj.low, decisionUj.high],
    networkMs: ms(network),
    timeMs: ms(cycles.total),
  };
}

/** A part of a decision, or parts together. */
export interface CostRow {
  name: string;
  /** Exact. */
  ops: number;
  cycles: number;
  timeUs: number;
  energyUj: Estimate;
  /** Of the cycles of the whole decision. */
  share: number;
}

/** A cost part by part, then the network alone, then everything. */
export function costRows({ ops, cycles }: Pick<Cost, "ops" | "cycles">, device: DeviceProfile): CostRow[] {
  const row = (name: string, of: (numbers: PartNumbers) => number): CostRow => ({
    name,
    ops: of(ops),
    cycles: of(cycles),
    timeUs: of(cycles) / device.clock.value,
    energyUj: energyUjOf(of(cycles), device),
    share: of(cycles) / cycles.total,
  });
  return [
    row("front end", ({ frontEnd }) => frontEnd),
    row("router", ({ router }) => router),
    row("expert", ({ expert }) => expert),
    row("network only", ({ router, expert }) => router + expert),
    row("whole decision", ({ total }) => total),
  ];
}

function withTotal(of: (part: Part) => number): PartNumbers {
  const [frontEnd, router, expert] = PARTS.map(of);
  return { total: frontEnd + router + expert, frontEnd, router, expert };
}

export function noPartCounts(): PartCounts {
  return { frontEnd: noCounts(), router: noCounts(), expert: noCounts() };
}

/** Adds `more` to `counts` in place: several decisions, of which the mean is then a division away. */
export function addPartCounts(counts: PartCounts, more: PartCounts): void {
  for (const part of PARTS) addCounts(counts[part], more[part]);
}
