// Baked modules refuse: damage, other models, files that cannot be baked, wrong usage of the command. Also what the command prints.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { HEADER_CRC } from "../assembly/format/file.ts";
import { POLICY_SINGLE } from "../assembly/format/ids.ts";
import { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { crc32 } from "../host/model-file/crc32.ts";
import { DEFAULT_FRONT_END } from "../host/model-file/front_end.ts";
import { encodeModel } from "../host/model-file/model_file.ts";
import { Core } from "../host/runtime/core.ts";
import { coreWasm, loadModel } from "../host/runtime/index.ts";
import { type Baked, bake, modelToBake } from "../tools/export/bake.ts";
import { soundParts } from "../tools/export/front_end_tables.ts";
import { randomModel, randomModelFile } from "./harness/models.ts";
import { random } from "./harness/random.ts";

const folder = mkdtempSync(join(tmpdir(), "qurio-test-bake-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const tiny = new Uint8Array(readFileSync(packagePath("models", "esc10-tiny.qmoe")));
/** esc10-tiny as a core, baked once. */
let baked: Promise<Baked> | undefined;
const bakedTiny = () => (baked ??= bake(tiny, { target: "core" }));

test("a flipped bit of the model is a named error at init, never a decision", async () => {
  const { wasm, sizes } = await bakedTiny();
  const at = wasm.length - sizes.modelBytes; // the model is the last thing in the module
  const next = random(3);
  const places = [
    0,
    4,
    8,
    12,
    16,
    20,
    33,
    40,
    ...Array.from({ length: 60 }, () => Math.floor(next() * sizes.modelBytes)),
    sizes.modelBytes - 1,
  ];
  const codes = new Set<string>();
  for (const place of places) {
    const damaged = wasm.slice();
    damaged[at + place] ^= 1 << Math.floor(next() * 8);
    const opened = await Core.create(damaged, false);
    try {
      opened.open();
      assert.unreachable(`byte ${place}: opened`);
    } catch (error) {
      assert.instance(error, QurioError, `byte ${place}: ${error}`);
      codes.add((error as QurioError).code);
    }
    assert.is(opened.exports.decide(), 301, "nothing is loaded");
  }
  for (const code of ["SECTION_CRC", "HEADER_CRC", "NOT_A_MODEL", "VERSION"]) assert.ok(codes.has(code), `${code} among ${[...codes]}`);
});

test("another model, though sound, is refused by a module that has its own; so is one that was changed with its checksums", async () => {
  const { wasm, sizes } = await bake(encodeModel(randomModel({ seed: 1 })), { target: "core" });
  const other = modelToBake(encodeModel(randomModel({ seed: 2 })), false);
  const opened = await Core.create(wasm, false);
  assert.throws(
    () => opened.open(other),
    (error: QurioError) => error.code === "OTHER_MODEL",
  );
  const changed = wasm.slice();
  const file = changed.subarray(wasm.length - sizes.modelBytes);
  const view = new DataView(file.buffer, file.byteOffset);
  const entry = 32 + 2 * 16; // the third section
  const [offset, bytes] = [view.getUint32(entry + 4, true), view.getUint32(entry + 8, true)];
  file[offset + 100] ^= 1;
  view.setUint32(entry + 12, crc32(file.subarray(offset, offset + bytes)), true);
  const tableEnd = 32 + 16 * view.getUint32(12, true);
  view.setUint32(HEADER_CRC, 0, true);
  view.setUint32(HEADER_CRC, crc32(file.subarray(0, tableEnd)), true);
  const tampered = await Core.create(changed, false);
  assert.throws(
    () => tampered.open(),
    (error: QurioError) => error.code === "OTHER_MODEL",
  );
});

test("without weights: one module for all models of a shape, each checked in full", async () => {
  const [a, b] = [1, 2].map((seed) => encodeModel(randomModel({ seed, experts: ["4-bit"] })));
  const { wasm, model, sizes } = await bake(a, { target: "core", weights: false });
  assert.equal((await bake(b, { target: "core", weights: false })).wasm, wasm);
  assert.equal(
    [sizes.modelBytes, WebAssembly.Module.exports(new WebAssembly.Module(wasm)).some(({ name }) => name === "init")],
    [model.length, false],
  );
  const opened = await Core.create(wasm, false);
  const refused = (code: string, file?: Uint8Array) =>
    assert.throws(
      () => opened.open(file),
      (error: QurioError) => error.code === code,
      code,
    );
  refused("NOT_BAKED");
  const generic = await Core.create(coreWasm(false) as BufferSource, false);
  for (const file of [a, b]) {
    opened.open(modelToBake(file, false));
    generic.load(file);
    for (const one of [opened, generic]) one.decideFeatures(new Float32Array(969).fill(0.5));
    assert.equal(opened.decisionBytes(), generic.decisionBytes());
  }
  const fixed = soundParts({ ...DEFAULT_FRONT_END, arithmetic: "fixed" });
  for (const [code, other] of [
    ["MODEL_TOO_LARGE", randomModel({ experts: ["8-bit"] })],
    ["LAYOUT", randomModel({ experts: [], routerType: "1-bit" })],
    ["INPUT", { ...randomModel({ experts: [] }), ...fixed }],
    ["POLICY", randomModel({ experts: [], samples: 3 })],
    ["POLICY", randomModel({ policy: POLICY_SINGLE, experts: ["ternary"] })],
  ] as const) {
    refused(code, modelToBake(encodeModel(other), false));
  }
  const damaged = model.slice();
  damaged[20000] ^= 4;
  refused("SECTION_CRC", damaged);
});

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    assert.instance(error, QurioError, `${error}`);
    return (error as QurioError).code;
  }
  return "nothing";
}

test("damaged and foreign files, and unknown targets, have named errors", async () => {
  const of = (change: (file: Uint8Array) => void) => {
    const file = tiny.slice();
    change(file);
    return bake(file, { target: "core" });
  };
  assert.is(await refusal(of((file) => (file[50000] ^= 1))), "SECTION_CRC");
  assert.is(await refusal(of((file) => (file[4] = 9))), "VERSION");
  assert.is(await refusal(of((file) => file.fill(7))), "NOT_A_MODEL");
  assert.is(await refusal(bake(tiny.subarray(0, 10), { target: "core" })), "TRUNCATED");
  assert.is(await refusal(bake(new Uint8Array(), { target: "core" })), "TRUNCATED");
  assert.is(await refusal(bake(tiny, { target: "dos" as "core" })), "BAKE_TARGET");
  assert.is(await refusal(loadModel(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))), "NOT_BAKED");
  assert.is(await refusal(loadModel(coreWasm(false))), "NOT_BAKED");
});

function qurio(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [packagePath("bin", "qurio.js"), ...args], { cwd: folder, encoding: "utf8" });
}

test("qurio bake, run and inspect", async () => {
  writeFileSync(join(folder, "m.qmoe"), tiny);
  const { sizes, wasm } = await bakedTiny();
  const printed = qurio("bake", "m.qmoe", "-o", "app.wasm");
  assert.is(printed.status, 0, printed.stderr);
  const { modelPtr: _, ...printedSizes } = sizes;
  for (const size of Object.values(printedSizes)) assert.match(printed.stdout, new RegExp(` ${size}$`, "m"), `${size}`);
  assert.equal(new Uint8Array(readFileSync(join(folder, "app.wasm"))), wasm);
  const json = JSON.parse(qurio("bake", "m.qmoe", "-o", "slot.wasm", "--no-weights", "--simd", "--json").stdout);
  assert.equal([json.file, json.model, json.simd], ["slot.wasm", "slot.wasm.qmoe", true]);
  assert.is(json.moduleBytes, readFileSync(join(folder, "slot.wasm")).length);
  assert.is(json.modelBytes, readFileSync(join(folder, "slot.wasm.qmoe")).length);
  const decided = (model: string) => JSON.parse(qurio("run", model, packagePath("samples", "clock_tick.wav"), "--json").stdout);
  const [a, b] = [decided("app.wasm"), decided("m.qmoe")];
  for (const field of ["label", "probability", "uncertainty", "answerer"]) assert.equal(a[field], b[field], field);
  assert.match(qurio("inspect", "app.wasm").stdout, /policy probe/);
});

test("qurio bake: wrong usage and outputs that cannot be written", () => {
  writeFileSync(join(folder, "m.qmoe"), randomModelFile());
  const before = readdirSync(folder);
  for (const [args, status, text] of [
    [["m.qmoe"], 2, /--output/],
    [["m.qmoe", "-o", "x.wasm", "--target", "dos"], 2, /Allowed choices are core/],
    [["none.qmoe", "-o", "x.wasm"], 1, /none\.qmoe does not exist \(INPUT_MISSING\)/],
    [["m.qmoe", "-o", "no/x.wasm"], 1, /folder no does not exist \(OUTPUT_NO_FOLDER\)/],
    [["m.qmoe", "-o", "."], 1, /it is a folder, a file expected \(OUTPUT_IS_FOLDER\)/],
  ] as const) {
    const { status: exit, stdout, stderr } = qurio("bake", ...args);
    assert.is(exit, status, stderr);
    assert.is(stdout, "");
    assert.match(stderr, text);
  }
  assert.equal(readdirSync(folder), before);
});

test.run();
