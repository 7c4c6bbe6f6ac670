// Browser-safe. A device profile: what a board's clock, energy and operations cost, each constant with its source.

import { Check, type Constant } from "../check.ts";
import { CLASSES, type OpClass } from "../wasm/opcodes.ts";

export interface DeviceProfile {
  name: string;
  title: string;
  /** How wasm becomes machine code: the factors hold for this way only. */
  road: string;
  clock: Constant;
  supply: Constant;
  energyPerCycle: Constant;
  /** Classes that the core cannot run (SIMD) or that have no fixed cost (bulk memory) are absent. */
  cyclesPerOp: Partial<Record<OpClass, Constant>>;
}

/** A profile may leave these out; a count of one of them is then an error. */
const OPTIONAL: ReadonlySet<OpClass> = new Set<OpClass>(["simd", "simdDot", "bulk"]);
const HINT = "Each constant is { value, unit, source }; host/meter/devices/nucleo-l4r5zi.json shows them all.";
const FIELDS = ["name", "title", "road", "clock", "supply", "energyPerCycle", "cyclesPerOp"];

/**
 * Checks a profile read from JSON. Errors: DEVICE_PROFILE, naming the path of the field with what was expected and found:
 * something missing, of the wrong type, not finite, negative (or zero where that makes no sense), in another unit, or unknown.
 */
export function parseDevice(json: unknown, file = "device profile"): DeviceProfile {
  const check = new Check(file, "DEVICE_PROFILE", HINT);
  const profile = check.object(json, "", FIELDS);
  const cyclesPerOp: DeviceProfile["cyclesPerOp"] = {};
  const cycles = check.object(profile["cyclesPerOp"], "cyclesPerOp", CLASSES);
  for (const kind of CLASSES) {
    if (cycles[kind] === undefined && OPTIONAL.has(kind)) continue;
    cyclesPerOp[kind] = check.constant(cycles[kind], `cyclesPerOp.${kind}`, "cycles", { least: 0 });
  }
  return {
    name: check.text(profile["name"], "name"),
    title: check.text(profile["title"], "title"),
    road: check.text(profile["road"], "road"),
    clock: check.constant(profile["clock"], "clock", "MHz", { above: 0 }),
    supply: check.constant(profile["supply"], "supply", "V", { above: 0 }),
    energyPerCycle: check.constant(profile["energyPerCycle"], "energyPerCycle", "pJ", { above: 0 }),
    cyclesPerOp,
  };
}
