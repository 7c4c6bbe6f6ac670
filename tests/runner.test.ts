// The test runner: green only when tests ran and passed. uvu alone is green when nothing ran.

import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { packagePath } from "../host/files.ts";

// inside the package, so that uvu resolves
mkdirSync(packagePath("build"), { recursive: true });
const folder = mkdtempSync(packagePath("build", "runner-"));
const test = suite("runner");
test.after(() => rmSync(folder, { recursive: true, force: true }));

function runner(files: Record<string, string>, env: Record<string, string> = {}) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const [name, body] of Object.entries(files)) writeFileSync(join(folder, name), `import { test } from "uvu";\n${body}`);
  const args = ["--import", "tsx", packagePath("scripts", "test.ts"), ".", folder];
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: packagePath(),
    encoding: "utf8",
    env: { ...process.env, QURIO_REQUIRE_ALL: "0", ...env },
  });
  return { status, last: stdout.trim().split("\n").at(-1), stdout };
}

const PASSES = 'test("a", () => {});\ntest.run();';
const FAILS = 'test("b", () => { throw new Error("no"); });\ntest.run();';
const SKIPS = 'test("c", () => {});\ntest.skip("d", () => {});\ntest.run();';

test("counts what passed", () => {
  const { status, last } = runner({ "a.test.ts": PASSES, "b.test.ts": PASSES });
  assert.is(last, "2 passed, 0 failed, 0 skipped");
  assert.is(status, 0);
});

test("one failure is a failure", () => {
  const { status, last } = runner({ "a.test.ts": PASSES, "b.test.ts": FAILS });
  assert.is(last, "1 passed, 1 failed, 0 skipped");
  assert.is(status, 1);
});

test("a file that forgets test.run() fails, as does one that cannot be loaded or whose before throws", () => {
  for (const body of [
    'test("a", () => {});',
    'import "./missing.ts";',
    'test.before(() => { throw new Error("no"); });\ntest("a", () => {});\ntest.run();',
  ]) {
    const { status, stdout } = runner({ "a.test.ts": PASSES, "b.test.ts": body });
    assert.is(status, 1, body);
    assert.match(stdout, /FAIL b\.test\.ts/);
  }
});

test("a file that only skips is no failure, unless everything is required, or nothing else ran", () => {
  const skips = 'test.skip("d", () => {});\ntest.run();';
  const files = { "a.test.ts": PASSES, "b.test.ts": skips };
  assert.is(runner(files).last, "1 passed, 0 failed, 1 skipped");
  assert.is(runner(files).status, 0);
  assert.is(runner(files, { QURIO_REQUIRE_ALL: "1" }).status, 1);
  assert.is(runner({ "b.test.ts": skips }).status, 1);
});

test("no file at all fails", () => {
  assert.is(runner({}).status, 1);
});

test("a skipped test is shown, and fails where everything is required", () => {
  const files = { "a.test.ts": SKIPS };
  assert.is(runner(files).last, "1 passed, 0 failed, 1 skipped");
  assert.is(runner(files).status, 0);
  assert.is(runner(files, { QURIO_REQUIRE_ALL: "1" }).status, 1);
});

test.run();
