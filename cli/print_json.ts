// What commands print with --json: one object a line, of the form that its schema in cli/schemas/ says.

import type * as v from "valibot";
import type { Schema } from "../host/schema.ts";

export function printJson<S extends Schema<unknown, unknown>>(value: v.InferOutput<S>): void {
  console.log(JSON.stringify(value));
}
