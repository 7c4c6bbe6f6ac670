// Device profiles: the bundled one is sound and its factors are what the fit says; a wrong one is refused by the field's path.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bestFit, fittedCore, predict, readRows } from "../firmware-sim/calibrate/fit.ts";
import { countKernel, JUDGED } from "../firmware-sim/calibrate/judge.ts";
import { countCall, microCall } from "../firmware-sim/calibrate/record.ts";
import { TARGETS } from "../firmware-sim/calibrate/targets.ts";
import type { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { parseCore } from "../host/meter/core_cycles.ts";
import { parseDevice } from "../host/meter/device.ts";
import { deviceNames, deviceParts, loadDevice } from "../host/meter/devices.ts";
import { CLASSES } from "../host/wasm/opcodes.ts";
import { compileEntry } from "./harness/compile.ts";

const BUNDLED = packagePath("host", "meter", "devices");
const read = (name: string) => JSON.parse(readFileSync(join(BUNDLED, `${name}.json`), "utf8"));
const parts = deviceParts();
const sound = () => read("nucleo-l4r5zi") as Record<string, Record<string, unknown>>;

function errorOf(change: (profile: Record<string, Record<string, unknown>>) => void): QurioError {
  const profile = sound();
  change(profile);
  try {
    parseDevice(profile, parts, "x.json");
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
    const { clock, supply, supplyMin, waitStates, energy, sleep, wake, runs, radio } = device;
    const constants = [clock, supply, supplyMin, waitStates, energy.current, energy.boardFactor, energy.measured, sleep, wake, runs.factor];
    for (const constant of [...constants, radio?.transmit, radio?.receive, ...Object.values(device.cyclesPerOp)]) {
      if (constant) assert.ok(constant.source.length > 20, constant.source);
    }
  }
});

test("published rows give the energy per cycle: one figure where this very board was measured, else a range", () => {
  const device = loadDevice("nucleo-l4r5zi");
  assert.equal(device.energyPerCycle, { value: 345, low: 345, high: 345 });
  assert.is(Math.round((416.3 / (10.05e-3 * 120e6)) * 1e6), device.energyPerCycle.value);
  assert.match(device.energy.measured!.source, "mlcommons/tiny_results_v0.5");
  const json = sound();
  json["energy"]!["measured"] = null;
  const { energyPerCycle, energy, supply } = parseDevice(json, parts);
  assert.is(energyPerCycle.value, energy.current.value * supply.value * energy.boardFactor.value);
  assert.ok(energyPerCycle.low < energyPerCycle.value && energyPerCycle.value < energyPerCycle.high);
});

test("cycles are the core's, times how wasm runs and the flash's wait states", () => {
  const json = sound();
  Object.assign(json["runs"]!["factor"] as object, { value: 3 });
  json["waitStates"]!["value"] = 1.5;
  assert.is(parseDevice(json, parts).cyclesPerOp.mul!.value, parts.cores["cortex-m4"].cyclesPerOp.mul!.value * 4.5);
});

type Json = Record<string, Record<string, unknown>>;
const cases: [what: string, change: (p: Json) => unknown, message: string][] = [
  ["missing field", (p) => delete p["clock"], "x.json: clock: an object expected, nothing found"],
  ["missing value", (p) => delete p["clock"]!["value"], "clock.value: a number of at least 0.01 and at most 10000 expected, nothing found"],
  ["zero clock", (p) => (p["clock"]!["value"] = 0), "clock.value: a number of at least 0.01 and at most 10000 expected, 0 found"],
  ["a clock in Hz", (p) => (p["clock"]!["value"] = 120e6), "at most 10000 expected, 120000000 found"],
  ["negative", (p) => (p["sleep"]!["value"] = -1), "sleep.value: a number of at least 0 and at most 10000000 expected, -1 found"],
  ["NaN", (p) => (p["supply"]!["value"] = Number.NaN), "supply.value: a number of at least 0.5 and at most 60 expected, NaN found"],
  ["infinite", (p) => (p["wake"]!["value"] = Number.POSITIVE_INFINITY), "wake.value: a number of at least 0"],
  [
    "text for a number",
    (p) => (p["supply"]!["value"] = "1.8"),
    'supply.value: a number of at least 0.5 and at most 60 expected, "1.8" found',
  ],
  ["unknown unit", (p) => (p["sleep"]!["unit"] = "mA"), 'sleep.unit: "uA" expected, "mA" found'],
  ["no source", (p) => (p["clock"]!["source"] = ""), 'clock.source: a text expected, "" found'],
  ["unknown field", (p) => (p["voltage"] = {}), "x.json: voltage: one of name, title"],
  ["a list", (p) => ((p as Record<string, unknown>)["energy"] = []), "energy: an object expected, [] found"],
  [
    "brown-out above the supply",
    (p) => (p["supplyMin"]!["value"] = 2),
    "supplyMin.value: a number of at least 0.5 and at most 1.8 expected, 2 found",
  ],
  [
    "another core's cycles where the core has a table",
    (p) => ((p as Record<string, unknown>)["cyclesFrom"] = "cortex-m33"),
    'cyclesFrom: one of cortex-m4 expected, "cortex-m33" found',
  ],
  [
    "cycles of a core without a table",
    (p) => Object.assign(p, { core: "z80", cyclesFrom: "z80" }),
    'cyclesFrom: one of aarch64, cortex-m0plus, cortex-m33, cortex-m4 expected, "z80" found',
  ],
  [
    "firmware for a core that none is made for",
    (p) => ((p as Record<string, unknown>)["core"] = "z80"),
    "firmware: null, as z80 is none of cortex-m4, cortex-m33, cortex-m0plus, expected",
  ],
  [
    "an address that is a number",
    (p) => Object.assign(p["firmware"]!["ram"] as object, { address: 0x20000000 }),
    "firmware.ram.address: 0x and 8 hexadecimal digits expected, 536870912 found",
  ],
  [
    "half a KiB",
    (p) => Object.assign(p["firmware"]!["flash"] as object, { kib: 0.5 }),
    "firmware.flash.kib: a whole number of at least 1 and at most 1048576 expected, 0.5 found",
  ],
  [
    "one and a half KiB",
    (p) => Object.assign(p["firmware"]!["flash"] as object, { kib: 1.5 }),
    "firmware.flash.kib: a whole number of at least 1 and at most 1048576 expected, 1.5 found",
  ],
  ["memory without a source", (p) => delete p["firmware"]!["source"], "firmware.source: a text expected, nothing found"],
  [
    "a name that is a path",
    (p) => ((p as Record<string, unknown>)["name"] = "../x"),
    'name: lower-case letters, digits and - expected, "../x" found',
  ],
  [
    "low above value",
    (p) => Object.assign(p["runs"]!["factor"]!, { low: 2, high: 3 }),
    "runs.factor.low: a number of at least 0.01 and at most 1",
  ],
  [
    "high below value",
    (p) => Object.assign(p["runs"]!["factor"]!, { low: 0.5, high: 0.7 }),
    "runs.factor.high: a number of at least 1 and",
  ],
  ["half a range", (p) => Object.assign(p["runs"]!["factor"]!, { low: 0.5 }), "runs.factor.high: a number of at least 1"],
  ["no core", (p) => ((p as Record<string, unknown>)["core"] = ""), 'core: a text expected, "" found'],
  ["unknown family", (p) => ((p as Record<string, unknown>)["family"] = "z80"), "x.json: family: one of stm32l4, stm32u5"],
  ["unknown execution", (p) => (p["runs"]!["how"] = "jit"), 'runs.how: one of wasm2c, aot, interpreter expected, "jit" found'],
  ["zero energy", (p) => ((p["energy"]!["measured"] as { value: number }).value = 0), "energy.measured.value: a number above 0"],
  ["no wait states below none", (p) => (p["waitStates"]!["value"] = 0.5), "waitStates.value: a number of at least 1 and at most 20"],
];
for (const [what, change, message] of cases) {
  test(`refused: ${what}`, () => {
    const error = errorOf(change);
    assert.is(error.code, "DEVICE_PROFILE");
    assert.match(error.message, message);
  });
}

test("refused: a core without one of its classes, with an unknown or a negative one", () => {
  const errorOfCore = (change: (cycles: Record<string, unknown>) => unknown): string => {
    const core = structuredClone(parts.cores["cortex-m4"]);
    change(core.cyclesPerOp as Record<string, unknown>);
    try {
      parseCore(core, "c.json");
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error("no error");
  };
  assert.match(
    errorOfCore((cycles) => delete cycles["load"]),
    "c.json: cyclesPerOp.load: an object expected, nothing found",
  );
  assert.match(
    errorOfCore((cycles) => (cycles["laod"] = {})),
    "cyclesPerOp.laod: one of const, local",
  );
  const negative = { value: -1, unit: "cycles", source: "nobody" };
  assert.match(
    errorOfCore((cycles) => (cycles["mul"] = negative)),
    "cyclesPerOp.mul.value: a number of at least 0 and at most 10000 expected, -1 found",
  );
});

test("not an object, not a device", () => {
  for (const json of [null, 3, "x", []])
    assert.throws(
      () => parseDevice(json, parts),
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

/** Leave-one-out error of the fit, and how far a microbenchmark may be off: i64 -> f32 is ten times an i32 -> f32 on the M0+, in one class. */
const FIT_BOUNDS: Record<string, { leaveOneOut: number; rows: [low: number, high: number] }> = {
  "cortex-m4": { leaveOneOut: 0.17, rows: [0.8, 1.25] },
  "cortex-m33": { leaveOneOut: 0.19, rows: [0.8, 1.25] },
  "cortex-m0plus": { leaveOneOut: 0.31, rows: [0.4, 1.25] },
  aarch64: { leaveOneOut: 0.2, rows: [0.75, 1.25] },
};

for (const core of Object.keys(TARGETS)) {
  test(`${core}: its factors are the fit of the recorded microbenchmarks`, () => {
    const rows = readRows(core);
    const fitted = bestFit(rows, TARGETS[core].priors);
    assert.equal(parts.cores[core], fittedCore(core, fitted));
    const { leaveOneOut, rows: bounds } = FIT_BOUNDS[core];
    assert.ok(fitted.leaveOneOut < leaveOneOut, `leave-one-out error ${fitted.leaveOneOut}`);
    for (const row of rows) {
      const ratio = predict(fitted.factors, row.ops) / row.cycles;
      assert.ok(ratio > bounds[0] && ratio < bounds[1], `${row.name}: ${ratio}`);
    }
  });
}

test("the recorded op counts are those of the microbenchmarks as they are now", async () => {
  const wasm = await compileEntry("meter-micro", "scalar");
  const recorded = Object.keys(TARGETS).map((core) => ({ core, rows: readRows(core) }));
  for (const { name } of recorded[0].rows) {
    const counts = await countCall(wasm, microCall(name));
    for (const { core, rows } of recorded) {
      const row = rows.find((row) => row.name === name)!;
      for (const kind of CLASSES)
        assert.is(counts[kind], row.ops[kind] ?? 0, `${core}, ${name}: ${kind}; run firmware-sim/calibrate/record.ts again`);
    }
  }
  for (const { rows } of recorded) assert.is(rows.length, 35);
});

// What the fit has not seen, 1536 -> 640, emulated by firmware-sim/calibrate/judge.ts. The M4's 8-bit kernel folds four sign extensions and
// two masks into SMLABB and SMLATT: more than any microbenchmark shows, the model is 16 % too dear there.
const KNOWN_MISS: Record<string, number> = { int8Gemv: 0.18 };

test("kernels that the fit has not seen: modelled within 10 % of emulation on the M4, one known miss within 18 %", async () => {
  const wasm = await compileEntry("meter-kernels", "scalar");
  const { cyclesPerOp } = parts.cores["cortex-m4"];
  const factors = Object.fromEntries(Object.entries(cyclesPerOp).map(([kind, { value }]) => [kind, value]));
  for (const kernel of JUDGED) {
    const perMac = predict(factors, await countKernel(wasm, kernel)) / (kernel.columns * kernel.rows);
    const ratio = perMac / kernel.emulatedCyclesPerMac;
    assert.ok(
      Math.abs(ratio - 1) < (KNOWN_MISS[kernel.name] ?? 0.1),
      `${kernel.name}: ${perMac.toFixed(2)} modelled, ${kernel.emulatedCyclesPerMac} emulated; a changed kernel: run judge.ts again`,
    );
  }
});

test("every prior says what it stands for", () => {
  for (const { priors } of Object.values(TARGETS)) {
    for (const kind of CLASSES) if (priors[kind]) assert.ok(priors[kind].why.length > 1, kind);
  }
});

test.run();
