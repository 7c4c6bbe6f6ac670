// Browser-safe. A device profile: what a board's clock, energy and operations cost, each constant with its source.

import { QurioError } from "../errors.ts";
import { CLASSES, type OpClass } from "../wasm/opcodes.ts";

export interface Constant {
  value: number;
  unit: string;
  /** Publication, table or command that anyone can look up or run. */
  source: string;
}

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
const FIELDS = ["name", "title", "road", "clock", "supply", "energyPerCycle", "cyclesPerOp"];

/**
 * Checks a profile read from JSON. Errors: DEVICE_PROFILE, naming the path of the field with what was expected and found:
 * something missing, of the wrong type, not finite, negative (or zero where that makes no sense), in another unit, or unknown.
 */
export function parseDevice(json: unknown, file = "device profile"): DeviceProfile {
  const check = new Check(file);
  const profile = check.object(json, "", FIELDS);
  const cyclesPerOp: DeviceProfile["cyclesPerOp"] = {};
  const cycles = check.object(profile["cyclesPerOp"], "cyclesPerOp", CLASSES);
  for (const kind of CLASSES) {
    if (cycles[kind] === undefined && OPTIONAL.has(kind)) continue;
    cyclesPerOp[kind] = check.constant(cycles[kind], `cyclesPerOp.${kind}`, "cycles", 0);
  }
  return {
    name: check.text(profile["name"], "name"),
    title: check.text(profile["title"], "title"),
    road: check.text(profile["road"], "road"),
    clock: check.constant(profile["clock"], "clock", "MHz", Number.MIN_VALUE),
    supply: check.constant(profile["supply"], "supply", "V", Number.MIN_VALUE),
    energyPerCycle: check.constant(profile["energyPerCycle"], "energyPerCycle", "pJ", Number.MIN_VALUE),
    cyclesPerOp,
  };
}

class Check {
  private readonly file: string;
  constructor(file: string) {
    this.file = file;
  }

  object(value: unknown, path: string, known: readonly string[]): Record<string, unknown> {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw this.error(path || "profile", "an object", value);
    const unknown = Object.keys(value).find((key) => !known.includes(key));
    if (unknown !== undefined) throw this.error(path ? `${path}.${unknown}` : unknown, `one of ${known.join(", ")}`, unknown);
    return value as Record<string, unknown>;
  }

  text(value: unknown, path: string): string {
    if (typeof value !== "string" || value === "") throw this.error(path, "a text", value);
    return value;
  }

  constant(value: unknown, path: string, unit: string, least: number): Constant {
    const fields = this.object(value, path, ["value", "unit", "source"]);
    const number = fields["value"];
    if (typeof number !== "number" || !(number >= least) || number === Number.POSITIVE_INFINITY) {
      throw this.error(`${path}.value`, least > 0 ? "a number above 0" : "a number of at least 0", number);
    }
    if (fields["unit"] !== unit) throw this.error(`${path}.unit`, `"${unit}"`, fields["unit"]);
    return { value: number, unit, source: this.text(fields["source"], `${path}.source`) };
  }

  error(path: string, expected: string, found: unknown): QurioError {
    const shown = found === undefined ? "nothing" : typeof found === "number" ? `${found}` : (JSON.stringify(found) ?? typeof found);
    return new QurioError(
      "DEVICE_PROFILE",
      `${this.file}: ${path}: ${expected} expected, ${shown} found`,
      "Each constant is { value, unit, source }; host/meter/devices/nucleo-l4r5zi.json shows them all.",
    );
  }
}
