// Browser-safe. Cycles of each operation class on a core, by way of wasm2c and an optimizing C compiler: host/meter/cores/*.json.

import * as v from "valibot";
import { checkJson } from "../json.ts";
import { type Constant, constant, object, text } from "../schema.ts";
import { CLASSES, type OpClass } from "../wasm/opcodes.ts";

/** Classes that the core cannot run (SIMD) or that have no fixed cost (bulk memory) may be left out; a count of one of them is then an error. */
const OPTIONAL: ReadonlySet<OpClass> = new Set<OpClass>(["simd", "simdDot", "bulk"]);

const cyclesOfClass = (kind: OpClass) => constant(`an operation of class ${kind}`, "cycles", { least: 0, most: 10_000 });
const cyclesPerOp = object(
  Object.fromEntries(CLASSES.map((kind) => [kind, OPTIONAL.has(kind) ? v.exactOptional(cyclesOfClass(kind)) : cyclesOfClass(kind)])),
) as unknown as v.GenericSchema<Partial<Record<OpClass, Constant>>>;
export type CyclesPerOp = v.InferOutput<typeof cyclesPerOp>;

export const CORE = object({
  name: text(),
  title: text(),
  source: text("where instruction timings come from, and how the factors were made of them"),
  cyclesPerOp,
});
export type CoreCycles = v.InferOutput<typeof CORE>;

const HINT = "Each constant is { value, unit, source }; host/meter/cores/cortex-m4.json shows them all.";

/** Errors: DEVICE_PROFILE, naming the path of the field with what was expected and found. */
export function parseCore(json: unknown, file: string): CoreCycles {
  return checkJson(CORE, json, { file, code: "DEVICE_PROFILE", hint: HINT });
}
