// `qurio meter` and `qurio budget` as a user meets them: tables, JSON that adds up, two estimates, limits that fail a build, and bad input by name.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { POLICY_BAYESIAN } from "../assembly/format/ids.ts";
import { GROUPS } from "../cli/meter_tables.ts";
import type { MeterResult } from "../firmware-sim/costs/meter_model.ts";
import { HOW_TO_INSTALL, missingTool } from "../firmware-sim/image/tools.ts";
import type { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { type Accepted, compareBudget, parseAccepted, parseBudget } from "../host/meter/budget.ts";
import { cyclesOf } from "../host/meter/cost.ts";
import { totalOf } from "../host/meter/counts.ts";
import { loadDevice } from "../host/meter/devices.ts";
import { ClipMeter, spread } from "../host/meter/report.ts";
import { openSubject } from "../host/meter/subject.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { CLASSES } from "../host/wasm/opcodes.ts";
import { bake } from "../tools/export/bake.ts";
import { randomModel, randomModelFile, randomPcm } from "./harness/models.ts";

const folder = mkdtempSync(join(tmpdir(), "qurio-meter-"));
const at = (name: string) => join(folder, name);
const TINY = packagePath("models", "esc10-tiny.qmoe");
const nucleo = loadDevice("nucleo-l4r5zi");

function qurio(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/qurio.js", ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("meter --json: steps add up to ways, classes to operations, bytes to loads; no clip exceeds what is proven", () => {
  const { status, stdout, stderr } = qurio("meter", TINY, "--json", "--no-emulate");
  assert.is(status, 0, stderr);
  const result = JSON.parse(stdout) as MeterResult;
  const near = (a: number, b: number, what: string) => assert.ok(Math.abs(a - b) <= 1e-6 * b, `${what}: ${a}, expected ${b}`);
  assert.equal(
    result.steps.map(({ network }) => network),
    [null, null, "probe", "probe", "probe", "4-bit", "4-bit", "4-bit"],
  );
  for (const step of result.steps) {
    assert.is(totalOf(step.opsByClass), step.ops.mean, step.what);
    near(cyclesOf(step.opsByClass, nucleo), step.cycles.mean, step.what);
    assert.ok(step.ops.worst <= step.mostOps! && step.cycles.worst <= step.mostCycles!, step.what);
    assert.ok(step.mostCycles! < 1.15 * step.cycles.mean || step.network === null, step.what);
    if (step.ramBytes !== null) assert.is(step.ramBytes + step.modelBytes!, step.loadBytes);
    // what a layer reads of the model is its weights and scales, a bias, and what norm needs of it
    if (step.modelBytes !== null && step.network) assert.ok(step.modelBytes >= step.weightBytes, step.what);
  }
  const all = result.paths.at(-1)!;
  near(
    result.steps.reduce((sum, { cycles }) => sum + cycles.mean, 0),
    all.cycles!.mean,
    "all networks run",
  );
  near(
    result.steps.reduce((sum, { mostCycles }) => sum + mostCycles!, 0),
    all.mostCycles!,
    "at most",
  );
  assert.ok(result.asStored.cycles!.worst <= all.mostCycles!);
  assert.is(result.estimates, null);
});

test("the compact table of operations has every class once", () => {
  const grouped = GROUPS.flatMap(([, kinds]) => kinds);
  assert.equal([...grouped].sort(), [...CLASSES].sort());
});

test("clips: mean, deviation and worst; a step that all clips execute alike has none", async () => {
  assert.equal(spread([2, 4, 9]), { mean: 5, deviation: Math.sqrt(13), worst: 9 });
  const subject = await openSubject(randomModelFile({ policy: POLICY_BAYESIAN, samples: 4 }), () => coreWasm(false), "random");
  const clips = new ClipMeter(subject, nucleo);
  for (const seed of [1, 2, 3]) clips.add({ pcm: randomPcm(80000, seed) });
  const { paths, asStored, steps, clips: count } = clips.report(null);
  assert.is(count, 3);
  assert.ok(Math.abs(paths.reduce((sum, { share }) => sum + share!, 0) - 1) < 1e-9);
  assert.ok(asStored.cycles!.worst >= asStored.cycles!.mean && asStored.cycles!.deviation > 0);
  assert.is(steps.filter(({ network }) => network === "probe").length, 5); // the first layer, four samples
  assert.is(steps[0].mostCycles, null);
});

test("a baked module is metered like its model; a WASI command and a component are refused by name", async () => {
  const file = randomModelFile({ frontEnd: false, features: 30 });
  const open = (wasm: Uint8Array) => openSubject(wasm, () => coreWasm(false), "module");
  const { meter, isBaked } = await open((await bake(file, { target: "core" })).wasm);
  const own = await openSubject(file, () => coreWasm(false), "file");
  const features = Float32Array.from({ length: 30 }, (_, i) => i / 10);
  assert.ok(isBaked);
  assert.equal(meter.decide({ features }).decision, own.meter.decide({ features }).decision);
  const command = new Uint8Array(readFileSync(packagePath("build", "qurio-wasi.wasm")));
  const component = Uint8Array.of(0, 0x61, 0x73, 0x6d, 0x0d, 0, 1, 0);
  for (const [wasm, what] of [
    [command, "a WASI command"],
    [component, "a component"],
  ] as const) {
    await open(wasm).then(
      () => assert.unreachable(what),
      (error: QurioError) => assert.ok(error.code === "METER_TARGET" && error.message.includes(what), error.message),
    );
  }
});

const missing = missingTool();
if (missing) console.log(`skip two estimates in meter_cli.test.ts: ${missing} is not in PATH; ${HOW_TO_INSTALL}`);
(missing ? test.skip : test)("two estimates agree within 20 % on esc10-tiny, part by part", () => {
  const { status, stdout, stderr } = qurio("meter", TINY, "--json", "--no-bound");
  assert.is(status, 0, stderr);
  const { estimates } = JSON.parse(stdout) as MeterResult;
  assert.equal(
    estimates!.parts.map(({ part }) => part),
    ["frontEnd", "router", "expert", "total"],
  );
  for (const { part, difference } of estimates!.parts) assert.ok(Math.abs(difference) < 0.2, `${part}: ${(100 * difference).toFixed(1)} %`);
});

// ---- budgets ----

const figures = { wasmBytes: 1000, meanCycles: 500, worstCycles: 600 };
const layers = [
  { name: "a: linear 3->2", ops: 100, weightBytes: 12, cycles: 80 },
  { name: "a: linear 2->2", ops: 50, weightBytes: 4, cycles: 30 },
];
const accepted: Accepted = { model: "m.qmoe", device: "rp2040", data: "d", figures, layers };
const limited = (limits: object) => parseBudget({ model: "m.qmoe", device: "rp2040", limits }, "budget");

test("budgets compare: limits, changes, and only the layers that are not what they were", () => {
  const now: Accepted = {
    ...accepted,
    figures: { ...figures, meanCycles: 700 },
    layers: [layers[0], { ...layers[1], cycles: 31 }, { ...layers[1], name: "b" }],
  };
  const compared = compareBudget(limited({ meanCycles: 699, wasmBytes: 1000 }), now, accepted);
  assert.equal(
    compared.figures.map(({ name, exceeded, limit, accepted: before }) => [name, exceeded, limit, before]),
    [
      ["wasmBytes", false, 1000, 1000],
      ["meanCycles", true, 699, 500],
      ["worstCycles", false, null, 600],
    ],
  );
  assert.equal(
    compared.layers.map(({ name, accepted: before }) => [name, before?.cycles]),
    [
      ["a: linear 2->2", 30],
      ["b", undefined],
    ],
  );
  assert.equal(compareBudget(limited({ wasmBytes: 1 }), now, null).layers, []);
  const days = parseBudget({ model: "m", device: "d", scenario: "s.json", limits: { batteryDays: 100 } }, "budget");
  const lasting = (batteryDays: number) => compareBudget(days, { ...now, figures: { batteryDays } }, null).figures[0].exceeded;
  assert.equal([lasting(99), lasting(100)], [true, false]);
});

test("wrong budget files are refused by the path of the field", () => {
  const messages: [json: unknown, message: RegExp][] = [
    [[], /budget: the file: an object expected/],
    [{ model: "m", device: "d", limits: {} }, /limits: at least one of wasmBytes, .* expected/],
    [{ model: "m", device: "d", limits: { flash: 1 } }, /limits\.flash: one of wasmBytes, /],
    [{ model: "m", device: "d", limits: { wasmBytes: -1 } }, /limits\.wasmBytes: a number above 0 expected, -1 found/],
    [{ model: "", device: "d", limits: { wasmBytes: 1 } }, /model: a text expected/],
    [{ model: "m", device: "d", limits: { batteryDays: 9 } }, /scenario: a scenario where limits\.batteryDays is given, .* nothing found/],
    [{ model: "m", limits: { wasmBytes: 1 } }, /device: a text expected, nothing found/],
  ];
  for (const [json, message] of messages) {
    assert.throws(
      () => parseBudget(json, "budget"),
      (error: QurioError) => error.code === "BUDGET_FILE" && message.test(error.message),
    );
  }
  assert.equal(parseAccepted(JSON.parse(JSON.stringify(accepted)), "accepted"), accepted);
  assert.throws(
    () => parseAccepted({ ...accepted, layers: [{ name: "x", ops: 1, weightBytes: 1, cycles: -1 }] }, "accepted"),
    /layers\[0\]\.cycles: a number of at least 0 expected, -1 found/,
  );
});

test("qurio budget: within limits it accepts and exits 0, beyond them it shows the layers and exits 1", () => {
  const file = at("qurio.budget.json");
  const model = randomModel({ frontEnd: false, features: 40 });
  const write = (limits: object) => writeFileSync(file, JSON.stringify({ model: "m.qmoe", device: "nucleo-l4r5zi", limits }));
  writeFileSync(at("m.qmoe"), randomModelFile({ frontEnd: false, features: 40 }));
  write({ wasmBytes: 60000, worstCycles: 1e6 });
  const first = qurio("budget", file, "--accept");
  assert.is(first.status, 0, first.stderr);
  assert.match(first.stdout, /wasmBytes +[\d,]+ +60,000 +within/);
  const kept = parseAccepted(JSON.parse(readFileSync(at("qurio.budget.accepted.json"), "utf8")), "kept");
  assert.is(kept.layers.length, model.router!.ops.length + 2 * model.experts[0].ops.length);

  writeFileSync(at("m.qmoe"), randomModelFile({ frontEnd: false, features: 40, hidden: [48, 17] }));
  write({ worstCycles: 1000 });
  const second = qurio("budget", file, "--accept");
  assert.is(second.status, 1);
  assert.match(second.stderr, /m\.qmoe exceeds a limit of .*qurio\.budget\.json: worstCycles \(BUDGET\)/);
  assert.match(second.stdout, /worstCycles .*exceeded/);
  assert.match(second.stdout, /4-bit: linear 40->48, norm, relu +none -> /);
  const still = parseAccepted(JSON.parse(readFileSync(at("qurio.budget.accepted.json"), "utf8")), "kept");
  assert.equal(still, kept, "nothing is accepted beyond a limit");

  writeFileSync(file, JSON.stringify({ model: "m.qmoe", device: "nucleo-l4r5zi", data: "x.qfc", limits: { meanCycles: 1 } }));
  const silent = qurio("budget", file, "--json");
  assert.match(silent.stderr, /limits\.meanCycles: clips with sound expected, the feature vectors of x\.qfc found \(BUDGET_FILE\)/);
  assert.is(silent.stdout, "");
});

test.after(() => rmSync(folder, { recursive: true, force: true }));

test.run();
