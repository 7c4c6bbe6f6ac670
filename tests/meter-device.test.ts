// Device profiles: the bundled one is sound and its factors are what the fit says; a wrong one is refused by the field's path.

import { test } from "uvu";
import * as assert from "uvu/assert";
import type { QurioError } from "../host/errors.ts";
import { bestFit, PRIORS, predict, readRows } from "../host/meter/calibrate/fit.ts";
import { countKernel, JUDGED } from "../host/meter/calibrate/judge.ts";
import { countCall, microCall } from "../host/meter/calibrate/record.ts";
import { parseDevice } from "../host/meter/device.ts";
import { deviceNames, loadDevice } from "../host/meter/devices.ts";
import { CLASSES, type OpClass } from "../host/wasm/opcodes.ts";
import { compileEntry } from "./harness/compile.ts";

const rows = readRows();
const fitted = bestFit(rows);

const sound = () => structuredClone(loadDevice("nucleo-l4r5zi")) as unknown as Record<string, Record<string, unknown>>;

function errorOf(change: (profile: Record<string, Record<string, unknown>>) => void): QurioError {
  const profile = sound();
  change(profile);
  try {
    parseDevice(profile, "x.json");
  } catch (error) {
    return error as QurioError;
  }
  throw new Error("no error");
}

test("every bundled profile loads; each constant names its source", () => {
  assert.ok(deviceNames().includes("nucleo-l4r5zi"));
  for (const name of deviceNames()) {
    const device = loadDevice(name);
    assert.is(device.name, name);
    for (const constant of [device.clock, device.supply, device.energyPerCycle, ...Object.values(device.cyclesPerOp)]) {
      assert.ok(constant.source.length > 20, constant.source);
    }
    assert.equal(parseDevice(JSON.parse(JSON.stringify(device))), device);
  }
});

test("published rows give the energy per cycle", () => {
  const device = loadDevice("nucleo-l4r5zi");
  assert.is(Math.round((416.3 / (10.05e-3 * 120e6)) * 1e6), device.energyPerCycle.value);
  assert.match(device.energyPerCycle.source, "mlcommons/tiny_results_v0.5");
});

const cases: [what: string, change: (p: Record<string, Record<string, unknown>>) => void, message: string][] = [
  ["missing field", (p) => delete p["clock"], "x.json: clock: an object expected, nothing found"],
  ["missing value", (p) => delete p["clock"]!["value"], "clock.value: a number above 0 expected, nothing found"],
  ["zero clock", (p) => (p["clock"]!["value"] = 0), "clock.value: a number above 0 expected, 0 found"],
  ["missing class", (p) => delete p["cyclesPerOp"]!["load"], "cyclesPerOp.load: an object expected, nothing found"],
  [
    "negative",
    (p) => ((p["cyclesPerOp"]!["mul"] as { value: number }).value = -1),
    "cyclesPerOp.mul.value: a number of at least 0 expected, -1 found",
  ],
  ["NaN", (p) => (p["energyPerCycle"]!["value"] = Number.NaN), "energyPerCycle.value: a number above 0 expected, NaN found"],
  ["infinite", (p) => (p["supply"]!["value"] = Number.POSITIVE_INFINITY), "supply.value: a number above 0 expected, Infinity found"],
  ["text for a number", (p) => (p["supply"]!["value"] = "1.8"), 'supply.value: a number above 0 expected, "1.8" found'],
  ["unknown unit", (p) => (p["energyPerCycle"]!["unit"] = "nJ"), 'energyPerCycle.unit: "pJ" expected, "nJ" found'],
  ["no source", (p) => (p["clock"]!["source"] = ""), 'clock.source: a text expected, "" found'],
  ["unknown class", (p) => (p["cyclesPerOp"]!["laod"] = {}), "cyclesPerOp.laod: one of const, local"],
  ["unknown field", (p) => (p["voltage"] = {}), "x.json: voltage: one of name, title"],
  ["a list", (p) => ((p as Record<string, unknown>)["cyclesPerOp"] = []), "cyclesPerOp: an object expected, [] found"],
];
for (const [what, change, message] of cases) {
  test(`refused: ${what}`, () => {
    const error = errorOf(change);
    assert.is(error.code, "DEVICE_PROFILE");
    assert.match(error.message, message);
  });
}

test("not an object, not a device", () => {
  for (const json of [null, 3, "x", []])
    assert.throws(
      () => parseDevice(json),
      (error: QurioError) => error.message.includes("the file: an object"),
    );
  assert.throws(
    () => loadDevice("nucleo-l4r5z"),
    (error: QurioError) => error.code === "DEVICE_UNKNOWN" && error.exitCode === 2,
  );
  assert.throws(
    () => loadDevice("../devices/nucleo-l4r5zi"),
    (error: QurioError) => error.code === "DEVICE_UNKNOWN",
  );
  assert.throws(
    () => loadDevice("package-of-nothing.json"),
    (error: QurioError) => error.code === "DEVICE_UNKNOWN",
  );
});

test("the profile's factors are the fit of the recorded microbenchmarks", () => {
  const { factors } = fitted;
  const device = loadDevice("nucleo-l4r5zi");
  for (const kind of CLASSES) assert.is(device.cyclesPerOp[kind]?.value, factors[kind], kind);
  assert.ok(fitted.leaveOneOut < 0.2, `leave-one-out error ${fitted.leaveOneOut}`);
  for (const row of rows) {
    const ratio = predict(factors, row.ops) / row.cycles;
    assert.ok(ratio > 0.8 && ratio < 1.25, `${row.name}: ${ratio}`);
  }
});

test("the recorded op counts are those of the microbenchmarks as they are now", async () => {
  const wasm = await compileEntry("meter-micro", "scalar");
  assert.ok(rows.length >= 25);
  for (const row of rows) {
    const counts = await countCall(wasm, microCall(row.name));
    for (const kind of CLASSES)
      assert.is(counts[kind], row.ops[kind] ?? 0, `${row.name}: ${kind}; run host/meter/calibrate/record.ts again`);
  }
});

/** Cycles per MAC of kernels that no fit has seen, 1536 -> 640, emulated: host/meter/calibrate/judge.ts. */
// The 8-bit kernel's masked halves become SMLABB/SMLATT, which no microbenchmark shows the fit: the model is 17 % too dear there.
const KNOWN_MISS: Record<string, number> = { int8Gemv: 0.18 };

test("kernels that the fit has not seen: modelled within 10 % of emulation, one known miss within 18 %", async () => {
  const wasm = await compileEntry("meter-kernels", "scalar");
  for (const kernel of JUDGED) {
    const perMac = predict(fitted.factors, await countKernel(wasm, kernel)) / (kernel.columns * kernel.rows);
    const ratio = perMac / kernel.emulatedCyclesPerMac;
    assert.ok(
      Math.abs(ratio - 1) < (KNOWN_MISS[kernel.name] ?? 0.1),
      `${kernel.name}: ${perMac.toFixed(2)} modelled, ${kernel.emulatedCyclesPerMac} emulated; a changed kernel: run judge.ts again`,
    );
  }
});

test("every prior says what it stands for", () => {
  for (const kind of Object.keys(PRIORS) as OpClass[]) assert.ok(PRIORS[kind]!.why.length > 2, kind);
});

test.run();
