// docs/schemas/: what is committed is what the sources say; what qurio reads and what every command prints with --json is valid by them, and
// what qurio refuses is not.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { buildProgram } from "../cli/program.ts";
import { INPUTS, OUTPUTS } from "../cli/schemas/index.ts";
import { packagePath } from "../host/files.ts";
import { checkJson } from "../host/json.ts";
import { schemaFiles } from "../scripts/schemas.ts";
import { decodeFeatureCodes, encodeFeatureCodes } from "../tools/import/feature_codes.ts";
import { randomLayers, writeTflite } from "./harness/tflite.ts";

const folder = mkdtempSync(join(tmpdir(), "qurio-schemas-"));
test.after(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);
const read = (path: string) => JSON.parse(readFileSync(packagePath(path), "utf8"));

const ajv = new Ajv2020({ strict: true, strictTuples: false, allowUnionTypes: true, allErrors: false });
const files = schemaFiles();
const validators = new Map([...files].map(([path, text]) => [path.replace(".json", ""), ajv.compile(JSON.parse(text))]));

/** What JSON Schema says is wrong, or null. */
function wrongWith(name: string, json: unknown): string | null {
  const validate = validators.get(name)!;
  return validate(json) ? null : `${name}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(json).slice(0, 300)}`;
}

test("docs/schemas/ is what the sources say: npm run schemas", () => {
  const committed = (readdirSync(packagePath("docs", "schemas"), { recursive: true }) as string[]).filter((name) => name.endsWith(".json"));
  assert.equal(committed.sort(), [...files.keys()].sort());
  for (const [path, text] of files)
    assert.ok(readFileSync(packagePath("docs", "schemas", path), "utf8") === text, `${path}: npm run schemas`);
});

test("each schema has an address, a title, and a description with every number", () => {
  const bare = (schema: unknown, path: string): string[] => {
    if (typeof schema !== "object" || schema === null) return [];
    const { type, description } = schema as { type?: unknown; description?: unknown };
    const own = (type === "number" || type === "integer") && !description ? [path] : [];
    return [...own, ...Object.entries(schema).flatMap(([key, value]) => bare(value, `${path}/${key}`))];
  };
  for (const [path, text] of files) {
    const schema = JSON.parse(text);
    assert.is(schema.$id, `https://github.com/qurio/qurio/raw/main/docs/schemas/${path}`);
    assert.ok(schema.title.length > 5, path);
    assert.equal(bare(schema, path), []);
  }
});

test("docs/reference/json.md lists every schema", () => {
  const page = readFileSync(packagePath("docs", "reference", "json.md"), "utf8");
  const listed = [...page.matchAll(/^\| \[([\w/.-]+)\]\(\.\.\/schemas\/([\w/.-]+)\) \|/gm)].map(([, name, path]) =>
    name === path ? name : `${name}?`,
  );
  assert.equal(listed.sort(), [...files.keys()].sort());
});

// ---- what qurio reads ----

const bundled = (name: keyof typeof INPUTS, path: string): [keyof typeof INPUTS, string][] =>
  readdirSync(packagePath(path))
    .filter((file) => file.endsWith(".json"))
    .map((file) => [name, `${path}/${file}`]);

const INPUT_FILES: [name: keyof typeof INPUTS, path: string][] = [
  ...bundled("scenario", "firmware-sim/battery/presets"),
  ...bundled("battery", "firmware-sim/battery/batteries"),
  ...bundled("device", "host/meter/devices"),
  ...bundled("core", "host/meter/cores"),
  ["families", "host/meter/families.json"],
  ["carbon-tables", "host/meter/carbon.json"],
  ["budget", "examples/budget/qurio.budget.json"],
  ["budget-accepted", "examples/budget/qurio.budget.accepted.json"],
];

const accepts = (name: keyof typeof INPUTS, json: unknown): boolean => {
  try {
    checkJson(INPUTS[name].schema, json, { file: name, code: "X", hint: "" });
    return true;
  } catch {
    return false;
  }
};

test("bundled files are valid, with and without $schema", () => {
  for (const [name, path] of INPUT_FILES) {
    for (const json of [read(path), { $schema: "https://example.org", ...read(path) }]) {
      assert.is(wrongWith(name, json), null);
      assert.ok(accepts(name, json), path);
    }
  }
});

/** Each way to damage one field, everywhere in a file. */
function* damaged(json: unknown): Generator<[what: string, json: unknown]> {
  const walk = function* (value: unknown, path: (string | number)[]): Generator<(string | number)[]> {
    if (typeof value !== "object" || value === null) return yield path;
    if (path.length > 0) yield path;
    const entries = Array.isArray(value) ? value.slice(0, 2).map((item, i) => [i, item] as const) : Object.entries(value);
    for (const [key, item] of entries) yield* walk(item, [...path, key]);
  };
  for (const path of walk(json, [])) {
    // a list in the place of anything but a list is never right; nor is an object in the place of one
    const copy = structuredClone(json);
    const parent = path.slice(0, -1).reduce((value, key) => (value as Record<string, unknown>)[key], copy) as Record<string, unknown>;
    const key = path.at(-1)!;
    parent[key] = Array.isArray(parent[key]) ? { nothing: 1 } : [];
    yield [path.join("."), copy];
  }
  yield ["an unknown field", { ...(json as object), unknownField: 1 }];
  yield ["a list", []];
}

test("a file with one damaged field is refused by both, and without a message of the library's own", () => {
  let count = 0;
  for (const [name, path] of INPUT_FILES) {
    for (const [what, json] of damaged(read(path))) {
      count++;
      assert.ok(wrongWith(name, json) !== null, `${path}: JSON Schema accepts a wrong ${what}`);
      assert.not(accepts(name, json), `${path}: a wrong ${what} is accepted`);
      try {
        checkJson(INPUTS[name].schema, json, { file: name, code: "X", hint: "" });
      } catch (error) {
        assert.not.match((error as Error).message, /Invalid|but received/);
      }
    }
  }
  assert.ok(count > 1000, `${count}`);
});

// ---- what commands print ----

const program = () => buildProgram(assert.unreachable, async () => {});

/** Lines of `qurio COMMAND ... --json`, checked. In this process, since starting twenty takes longer than what they do. */
async function printed(command: keyof typeof OUTPUTS, ...args: string[]): Promise<unknown[]> {
  const { log } = console;
  const lines: unknown[] = [];
  console.log = (line: string) => lines.push(JSON.parse(line));
  try {
    await program().parseAsync([command, ...args, "--json"], { from: "user" });
  } finally {
    console.log = log;
  }
  assert.ok(lines.length > 0, `${command} ${args.join(" ")}`);
  for (const line of lines) assert.is(wrongWith(`output/${command}`, line), null);
  return lines;
}

const TINY = packagePath("models", "esc10-tiny.qmoe");
const RAIN = packagePath("samples", "rain.wav");
const BUNDLED = "esc10-features.qfc";

const float = (network: object | null) => network && { ...network, weightType: "float32" };

/** 24 of the bundled clips: three folds, two classes. */
function fewClips(): string {
  const all = decodeFeatureCodes(readFileSync(packagePath("models", BUNDLED)), BUNDLED);
  const count = all.origin.length;
  const perGroup = new Map<string, number>();
  const chosen = all.clips
    .map((clip, i) => ({ ...clip, i }))
    .filter(({ label, fold }) => {
      const seen = perGroup.get(`${label}/${fold}`) ?? 0;
      perGroup.set(`${label}/${fold}`, seen + 1);
      return label < 2 && fold < 4 && seen < 4;
    });
  const codes = Uint8Array.from(chosen.flatMap(({ i }) => [...all.codes.subarray(i * count, (i + 1) * count)]));
  const clips = chosen.map(({ name, label, fold }) => ({ name, label, fold }));
  writeFileSync(at("few.qfc"), encodeFeatureCodes({ ...all, labels: all.labels.slice(0, 2), clips, codes }));
  return at("few.qfc");
}

test("every command that has --json has a schema, and no other", () => {
  const commands = buildProgram(
    () => {},
    async () => {},
  ).commands;
  const printing = commands.filter(({ options }) => options.some(({ long }) => long === "--json")).map((command) => command.name());
  assert.equal(printing.sort(), Object.keys(OUTPUTS).sort());
});

test("run: windows, windows of a stream, awake and asleep, and its cost", async () => {
  assert.is((await printed("run", TINY, RAIN, packagePath("samples", "clock_tick.wav"))).length, 2);
  const lines = await printed("run", TINY, RAIN, "--hop", "1", "--wake", "6", "--votes", "2/3");
  assert.ok("cost" in (lines.at(-1) as object));
});

test("train, export, inspect, bake, eval, study: a checkpoint becomes a model file and a module", async () => {
  const data = fewClips();
  const train = ["--data", data, "--hidden", "8", "--epochs", "1"];
  await printed("train", ...train, "--out", at("ckpt"));
  const checkpoint = JSON.parse(readFileSync(at("ckpt/model.json"), "utf8"));
  assert.is(wrongWith("checkpoint", checkpoint), null);
  for (const [what, json] of damaged(checkpoint))
    assert.equal([wrongWith("checkpoint", json) !== null, accepts("checkpoint", json)], [true, false], what);
  await printed("export", at("ckpt"), "-o", at("m.qmoe"));
  const floats = { ...checkpoint, router: float(checkpoint.router), experts: checkpoint.experts.map(float) };
  writeFileSync(at("ckpt/model.json"), JSON.stringify({ $schema: "checkpoint.json", ...floats }));
  await printed("export", at("ckpt"), "-o", at("ptq.qmoe"), "--ptq", "8");
  writeFileSync(at("net.tflite"), writeTflite(randomLayers([{ columns: 12, rows: 3, relu: false }], 1), "int8", { softmax: 1 }));
  await printed("export", at("net.tflite"), "-o", at("net.qmoe"));
  await printed("inspect", at("m.qmoe"));
  await printed("inspect", at("net.qmoe"));
  await printed("bake", at("m.qmoe"), "-o", at("m.wasm"));
  await printed("bake", at("m.qmoe"), "-o", at("slot.wasm"), "--no-weights");
  await printed("bake", at("m.qmoe"), "-o", at("c"), "--target", "cortex-m");
  await printed("eval", at("m.qmoe"), "--data", data);
  await printed("train", ...train, "--cv");
  await printed("study", "--data", data, "--quick", "--epochs", "1", "--models", "Q4-Base", "--out", at("study"));
});

test("meter, devices, engines, budget, carbon", async () => {
  await printed("meter", at("m.qmoe"));
  await printed("meter", at("m.qmoe"), "--no-bound", "--no-emulate");
  await printed("devices");
  await printed("doctor");
  await printed("engines");
  const budget = { $schema: "../scenario.json", model: "m.qmoe", device: "rp2040", limits: { wasmBytes: 1e7, meanCycles: 1e12 } };
  writeFileSync(at("b.json"), JSON.stringify(budget));
  const gone = { name: "4-bit: gone", ops: 1, weightBytes: 1, cycles: 1 };
  const accepted = { model: "m.qmoe", device: "rp2040", data: "d", figures: { wasmBytes: 9 }, layers: [gone] };
  writeFileSync(at("b.accepted.json"), JSON.stringify(accepted));
  await printed("budget", at("b.json"), "--accept");
  assert.is(wrongWith("budget-accepted", JSON.parse(readFileSync(at("b.accepted.json"), "utf8"))), null);
  await printed("carbon", at("m.qmoe"));
});

test("simulate and policies", async () => {
  await printed("simulate", "--list");
  await printed("simulate", "--preset", "minute-u575", "--runs", "2", "--jobs", "1");
  await printed("simulate", "--preset", "minute-u575", "--events", "--days", "0.1");
  await printed("policies");
});

test.run();
