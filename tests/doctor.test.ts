// qurio doctor: what works is tried, what is missing comes with what helps; and the script that completes commands in a shell.

import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { diagnose } from "../firmware-sim/engines/doctor.ts";
import { engineReports } from "../firmware-sim/engines/engines.ts";

test("a clone decides: every required check is ok, and what is not says what helps", async () => {
  const { works, checks } = await diagnose();
  assert.ok(works);
  for (const name of ["node", "decision, scalar", "decision, SIMD", "decision, WASI", "temporary files"])
    assert.ok(checks.find((check) => check.name === name)?.ok, name);
  for (const { name, ok, found, problem, install } of checks) {
    assert.is(ok, problem === null, name);
    assert.is(ok, found !== null, name);
    if (!ok) assert.ok(install, name);
  }
  for (const { engine, found } of engineReports()) {
    const check = checks.find(({ name }) => name === `engine ${engine}`);
    if (engine !== "node" && engine !== "wasi") assert.is(check?.ok, found, engine);
  }
});

test("a folder that is not there is a problem, but not of the main job", async () => {
  const { works, checks } = await diagnose("/no/such/folder");
  assert.ok(works);
  const { ok, problem } = checks.find(({ name }) => name === "temporary files")!;
  assert.not(ok);
  assert.match(problem!, /ENOENT.*\/no\/such\/folder/);
});

const complete = (...args: string[]) => spawnSync(process.execPath, ["bin/qurio.js", "complete", ...args], { encoding: "utf8" });

test("completion: commands, options of one, and a script that bash can read", () => {
  assert.match(complete("--", "me").stdout, /^meter\t/m);
  assert.match(complete("--", "meter", "--d").stdout, /^--device\t.*\n--data\t/m);
  const { status, stdout } = complete("bash");
  assert.is(status, 0);
  const bash = spawnSync("bash", ["-n"], { input: stdout, encoding: "utf8" });
  if (!bash.error) assert.equal([bash.status, bash.stderr], [0, ""]);
  const wrong = complete("tcsh");
  assert.equal([wrong.status, wrong.stdout], [2, ""]);
  assert.match(wrong.stderr, /^qurio: .*tcsh.*zsh, bash, fish/);
});

test.run();
