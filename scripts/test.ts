// Runs every tests/**/*.test.ts, two files at a time, and prints one plain last line. uvu alone exits 0 when nothing ran; this
// runner does not: it fails on zero tests, on a file that neither ran nor skipped one, and, under QURIO_REQUIRE_ALL=1, on anything skipped.
// usage: node --import tsx scripts/test.ts [pattern [folder]]

import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";

/** Files that measure time have the machine to themselves. */
const ALONE = /frontend_budget|meter-core/;
const LANES = 2;

const [wanted = ".", folder = "tests"] = process.argv.slice(2);

interface Result {
  ok: boolean;
  passed: number;
  failed: number;
  skipped: number;
}

function execute(file: string): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ["--import", "tsx", "--no-warnings", join(folder, file)], { stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.on("close", (status) => resolve({ status, stdout, stderr }));
  });
}

async function runFile(file: string): Promise<Result> {
  const start = performance.now();
  const { status, stdout, stderr } = await execute(file);
  const output = stripVTControlCharacters(stdout);
  const count = (name: string) =>
    [...output.matchAll(new RegExp(`^\\s+${name}:\\s+(\\d+)`, "gm"))].reduce((sum, match) => sum + Number(match[1]), 0);
  const [total, passed, skipped] = [count("Total"), count("Passed"), count("Skipped")];
  const ok = status === 0 && total + skipped > 0 && passed === total;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${ok ? "ok  " : "FAIL"} ${file.padEnd(32)} ${String(total).padStart(4)} tests ${seconds.padStart(6)} s`);
  for (const line of output.split("\n")) if (line.startsWith("skip")) console.log(`     ${line}`);
  if (!ok) {
    if (total + skipped === 0) console.log(`     ${file} ran no test: does it call test.run()?`);
    console.log(stdout, stderr);
  }
  return { ok, passed, failed: ok ? 0 : Math.max(1, total - passed), skipped };
}

const pattern = new RegExp(wanted);
const files = (readdirSync(folder, { recursive: true }) as string[])
  .filter((name) => name.endsWith(".test.ts") && pattern.test(name))
  .sort();
if (files.length === 0) console.log(`no test file matches ${pattern}`);

const results: Result[] = [];
const together = files.filter((file) => !ALONE.test(file));
const lane = async () => {
  for (let file = together.shift(); file !== undefined; file = together.shift()) results.push(await runFile(file));
};
await Promise.all(Array.from({ length: LANES }, lane));
for (const file of files.filter((name) => ALONE.test(name))) results.push(await runFile(file));

const sum = (key: "passed" | "failed" | "skipped") => results.reduce((total, result) => total + result[key], 0);
console.log(`${sum("passed")} passed, ${sum("failed")} failed, ${sum("skipped")} skipped`);
const requireAll = process.env["QURIO_REQUIRE_ALL"] === "1";
process.exit(sum("failed") > 0 || sum("passed") === 0 || (requireAll && sum("skipped") > 0) ? 1 : 0);
