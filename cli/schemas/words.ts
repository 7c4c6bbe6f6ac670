// What schemas of `--json` outputs have in common.

import * as v from "valibot";
import { estimate, number, object, type Schema, text, whole } from "../../host/schema.ts";
import { CLASSES, type OpClass } from "../../host/wasm/opcodes.ts";

export const count = (about: string) => whole(about, { least: 0 });
/** Not negative. */
export const amount = (about: string) => number(about, { least: 0 });
/** Means may lie above 1 by the last bit. */
export const share = (about: string) => number(`${about}, 0..1`, { least: 0 });
/** Names that depend on the model or the machine may be empty. */
export const name = (about: string) => v.pipe(v.string("a text"), v.description(about));
export const modelled = v.pipe(v.literal("modelled", '"modelled"'), v.description("nothing here was measured on hardware"));
export const deviceName = text("name of the device profile");
export const uj = (about: string) => v.pipe(estimate("uJ"), v.description(`${about}, modelled`));
export const ujRange = v.pipe(
  v.strictTuple([amount("uJ, at least"), amount("uJ, at most")], "two numbers"),
  v.description("lower and upper end; equal where this very board was measured"),
);

/** One field of the same kind for each name. */
export function fieldsOf<Name extends string, Value>(names: readonly Name[], of: (name: Name) => Schema<Value>) {
  return object(Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, Schema<Value>>);
}

export const opsByClass = fieldsOf<OpClass, number>(CLASSES, (kind) => amount(`operations of class ${kind}`));
