// The Cortex-M image: the C library's decisions equal the core's, byte for byte, unchecked and checked, on each core; what it takes of flash
// and RAM; streams, the same, and what they cost; what its sandbox stops; what is refused.

import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as D from "../assembly/format/decision.ts";
import { DECISION_ANSWERER } from "../assembly/format/decision.ts";
import { POLICY_BAYESIAN, POLICY_SINGLE } from "../assembly/format/ids.ts";
import * as S from "../assembly/format/stream.ts";
import { checkArithmetic, checkFits, isBoard, loadBoard } from "../firmware-sim/image/boards.ts";
import { openBuild } from "../firmware-sim/image/build.ts";
import { decisionStruct, errorEnum, streamStructs } from "../firmware-sim/image/c_header.ts";
import type { ImageRun, StreamRun } from "../firmware-sim/image/decided.ts";
import { buildFirmware, type Firmware, STACK_BYTES } from "../firmware-sim/image/firmware.ts";
import { type CLibrary, cLibrary } from "../firmware-sim/image/library.ts";
import { INSTRUCTION_CLASSES, readPrinted } from "../firmware-sim/image/printed.ts";
import { HOW_TO_INSTALL, missingTool } from "../firmware-sim/image/tools.ts";
import type { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import type { CortexM } from "../host/meter/device.ts";
import { deviceNames, loadDevice } from "../host/meter/devices.ts";
import { DEFAULT_FRONT_END } from "../host/model-file/front_end.ts";
import { framingOf } from "../host/model-file/input_spec.ts";
import { decodeModel, encodeModel } from "../host/model-file/model_file.ts";
import { Core } from "../host/runtime/core.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { RawStream, streamSettings } from "../host/runtime/stream.ts";
import { soundParts } from "../tools/export/front_end_tables.ts";
import { randomModel, randomModelFile, randomPcm, type TypeName } from "./harness/models.ts";

const missing = missingTool();
if (missing) console.log(`skip firmware.test.ts: ${missing} is not in PATH; ${HOW_TO_INSTALL}`);
const emulated = missing ? test.skip : test;
const KIB = 1024;
const folder = mkdtempSync(join(tmpdir(), "qurio-test-firmware-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const TINY = readFileSync(packagePath("models", "esc10-tiny.qmoe"));
const PCM = randomPcm(80000, 5);

async function coreRecord(file: Uint8Array, input: Int16Array | Float32Array, seed: number, lambda = 0): Promise<Uint8Array> {
  const core = await Core.create(coreWasm(false) as BufferSource, false);
  core.load(file);
  core.setLambda(lambda);
  if (input instanceof Float32Array) core.decideFeatures(input, seed);
  else {
    core.reset(seed);
    core.push(input);
    core.decide();
  }
  return core.decisionBytes();
}

/** 7 s of a quiet noise, loud from 3 s and from 6.2 s on, 0.4 s each: a gate wakes twice. */
const SOUND = Int16Array.from({ length: 7 * 16000 }, (_, i) => {
  const [sample, second] = [Math.imul(Math.imul(i, i), 0x9e3779b1) >> 18, i / 16000];
  return (second >= 3 && second < 3.4) || (second >= 6.2 && second < 6.6) ? sample : sample >> 6;
});
const STREAM = { hopS: 0.5, wakeDb: 12, holdS: 0.2, votes: 3 };
const DECIDED = [true, false, false, true, true];

/** What the package's stream gives, as the core's bytes. */
async function coreStream(file: Uint8Array, settings: Int32Array): Promise<StreamRun["windows"]> {
  const core = await Core.create(coreWasm(false) as BufferSource, false);
  core.load(file);
  const records: Uint8Array[] = [];
  core.decision = () => {
    records.push(core.decisionBytes());
    return Core.prototype.decision.call(core);
  };
  const stream = new RawStream(core, settings, 7);
  const windows: StreamRun["windows"] = [];
  // in pieces so small that none has the end of two windows
  for (let at = 0; at < SOUND.length; at += 160) {
    for (const { decision } of stream.push(SOUND.subarray(at, at + 160))) {
      const state = new Uint8Array(core.exports.memory.buffer, core.exports.streamPtr(), S.STREAM_BYTES).slice();
      windows.push({ record: decision ? records.shift()! : null, state });
    }
  }
  return windows;
}

function withFirmware<T>(library: CLibrary, core: CortexM, checked: boolean, work: (firmware: Firmware) => T): T {
  const firmware = buildFirmware(library, core, checked);
  try {
    return work(firmware);
  } finally {
    firmware.close();
  }
}

const fixedModel = () => {
  const model = randomModel({ experts: ["ternary", "8-bit"], seed: 3 });
  return encodeModel({ ...model, ...soundParts({ ...DEFAULT_FRONT_END, arithmetic: "fixed" }) });
};

/** Every layout that a core module reads, every policy, both front ends, and none. */
const MODELS: [name: string, file: () => Uint8Array, cores: CortexM[], input: Int16Array | Float32Array][] = [
  ["bayesian, sampling, ternary5 and 1-bit", () => models(["ternary5", "1-bit"], POLICY_BAYESIAN), ["cortex-m4"], PCM],
  ["probe, popcount and 16-bit", () => models(["popcount", "16-bit"]), ["cortex-m33"], PCM.subarray(0, 31000)],
  ["fixed-point front end", fixedModel, ["cortex-m0plus"], PCM],
  [
    "features, packed widths, no front end",
    () => randomModelFile({ frontEnd: false, experts: ["3-bit", "12-bit"], escalate: [0, 0] }),
    ["cortex-m4"],
    Float32Array.from({ length: 37 }, (_, i) => Math.sin(i)),
  ],
  ["single, float32", () => randomModelFile({ policy: POLICY_SINGLE, experts: ["float32"] }), ["cortex-m4"], PCM.subarray(0, 5000)],
];

const models = (experts: TypeName[], policy?: number) =>
  randomModelFile({ experts, ...(policy !== undefined && { policy, samples: 4 }), escalate: [0, 0], hidden: [200, 17], seed: 9 });

for (const [name, file, cores, input] of MODELS) {
  emulated(`${name}: the record equals the core's, and each of a stream, byte for byte, unchecked and checked`, async () => {
    const bytes = file();
    const framing = framingOf(decodeModel(bytes).input);
    const settings = framing ? streamSettings(STREAM, framing) : undefined;
    const library = await cLibrary(bytes);
    const results: { build: string; record: Uint8Array; windows: StreamRun["windows"] | undefined }[] = [];
    for (const core of cores) {
      for (const checked of [false, true]) {
        withFirmware(library, core, checked, (firmware) => {
          const { record } = firmware.run(input, 7);
          const stream = settings && firmware.stream(SOUND, settings, 7);
          results.push({ build: `${core}, ${checked ? "checked" : "unchecked"}`, record, windows: stream?.windows });
        });
      }
    }
    const expected = await coreRecord(bytes, input, 7);
    const windows = settings && (await coreStream(bytes, settings));
    if (windows)
      assert.equal(
        windows.map(({ record }) => record !== null),
        DECIDED,
      );
    for (const result of results) {
      assert.equal(result.record, expected, result.build);
      assert.equal(result.windows, windows, `${result.build}, stream`);
    }
  });
}

emulated("lambda: energy turns a Bayesian router to the cheap expert, as in the core", async () => {
  const features = Float32Array.from({ length: 37 }, (_, i) => Math.sin(3 * i));
  const file = randomModelFile({ frontEnd: false, experts: ["ternary", "8-bit"], policy: POLICY_BAYESIAN, samples: 4, energy: [0.2, 1] });
  const library = await cLibrary(file);
  const expert = (record: Uint8Array) => new DataView(record.buffer, record.byteOffset).getInt32(DECISION_ANSWERER, true);
  let decided: Uint8Array[] = [];
  withFirmware(library, "cortex-m4", false, (firmware) => {
    const records = [0, 1e6].map((lambda) => firmware.run(features, 2, false, lambda).record);
    assert.equal(records.map(expert), [1, 0]);
    decided = records;
  });
  assert.equal(decided, [await coreRecord(file, features, 2), await coreRecord(file, features, 2, 1e6)]);
});

let tiny: CLibrary;
emulated("esc10-tiny on an M4F: record, flash, RAM, cycles, instructions a frame, and what the sandbox costs", async () => {
  tiny = await cLibrary(TINY);
  const runs: ImageRun[] = [];
  const streams: StreamRun[] = [];
  const settings = streamSettings(STREAM, framingOf(decodeModel(TINY).input)!);
  for (const checked of [false, true]) {
    withFirmware(tiny, "cortex-m4", checked, (firmware) => {
      const { flash, ram } = firmware.sizes;
      assert.ok(flash.total <= 224 * KIB, `${flash.total} bytes of flash`);
      assert.ok(ram.total <= 64 * KIB, `${ram.total} bytes of RAM`);
      assert.is(flash.total, flash.code + flash.tables + flash.model);
      runs.push(firmware.run(PCM, 0, true));
      assert.ok(runs.at(-1)!.stackBytes <= 512, `${runs.at(-1)!.stackBytes} bytes of stack`);
      streams.push(firmware.stream(SOUND, settings, 7, !checked));
      assert.ok(streams.at(-1)!.stackBytes <= 512, `${streams.at(-1)!.stackBytes} bytes of stack`);
    });
  }
  const expected = await coreRecord(TINY, PCM, 0);
  for (const { record } of runs) assert.equal(record, expected);
  const windows = await coreStream(TINY, settings);
  assert.equal(
    windows.map(({ record }) => record !== null),
    DECIDED,
  );
  for (const stream of streams) assert.equal(stream.windows, windows);
  assert.match(tiny.files["qurio.h"], /decibels\) \* 147.3654f/);
  assert.is(Math.floor(12 * 147.3654 + 0.5), settings[S.STREAM_WAKE / 4], "QURIO_LEVEL(12)");
  const step = (phase: string, { phases }: { phases: ImageRun["phases"] } = streams[0]) => {
    const counts = phases.find((row) => row.phase === phase)!;
    return counts.instructions / counts.steps;
  };
  assert.ok(step("frame") - step("frame", runs[0]) <= 500, `${step("frame")} instructions a frame that the gate hears`);
  assert.ok(step("hop") <= 40000, `${step("hop")} instructions a hop`);
  assert.ok(step("asleep") - step("hop") <= 1000, `${step("asleep")} instructions a window asleep`);
  const sum = ({ phases }: ImageRun, field: "instructions" | "cycles") =>
    phases.filter(({ phase }) => phase !== "load").reduce((total, counts) => total + counts[field], 0);
  assert.ok(sum(runs[0], "cycles") <= 64e6, `${sum(runs[0], "cycles")} cycles`);
  const frame = runs[0].phases.find(({ phase }) => phase === "frame")!;
  assert.is(frame.steps, 498);
  assert.ok(frame.instructions / 498 <= 60000, `${frame.instructions / 498} instructions a frame`);
  const classes = INSTRUCTION_CLASSES.reduce((total, kind) => total + frame.classes[kind], 0);
  assert.is(classes, frame.instructions);
  const factor = sum(runs[1], "instructions") / sum(runs[0], "instructions");
  assert.ok(factor <= 1.5, `checked takes ${factor.toFixed(2)} times the instructions`);
});

emulated("esc10-low-ram takes at most 40 KiB of RAM, unchecked and checked, and decides as the core does", async () => {
  const file = readFileSync(packagePath("models", "esc10-low-ram.qmoe"));
  const library = await cLibrary(file);
  const expected = await coreRecord(file, PCM, 0);
  for (const checked of [false, true]) {
    withFirmware(library, "cortex-m4", checked, (firmware) => {
      assert.ok(firmware.sizes.ram.total <= 40 * KIB, `${firmware.sizes.ram.total} bytes of RAM`);
      assert.equal(firmware.run(PCM, 0, false).record, expected);
    });
  }
});

/**
 * A main that sets one variable of the core to a hostile value, then decides, as a stream every other time: allowed are a decision, an error and QURIO_TRAPPED, and after
 * any of them qurio_init works again. It sees inside because it includes qurio.c.
 */
const HOSTILE = `
#include "qurio.c"
static const uint32_t hostile[] = {0, 1, 0x7fffffff, 0x80000000u, 0xffffffffu, 0xfffffff0u, 0x20010000, 0x40000000, 0xe000ed00u};
int32_t hostile_decide(void) {
  uint32_t trapped = 0, words = sizeof core / 4;
  static int16_t samples[700];
  static const struct qurio_stream_settings stream = {498, 1, 1, 1, 16, 1, 1};
  for (uint32_t word = 0; word < words; word++) {
    for (uint32_t i = 0; i < sizeof hostile / 4; i++) {
      if (qurio_init()) return -1;
      if (i & 1) qurio_stream(&stream);
      ((uint32_t*)&core)[word] = hostile[i];
      qurio_push(samples, 700);
      for (int n = 0; n < 4; n++) qurio_step_padded();
      for (int n = 0; n < 4; n++) qurio_step();
      if (qurio_last_error()->code == QURIO_TRAPPED) trapped++;
    }
  }
  return (int32_t)trapped;
}
`;

const HOSTILE_MAIN = `
#include "board.h"
int32_t hostile_decide(void);
static void run(void) {
  int32_t trapped = hostile_decide();
  print("trapped ");
  print_hex(&trapped, 4);
  print("\\n");
}
`;

emulated("the checked build traps on hostile state, never faults, and starts again", () => {
  for (const core of ["cortex-m4", "cortex-m0plus"] as const) {
    const build = openBuild(core, "-DQURIO_CHECKED=1 -DQURIO_EMULATED");
    try {
      for (const [name, text] of Object.entries({ ...tiny.files, "hostile.c": HOSTILE, "run.c": HOSTILE_MAIN })) build.put(name, text);
      for (const name of ["hostile", "qurio_model", "run"]) build.compile(`${name}.c`, `${name}.o`);
      const memory = { flash: { address: 0, bytes: 0x3c0000 }, ram: { address: 0x20000000, bytes: 0x20000 }, stackBytes: STACK_BYTES };
      build.link("hostile.elf", ["hostile.o", "qurio_model.o", "run.o"], memory);
      const emulation = build.emulate("hostile.elf", { bytes: new Uint8Array(4), address: 0x3c0000 }, false);
      assert.is(emulation.code, 0, `${core}: exit code ${emulation.code}, 9 would be a hard fault; ${emulation.output.slice(-300)}`);
      const { value } = readPrinted(emulation).lines.find(({ name }) => name === "trapped")!;
      const count = Buffer.from(value, "hex").readInt32LE();
      assert.ok(count > 50, `${core}: ${count} trapped`);
    } finally {
      build.close();
    }
  }
});

emulated("a damaged model is the core's error, by name", () => {
  const at = tiny.model.length >> 1;
  const damaged = tiny.files["qurio_model.c"].split("\n");
  const line = damaged.findIndex((text) => text.startsWith("0x")) + (at >> 2) / 12;
  damaged[Math.floor(line)] = damaged[Math.floor(line)].replace(/0x(\w)/, (_, digit) => `0x${digit === "1" ? "2" : "1"}`);
  for (const checked of [false, true]) {
    const files = { ...tiny.files, "qurio_model.c": damaged.join("\n") };
    withFirmware({ ...tiny, files }, "cortex-m4", checked, (firmware) => {
      assert.throws(
        () => firmware.run(PCM),
        (error: QurioError) => error.code === "SECTION_CRC",
      );
    });
  }
});

test("the decision record in C is the one of decision.ts, field by field", () => {
  const text = decisionStruct();
  const drawing = readFileSync(packagePath("assembly", "format", "decision.ts"), "utf8").match(/\/\/ {3}\| (status .*)\|\n\/\/ +(.*)\n/)!;
  const names = drawing[1].split("|").map((name) => name.trim());
  const types = drawing[2].trim().split(/ +/);
  const snake = names.map((name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`));
  const cType: Record<string, string> = { u32: "uint32_t", i32: "int32_t", f32: "float" };
  const fields = [...text.matchAll(/^ {2}(\w+) (\w+);/gm)].map(([, type, name]) => [type, name]);
  assert.equal(
    fields,
    snake.map((name, i) => [cType[types[i]], name]),
  );
  assert.is(4 * fields.length, D.DECISION_BYTES);
  assert.match(errorEnum(), /QURIO_ERROR_SECTION_CRC = 107, \/\* checksum of section \{p\} does not match \*\//);
});

test("the stream record in C is the one of stream.ts, field by field", () => {
  const drawing = readFileSync(packagePath("assembly", "format", "stream.ts"), "utf8").match(/\/\/ {3}(\| hop .*)\n/)![1];
  const names = drawing.split("|").flatMap((name) => name.trim() || []);
  const fields = [...streamStructs().matchAll(/^ {2}int(?:32|16)_t ([^;]+);/gm)].map(([, name]) => name);
  assert.equal(
    fields,
    names.map((name) => name.replace(/ i16 /, "")),
  );
  assert.match(streamStructs(), new RegExp(`sizeof\\(struct qurio_stream\\) == ${S.STREAM_BYTES},`));
});

test("every board has an address, a size and a source for each memory", () => {
  const boards = deviceNames().map(loadDevice).filter(isBoard);
  assert.ok(boards.length >= 7);
  for (const { name, firmware } of boards) {
    const { flash, ram, source } = firmware;
    assert.ok(ram.address === 0x20000000 && flash.address < ram.address, name);
    assert.ok(flash.bytes >= 512 * KIB && ram.bytes >= 128 * KIB, name);
    assert.ok(source.length > 20, name);
  }
});

const refusal = (code: string, message: RegExp) => (error: QurioError) => error.code === code && message.test(error.message);

test("boards that are unknown, too small or without a floating-point unit are refused by name", () => {
  assert.throws(() => loadBoard("esp32"), refusal("DEVICE_UNKNOWN", /no device profile esp32/));
  assert.throws(() => loadBoard("esp32-s3"), refusal("NO_FIRMWARE", /no firmware for esp32-s3: flash and RAM of a Cortex-M expected/));
  const nrf = loadBoard("nrf52840");
  checkFits(nrf, { flash: 1 << 20, ram: 1 << 18 });
  assert.throws(
    () => checkFits(nrf, { flash: 1342144, ram: 1 }),
    refusal("IMAGE_TOO_LARGE", /does not fit Nordic nRF52840 .*: 1342144 bytes of flash needed, 1048576 there/),
  );
  assert.throws(() => checkFits(nrf, { flash: 1, ram: 300000 }), refusal("IMAGE_TOO_LARGE", /300000 bytes of RAM needed, 262144 there/));
  checkArithmetic(nrf, false);
  checkArithmetic(loadBoard("rp2040"), true);
  assert.throws(() => checkArithmetic(loadBoard("rp2040"), false), refusal("NO_FPU", /RP2040 .* has no floating-point unit/));
});

const qurio = (args: string[], env: NodeJS.ProcessEnv = process.env) =>
  spawnSync(process.execPath, [packagePath("bin", "qurio.js"), "bake", ...args, "--target", "cortex-m"], { encoding: "utf8", env });

test("without the tools the C library is written, and one line says how to get an ELF", () => {
  const out = join(folder, "library");
  const { status, stdout, stderr } = qurio(["models/esc10-tiny.qmoe", "-o", out, "--device", "nrf52840"], { PATH: "" });
  assert.is(status, 0, stderr);
  assert.match(stdout, /^no ELF: arm-none-eabi-gcc is not in PATH; apt-get install .*gcc-arm-none-eabi.*$/m);
  assert.equal(readdirSync(out).sort(), ["README.md", "main.c", "qurio.c", "qurio.h", "qurio_model.c", "wasm-rt.h"]);
});

emulated("the command writes ELF files and prints flash, RAM, phases and the decision; twice the same bytes", () => {
  const outs = ["first", "second"].map((name) => join(folder, name));
  const withoutQemu = join(folder, "bin");
  mkdirSync(withoutQemu);
  for (const tool of ["sh", "cp", "arm-none-eabi-gcc", "arm-none-eabi-size", "arm-none-eabi-nm"]) {
    symlinkSync(execFileSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).trim(), join(withoutQemu, tool));
  }
  const [first, second] = outs.map((out, i) => {
    const args = ["models/esc10-tiny.qmoe", "-o", out, "--device", "stm32f411", "--checked"];
    return qurio(args, i === 0 ? process.env : { PATH: withoutQemu });
  });
  assert.is(first.status, 0, first.stderr);
  assert.is(second.status, 0, second.stderr);
  assert.match(second.stdout, /^not run: gcc is not in PATH; apt-get install .*$/m);
  for (const row of [
    /^flash +\d+ +\d+ +524288$/m,
    /^RAM +\d+ +\d+ +131072$/m,
    /^frame +498 +\d+ +\d+ +[\d.]+ % +1\.\d+$/m,
    /^stream: hop +1 +\d{5} +\d{5} +\d\.\d+$/m,
  ]) {
    assert.match(first.stdout, row);
  }
  assert.match(first.stdout, /^samples\/rain\.wav: rain, record 01000000/m);
  for (const name of ["qurio.c", "qurio.h", "qurio_model.c", "stm32f411.elf", "emulated.elf"]) {
    assert.equal(readFileSync(join(outs[0], name)), readFileSync(join(outs[1], name)), name);
  }
  assert.match(readFileSync(join(outs[0], "qurio.h"), "utf8"), /#define QURIO_CHECKED 1/);
  const options = "-M mps2-an386 -nographic -semihosting-config enable=on,target=native -kernel emulated.elf";
  const run = spawnSync("qemu-system-arm", options.split(" "), { cwd: outs[0], encoding: "utf8" });
  assert.is(run.status, 0);
  assert.match(`${run.stdout}${run.stderr}`, /label rain\n/);
});

test("a model that does not fit is refused before anything is written", () => {
  const out = join(folder, "large");
  const { status, stderr } = qurio(["models/esc10.qmoe", "-o", out, "--device", "nrf52840"]);
  assert.is(status, 1);
  assert.match(stderr, /^qurio: the image does not fit Nordic nRF52840 .*: \d+ bytes of flash needed, 1048576 there \(IMAGE_TOO_LARGE\)\n/);
  assert.not.ok(existsSync(out));
});

test("the example compiles", () => {
  const out = join(folder, "library");
  const { error, status, stderr } = spawnSync("gcc", ["-std=c99", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "main.c"], {
    cwd: out,
    encoding: "utf8",
  });
  if (error) return;
  assert.is(status, 0, stderr);
});

test.run();
