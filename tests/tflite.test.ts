// TensorFlow Lite files: what was written is read, its integer arithmetic is that of the reference kernels, the network gives the same on
// qurio's kernels up to the rounding of activations, and damaged or foreign files are refused by name.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { layerOutputs } from "../host/engines/trace.ts";
import type { QurioError } from "../host/errors.ts";
import { encodeModel } from "../host/model-file/model_file.ts";
import { Core } from "../host/runtime/core.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { packCheckpoint } from "../tools/export/exporter.ts";
import { asFloat, tfliteCheckpoint } from "../tools/export/tflite_checkpoint.ts";
import { type Int8Layer, readTflite } from "../tools/import/tflite.ts";
import { int8Layer, multiplyByQuantized, quantizeInt8, quantizeMultiplier, runTflite } from "../tools/import/tflite_reference.ts";
import { random } from "./harness/random.ts";
import { floatsOf, randomLayers, type Spoil, writeTflite } from "./harness/tflite.ts";

const SHAPES = [
  { columns: 13, rows: 7, relu: true },
  { columns: 7, rows: 5, relu: true },
  { columns: 5, rows: 9, relu: false },
];
const layers = randomLayers(SHAPES, 1);
const file = writeTflite(layers);

test("what was written is read: int8 with one scale and with a scale a row, float32, no bias", () => {
  for (const perRow of [false, true]) {
    const written = randomLayers(SHAPES, 2, perRow);
    for (const [i, layer] of readTflite(writeTflite(written), "x").layers.entries()) {
      const { name, kind, ...rest } = layer;
      assert.equal([kind, rest], ["int8", written[i]]);
      assert.match(name, /^tensor \d+$/);
    }
  }
  for (const [i, { weights, bias, relu }] of readTflite(writeTflite(layers, "float32"), "x").layers.entries()) {
    assert.equal({ weights, bias }, floatsOf(layers[i]));
    assert.is(relu, i < 2);
  }
  assert.equal(readTflite(writeTflite(layers, "int8", { noBias: true }), "x").layers[0].bias, new Int32Array(7));
});

test("a file read as a Buffer out of a pool is the same", () => {
  const pooled = Buffer.concat([Buffer.alloc(3), file]).subarray(3);
  assert.equal(readTflite(pooled, "x"), readTflite(file, "x"));
});

test("multipliers are 31-bit fractions, products are rounded twice: up, then away from zero", () => {
  assert.equal(quantizeMultiplier(0.5), { fraction: 2 ** 30, shift: 0 });
  assert.equal(quantizeMultiplier(1), { fraction: 2 ** 30, shift: 1 });
  assert.equal(quantizeMultiplier(1 - 2 ** -40), { fraction: 2 ** 30, shift: 1 });
  assert.equal(quantizeMultiplier(0.75 / 4), { fraction: 0.75 * 2 ** 31, shift: -2 });
  const half = { fraction: 2 ** 30, shift: 0 };
  assert.equal(
    [1, -1, 3, -3, 4].map((x) => multiplyByQuantized(x, half)),
    [1, 0, 2, -1, 2],
  );
  const quarter = { fraction: 2 ** 30, shift: -1 };
  assert.equal(
    [2, -2, 6, -6, 1, -1].map((x) => multiplyByQuantized(x, quarter)),
    [1, -1, 2, -2, 1, 0],
  );
  const next = random(3);
  for (let i = 0; i < 2000; i++) {
    const [x, value] = [Math.floor((2 * next() - 1) * 2 ** 24), 2 ** (-14 * next())];
    const off = multiplyByQuantized(x, quantizeMultiplier(value)) - x * value;
    assert.ok(Math.abs(off) <= 1, `${x} * ${value}: off by ${off}`);
  }
});

test("a layer of codes is the layer of numbers that they stand for, to half a step and the double rounding", () => {
  const next = random(4);
  const [layer] = readTflite(file, "x").layers as Int8Layer[];
  const { weights, bias } = floatsOf(layers[0]);
  for (let run = 0; run < 50; run++) {
    const x = quantizeInt8(
      Float32Array.from({ length: 13 }, () => 4 * next() - 3),
      layer.input,
    );
    const y = int8Layer(layer, x);
    for (let n = 0; n < layer.rows; n++) {
      let sum = bias[n];
      for (let k = 0; k < 13; k++) sum += weights[n * 13 + k] * layer.input.scale * (x[k] - layer.input.zeroPoint);
      const exact = Math.min(Math.max(0, sum), (127 - layer.output.zeroPoint) * layer.output.scale);
      const got = layer.output.scale * (y[n] - layer.output.zeroPoint);
      assert.ok(Math.abs(got - exact) <= 0.51 * layer.output.scale, `run ${run}, row ${n}: ${got}, expected ${exact}`);
    }
  }
});

test("on qurio's kernels the codes give the float32 network's outputs, up to the rounding of activations", async () => {
  const core = await Core.create(coreWasm(false), false);
  const float = readTflite(writeTflite(layers, "float32"), "x");
  const packed = encodeModel(packCheckpoint(tfliteCheckpoint(readTflite(file, "x"), "tiny")));
  core.load(packed);
  const next = random(5);
  for (let run = 0; run < 20; run++) {
    const x = Float32Array.from({ length: 13 }, () => 4 * next() - 3);
    const [got, wanted] = [layerOutputs(core, packed, x, 3, 9), runTflite(float, x)];
    for (let n = 0; n < 9; n++) assert.ok(Math.abs(got[n] - wanted[n]) < 0.03, `run ${run}, output ${n}: ${got[n]}, expected ${wanted[n]}`);
  }
  assert.is(asFloat(tfliteCheckpoint(readTflite(file, "x"), "tiny")).experts[0].layers[0].quantized, undefined);
});

const codeOf = (work: () => unknown): [string, string] => {
  try {
    work();
  } catch (error) {
    return [(error as QurioError).code, (error as QurioError).message];
  }
  return ["none", ""];
};

test("only int8 networks with ReLU between layers become a model", () => {
  const refused = (bytes: Uint8Array) => codeOf(() => tfliteCheckpoint(readTflite(bytes, "x"), "tiny"));
  assert.equal(refused(writeTflite(layers, "float32")), ["TFLITE_UNSUPPORTED", "tiny: int8 expected, float32 found"]);
  assert.match(refused(writeTflite(layers, "int8", { activation: 1 }))[1], /ReLU between layers expected, operator 2 is otherwise/);
});

const REFUSED: [Spoil, code: string, message: RegExp][] = [
  [{ identifier: "TFL2" }, "TFLITE", /identifier TFL3 expected/],
  [{ opcodeIndex: 5 }, "TFLITE", /operator 0, code: 0 to 0 expected, 5 found/],
  [{ optionsType: 1 }, "TFLITE", /operator 0, options: 8 \(FullyConnectedOptions\) expected, 1 found/],
  [{ inputTensor: 77 }, "TFLITE", /operator 0, inputs: tensors 0 to 9 expected, 77 found/],
  [{ tensorBuffer: 99 }, "TFLITE", /tensor 0, buffer: 0 to 6 expected, 99 found/],
  [{ weightBytes: 8 }, "TFLITE", /operator 0, bytes of weights: 91 expected, 8 found/],
  [{ outputScale: Number.NaN }, "TFLITE", /operator 0, output, scale: a finite number above 0 expected, NaN found/],
  [{ outputZeroPoint: 300 }, "TFLITE", /operator 0, output, zero point: -128 to 127 expected, 300 found/],
  [{ version: 4 }, "TFLITE_UNSUPPORTED", /schema version: 3 expected, 4 found/],
  [{ subgraphs: 2 }, "TFLITE_UNSUPPORTED", /subgraphs: 1 expected, 2 found/],
  [{ operators: 65 }, "TFLITE_UNSUPPORTED", /operators: 1 to 64 expected, 65 found/],
  [{ code: 3 }, "TFLITE_UNSUPPORTED", /operator 0: 9 \(FULLY_CONNECTED\) expected, 3 found/],
  [{ activation: 3 }, "TFLITE_UNSUPPORTED", /operator 0, activation: 0 \(none\) or 1 \(ReLU\) expected, 3 found/],
  [{ weightsFormat: 1 }, "TFLITE_UNSUPPORTED", /weights format: 0 \(rows\) expected, 1 found/],
  [{ weightType: 1 }, "TFLITE_UNSUPPORTED", /type of its input: type 1 expected, int8 found/],
  [{ weightScales: 2 }, "TFLITE_UNSUPPORTED", /scales of weights: 1 or 7 expected, 2 found/],
  [{ weightZeroPoint: 1 }, "TFLITE_UNSUPPORTED", /zero points of weights: 0 expected/],
  [{ inputTensor: 1 }, "TFLITE_UNSUPPORTED", /operator 0: tensor 0, which comes before it, as its input expected, tensor 1 found/],
  [{ rows: 1 << 20 }, "TFLITE_UNSUPPORTED", /weights: at most 8192 x 8192/],
  [{ batch: 2 }, "TFLITE_UNSUPPORTED", /values of its input: 13 \(a batch of one\) expected, 26 found/],
];

test("a damaged file, and one that is sound but something else, say what was expected and found", () => {
  for (const [spoil, expected, message] of REFUSED) {
    const [code, said] = codeOf(() => readTflite(writeTflite(layers, "int8", spoil), "x.tflite"));
    assert.is(code, expected, `${JSON.stringify(spoil)}: ${said}`);
    assert.match(said, message);
    assert.match(said, /^x\.tflite/);
  }
});

test("cut anywhere or with any bits flipped a file is read, or refused by name", () => {
  const outcomes = new Map<string, number>();
  const tried = (bytes: Uint8Array, what: string) => {
    const [code, message] = codeOf(() => readTflite(bytes, "x"));
    assert.ok(["none", "TFLITE", "TFLITE_UNSUPPORTED"].includes(code), `${what}: ${code} ${message}`);
    outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
  };
  for (let length = 0; length < file.length; length++) tried(file.subarray(0, length), `${length} bytes`);
  const seed = 11;
  const next = random(seed);
  for (let i = 0; i < Number(process.env["QURIO_FUZZ_CASES"] ?? 3000); i++) {
    const bytes = file.slice();
    for (let flips = 1 + Math.floor(4 * next()); flips > 0; flips--) bytes[Math.floor(next() * bytes.length)] = Math.floor(256 * next());
    tried(bytes, `seed ${seed}, case ${i}`);
  }
  for (const code of ["none", "TFLITE", "TFLITE_UNSUPPORTED"]) assert.ok((outcomes.get(code) ?? 0) > 20, `${code}: ${outcomes.get(code)}`);
});

test.run();
