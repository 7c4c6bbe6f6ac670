// Runs every tests/**/*.test.ts and prints one plain last line. uvu alone exits 0 when nothing ran; this runner does not:
// it fails on zero tests, on a file that ran none, and, under QURIO_REQUIRE_ALL=1, on anything skipped.
// usage: node --import tsx scripts/test.ts [pattern]

import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";

const pattern = new RegExp(process.argv[2] ?? ".");
const files = (readdirSync("tests", { recursive: true }) as string[])
  .filter((name) => name.endsWith(".test.ts") && pattern.test(name))
  .sort();

let passed = 0;
let failed = 0;
let skipped = 0;
for (const file of files) {
  const start = performance.now();
  const run = spawnSync(process.execPath, ["--import", "tsx", "--no-warnings", `tests/${file}`], { encoding: "utf8", maxBuffer: 1 << 28 });
  const output = run.stdout.replace(/\x1b\[\d+m/g, "");
  const count = (name: string) =>
    [...output.matchAll(new RegExp(`^\\s+${name}:\\s+(\\d+)`, "gm"))].reduce((sum, match) => sum + Number(match[1]), 0);
  const total = count("Total");
  const ok = run.status === 0 && total > 0 && count("Passed") === total;
  passed += count("Passed");
  skipped += count("Skipped");
  failed += total - count("Passed");
  if (!ok && total === count("Passed")) failed += 1;
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${ok ? "ok  " : "FAIL"} ${file.padEnd(44)} ${String(total).padStart(4)} tests ${seconds.padStart(6)} s`);
  if (count("Skipped") > 0) for (const line of output.split("\n")) if (line.startsWith("skip")) console.log(`     ${line}`);
  if (!ok) {
    if (total === 0) console.log(`     ${file} ran no test: does it call test.run()?`);
    console.log(run.stdout, run.stderr);
  }
}
if (files.length === 0) console.log(`no test file matches ${pattern}`);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
const requireAll = process.env["QURIO_REQUIRE_ALL"] === "1";
process.exit(failed > 0 || passed === 0 || (requireAll && skipped > 0) ? 1 : 0);
