// The WASI command with its model in it: the line of qurio-wasi.wasm, fixed memory, and what it refuses.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import wabt from "wabt";
import { POLICY_BAYESIAN } from "../assembly/format/ids.ts";
import { IWASM, needTool, type Tool, WASMTIME } from "../host/engines/tools.ts";
import { loadCommand, runWasi } from "../host/engines/wasi.ts";
import { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { type Baked, bake } from "../tools/export/bake.ts";
import { randomModelFile, randomPcm } from "./harness/models.ts";
import { wavBytes } from "./harness/wav.ts";

const generic = await loadCommand();
const folder = mkdtempSync(join(tmpdir(), "qurio-test-bake-wasi-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, bytes: Uint8Array) => writeFileSync(join(folder, name), bytes);
const run = (command: typeof generic, ...args: string[]) => runWasi(command, folder, args, { ".": folder });
const command = async (wasm: Uint8Array<ArrayBuffer>) => ({ ...generic, module: await WebAssembly.compile(wasm) });

const MODELS: Record<string, Uint8Array> = {
  "esc10-tiny": readFileSync(packagePath("models", "esc10-tiny.qmoe")),
  "bayesian, sampling": randomModelFile({ policy: POLICY_BAYESIAN, experts: ["ternary", "8-bit"], samples: 6 }),
};
const baked = new Map<string, Baked>();

for (const [name, file] of Object.entries(MODELS)) {
  test(`${name}: prints the line of the generic command, in memory that just fits`, async () => {
    const { wasm, sizes } = await bake(file, { target: "wasi" });
    baked.set(name, { wasm, sizes } as Baked);
    const module = await command(wasm);
    put("model.qmoe", file);
    for (const [i, seconds] of [5, 1.3].entries()) {
      const pcm = randomPcm(16000 * seconds, i);
      put(
        "clip.wav",
        wavBytes(pcm.length, (at) => pcm[at] / 32768),
      );
      for (const options of [[], ["--seed", "4000000000", "--record"]]) {
        const expected = run(generic, ...options, "model.qmoe", "clip.wav", "clip.wav");
        assert.is(expected.exitCode, 0, expected.stderr);
        assert.equal(run(module, ...options, "clip.wav", "clip.wav"), expected);
      }
    }
    const exports = WebAssembly.Module.exports(module.module).map((entry) => entry.name);
    assert.equal(exports.sort(), ["__data_end", "__heap_base", "_start", "memory", "modelBytes", "modelPtr"]);
    const { readWasm } = await wabt();
    assert.not.match(readWasm(wasm, {}).toText({}), /memory\.(grow|size)/, "WAMR would give it whole pages");
    assert.is(sizes.pages, Math.ceil(sizes.memoryBytes / 65536));
    const imports = new Set(WebAssembly.Module.imports(module.module).map((entry) => entry.module));
    assert.equal([...imports], ["wasi_snapshot_preview1"]);
  });
}

test("a damaged model is a checksum error, wrong arguments are told how to do it", async () => {
  const { wasm } = baked.get("esc10-tiny")!;
  const damaged = wasm.slice();
  damaged[damaged.length - 60000] ^= 8;
  const refused = run(await command(damaged), "clip.wav");
  assert.is(refused.exitCode, 1);
  assert.is(refused.stdout, "");
  assert.match(refused.stderr, /^qurio: qurio-wasi: device error 107, .* \(SECTION_CRC\)\n.+\n$/);
  const module = await command(wasm);
  for (const args of [[], ["--record"], ["--seed", "x", "clip.wav"]]) {
    const usage = run(module, ...args);
    assert.is(usage.exitCode, 2);
    assert.match(usage.stderr, /^qurio: clips expected \(USAGE\)\nUsage: \[--seed N\]/);
  }
  assert.match(run(module, "none.wav").stderr, /none\.wav does not exist in a preopened folder \(INPUT_MISSING\)/);
});

/** The command in other runtimes, with the options that let it see the folder. */
const RUNTIMES: [tool: Tool, args: string[]][] = [
  [WASMTIME, ["run", "--dir", "."]],
  [IWASM, ["-v=5", "--dir=."]],
];

for (const [tool, args] of RUNTIMES) {
  let program: string | null = null;
  try {
    program = needTool(tool).program;
  } catch (error) {
    console.log(`skip bake_wasi.test.ts, ${tool.name}: ${(error as QurioError).message}; ${(error as QurioError).hint}`);
  }
  (program ? test : test.skip)(`${tool.name}: the same line, record included`, async () => {
    const { wasm, sizes } = baked.get("esc10-tiny")!;
    put("app.wasm", wasm);
    const expected = run(await command(wasm), "--record", "clip.wav");
    const { stdout, stderr } = spawnSync(program!, [...args, "app.wasm", "--record", "clip.wav"], { cwd: folder, encoding: "utf8" });
    assert.ok(stdout.includes(expected.stdout), `${stdout}${stderr}`);
    if (tool === IWASM) assert.match(stdout, new RegExp(`Shrink memory size to ${sizes.memoryBytes}\\n`));
  });
}

test("a command cannot do without its model", async () => {
  try {
    await bake(MODELS["esc10-tiny"], { target: "wasi", weights: false });
    assert.unreachable("baked");
  } catch (error) {
    assert.instance(error, QurioError, `${error}`);
    assert.is((error as QurioError).code, "BAKE_WEIGHTS");
  }
});

test.run();
