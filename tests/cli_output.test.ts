// What commands print: units, bars, tables, and a progress bar that knows when to stay silent.

import { spawnSync } from "node:child_process";
import { Writable } from "node:stream";
import { stripVTControlCharacters } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  formatBar,
  formatBytes,
  formatCount,
  formatCycles,
  formatDurationUs,
  formatEnergyRange,
  formatEnergyUj,
  formatShare,
  formatTable,
} from "../cli/output.ts";
import { startProgress } from "../tools/terminal/progress.ts";

test("units: three significant digits, no unit above what is there", () => {
  const cases: [string, string][] = [
    [formatBytes(0), "0 B"],
    [formatBytes(1023), "1023 B"],
    [formatBytes(1024), "1.00 KiB"],
    [formatBytes(180224), "176 KiB"],
    [formatBytes(3 * 2 ** 30), "3.00 GiB"],
    [formatCount(999), "999"],
    [formatCount(999.6), "1.00 k"],
    [formatCount(1234567), "1.23 M"],
    [formatCount(99950), "100 k"],
    [formatCycles(12345), "12.3 k cycles"],
    [formatEnergyUj(0.5), "500 nJ"],
    [formatEnergyUj(12.34), "12.3 uJ"],
    [formatEnergyUj(1500), "1.50 mJ"],
    [formatEnergyUj(2e6), "2.00 J"],
    [formatEnergyUj(0), "0 nJ"],
    [formatEnergyUj(-1500), "-1.50 mJ"],
    [formatEnergyRange({ value: 1500, low: 1500, high: 1500 }), "1.50 mJ"],
    [formatEnergyRange({ value: 1500, low: 1200, high: 1900 }), "1.20 to 1.90 mJ"],
    [formatEnergyRange({ value: 1500, low: 200, high: 1900 }), "200 uJ to 1.90 mJ"],
    [formatDurationUs(0.25), "250 ns"],
    [formatDurationUs(15000), "15.0 ms"],
    [formatShare(0.1234), "12.3 %"],
  ];
  for (const [got, expected] of cases) assert.is(got, expected);
});

test("bars: to an eighth, clamped, always as wide as asked", () => {
  assert.is(formatBar(0, 4), "    ");
  assert.is(formatBar(1, 4), "████");
  assert.is(formatBar(0.5, 4), "██  ");
  assert.is(formatBar(0.53125, 4), "██▏ ");
  assert.is(formatBar(7, 2), "██");
  assert.is(formatBar(-1, 2), "  ");
  for (let i = 0; i <= 100; i++) assert.is([...formatBar(i / 100, 13)].length, 13);
});

test("tables: columns aligned, numbers to the right, no borders or trailing spaces", () => {
  const rows = [
    ["fc1", "ternary", 620160, "1.60"],
    ["wide 字", "8-bit", 32, "8.25"],
  ];
  const expected = "layer    type      bytes   bpw\nfc1      ternary  620160  1.60\nwide 字  8-bit        32  8.25";
  assert.is(stripVTControlCharacters(formatTable(rows, { head: ["layer", "type", "bytes", "bpw"] })), expected);
  assert.is(formatTable([]), "");
});

/** Runs one job of `ms` fake milliseconds in ten steps and returns what was written. */
function watched(ms: number, terminal: boolean): string {
  let text = "";
  let now = 0;
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const progress = startProgress("training", { stream, terminal, clock: () => now });
  for (let i = 1; i <= 10; i++) {
    now = (ms * i) / 10;
    progress.update(i / 10, `epoch ${i}`);
  }
  progress.stop();
  return text;
}

test("progress: nothing for short work or without a terminal, a bar for long work", () => {
  assert.is(watched(900, true), "");
  assert.is(watched(60000, false), "");
  assert.match(watched(60000, true), /training .*%.*left/);
});

test("no colours into a pipe, and none under NO_COLOR", () => {
  const code = 'import { colors } from "./cli/output.ts"; console.log(JSON.stringify(colors.red("x")));';
  const args = ["--import", "tsx", "--input-type=module", "-e", code];
  assert.is(spawnSync(process.execPath, args, { encoding: "utf8", env: { ...process.env, FORCE_COLOR: "" } }).stdout, '"x"\n');
});

test.run();
