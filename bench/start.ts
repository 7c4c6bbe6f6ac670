// From the start of a process to its first decision (`npm run bench:start [-- --json] [-- --rounds N]`): esc10-tiny and a clip of 5 s.
// Every round starts each candidate once, so that a slow phase of the machine hits all of them. Processes are cold, files are in the
// system's cache; of compiled code nothing is kept between runs but what the names say.

import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { formatTable } from "../cli/output.ts";
import { compileForWamr } from "../host/engines/native.ts";
import { IWASM, needTool, type Tool, WAMR, WAMRC, WASMTIME } from "../host/engines/tools.ts";
import { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { passport } from "./timing.ts";

const { values } = parseArgs({ options: { json: { type: "boolean", default: false }, rounds: { type: "string", default: "15" } } });
const rounds = Number(values.rounds);
const COMMAND = packagePath("build", "qurio-wasi.wasm");
const QUESTION = ["models/esc10-tiny.qmoe", "samples/clock_tick.wav"];

execFileSync("npm", ["run", "--silent", "build"], { cwd: packagePath(), stdio: "inherit" });
const folder = mkdtempSync(join(tmpdir(), "qurio-start-"));
const versions: Record<string, string> = {};
const found = (tool: Tool): string => {
  const { program, version } = needTool(tool);
  versions[tool.name] = version;
  return program;
};

interface Candidate {
  name: string;
  /** Program and arguments; made once. */
  command: () => Promise<[string, ...string[]]>;
}

const CANDIDATES: Candidate[] = [
  { name: "node, the package", command: async () => [process.execPath, "bench/start_node.js", ...QUESTION] },
  { name: "wasmtime, compiling", command: async () => [found(WASMTIME), "run", "-C", "cache=n", "--dir", ".", COMMAND, ...QUESTION] },
  { name: "wasmtime, its cache filled", command: async () => [found(WASMTIME), "run", "--dir", ".", COMMAND, ...QUESTION] },
  {
    name: "wasmtime, precompiled",
    command: async () => {
      const compiled = join(folder, "qurio-wasi.cwasm");
      execFileSync(found(WASMTIME), ["compile", "-o", compiled, COMMAND]);
      return [found(WASMTIME), "run", "--allow-precompiled", "--dir", ".", compiled, ...QUESTION];
    },
  },
  { name: "iwasm, interpreter", command: async () => [found(IWASM), "--dir=.", COMMAND, ...QUESTION] },
  {
    name: "wamr, ahead of time",
    command: async () => {
      found(WAMRC);
      return [found(WAMR), "run", "--map-dir", ".::.", await compileForWamr(needTool(WAMRC)), ...QUESTION];
    },
  },
];

const runs: { name: string; command: [string, ...string[]]; ms: number[] }[] = [];
const missing: string[] = [];
for (const { name, command } of CANDIDATES) {
  try {
    runs.push({ name, command: await command(), ms: [] });
  } catch (error) {
    if (!(error instanceof QurioError)) throw error;
    missing.push(`${name}: ${error.message}; ${error.hint}`);
  }
}

const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => name !== "NODE_OPTIONS"));
for (let round = -1; round < rounds; round++) {
  for (const { name, command, ms } of runs) {
    const started = performance.now();
    const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), { cwd: packagePath(), encoding: "utf8", env: environment });
    const took = performance.now() - started;
    if (status !== 0 || !stdout.includes('"label":"clock_tick"')) throw new Error(`${name} did not decide: ${stdout}${stderr}`);
    if (round >= 0) ms.push(took); // the first one brings files into the system's cache
  }
}
rmSync(folder, { recursive: true });

const quantile = (times: number[], q: number) => [...times].sort((a, b) => a - b)[Math.floor(times.length * q)];
const rows = runs.map(({ name, ms }) => ({ name, medianMs: quantile(ms, 0.5), p20Ms: quantile(ms, 0.2), slowestMs: quantile(ms, 0.999) }));
const seal = { ...passport("npm run bench:start", rounds, versions), load: loadavg()[0].toFixed(1) };
if (values.json) console.log(JSON.stringify({ rows, missing, passport: seal }));
else {
  const ms = (value: number) => value.toFixed(1);
  const table = rows.map((row) => [row.name, ms(row.medianMs), ms(row.p20Ms), ms(row.slowestMs)]);
  console.log(formatTable(table, { head: ["start to first decision, ms", "median", "p20", "slowest"] }));
  for (const line of missing) console.log(line);
  console.log(`\n${JSON.stringify(seal)}`);
}
