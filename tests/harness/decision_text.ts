// A decision as the WASI command prints it, made from the schema: what stands between the braces.

import { decimal6 } from "../../host/engines/decimal.ts";
import { DECISION_FIELDS, type Decision } from "../../host/runtime/decision.ts";

type Fields = { readonly [name: string]: string | Fields };

export function decisionText(decision: Decision): string {
  return textOf(DECISION_FIELDS, decision as unknown as Record<string, unknown>);
}

function textOf(fields: Fields, values: Record<string, unknown>): string {
  return Object.entries(fields)
    .map(([name, type]) => `"${name}":${valueText(type, values[name])}`)
    .join(",");
}

function valueText(type: string | Fields, value: unknown): string {
  if (typeof type !== "string") return `{${textOf(type, value as Record<string, unknown>)}}`;
  return type.startsWith("f32") && value !== null ? decimal6(value as number) : JSON.stringify(value);
}
