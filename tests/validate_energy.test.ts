// Published energies beside the profiles: one factor for all boards of a family, within 25 % of each row, and what the report says.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { ENERGY_ROWS, geometricMean, judgeRows } from "../firmware-sim/calibrate/energy_rows.ts";
import { deviceParts, loadDevice } from "../host/meter/devices.ts";
import { report } from "../scripts/validate-energy.ts";

test("every row is sourced, and energy comes with a datasheet's current", () => {
  for (const row of ENERGY_ROWS) {
    assert.match(row.source, /^mlcommons\/tiny_results_v\d/);
    if (row.energyUj !== null) assert.ok(row.datasheet && row.currentUaPerMhz && row.supplyV && row.family, row.board);
  }
});

test("one factor for all boards of a family: within 15 % of every row, and of those that are left out", () => {
  for (const { row, error, leftOutError } of judgeRows()) {
    assert.ok(Math.abs(error) < 0.15, `${row.board}: ${error}`);
    if (leftOutError !== null) assert.ok(Math.abs(leftOutError) < 0.15, `${row.board} left out: ${leftOutError}`);
  }
});

test("the families' factors are the geometric means of their rows, and their ranges hold the rows", () => {
  const { families } = deviceParts();
  const judged = judgeRows();
  for (const family of new Set(judged.map(({ row }) => row.family!))) {
    const factors = judged.filter(({ row }) => row.family === family).map(({ factor }) => factor);
    const { value, low, high } = families[family].boardFactor;
    assert.is(value, Number(geometricMean(factors).toFixed(2)), family);
    for (const factor of factors) assert.ok(factor > low - 0.005 && factor < high + 0.005, `${family}: ${factor}`);
  }
});

test("a profile with a measured row has that row's energy and clock", () => {
  for (const { row, measuredPj } of judgeRows()) {
    if (row.profile === null) continue;
    const { energyPerCycle, clock } = loadDevice(row.profile);
    assert.is(clock.value, row.clockMhz);
    assert.ok(Math.abs(energyPerCycle.value / measuredPj - 1) < 0.1, `${row.profile}: ${energyPerCycle.value} against ${measuredPj}`);
  }
});

test("leaving a row out by hand", () => {
  const row = (energyUj: number) => ({ ...ENERGY_ROWS[0], timeMs: 1, clockMhz: 100, supplyV: 1, currentUaPerMhz: 100, energyUj });
  const [first, second] = judgeRows([row(10), row(40)]); // 100 and 400 pJ, datasheet 100 pJ: factors 1 and 4, mean 2
  assert.is(first.factor, 1);
  assert.ok(Math.abs(first.error - 1) < 1e-9 && Math.abs(first.leftOutError! - 3) < 1e-9);
  assert.ok(Math.abs(second.error + 0.5) < 1e-9 && Math.abs(second.leftOutError! + 0.75) < 1e-9);
});

test("the report has every board, its error, and what is not known", async () => {
  const text = await report();
  for (const { board } of ENERGY_ROWS) assert.match(text, board);
  assert.match(text, "is its own fit");
  assert.match(text, "529 uJ measured");
});

test.run();
