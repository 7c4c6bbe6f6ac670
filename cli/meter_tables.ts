// The tables of `qurio meter`.

import type { MeterResult } from "../firmware-sim/costs/meter_model.ts";
import type { PartEstimates } from "../firmware-sim/estimates/compare.ts";
import { addCounts, type Counts, noCounts } from "../host/meter/counts.ts";
import { type DeviceProfile, standInNote } from "../host/meter/device.ts";
import type { PathCost, Spread, StepCost } from "../host/meter/report.ts";
import type { Estimate } from "../host/schema.ts";
import type { OpClass } from "../host/wasm/opcodes.ts";
import { formatBytes, formatCount, formatDurationUs, formatEnergyUj, formatShare, formatTable } from "./output.ts";

/** Classes as the compact table groups them; --json has each. */
export const GROUPS: readonly [string, readonly OpClass[]][] = [
  ["load", ["load", "load64"]],
  ["store", ["store", "store64"]],
  ["integer", ["alu", "shift", "compare", "select", "bits", "alu64", "shift64"]],
  ["multiply", ["mul", "mulAdd", "mul64"]],
  ["divide", ["div", "div64"]],
  ["float", ["float", "floatCompare", "floatMul", "floatDiv", "floatRound", "convert", "truncate", "double"]],
  ["branch, call", ["branch", "call"]],
  ["const, local, global", ["const", "local", "global"]],
  ["other", ["simd", "simdDot", "bulk", "memory"]],
];

/** @param noEmulation why there is no second estimate, if there is none */
export function meterTables(result: MeterResult, device: DeviceProfile, noEmulation: string | null): string {
  const clips = result.clips === 1 ? result.data : `${result.data}, ${result.clips} clips`;
  const lines = [
    `${result.model} on ${device.title}; ${clips}`,
    "",
    steps(result.steps),
    "",
    "operations by class, mean of the clips",
    classes(result.steps),
    "",
    "alone",
    paths(result.alone),
    "",
    result.asStored.cycles ? "ways to an answer, front end included" : "ways to an answer, networks only: the clips are feature vectors",
    paths([...result.paths, asStored(result)]),
    "",
  ];
  if (result.estimates)
    lines.push("two estimates of cycles, all networks run", estimates(result.estimates.parts, result.estimates.core), "");
  else if (noEmulation) lines.push(noEmulation, "");
  lines.push("operations and bytes: exact; cycles, time and energy: modelled");
  const note = standInNote(device);
  if (note) lines.push(note);
  if (result.bounds)
    lines.push(`any input: proven for every window of 5 s on the bytes that run, ${formatCount(result.bounds.forks)} conditions both ways`);
  return lines.join("\n");
}

/** The most of all ways is the worst case over any input, whoever answers. */
function asStored({ asStored: stored, paths: all }: MeterResult): PathCost {
  const worst = all.reduce((a, b) => ((b.mostCycles ?? 0) > (a.mostCycles ?? 0) ? b : a));
  return {
    ...stored,
    mostCycles: worst.mostCycles,
    mostNetworkCycles: worst.mostNetworkCycles,
    mostTimeMs: worst.mostTimeMs,
    mostUj: worst.mostUj,
  };
}

function steps(list: readonly StepCost[]): string {
  const rows = list.map((step) => [
    step.network ?? "front end",
    step.what,
    step.weightType ? `${step.weightType}, ${step.kernel}` : "",
    formatCount(step.ops.mean),
    formatBytes(step.weightBytes),
    formatBytes(step.ramBytes ?? step.loadBytes - step.weightBytes),
    formatBytes(step.storeBytes),
    withDeviation(step.cycles),
    formatDurationUs(step.timeMs * 1e3),
    energy(step.energyUj),
    step.mostCycles === null ? "" : step.constant ? "always" : `${formatCount(step.mostCycles)}`,
  ]);
  const head = ["network", "step", "kernel", "ops", "weights", "RAM read", "written", "cycles", "time", "energy", "any input"];
  return formatTable(rows, { head });
}

function classes(list: readonly StepCost[]): string {
  const names = [...new Set(list.map(({ network }) => network ?? "front end"))];
  const sums = names.map((name) => {
    const counts = noCounts();
    for (const step of list) if ((step.network ?? "front end") === name) addCounts(counts, step.opsByClass);
    return counts;
  });
  const group = (counts: Counts, kinds: readonly OpClass[]) => kinds.reduce((sum, kind) => sum + counts[kind], 0);
  const used = GROUPS.filter(([, kinds]) => sums.some((counts) => group(counts, kinds) > 0));
  const rows = names.map((name, i) => [name, ...used.map(([, kinds]) => formatCount(Math.round(group(sums[i], kinds))))]);
  return formatTable(rows, { head: ["", ...used.map(([name]) => name)] });
}

function paths(list: readonly PathCost[]): string {
  const rows = list.map((path) => {
    const whole = path.cycles ?? path.networkCycles;
    const most = path.cycles ? path.mostCycles : path.mostNetworkCycles;
    return [
      path.name,
      path.share === null ? "" : formatShare(path.share),
      withDeviation(whole),
      formatCount(whole.worst),
      most === null ? "" : formatCount(most),
      path.timeMs === null ? "" : formatDurationUs(path.timeMs * 1e3),
      energy(path.energyUj ?? path.networkUj),
      energy(path.networkUj),
      path.mostUj === null || !path.cycles ? "" : energy(path.mostUj),
    ];
  });
  const head = ["answered by", "clips", "cycles", "worst clip", "any input", "time", "energy", "network only", "any input"];
  return formatTable(rows, { head });
}

function estimates(list: readonly PartEstimates[], core: string): string {
  const rows = list.map((part) => [
    part.part === "frontEnd" ? "front end" : part.part,
    formatCount(part.instructions),
    formatCount(part.emulatedCycles),
    formatCount(part.countedCycles),
    `${part.difference < 0 ? "-" : "+"}${formatShare(Math.abs(part.difference))}`,
  ]);
  return formatTable(rows, { head: ["", `instructions of ${core}`, "their cycles", "cycles from op counts", "difference"] });
}

function withDeviation({ mean, deviation }: Spread): string {
  return deviation < 0.0005 * mean ? formatCount(mean) : `${formatCount(mean)} ± ${formatCount(deviation)}`;
}

function energy({ value, low, high }: Estimate): string {
  return low === high ? formatEnergyUj(value) : `${formatEnergyUj(low)} to ${formatEnergyUj(high)}`;
}
