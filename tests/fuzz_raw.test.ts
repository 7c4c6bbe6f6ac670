// Damaged model files, nothing repaired: every change of a sound file is refused by name, in both builds and through the host.
//
//   QURIO_FUZZ_CASES   random cases (a third of this many; default 6,000)
//   QURIO_FUZZ_SEED    first seed (default 1)

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FORMAT_VERSION, MAGIC, POLICY_BAYESIAN, POLICY_SINGLE } from "../assembly/format/ids.ts";
import { codeBit, columnBlock, padTo, rowSumOffset, weightBytes } from "../assembly/format/layouts.ts";
import { DEVICE_ERRORS, QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { decodeModel, encodeModel } from "../host/model-file/model_file.ts";
import { chain, linearOps, type UnplacedOp } from "../host/model-file/network.ts";
import { repack } from "../host/model-file/repack.ts";
import { Core } from "../host/runtime/core.ts";
import { Dice } from "./harness/dice.ts";
import { type ModelOptions, randomModel, randomModelFile, type TypeName } from "./harness/models.ts";
import { Sandbox } from "./harness/sandbox.ts";

const CASES = Math.ceil(Number(process.env["QURIO_FUZZ_CASES"] ?? 6000) / 3);
const SEED = Number(process.env["QURIO_FUZZ_SEED"] ?? 1);

const modules = ["qurio.wasm", "qurio.simd.wasm"].map((name) => new WebAssembly.Module(readFileSync(packagePath("build", name))));
const sandboxes = modules.map((module) => new Sandbox(module, { pages: 2 }));

const SMALL: ModelOptions = { frontEnd: false, features: 6, hidden: [5], classes: 3, experts: ["4-bit", "float32"] };
const MODELS: Record<string, ModelOptions> = {
  small: SMALL,
  bayesian: { ...SMALL, policy: POLICY_BAYESIAN, samples: 3, experts: ["ternary", "8-bit"] },
  single: { ...SMALL, policy: POLICY_SINGLE, features: 100 },
  "with a front end": { hidden: [8] },
  "with a fixed-point front end": { hidden: [8], arithmetic: "fixed" },
};

function randomFeatures(count: number, seed: number): Float32Array {
  const dice = new Dice(seed);
  return Float32Array.from({ length: count }, () => 4 * (dice.float() - 0.5));
}

/** Both builds refuse the file with one and the same name, which is returned. */
function refused(file: Uint8Array, what: string): string {
  const [scalar, simd] = sandboxes.map((sandbox) => sandbox.validate(file));
  if (scalar === "" || scalar !== simd) assert.unreachable(`${what}: ${scalar || "accepted"} by scalar, ${simd || "accepted"} by SIMD`);
  return scalar;
}

for (const [name, options] of Object.entries(MODELS)) {
  const sound = randomModelFile(options);

  test(`${name}: the sound file loads`, () => {
    assert.equal(
      sandboxes.map((sandbox) => sandbox.validate(sound)),
      ["", ""],
    );
  });

  test(`${name}: a change of any single byte is noticed, padding and reserved bytes included`, () => {
    const dice = new Dice(SEED);
    const file = sound.slice();
    // every bit of small files; three bits of every 16 bytes of large ones
    const changes = sound.length < 4096 ? file.length * 8 : (file.length >> 4) * 3;
    for (let i = 0; i < changes; i++) {
      const at = sound.length < 4096 ? i >> 3 : 16 * (i % (file.length >> 4)) + dice.int(16);
      const bit = sound.length < 4096 ? i & 7 : dice.int(8);
      file[at] ^= 1 << bit;
      refused(file, `bit ${bit} of byte ${at}`);
      file[at] = sound[at];
    }
  });

  test(`${name}: every truncation and every extension is refused as such`, () => {
    const step = sound.length < 4096 ? 1 : 61;
    for (let length = 0; length < sound.length; length += step) {
      assert.is(refused(sound.slice(0, length), `${length} bytes`), "TRUNCATED");
    }
    for (const more of [1, 8, 15, 16, 17, 64]) {
      const longer = new Uint8Array(sound.length + more);
      longer.set(sound);
      assert.is(refused(longer, `${more} zeros more`), "FILE_BYTES");
    }
  });
}

/** One damage to a copy of the file; may be none when bytes happen to be equal. */
function damage(file: Uint8Array, dice: Dice): Uint8Array {
  const copy = file.slice();
  const [a, b] = [dice.int(file.length), dice.int(file.length)];
  const run = 1 + dice.int(Math.min(dice.pick([4, 16, 300]), file.length - Math.max(a, b)));
  switch (dice.int(6)) {
    case 0: // random bytes
      for (let i = a; i < a + run; i++) copy[i] = dice.int(256);
      return copy;
    case 1: // two ranges change places
      copy.set(file.subarray(a, a + run), b);
      copy.set(file.subarray(b, b + run), a);
      return copy;
    case 2: // one range twice
      copy.set(file.subarray(a, a + run), b);
      return copy;
    case 3: // a gap
      return Uint8Array.from([...file.subarray(0, a), ...file.subarray(a + run)]);
    case 4: // an insertion
      return Uint8Array.from([...file.subarray(0, a), ...file.subarray(b, b + run), ...file.subarray(a)]);
    default: // a few bits
      for (let bits = 1 + dice.int(5); bits > 0; bits--) copy[dice.int(copy.length)] ^= 1 << dice.int(8);
      return copy;
  }
}

test(`random damage is refused, seed ${SEED}`, async () => {
  const hosts = [await Core.create(modules[0], false), await Core.create(modules[1], true)];
  const names = Object.keys(MODELS);
  const files = names.map((name) => randomModelFile(MODELS[name]));
  for (let i = 0; i < CASES; i++) {
    const dice = new Dice(SEED + Math.imul(i, 0x9e3779b1));
    const model = dice.int(files.length);
    let file = files[model];
    for (let times = 1 + dice.int(3); times > 0; times--) file = damage(file, dice);
    if (Buffer.compare(file, files[model]) === 0) continue;
    const story = `QURIO_FUZZ_SEED=${SEED}, case ${i}, model ${names[model]}`;
    const name = refused(file, story);
    for (const core of hosts)
      assert.throws(
        () => core.load(file),
        (error: Error) => error instanceof QurioError && error.code === name,
        story,
      );
  }
});

test("random bytes are refused, with and without a sound header's beginning", () => {
  const seen = new Set<string>();
  for (let i = 0; i < CASES; i++) {
    const dice = new Dice(SEED + 1 + Math.imul(i, 0x9e3779b1));
    const file = Uint8Array.from({ length: dice.pick([0, 1, 31, 32, 33, 64, 1000]) }, () => dice.int(256));
    const view = new DataView(file.buffer);
    const header = [MAGIC, FORMAT_VERSION, file.length, dice.int(26)].slice(0, dice.int(5));
    header.forEach((word, at) => {
      if (4 * at + 4 <= file.length) view.setUint32(4 * at, word, true);
    });
    seen.add(refused(file, `QURIO_FUZZ_SEED=${SEED}, case ${i}`));
  }
  for (const name of ["TRUNCATED", "NOT_A_MODEL", "VERSION", "FILE_BYTES", "SECTION_TABLE", "HEADER_CRC"]) assert.ok(seen.has(name), name);
});

test("more multiply-accumulates than a plan can state are refused: a small file must not ask for hours of work", async () => {
  const core = await Core.create(modules[0], false);
  const load = (width: number) => {
    const model = randomModel({ frontEnd: false, features: 8, classes: 2, samples: 64, experts: [] });
    const [first] = linearOps(model.router!);
    const floats = (count: number) => new Float32Array(count).fill(1);
    const ops = [8, width, width, width, width, 2].slice(1).map((rows, i, all): UnplacedOp => {
      const columns = i === 0 ? 8 : all[i - 1];
      const { layout } = first;
      const weights = new Uint8Array(weightBytes(layout, rows, columns));
      return {
        ...first,
        columns,
        rows,
        weights,
        scale: floats(rows),
        bias: floats(rows),
        norm: false,
        relu: i < 4,
        dropout: 0,
        gamma: null,
        beta: null,
      };
    });
    core.load(encodeModel({ ...model, router: chain("router", ops) }));
  };
  load(2048);
  assert.throws(() => load(4096), /memory plan field 40 is -1/);
});

test("a wrong row sum and a ternary code 3 are refused, in every group of rows and in every layout", () => {
  for (const [type, simd] of [
    ["ternary", false],
    ["4-bit", false],
    ["ternary", true],
  ] as [TypeName, boolean][]) {
    const sound = randomModelFile({ ...SMALL, policy: POLICY_SINGLE, experts: [type], features: 70, hidden: [19] });
    const model = decodeModel(simd ? repack(sound, "simd") : sound);
    const [{ layout, rows, columns, weights }] = linearOps(model.experts[0]);
    const k = padTo(columns, columnBlock(layout));
    const spoilt = (change: (weights: Uint8Array) => void, what: string) => {
      const copy = weights.slice();
      change(copy);
      const [first, ...rest] = linearOps(model.experts[0]);
      const file = encodeModel({ ...model, experts: [{ ...model.experts[0], ops: [{ ...first, weights: copy }, ...rest] }] });
      assert.is(refused(file, what), "WEIGHT_CODES");
    };
    for (let row = 0; row < rows; row++) {
      const what = `${type}, layout ${layout}, row ${row}`;
      const sum = rowSumOffset(layout, row, k);
      if (sum >= 0) spoilt((bytes) => bytes[sum]++, `sum of ${what}`);
      const bit = codeBit(layout, row, (row * 5) % columns, k);
      if (type === "ternary") spoilt((bytes) => (bytes[bit >> 3] |= 3 << (bit & 7)), `code of ${what}`);
    }
  }
});

test("alpha = 0 is the plain router on any variance scale", async () => {
  const core = await Core.create(modules[0], false);
  const model = randomModel({ ...SMALL, policy: POLICY_BAYESIAN, samples: 5, experts: ["ternary", "4-bit", "8-bit"], alpha: 0 });
  const routes = (varianceScale: number) => {
    core.load(encodeModel({ ...model, policy: { ...model.policy, varianceScale } }));
    return Array.from({ length: 40 }, (_, seed) => core.decideFeatures(randomFeatures(6, seed), seed).answerer);
  };
  const plain = routes(1);
  assert.ok(new Set(plain).size > 1, `some of each: ${plain}`);
  assert.equal(routes(1e-45), plain);
});

test("every device error has one name and one code", () => {
  assert.is(new Set(DEVICE_ERRORS.map(({ name }) => name)).size, DEVICE_ERRORS.length);
  assert.is(new Set(DEVICE_ERRORS.map(({ code }) => code)).size, DEVICE_ERRORS.length);
});

test.run();
