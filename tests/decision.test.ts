// One schema of a decision: JavaScript, run --json, the WASI command, WIT and qurio.h have its fields, in its order, with the same values.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { DECISION_BYTES } from "../assembly/format/decision.ts";
import { POLICY_BAYESIAN, POLICY_SINGLE } from "../assembly/format/ids.ts";
import { decisionStruct } from "../firmware-sim/image/c_header.ts";
import { packagePath } from "../host/files.ts";
import { DECISION_FIELDS, nameDecision, readDecision } from "../host/runtime/decision.ts";
import { loadModel } from "../host/runtime/index.ts";
import { randomModel, randomModelFile, randomPcm } from "./harness/models.ts";

type Fields = { readonly [name: string]: string | Fields };

/** Names of all leaves, in order, with their types. */
const leaves = (fields: Fields): [string, string][] =>
  Object.entries(fields).flatMap(([name, type]) => (typeof type === "string" ? [[name, type] as [string, string]] : leaves(type)));

/** What of a value does not fit a field, or "". */
function misfit(type: string, value: unknown): string {
  if (value === null) return type.endsWith("?") ? "" : `null, ${type} expected`;
  const kind = type.replace("?", "");
  const fits = kind === "string" || kind === "bool" ? typeof value === (kind === "bool" ? "boolean" : kind) : typeof value === "number";
  return fits && (kind !== "u32" || Number.isInteger(value)) ? "" : `${value}, ${type} expected`;
}

function assertFields(fields: Fields, value: object, where: string): void {
  assert.equal(Object.keys(value), Object.keys(fields), where);
  for (const [name, type] of Object.entries(fields)) {
    const own = (value as Record<string, unknown>)[name];
    if (typeof type === "string") assert.is(misfit(type, own), "", `${where}, ${name}`);
    else assertFields(type, own as object, `${where}, ${name}`);
  }
}

test("JavaScript: every policy's decision, and that of a model without networks", async () => {
  const files = [
    randomModelFile(),
    randomModelFile({ policy: POLICY_BAYESIAN, experts: ["ternary", "8-bit"], samples: 3 }),
    randomModelFile({ policy: POLICY_SINGLE, experts: ["4-bit"] }),
  ];
  for (const file of files) assertFields(DECISION_FIELDS, (await loadModel(file)).decide(randomPcm(9000, 1)), "decide");
  const nothing = new Uint8Array(DECISION_BYTES);
  for (const offset of [4, 24]) new DataView(nothing.buffer).setInt32(offset, -1, true);
  for (const offset of [8, 12, 16, 20]) new DataView(nothing.buffer).setFloat32(offset, -1, true);
  const empty = nameDecision(randomModel(), readDecision(nothing));
  assertFields(DECISION_FIELDS, empty, "no networks");
  assert.equal([empty.label, empty.index, empty.probability, empty.answerer], [null, null, null, null]);
});

test("WIT: the records are the schema with dashes, null as none", () => {
  const wit = readFileSync(packagePath("wit", "qurio.wit"), "utf8").replace(/^\s*\/\/\/.*\n/gm, "");
  const dashed = (name: string) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const typed = (type: string) => (type.endsWith("?") ? `option<${type.slice(0, -1)}>` : type);
  const record = (name: string, fields: Fields): string[] => [
    `  record ${name} {\n${Object.entries(fields)
      .map(([field, type]) => `    ${dashed(field)}: ${typeof type === "string" ? typed(type) : dashed(field)},\n`)
      .join("")}  }`,
    ...Object.entries(fields).flatMap(([field, type]) => (typeof type === "string" ? [] : record(dashed(field), type))),
  ];
  for (const text of record("decision", DECISION_FIELDS)) assert.ok(wit.includes(text), `expected in wit/qurio.wit:\n${text}`);
});

test("qurio.h: the record's members are the schema with underscores, the label as its index", () => {
  const members = [...decisionStruct().matchAll(/^ {2}\w+ (\w+);/gm)].map(([, name]) => name);
  const scored = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  const [, ...record] = leaves(DECISION_FIELDS).map(([name]) => scored(name));
  assert.equal(members, ["status", ...record]);
});

test.run();
