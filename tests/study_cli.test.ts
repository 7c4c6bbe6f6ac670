// `qurio study` as it is typed: what it writes, what it goes on from, what it refuses.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { packagePath } from "../host/files.ts";
import type { StudyResult } from "../tools/study/result.ts";

const root = mkdtempSync(join(tmpdir(), "qurio-study-"));
process.on("exit", () => rmSync(root, { recursive: true, force: true }));

function qurio(...args: string[]) {
  return spawnSync(process.execPath, [packagePath("bin", "qurio.js"), "study", ...args], { encoding: "utf8", timeout: 120_000 });
}

const out = join(root, "report");
const tiny = ["--quick", "--models", "Q4-Base", "--epochs", "1", "--hidden", "8", "--out", out];

test("writes a result, and the same one from its cache", () => {
  const first = qurio(...tiny);
  assert.is(first.status, 0, first.stderr);
  assert.match(first.stdout, /Q4-Base +│? *\d/);
  assert.match(first.stderr, /seed 1 fold 4 done, 4 of 4/);
  const text = readFileSync(`${out}.json`, "utf8");
  const result = JSON.parse(text) as StudyResult;
  assert.is(result.command.includes(root), false, result.command);
  assert.equal([result.runs.length, result.data.clips, result.features, result.hidden], [4, 320, "rich", [8]]);
  for (const { decisions, noise, frontEnd } of result.runs) {
    assert.equal([decisions.length, noise.length], [80, 44]);
    assert.ok(frontEnd.cycles > 1e7 && frontEnd.energyUj > 1e3);
  }
  const report = ["html", "md"].map((kind) => readFileSync(`${out}.${kind}`, "utf8"));
  for (const page of report) assert.ok(page.includes("Q4-Base") && page.includes(result.command));
  for (const kind of ["json", "html", "md"]) rmSync(`${out}.${kind}`);
  const second = qurio(...tiny, "--json");
  assert.is(second.status, 0, second.stderr);
  assert.is(readFileSync(`${out}.json`, "utf8"), text);
  assert.equal(
    ["html", "md"].map((kind) => readFileSync(`${out}.${kind}`, "utf8")),
    report,
  );
  assert.equal(
    second.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).fold),
    [1, 2, 3, 4],
  );
});

test("a damaged cache file fails its fold, and the others are written", () => {
  const file = readdirSync(`${out}.cache`).find((name) => name.startsWith("run-"))!;
  writeFileSync(join(`${out}.cache`, file), "x");
  const { status, stderr } = qurio(...tiny);
  assert.is(status, 1);
  assert.match(stderr, /1 of 4 folds failed.*STUDY_CACHE_DAMAGED/);
  const result = JSON.parse(readFileSync(`${out}.json`, "utf8")) as StudyResult;
  assert.equal([result.runs.length, result.failures.length], [3, 1]);
});

test("wrong usage has exit code 2 and writes nothing", () => {
  const stem = join(root, "none");
  assert.is(qurio("--out", stem).status, 2);
  for (const [args, code] of [
    [["--models", "Q3-Base"], "STUDY_MODEL"],
    [["--features", "poor"], "STUDY_FEATURES"],
    [["--device", "toaster"], "DEVICE_UNKNOWN"],
  ] as const) {
    const { status, stderr } = qurio("--quick", ...args, "--out", stem);
    assert.is(status, 2, stderr);
    assert.match(stderr, new RegExp(code));
  }
  assert.ok(!existsSync(`${stem}.json`) && !existsSync(`${stem}.cache`));
});

test.run();
