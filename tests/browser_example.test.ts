// examples/browser in a headless Chromium, served as docs/guides/deploy.md says, with a sample in place of the microphone.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CHROMIUM, needTool } from "../host/engines/tools.ts";
import type { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { buildBrowser, CORE_MODULES } from "../scripts/build-packages.ts";
import { openPage, type Page } from "./harness/page.ts";

let program: string | null = null;
try {
  program = needTool(CHROMIUM).program;
  if (spawnSync("python3", ["--version"]).error) program = null;
  if (!program) console.log("skip browser_example.test.ts: python3 is not in PATH; apt-get install python3");
} catch (error) {
  console.log(`skip browser_example.test.ts: ${(error as QurioError).message}; ${(error as QurioError).hint}`);
}
const inBrowser = program ? test : test.skip;

/** Seconds until a window has been heard and decided, on a busy machine. */
const PATIENCE_S = 30;
/** What a screenshot is written to, for people; nothing if absent. */
const SCREENSHOT = process.env["QURIO_SCREENSHOT"];

const root = mkdtempSync(join(tmpdir(), "qurio-test-browser-"));
let server: ChildProcess | null = null;
test.after(() => {
  server?.kill();
  rmSync(root, { recursive: true, force: true });
});

/** The clone as it is after `npm run build`, in a folder of its own, behind the documented server. */
async function serve(): Promise<string> {
  for (const name of ["examples", "models"]) symlinkSync(packagePath(name), join(root, name));
  mkdirSync(join(root, "build"));
  for (const name of CORE_MODULES) symlinkSync(packagePath("build", name), join(root, "build", name));
  await buildBrowser(join(root, "build", "browser.js"));
  const port = await freePort();
  server = spawn("python3", ["-m", "http.server", "--bind", "127.0.0.1", `${port}`], { cwd: root, stdio: "ignore" });
  const url = `http://127.0.0.1:${port}/examples/browser/`;
  for (let tries = 0; ; tries++) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return url;
    assert.ok(tries < 200, "python3 -m http.server does not answer");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address() as { port: number };
      probe.close(() => resolve(port));
    });
  });
}

const textOf = (page: Page, id: string) => page.evaluate(`document.getElementById("${id}")?.textContent`) as Promise<string>;

/** Waits until the text of an element fits; fails with what the page says is wrong. */
async function shows(page: Page, id: string, pattern: RegExp): Promise<string> {
  const end = Date.now() + PATIENCE_S * 1000;
  for (;;) {
    const text = await textOf(page, id);
    if (pattern.test(text)) return text;
    const problem = id === "problem" ? "" : await textOf(page, "problem");
    assert.ok(!problem && Date.now() < end, `#${id} says "${text}", ${pattern} expected; ${problem}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

const click = (page: Page) => page.evaluate(`document.getElementById("listen").click()`);
/** A click before the scripts are there would be lost. */
const ready = async (page: Page) => {
  await shows(page, "listen", /^Listen$/);
  for (let tries = 0; await page.evaluate(`document.getElementById("listen").disabled`); tries++) {
    assert.ok(tries < 5 * PATIENCE_S, "the button is never enabled");
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
};
const MICROPHONE = ["--use-fake-device-for-media-stream", `--use-file-for-fake-audio-capture=${packagePath("samples", "rain.wav")}`];

inBrowser("the page hears rain, says how sure it is, and stops", async () => {
  const page = await openPage(program!, await serve(), [...MICROPHONE, "--use-fake-ui-for-media-stream"]);
  try {
    await ready(page);
    await click(page);
    await shows(page, "listen", /^Stop$/);
    await shows(page, "label", /^rain/);
    await shows(page, "event", /^rain$/); // two votes
    assert.match(await textOf(page, "probability"), /^\d+\.\d %$/);
    assert.match(await textOf(page, "uncertainty"), /^\d+\.\d %$/);
    assert.match(await textOf(page, "answerer"), /^(probe|4-bit)$/);
    assert.match(await textOf(page, "window"), /^\d+ s to \d+ s$/);
    assert.ok(((await page.evaluate(`document.getElementById("probability-meter").value`)) as number) > 0.3);
    if (SCREENSHOT) writeFileSync(SCREENSHOT, await page.screenshot());
    await click(page);
    await shows(page, "event", /^Not listening$/);
    await ready(page);
  } finally {
    await page.close();
  }
});

inBrowser("a microphone that is refused and a model that is missing are told", async () => {
  const url = `http://127.0.0.1:${server!.spawnargs.at(-1)}/examples/browser/`;
  const page = await openPage(program!, url, MICROPHONE); // without a person, headless Chromium refuses
  try {
    await ready(page);
    await click(page);
    await shows(page, "problem", /denied|not allowed|dismissed/i);
    await shows(page, "event", /^Not listening$/);
  } finally {
    await page.close();
  }
  const other = await openPage(program!, url, [...MICROPHONE, "--use-fake-ui-for-media-stream"]);
  try {
    await ready(other);
    await other.evaluate(`document.getElementById("model").options[0].value = "none.qmoe"`);
    await click(other);
    await shows(other, "problem", /none\.qmoe: HTTP 404/);
    await ready(other);
  } finally {
    await other.close();
  }
});

test.run();
