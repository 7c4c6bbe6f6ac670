// Browser-safe. Cycles of each operation class on a core, by way of wasm2c and an optimizing C compiler: host/meter/cores/*.json.

import { Check, type Constant } from "../check.ts";
import { CLASSES, type OpClass } from "../wasm/opcodes.ts";

/** Classes that the core cannot run (SIMD) or that have no fixed cost (bulk memory) are absent. */
export type CyclesPerOp = Partial<Record<OpClass, Constant>>;

export interface CoreCycles {
  name: string;
  title: string;
  /** Where instruction timings come from, and how the factors were made of them. */
  source: string;
  cyclesPerOp: CyclesPerOp;
}

/** A core may leave these out; a count of one of them is then an error. */
const OPTIONAL: ReadonlySet<OpClass> = new Set<OpClass>(["simd", "simdDot", "bulk"]);
const HINT = "Each constant is { value, unit, source }; host/meter/cores/cortex-m4.json shows them all.";

/** Errors: DEVICE_PROFILE, naming the path of the field with what was expected and found. */
export function parseCore(json: unknown, file: string): CoreCycles {
  const check = new Check(file, "DEVICE_PROFILE", HINT);
  const core = check.object(json, "", ["name", "title", "source", "cyclesPerOp"]);
  const cycles = check.object(core["cyclesPerOp"], "cyclesPerOp", CLASSES);
  const cyclesPerOp: CyclesPerOp = {};
  for (const kind of CLASSES) {
    if (cycles[kind] === undefined && OPTIONAL.has(kind)) continue;
    cyclesPerOp[kind] = check.constant(cycles[kind], `cyclesPerOp.${kind}`, "cycles", { least: 0, most: 10_000 });
  }
  return {
    name: check.text(core["name"], "name"),
    title: check.text(core["title"], "title"),
    source: check.text(core["source"], "source"),
    cyclesPerOp,
  };
}
