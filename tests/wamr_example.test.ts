// examples/wamr: built with WAMR's sources, it gives the package's decisions, byte for byte; every bad input is one line; its README
// says what memory it takes.

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import wabt from "wabt";
import { DECISION_BYTES } from "../assembly/format/decision.ts";
import { ABI_VERSION } from "../assembly/format/ids.ts";
import { recordsHeader } from "../firmware-sim/image/c_header.ts";
import { missingTool } from "../firmware-sim/image/tools.ts";
import { packagePath } from "../host/files.ts";
import { Core } from "../host/runtime/core.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { RawStream } from "../host/runtime/stream.ts";
import { type Baked, bake } from "../tools/export/bake.ts";
import { randomModelFile } from "./harness/models.ts";

const EXAMPLE = packagePath("examples", "wamr");
const folder = mkdtempSync(join(tmpdir(), "qurio-test-wamr-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

/** WAMR's sources: WAMR_ROOT, or where scripts/install-engines.sh leaves them, beside the folder with iwasm. */
function wamrSources(): string | undefined {
  const besides = (process.env["PATH"] ?? "").split(":").filter((bin) => existsSync(join(bin, "iwasm")));
  const roots = [process.env["WAMR_ROOT"], ...besides.map((bin) => join(dirname(bin), "wamr"))];
  const found = roots.find((root) => root && existsSync(join(root, "build-scripts", "runtime_lib.cmake")));
  return found && realpathSync(found);
}

const root = wamrSources();
const tool = missingTool(["gcc", "cmake", "make"]);
if (tool) console.log(`skip wamr_example.test.ts: ${tool} is not in PATH; apt-get install gcc libc6-dev cmake make`);
else if (!root)
  console.log("skip wamr_example.test.ts: WAMR's sources are not here; bash scripts/install-engines.sh FOLDER, then PATH=FOLDER/bin:$PATH");
const built = tool || !root ? test.skip : test;
/** With pointers of four bytes, as a board has them. */
const built32 = process.arch === "x64" ? built : test.skip;
if (process.arch !== "x64") console.log(`skip wamr_example.test.ts, memory of a board: an x64 processor expected, ${process.arch} found`);

type Build = "fast" | "fast, 32 bits" | "classic, 32 bits";
const programs: Partial<Record<Build, string>> = {};

/** The example, built once in each way. */
function program(build: Build): string {
  programs[build] ??= compile(build);
  return programs[build];
}

function compile(build: Build): string {
  const into = join(folder, build.replace(/\W+/g, "-"));
  const settings = [`-DWAMR_ROOT=${root}`, "-DCMAKE_C_FLAGS=-Werror", `-DWAMR_BUILD_FAST_INTERP=${build.startsWith("fast") ? 1 : 0}`];
  if (build.endsWith("32 bits")) settings.push("-DWAMR_BUILD_TARGET=X86_32");
  for (const args of [
    ["-S", EXAMPLE, "-B", into, ...settings],
    ["--build", into, "-j", String(Math.min(2, availableParallelism()))],
  ]) {
    const { status, stdout, stderr } = spawnSync("cmake", args, { encoding: "utf8" });
    assert.is(status, 0, `cmake ${args.join(" ")}\n${stdout}${stderr}`);
  }
  return join(into, "qurio-wamr");
}

function run(build: Build, args: string[], input?: Uint8Array): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(program(build), args, { cwd: folder, encoding: "utf8", input: input ?? new Uint8Array() });
}

function write(name: string, bytes: Uint8Array | string): string {
  writeFileSync(join(folder, name), bytes);
  return name;
}

const tiny = new Uint8Array(readFileSync(packagePath("models", "esc10-tiny.qmoe")));
let baked: Promise<[whole: Baked, empty: Baked]> | undefined;

/** Files app.wasm, and empty.wasm with model.qmoe beside it. */
async function bakeTiny(): Promise<[whole: Baked, empty: Baked]> {
  baked ??= Promise.all([bake(tiny, { target: "core" }), bake(tiny, { target: "core", weights: false })]);
  const [whole, empty] = await baked;
  write("app.wasm", whole.wasm);
  write("empty.wasm", empty.wasm);
  write("model.qmoe", empty.model!);
  return [whole, empty];
}

/** Two recordings with hiss around them: the gate sleeps, wakes, and sleeps again. */
function recording(): Int16Array {
  const sample = (name: string) => new Int16Array(readFileSync(packagePath("samples", `${name}.wav`)).buffer.slice(-160000));
  const hiss = (seconds: number) => Int16Array.from({ length: seconds * 16000 }, (_, i) => ((i * 7919) % 17) - 8);
  return Int16Array.from([hiss(6), sample("rain"), hiss(7), sample("clock_tick"), hiss(1).subarray(0, 333)].flatMap((part) => [...part]));
}

const PCM = recording();
const SOUND = new Uint8Array(PCM.buffer);

/** What --records prints, by the package's stream; the settings are those of examples/wamr/main.c. */
async function expectedRecords(hop: number, wake: number): Promise<string> {
  const core = await Core.create(coreWasm(false) as BufferSource, false);
  core.load(tiny);
  const records: string[] = [];
  const decision = core.decision.bind(core);
  core.decision = () => {
    records.push(Buffer.from(core.decisionBytes()).toString("hex"));
    return decision();
  };
  const windows = new RawStream(core, Int32Array.of(hop, wake, wake >> 1, 200, 3, 2, 1)).push(PCM);
  return windows.map((w) => `${w.startFrame} ${w.event ?? -1} ${w.decision ? records.shift() : "00".repeat(DECISION_BYTES)}\n`).join("");
}

test("the header is what npm run wamr-header writes", () => {
  assert.is(readFileSync(join(EXAMPLE, "qurio_records.h"), "utf8"), recordsHeader());
});

/** What the example calls, as WAMR 2 declares it: no registry has its header. */
const WAMR_2 = `
#include <stdbool.h>
#include <stdint.h>
typedef struct WASMModuleCommon* wasm_module_t;
typedef struct WASMModuleInstanceCommon* wasm_module_inst_t;
typedef void* wasm_function_inst_t;
typedef struct WASMExecEnv* wasm_exec_env_t;
typedef enum { Alloc_With_Pool = 0, Alloc_With_Allocator, Alloc_With_System_Allocator } mem_alloc_type_t;
typedef union { struct { void* heap_buf; uint32_t heap_size; } pool; } MemAllocOption;
typedef struct { mem_alloc_type_t mem_alloc_type; MemAllocOption mem_alloc_option; } RuntimeInitArgs;
bool wasm_runtime_full_init(RuntimeInitArgs*);
void wasm_runtime_destroy(void);
void* wasm_runtime_malloc(unsigned int);
void wasm_runtime_free(void*);
wasm_module_t wasm_runtime_load(uint8_t*, uint32_t, char*, uint32_t);
void wasm_runtime_unload(wasm_module_t);
wasm_module_inst_t wasm_runtime_instantiate(const wasm_module_t, uint32_t, uint32_t, char*, uint32_t);
void wasm_runtime_deinstantiate(wasm_module_inst_t);
wasm_exec_env_t wasm_runtime_create_exec_env(wasm_module_inst_t, uint32_t);
void wasm_runtime_destroy_exec_env(wasm_exec_env_t);
wasm_function_inst_t wasm_runtime_lookup_function(const wasm_module_inst_t, const char*);
bool wasm_runtime_call_wasm(wasm_exec_env_t, wasm_function_inst_t, uint32_t, uint32_t[]);
const char* wasm_runtime_get_exception(wasm_module_inst_t);
bool wasm_runtime_validate_app_addr(wasm_module_inst_t, uint64_t, uint64_t);
void* wasm_runtime_addr_app_to_native(wasm_module_inst_t, uint64_t);
bool wasm_runtime_get_app_addr_range(wasm_module_inst_t, uint64_t, uint64_t*, uint64_t*);
`;

(missingTool(["gcc"]) ? test.skip : test)("it compiles against the declarations of WAMR 2", () => {
  write("wasm_export.h", WAMR_2);
  const settings = ["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-DWAMR_MAJOR=2", "-DWASM_ENABLE_FAST_INTERP=1", `-I${folder}`];
  const sources = ["classifier.c", "main.c"].map((name) => join(EXAMPLE, name));
  const { status, stderr } = spawnSync("gcc", ["-fsyntax-only", ...settings, ...sources], { encoding: "utf8" });
  assert.is(status, 0, stderr);
});

for (const build of ["fast", "fast, 32 bits", "classic, 32 bits"] as Build[]) {
  (build === "fast" ? built : built32)(
    `${build}: records are the package's, byte for byte, with weights in the module and beside it`,
    async () => {
      await bakeTiny();
      write("sound.raw", SOUND);
      for (const [hop, wake] of [
        [100, 0],
        [37, 600],
      ]) {
        const expected = await expectedRecords(hop, wake);
        assert.is(expected.includes(" 00000000000000"), wake > 0, "windows that the gate slept through");
        const options = ["--records", "--hop", String(hop), "--wake", String(wake)];
        for (const [module, input] of [
          [["app.wasm", "sound.raw"], undefined],
          [["--model", "model.qmoe", "empty.wasm", "-"], SOUND],
        ] as const) {
          const { status, stdout, stderr } = run(build, [...options, ...module], input);
          assert.is(stderr, "");
          assert.is(status, 0);
          assert.is(stdout, expected, `${module.join(" ")}, hop ${hop}`);
        }
      }
    },
  );
}

built("a line for each window, with names", async () => {
  await bakeTiny();
  const { status, stdout } = run("fast", ["app.wasm", "-"], SOUND);
  assert.is(status, 0);
  assert.match(stdout, /^ {3}6\.00 s {2}rain, 9\d % +event: rain$/m);
  assert.match(stdout, /, not sure +event: none$/m);
});

built("each bad input is one line and an exit code", async () => {
  const [{ wasm, sizes }] = await bakeTiny();
  write("sound.raw", SOUND);
  const deaf = await bake(randomModelFile({ frontEnd: false }), { target: "core" });
  const damaged = wasm.slice();
  damaged[wasm.length - (sizes.modelBytes >> 1)] ^= 4;
  const stub = async (version: number, pages: number, exports: string[]) => {
    const functions = exports.map((name) => `(func (export "${name}") (result i32) i32.const ${version})`);
    return (await wabt()).parseWat("stub.wat", `(module (memory ${pages}) ${functions.join(" ")})`).toBinary({}).buffer;
  };
  const names = [...readFileSync(join(EXAMPLE, "classifier.c"), "utf8").matchAll(/= \{"(\w+)", \d/g)].map(([, name]) => name);
  assert.is(names.length, 13);
  const app = (sound: string) => ["app.wasm", sound];
  const cases: [status: number, said: RegExp, args: string[], input?: Uint8Array][] = [
    [1, /^cannot read none\.wasm: No such file or directory$/, ["none.wasm", "sound.raw"]],
    [1, /^cannot read nothing\.wasm: a file with something in it expected$/, [write("nothing.wasm", ""), "sound.raw"]],
    [1, /^cut\.wasm: cannot load the module: WASM module load failed: /, [write("cut.wasm", wasm.subarray(0, 60000)), "sound.raw"]],
    [1, /^sound\.raw: cannot load the module: WASM module load failed: magic/, ["sound.raw", "sound.raw"]],
    [1, /^damaged\.wasm: SECTION_CRC: checksum of section \d does not match$/, [write("damaged.wasm", damaged), "sound.raw"]],
    [
      1,
      /^core\.wasm: not a module of qurio bake --target core: it does not export modelPtr\(\)$/,
      [write("core.wasm", coreWasm(false)), "sound.raw"],
    ],
    [
      1,
      new RegExp(`^other\\.wasm: the module has ABI version 2, this program was built for ${ABI_VERSION}: `),
      [write("other.wasm", await stub(2, 1, names)), "sound.raw"],
    ],
    [
      1,
      /^lost\.wasm: the module gives an address outside its memory: 16 bytes at 1$/,
      [write("lost.wasm", await stub(1, 0, names)), "sound.raw"],
    ],
    [1, /^deaf\.wasm: the model takes feature vectors, not audio$/, [write("deaf.wasm", deaf.wasm), "sound.raw"]],
    [1, /^cannot read none\.raw: No such file/, app("none.raw")],
    [
      1,
      /^standard input ends in the middle of a sample: 16-bit PCM expected, an odd number of bytes found$/,
      app("-"),
      SOUND.subarray(0, 4001),
    ],
    [1, /^app\.wasm: a pool of 2000 bytes is too small to load the module: README\.md has/, ["--pool", "2000", ...app("sound.raw")]],
    [1, /^app\.wasm: a pool of 170000 bytes is too small to instantiate the module: /, ["--pool", "170000", ...app("sound.raw")]],
    [1, /^app\.wasm: init\(\) of the module stopped: Exception: .*stack overflow$/, ["--stack", "400", ...app("sound.raw")]],
    [2, /^empty\.wasm was baked with --no-weights: name its model with --model$/, ["empty.wasm", "sound.raw"]],
    [1, /^model\.qmoe: the module has its model already: bake with --no-weights/, ["--model", "model.qmoe", ...app("sound.raw")]],
    [1, /^sound\.raw: the model has \d+ bytes, the module has room for \d+$/, ["--model", "sound.raw", "empty.wasm", "sound.raw"]],
    [
      1,
      /^short\.qmoe: TRUNCATED: model file is truncated: at least \d+ bytes expected, 1000 found$/,
      ["--model", write("short.qmoe", readFileSync(join(folder, "model.qmoe")).subarray(0, 1000)), "empty.wasm", "sound.raw"],
    ],
    [2, /^--hop takes a whole number from 1 to 498, found 499$/, ["--hop", "499", ...app("-")]],
    [2, /^--pool takes a whole number from 1024 to \d+, found nothing$/, ["--pool"]],
    [2, /^usage: qurio-wamr /, ["app.wasm"]],
  ];
  for (const [expected, said, args, input] of cases) {
    const { status, stdout, stderr } = run("fast", args, input);
    assert.match(stderr.replace(/^qurio-wamr: /, "").trimEnd(), said, stderr);
    assert.is(status, expected, args.join(" "));
    assert.is(stderr.startsWith("qurio-wamr: "), true);
    assert.ok(/usage/.test(stderr) || stderr.trimEnd().split("\n").length === 1, stderr);
    assert.is(stdout, "", args.join(" "));
  }
});

built32("the README has the RAM that was taken, and no less is enough", async () => {
  await bakeTiny();
  write("sound.raw", SOUND.subarray(0, 170000));
  const readme = readFileSync(join(EXAMPLE, "README.md"), "utf8");
  for (const [build, column] of [
    ["fast, 32 bits", 0],
    ["classic, 32 bits", 1],
  ] as [Build, number][]) {
    for (const [title, args] of [
      ["in the module", ["app.wasm", "sound.raw"]],
      ["beside it", ["--model", "model.qmoe", "empty.wasm", "sound.raw"]],
    ] as [string, string[]][]) {
      const { stdout } = run(build, ["--memory", ...args]);
      const [ram, pool, linear] = ["RAM", "pool, in use", "  linear memory"].map((name) =>
        Number(new RegExp(`^${name} +(\\d+)`, "m").exec(stdout)?.[1]),
      );
      const said = new RegExp(`^\\| RAM, weights ${title} \\| ([\\d,]+) \\| ([\\d,]+) \\|`, "m")
        .exec(readme)
        ?.[1 + column].replace(",", "");
      assert.ok(Math.abs(Number(said) / ram - 1) < 0.02, `README.md says ${said} bytes for ${build}, weights ${title}; ${ram} found`);
      assert.ok(linear < 3 * 65536, "linear memory ends at __heap_base, not at the end of a page");
      assert.is(run(build, ["--pool", String(pool), ...args]).status, 0, "a pool of what is in use");
      assert.is(run(build, ["--pool", String(pool - 16), ...args]).status, 1, "16 bytes less");
    }
  }
});

test.run();
