// docs/schemas/: JSON Schema 2020-12 of all JSON that qurio reads, and of what its commands print with --json, from the schemas that judge it.
// usage: npm run schemas

import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { type ConversionConfig, toJsonSchema } from "@valibot/to-json-schema";
import { INPUTS, OUTPUTS, type Published } from "../cli/schemas/index.ts";
import { packagePath } from "../host/files.ts";

const { homepage } = JSON.parse(readFileSync(packagePath("package.json"), "utf8"));
/** Where a schema can be fetched. */
const BASE = `${homepage.replace(/#.*$/, "")}/raw/main/docs/schemas`;

const CONFIG: ConversionConfig = {
  target: "draft-2020-12",
  typeMode: "input",
  // JSON has finite numbers only; what fields must be to each other is beyond JSON Schema
  ignoreActions: ["finite", "raw_check"],
};

/** `$schema` may stand in all that qurio reads, for editors. */
const NAMED = { type: "string", description: "where this schema lies, for editors" };

function jsonSchema(path: string, { title, schema }: Published, isInput: boolean): object {
  const { $schema, ...rest } = toJsonSchema(schema as Parameters<typeof toJsonSchema>[0], CONFIG);
  const head = { $schema, $id: `${BASE}/${path}`, title };
  return isInput ? { ...head, ...rest, properties: { $schema: NAMED, ...rest.properties } } : { ...head, ...rest };
}

/** Text of each file by its path in docs/schemas/. */
export function schemaFiles(): Map<string, string> {
  const files = new Map<string, string>();
  const add = (path: string, published: Published, isInput: boolean) =>
    files.set(path, `${JSON.stringify(jsonSchema(path, published, isInput), null, 2)}\n`);
  for (const [name, published] of Object.entries(INPUTS)) add(`${name}.json`, published, true);
  for (const [name, published] of Object.entries(OUTPUTS)) add(`output/${name}.json`, published, false);
  return files;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  rmSync(packagePath("docs", "schemas"), { recursive: true, force: true });
  for (const [path, text] of schemaFiles()) {
    const file = packagePath("docs", "schemas", path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
