// Bad scenarios and battery profiles: refused by the path of the field, with the accepted range; and what `qurio simulate` prints.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { loadBattery, parseBattery } from "../firmware-sim/battery/batteries.ts";
import { simulate } from "../firmware-sim/battery/index.ts";
import { parseScenario } from "../firmware-sim/battery/parse_scenario.ts";
import { presetList, presetNames, presetText } from "../firmware-sim/battery/presets.ts";
import { simulateScenario } from "../firmware-sim/battery/simulate.ts";
import { scenarioFromText } from "../firmware-sim/costs/metered_scenario.ts";
import type { QurioError } from "../host/errors.ts";
import { readInput } from "../host/files.ts";
import { deviceNames } from "../host/meter/devices.ts";
import { fullScenario, plainScenario } from "./harness/scenarios.ts";

// biome-ignore lint/suspicious/noExplicitAny: tests reach into JSON
type Json = any;

/** A scenario with one change, then what must be said about it. */
const REFUSED: [name: string, change: (scenario: Json) => void, message: RegExp][] = [
  ["no title", (s) => delete s.title, /title: a text expected, nothing found/],
  ["an unknown field", (s) => (s.voltage = 3), /voltage: one of title, battery, .* expected, "voltage" found/],
  ["an unknown unit", (s) => (s.processor.sleepMa = 3), /processor\.sleepMa: one of sleepUa, wakeMa, wakeTimeMs expected/],
  [
    "a missing current",
    (s) => delete s.processor.sleepUa,
    /processor\.sleepUa: a number of at least 0 and at most 10000000 expected, nothing found/,
  ],
  ["a negative current", (s) => (s.processor.sleepUa = -1), /processor\.sleepUa: a number of at least 0 .* expected, -1 found/],
  ["a current that is no number", (s) => (s.processor.sleepUa = "4"), /processor\.sleepUa: a number .* expected, "4" found/],
  ["not finite", (s) => (s.processor.wakeMa = Number.NaN), /processor\.wakeMa: a number .* expected, NaN found/],
  ["no time", (s) => (s.years = 0), /years: a number above 0 and at most 100 expected, 0 found/],
  ["a million years", (s) => (s.years = 1e6), /years: a number above 0 and at most 100 expected, 1000000 found/],
  [
    "a day that there is not",
    (s) => (s.startDayOfYear = 366),
    /startDayOfYear: a number of at least 1 and at most 365 expected, 366 found/,
  ],
  [
    "an oven",
    (s) => Object.assign(s.temperature, { meanC: 70, seasonC: 40, dayC: 30 }),
    /temperature: a year between -60 and 85 C expected, "0 to 140 C" found/,
  ],
  ["absolute zero", (s) => (s.temperature.meanC = -273), /temperature\.meanC: a number of at least -40 and at most 70 expected/],
  ["an unknown regulator", (s) => (s.supply.regulator = "smps"), /supply\.regulator: one of none, ldo, buck, boost expected, "smps" found/],
  [
    "efficiency of more than all",
    (s) => (s.supply.efficiencyPercent = 120),
    /supply\.efficiencyPercent: .* at most 100 expected, 120 found/,
  ],
  [
    "efficiency of an LDO",
    (s) => (s.supply.regulator = "ldo"),
    /supply\.efficiencyPercent: nothing beside regulator "ldo" expected, 85 found/,
  ],
  [
    "a buck that raises",
    (s) => (s.supply.supplyV = 5),
    /supply\.supplyV: less than the 3.16 V of the full battery, below a buck regulator expected, 5 found/,
  ],
  [
    "a boost that lowers",
    (s) => (s.supply.regulator = "boost"),
    /supply\.supplyV: more than the 3.16 V of the full battery, above a boost regulator/,
  ],
  [
    "a gate of no kind",
    (s) => (s.decisions.gate.kind = "voice"),
    /decisions\.gate\.kind: one of comparator, log-mel expected, "voice" found/,
  ],
  ["nothing to decide", (s) => (s.decisions = {}), /decisions: scheduledPerHour above 0 or a gate expected, "neither" found/],
  [
    "more work than time",
    (s) => (s.decisions = { scheduledPerHour: 900 }),
    /decisions: work of at most 60 minutes an hour expected, "79\.5 minutes" found/,
  ],
  ["shares of 0.9", (s) => (s.inference.answers[0].share = 0.7), /inference\.answers: shares that add up to 1 expected, 0\.\d+ found/],
  [
    "energy in no time",
    (s) => (s.inference.answers[1].timeMs = 0),
    /inference\.answers\[1\]\.timeMs: more than 0 for 300 uJ expected, 0 found/,
  ],
  [
    "a model where energies belong",
    (s) => (s.inference = { model: "esc10" }),
    /inference\.model: one of frontEnd, answers, policies expected/,
  ],
  [
    "policies out of order",
    (s) => (s.inference = policies(s, 0.2, 0.5, 0)),
    /inference\.policies\[1\]\.aboveCharge: less than the 0.2 before it expected, 0.5 found/,
  ],
  [
    "two policies at one charge",
    (s) => (s.inference = policies(s, 0.5, 0.5, 0)),
    /inference\.policies\[1\]\.aboveCharge: less than the 0.5 before it expected, 0.5 found/,
  ],
  [
    "a charge without policy",
    (s) => (s.inference = policies(s, 0.5, 0.2)),
    /inference\.policies\[1\]\.aboveCharge: a number of at least 0 and at most 0 expected/,
  ],
  ["a radio that sends nothing", (s) => (s.radio.transmitMa = 0), /radio\.transmitMa: a number above 0/],
  ["a share of more than all", (s) => (s.radio.onDetection.share = 1.5), /radio\.onDetection\.share: .* at most 1 expected, 1\.5 found/],
  [
    "sun on a primary battery",
    (s) => (s.sun = { panelMw: 100, latitudeDeg: 50, clearShare: 0.4, efficiencyPercent: 70 }),
    /sun: nothing beside battery aa-alkaline-2, which cannot be charged/,
  ],
  [
    "a battery with a misspelt field",
    (s) => (s.battery.cutOff = s.battery.cutoff),
    /battery\.cutOff: one of name, title, .* expected, "cutOff" found/,
  ],
  ["a list for spreads", (s) => (s.spread = []), /spread: an object expected, \[\] found/],
  ["no answers", (s) => delete s.inference.answers, /inference\.answers: a list expected, nothing found/],
  ["no policies", (s) => (s.inference = policies(s)), /inference\.policies: at least one policy expected, 0 found/],
  [
    "answers beside policies",
    (s) => (s.inference = { ...policies(s, 0), ...s.inference }),
    /inference\.answers: nothing beside inference\.policies/,
  ],
  ["notes that are none", (s) => (s.notes = [3]), /notes\[0\]: a text expected, 3 found/],
  ["a battery in a list", (s) => (s.battery = [1]), /battery: a name or a profile expected, \[1\] found/],
  [
    "a contradictory battery",
    (s) => (s.battery.cutoff.value = 3.5),
    /battery\.cutoff\.value: less than the 3.16 V of a full battery expected, 3.5 found/,
  ],
];

function policies(scenario: Json, ...above: number[]) {
  const { frontEnd, answers } = scenario.inference;
  return { frontEnd, policies: above.map((aboveCharge) => ({ aboveCharge, answers })) };
}

test("a wrong scenario is refused by the field's path, with the accepted range", () => {
  parseScenario(structuredClone(fullScenario()));
  for (const [name, change, message] of REFUSED) {
    const scenario = structuredClone(fullScenario());
    change(scenario);
    assert.throws(
      () => parseScenario(scenario, "my.json"),
      (error: { code: string; message: string; hint: string }) => {
        if (!message.test(error.message) || !error.message.startsWith("my.json: ")) assert.unreachable(`${name}: ${error.message}`);
        return /^(SCENARIO|BATTERY_PROFILE)$/.test(error.code) && error.hint.length > 20;
      },
      name,
    );
  }
  assert.throws(() => parseScenario(null), /scenario: the file: an object expected, null found/);
});

test("a wrong battery is refused by the field's path", () => {
  const cases: [(battery: Json) => void, RegExp][] = [
    [(b) => delete b.capacity, /b\.json: capacity: an object expected, nothing found/],
    [(b) => (b.capacity.value = -5), /capacity\.value: a number above 0 and at most 1000000 expected, -5 found/],
    [(b) => (b.capacity.unit = "Ah"), /capacity\.unit: "mAh" expected, "Ah" found/],
    [(b) => delete b.resistance.source, /resistance\.source: a text expected/],
    [(b) => (b.openCircuit.points[1][1] = 3.3), /openCircuit\.points\[1\]\[1\]: at most the 3.15 before it expected, 3.3 found/],
    [(b) => (b.openCircuit.points[2][0] = 0), /openCircuit\.points\[2\]\[0\]: more than the 0.02 before it expected, 0 found/],
    [(b) => (b.capacityByTemperature.points = [[20, 1]]), /capacityByTemperature\.points: at least 2 points expected, 1 found/],
    [(b) => (b.capacityByTemperature.points[3][1] = 0.9), /capacityByTemperature at 20 C: 1 expected, 0.9 found/],
    [(b) => (b.resistanceByDepth.unit = "x"), /resistanceByDepth\.unit: "depth, x" expected, "x" found/],
    [(b) => (b.chemistry = "Li"), /chemistry: one of name, title/],
  ];
  for (const [change, message] of cases) {
    const battery = structuredClone(loadBattery("cr2032"));
    change(battery);
    assert.throws(
      () => parseBattery(battery, "b.json"),
      (error: { code: string; message: string }) => {
        if (!message.test(error.message)) assert.unreachable(error.message);
        return error.code === "BATTERY_PROFILE";
      },
    );
  }
  assert.throws(
    () => simulate(plainScenario({ battery: "aaa" })),
    (error: { code: string }) => error.code === "BATTERY_UNKNOWN",
  );
});

test("a battery that cannot start the device is refused, with the pulse that it fails under", () => {
  const scenario = fullScenario({ battery: "cr2032", radio: { transmitMa: 300, onDetection: { share: 0.1, timeMs: 100 } } });
  assert.throws(
    () => parseScenario(scenario, "my.json"),
    (error: { code: string; message: string }) => {
      assert.is(error.code, "BATTERY_CANNOT_START");
      assert.match(
        error.message,
        /^my\.json: battery: cr2032 cannot start the device: at least 1\.9 V expected at full charge, 0\.\d+ V under pulse "radio on detection" of 300 mA found$/,
      );
      return true;
    },
  );
});

// ---- the command ----

function qurio(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["bin/qurio.js", "simulate", ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("every preset is a valid scenario once its model is metered, on a board that there is", () => {
  assert.ok(["baby-monitor", "wildlife-recorder", "machine-listener", "pi-gateway"].every((name) => presetNames().includes(name)));
  assert.equal(
    presetList().map(({ name }) => name),
    presetNames(),
  );
  for (const { name, battery, title } of presetList()) {
    const preset = JSON.parse(presetText(name));
    assert.equal([preset.battery, preset.title], [battery, title]);
    assert.match(preset.inference.model, /^esc10/);
    assert.ok(deviceNames().includes(preset.inference.device), preset.inference.device);
    const answers = [{ name: "all", share: 1, energyUj: 50, timeMs: 3 }];
    const { gate } = preset.decisions;
    const decisions = gate?.kind === "log-mel" ? { gate: { ...gate, framesPerS: 100, frameUj: 10, frameTimeMs: 0.4 } } : preset.decisions;
    const metered = { ...preset, decisions, inference: { frontEnd: { energyUj: 6500, timeMs: 280 }, answers } };
    const { lifeDays } = simulate(metered);
    assert.ok(lifeDays > 0, name);
  }
});

test("qurio simulate meters the model, simulates, plots and prints the same as JSON", async () => {
  const folder = mkdtempSync(join(tmpdir(), "qurio-"));
  try {
    const preset = JSON.parse(presetText("minute-u575"));
    const [scenario, plot] = [join(folder, "scenario.json"), join(folder, "life.svg")];
    writeFileSync(scenario, JSON.stringify(preset));
    const text = qurio(scenario, "--runs", "20", "--plot", plot);
    assert.is(text.stderr, "");
    assert.is(text.status, 0);
    assert.match(text.stdout, /lasts +\d+ days/);
    assert.match(text.stdout, /of 20 devices +p10 \d+ days, p50 \d+ days, p90 \d+ days \(seed 1\)/);
    assert.match(text.stdout, /front end +[\d.]+ J .*█.* %/);
    assert.match(readFileSync(plot, "utf8"), /^<svg[\s\S]*days on CR2032[\s\S]*<\/svg>$/);
    const life = simulateScenario(await scenarioFromText(JSON.stringify(preset), "scenario.json"));
    assert.match(text.stdout, new RegExp(`lasts +${life.lifeDays.toFixed(0)} days`));
    const json = JSON.parse(qurio(scenario, "--runs", "1", "--json").stdout);
    assert.equal([json.kind, json.lifeDays, json.monteCarlo], ["modelled", life.lifeDays, null]);
    // an ESP32-S3 draws more at once than a coin cell gives
    const hungry = JSON.stringify({ ...preset, inference: { ...preset.inference, device: "esp32-s3" } });
    const { code, message } = await scenarioFromText(hungry, "scenario.json").then(
      () => assert.unreachable("an ESP32-S3 on a coin cell") as never,
      (error: QurioError) => error,
    );
    assert.match(`${code} ${message}`, /^BATTERY_CANNOT_START .*cr2032 cannot start .* under pulse "front end" of \d+ mA found$/);
    assert.match(qurio(scenario, "--events", "--days", "1").stdout, /1440 decisions in 24\.0 hours/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("qurio simulate lists and shows presets, and refuses what does not go together", async () => {
  assert.match(qurio("--list").stdout, /^wildlife-recorder +li-ion-18650 +wildlife recorder/m);
  assert.is(qurio("--show", "baby-monitor").stdout, presetText("baby-monitor"));
  for (const [args, message] of [
    [[], /one of a scenario file, '--preset', '--list' and '--show' is needed/],
    [["--preset", "baby-monitor", "--days", "99", "--events"], /at most 31/],
    [["--preset", "baby-monitor", "--runs", "0"], /A whole number from 1 to 100000 is expected/],
  ] as [string[], RegExp][]) {
    const { status, stdout, stderr } = qurio(...args);
    assert.equal([status, stdout], [2, ""]);
    assert.match(stderr, message);
  }
  const refused = (name: string) => scenarioFromText(readInput(name), name);
  const wrong: [() => Promise<unknown> | string, RegExp][] = [
    [() => presetText("toaster"), /^PRESET_UNKNOWN no preset toaster$/],
    [async () => refused("no.json"), /^INPUT_MISSING no\.json does not exist$/],
    [() => refused("README.md"), /^SCENARIO README\.md: JSON expected/],
    [() => refused("package.json"), /^SCENARIO package\.json: .*: one of title, battery/],
  ];
  for (const [work, message] of wrong) {
    try {
      await work();
      assert.unreachable(`${message}`);
    } catch (error) {
      const { code, message: text } = error as QurioError;
      assert.match(`${code} ${text}`, message);
    }
  }
  const { status, stderr } = qurio("--preset", "minute-u575", "--plot", "none/life.svg");
  assert.is(status, 1);
  assert.match(stderr, /folder none does not exist/);
  assert.not(existsSync("none"));
});

test.run();
