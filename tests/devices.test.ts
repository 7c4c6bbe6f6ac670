// `qurio devices`, names of boards and profiles, ranges in the card of `run`, and the worked example of docs/guides/add-a-device.md.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { deviceCard, deviceList, devicesMarkdown } from "../cli/devices.ts";
import { formatEnergyRange } from "../cli/output.ts";
import { isBoard, loadBoard } from "../firmware-sim/image/boards.ts";
import type { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { costOf, energyUjOf, noPartCounts } from "../host/meter/cost.ts";
import { noCounts } from "../host/meter/counts.ts";
import { cyclesFactor, standInNote } from "../host/meter/device.ts";
import { deviceNames, loadDevice } from "../host/meter/devices.ts";

function qurio(...args: string[]) {
  const run = spawnSync(process.execPath, [packagePath("bin", "qurio.js"), ...args], { encoding: "utf8" });
  return { ...run, json: () => JSON.parse(run.stdout.trim().split("\n").at(-1)!) };
}

function succeed(...args: string[]) {
  const run = qurio(...args);
  assert.is(run.status, 0, `qurio ${args.join(" ")}\n${run.stderr}`);
  return run;
}

const BOARDS = ["nrf52840", "nucleo-g0b1re", "nucleo-l4r5zi", "nucleo-u575zi-q", "rp2040", "rp2350", "stm32f411"];
const OTHERS = ["esp32-s3", "rpi-3bplus", "rpi-4", "rpi-5", "rpi-zero-2w"];

test("every profile is in the list; energies of the measured ones are figures, of the others ranges", () => {
  for (const name of [...BOARDS, ...OTHERS]) assert.ok(deviceNames().includes(name), name);
  const lines = deviceList(deviceNames().map(loadDevice)).split("\n");
  for (const name of deviceNames()) {
    const line = lines.find((line) => line.startsWith(`${name} `))!;
    const { energy, energyPerCycle } = loadDevice(name);
    assert.is(energyPerCycle.low === energyPerCycle.high, energy.measured !== null, name);
    assert.match(line, energy.measured ? "published for this board" : "a range");
  }
});

test("one device: every constant with its source; JSON has the whole profile", () => {
  const card = deviceCard(loadDevice("nrf52840"));
  for (const word of ["52 uA/MHz", "1.5 (1 to 2.4) x", "4.8 mA", "Product Specification", "assumption"]) assert.match(card, word);
  const device = succeed("devices", "nrf52840", "--json").json();
  assert.equal(device.firmware.flash, { address: 0, bytes: 1 << 20 });
  assert.is(device.energyPerCycle.value, 52 * 3 * 1.5);
});

test("an unknown device is refused, a chip is told its board, and bake takes the names that the meter takes", () => {
  const unknown = qurio("devices", "nrf9160");
  assert.is(unknown.status, 2);
  assert.match(unknown.stderr, "no device profile nrf9160");
  assert.throws(
    () => loadDevice("stm32l4r5"),
    (error: QurioError) => error.code === "DEVICE_UNKNOWN" && error.hint.startsWith("Did you mean nucleo-l4r5zi?"),
  );
  for (const name of BOARDS) assert.is(loadBoard(name).name, name);
  for (const name of OTHERS) {
    assert.not.ok(isBoard(loadDevice(name)), name);
    assert.throws(
      () => loadBoard(name),
      (error: QurioError) => error.code === "NO_FIRMWARE" && error.message.startsWith(`no firmware for ${name}: flash and RAM`),
    );
  }
});

test("a core without a table says whose cycles stand in for its own; one with a table says nothing", () => {
  const note = "cycles as on cortex-m4: no table for xtensa-lx7";
  assert.match(deviceCard(loadDevice("esp32-s3")), "cortex-m4: Arm Cortex-M4F; no table for xtensa-lx7");
  assert.match(succeed("meter", "models/esc10-tiny.qmoe", "--device", "esp32-s3", "--no-bound").stdout, note);
  for (const name of BOARDS) assert.is(standInNote(loadDevice(name)), null);
  assert.match(succeed("devices").stdout, /^rpi-4 +cortex-a72 +aarch64 +1500 MHz/m);
});

test("run prints a range where no board was measured, and one figure where one was", () => {
  const line = succeed("run", "--device", "nrf52840").stdout.match(/^whole decision.*$/m)![0];
  assert.match(line, /\d to [\d.]+ mJ/);
  assert.is(formatEnergyRange(energyUjOf(1e6, loadDevice("nucleo-l4r5zi"))), "345 uJ");
  const { meter } = succeed("run", "--device", "nrf52840", "--json").json();
  assert.ok(meter.decisionUjRange[0] < meter.decisionUj && meter.decisionUj < meter.decisionUjRange[1]);
});

test("a board's factor of cycles is how wasm runs there times its wait states, and so are both its ends", () => {
  const factor = { value: 2, low: 1, high: 3 };
  const { runs, waitStates } = loadDevice("rp2040");
  const board = { runs: { ...runs, factor: { ...runs.factor, ...factor } }, waitStates: { ...waitStates, value: 1.5 } };
  assert.equal(cyclesFactor(board), { value: 3, low: 1.5, high: 4.5 });
});

test("docs/guides/add-a-device.md: its example, done step by step, loads and decides", () => {
  const page = readFileSync(packagePath("docs", "guides", "add-a-device.md"), "utf8");
  const edits = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => JSON.parse(json));
  const profile = JSON.parse(readFileSync(packagePath("host", "meter", "devices", "nrf52840.json"), "utf8"));
  for (const edit of edits) Object.assign(profile, edit);
  const folder = mkdtempSync(join(tmpdir(), "qurio-devices-"));
  try {
    const path = join(folder, "my-board.json");
    writeFileSync(path, JSON.stringify(profile));
    assert.equal(
      { name: loadDevice(path).name, clock: loadDevice(path).clock.value, family: loadDevice(path).family },
      { name: "my-board", clock: 100, family: "other" },
    );
    assert.match(deviceCard(loadDevice(path)), "STM32F411");
    const cost = costOf({ ...noPartCounts(), router: { ...noCounts(), mul: 1e6 } }, loadDevice(path));
    assert.ok(cost.networkUj > 0);
    profile.supplyMin.value = 4;
    writeFileSync(path, JSON.stringify(profile));
    assert.match(qurio("devices", path).stderr, "supplyMin.value: a number of at least 0.5 and at most 3.3 expected, 4 found");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("docs/reference/devices.md is what `qurio devices --markdown` prints", () => {
  const page = readFileSync(packagePath("docs", "reference", "devices.md"), "utf8");
  assert.ok(page.includes(devicesMarkdown(deviceNames().map(loadDevice))), "run: npx qurio devices --markdown");
});

test.run();
