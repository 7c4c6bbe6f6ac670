// docs/guides/deploy.md cannot rot: its commands run as they stand there, and print what stands there; the systemd unit is sound.
// A recording takes the microphone's place. Slow, so the commands run only with QURIO_PACK=1 or CI=true.

import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decimal6 } from "../host/engines/decimal.ts";
import { ARM_GCC, IWASM, needTool, QEMU_ARM, type Tool, WAMRC, WASMTIME } from "../host/engines/tools.ts";
import type { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { loadModel } from "../host/runtime/index.ts";

const wanted = process.env["QURIO_PACK"] === "1" || process.env["CI"] === "true";
if (!wanted) console.log("skip deploy.test.ts: runs every command of docs/guides/deploy.md, which takes a while; QURIO_PACK=1 runs it");

const PAGE = readFileSync(packagePath("docs", "guides", "deploy.md"), "utf8");
const UNIT = packagePath("examples", "raspberry-pi", "qurio.service");

const SYSTEMD: Tool = {
  name: "systemd-analyze",
  programs: ["systemd-analyze"],
  versionArgs: ["--version"],
  accepts: /^systemd (\d+)/,
  expected: "systemd",
  install: "apt-get install --no-install-recommends systemd",
};
const TOOLS = [WASMTIME, IWASM, WAMRC, ARM_GCC, QEMU_ARM, SYSTEMD];

/** Tools without which a command is left out, and said so. */
const missing = new Set(
  TOOLS.filter((tool) => {
    try {
      needTool(tool);
      return false;
    } catch (error) {
      console.log(`skip deploy.test.ts, ${tool.name}: ${(error as QurioError).message}; ${(error as QurioError).hint}`);
      return true;
    }
  }).map(({ name }) => name),
);
/** What a command calls, and what it needs beyond that. */
const needs = (command: string) => [
  ...TOOLS.map(({ name }) => name).filter((name) => new RegExp(`(^|\\| )${name} `).test(command)),
  ...(/--target cortex-m/.test(command) ? [ARM_GCC.name, QEMU_ARM.name] : []),
];

// The folder of a clone, with a microphone: rain, then a clock.
const folder = mkdtempSync(join(tmpdir(), "qurio-test-deploy-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
for (const name of ["build", "examples", "samples"]) symlinkSync(packagePath(name), join(folder, name));
cpSync(packagePath("models"), join(folder, "models"), { recursive: true }); // a link would lead out of the preopened folder
program("arecord", 'tail -q -c 160000 "$SAMPLES/rain.wav" "$SAMPLES/clock_tick.wav"');
program("qurio", `exec "${process.execPath}" "${packagePath("bin", "qurio.js")}" "$@"`);

function program(name: string, line: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${line}\n`);
  chmodSync(join(folder, name), 0o755);
}

function shell(command: string): { status: number | null; stdout: string; stderr: string } {
  const path = `${folder}${delimiter}${process.env["PATH"]}`;
  const env = { ...process.env, PATH: path, SAMPLES: packagePath("samples"), MICROPHONE: "default" };
  return spawnSync("/bin/sh", ["-c", command], { cwd: folder, env, encoding: "utf8", timeout: 300_000 });
}

interface Step {
  commands: string[];
  /** Lines that must be in what they print. */
  lines: string[];
}

/** Blocks marked sh, each with the blocks of output that follow it; a block that is run by hand has its own. */
const steps: Step[] = [];
let byHand = false;
for (const [, kind, text] of PAGE.matchAll(/^```(\w+)\n(.*?)\n```$/gms)) {
  const lines = text.split("\n");
  if (kind === "sh" || kind === "console") byHand = kind === "console";
  if (kind === "sh") steps.push({ commands: lines, lines: [] });
  else if (!byHand && (kind === "text" || kind === "json")) steps.at(-1)!.lines.push(...lines);
}

/** What the commands that listen print, by their options: the same from every build and runtime. */
const heard = new Map<string, string>();

for (const { commands, lines } of steps) {
  const runnable = commands.every((command) => needs(command).every((name) => !missing.has(name)));
  (runnable && wanted ? test : test.skip)(commands[0], () => {
    let printed = "";
    for (const command of commands) {
      const { status, stdout, stderr } = shell(command);
      assert.is(status, 0, `${command}\n${stdout}${stderr}`);
      printed += stdout;
      const options = /(--hop .*?)(models\/\S+ )?-$/.exec(command)?.[1];
      if (!options) continue;
      assert.is(stdout, heard.get(options) ?? stdout, `${command}: other lines than the command before`);
      assert.ok(stdout.split("\n").length > 4, stdout);
      heard.set(options, stdout);
    }
    const found = printed.split("\n").map((line) => line.trimEnd());
    for (const line of lines) assert.ok(found.includes(line), `"${line}" is not in\n${printed}`);
  });
}

(missing.has(WASMTIME.name) || !wanted ? test.skip : test)("the unit's command hears what the page's does", () => {
  const unit = readFileSync(UNIT, "utf8");
  const command = /^ExecStart=\/bin\/sh -c '(.*)'$/m.exec(unit)![1];
  const { status, stdout, stderr } = shell(command);
  assert.is(status, 0, stderr);
  assert.is(stdout, heard.get("--hop 1 --wake 6 --votes 2/3 "));
});

(missing.has(WASMTIME.name) || !wanted ? test.skip : test)("the package hears the same windows", async () => {
  const pcm = ["rain", "clock_tick"].flatMap((name) => [
    ...new Int16Array(readFileSync(packagePath("samples", `${name}.wav`)).buffer.slice(-160000)),
  ]);
  const model = await loadModel(packagePath("models", "esc10-tiny.qmoe"));
  const windows = model.stream({ hopS: 1 }).push(Int16Array.from(pcm));
  const expected = windows.map(({ startS, event, decision }) => [startS, event, decision!.label, decimal6(decision!.probability!)]);
  const lines = heard.get("--hop 1 ")!.trimEnd().split("\n");
  const found = lines.map((line) => {
    const { startS, event, label } = JSON.parse(line);
    return [startS, event, label, /"probability":([\d.]+)/.exec(line)![1]];
  });
  assert.equal(found, expected);
});

(missing.has(SYSTEMD.name) ? test.skip : test)("the unit has no setting that systemd does not know", () => {
  const { stdout, stderr } = shell("systemd-analyze verify examples/raspberry-pi/qurio.service");
  assert.is(`${stdout}${stderr}`, "");
});

test("sizes in the page's table are those of its outputs", () => {
  const row = (name: string) => PAGE.split("\n").find((line) => line.startsWith(`| [${name}]`))!;
  const sizes = (text: string) => [...text.matchAll(/\b\d{2,3},\d{3}\b/g)].map(([size]) => Number(size.replace(",", "")));
  const output = (name: string) => Number(new RegExp(`^${name} +(\\d+)`, "m").exec(PAGE.slice(PAGE.indexOf("core.wasm    ")))![1]);
  assert.equal(sizes(row("ESP32 class")), [output("module"), output("linear memory in use")]);
  assert.equal(sizes(row("Cortex-M")), [output("flash"), output("RAM")]);
});

test.run();
