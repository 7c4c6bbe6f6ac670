// TensorFlow Lite files: what was written is read, its integer arithmetic is that of the reference kernels, the network gives the same on
// qurio's kernels up to the rounding of activations, and damaged or foreign files are refused by name.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { layerOutputs } from "../host/engines/trace.ts";
import type { QurioError } from "../host/errors.ts";
import { encodeModel } from "../host/model-file/model_file.ts";
import { Core } from "../host/runtime/core.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { packModel } from "../tools/export/exporter.ts";
import { importedModel } from "../tools/export/imported_model.ts";
import { type Graph, valuesOf } from "../tools/graph/graph.ts";
import { endsInSoftmax, layersOf } from "../tools/graph/layers.ts";
import { readTflite } from "../tools/import/tflite.ts";
import {
  int8Layer,
  int8Layers,
  multiplyByQuantized,
  quantizeInt8,
  quantizeMultiplier,
  tfliteReference,
} from "../tools/import/tflite_reference.ts";
import { random } from "./harness/random.ts";
import { floatsOf, type Kind, randomLayers, type Spoil, writeTflite } from "./harness/tflite.ts";

const SHAPES = [
  { columns: 13, rows: 7, relu: true },
  { columns: 7, rows: 5, relu: true },
  { columns: 5, rows: 9, relu: false },
];
const layers = randomLayers(SHAPES, 1);
const file = writeTflite(layers);

const tensorOf = ({ tensors }: Graph, id: number | null) => tensors[id!];

test("what was written is read: int8 with one scale and with a scale a row, no bias", () => {
  for (const perRow of [false, true]) {
    const written = randomLayers(SHAPES, 2, perRow);
    assert.equal(int8Layers(readTflite(writeTflite(written), "x")), written);
  }
  assert.equal(int8Layers(readTflite(writeTflite(layers, "int8", { noBias: true }), "x"))![0].bias, new Int32Array(7));
});

test("float32, and int8 weights between float activations, are read; neither has an int8 chain", () => {
  const [float, hybrid] = (["float32", "hybrid"] as Kind[]).map((kind) => readTflite(writeTflite(layers, kind), "x"));
  assert.equal([int8Layers(float), int8Layers(hybrid)], [null, null]);
  for (const [i, { op, weight, relu }] of layersOf(float).entries()) {
    assert.equal({ weights: weight.data, bias: tensorOf(float, op.bias).data }, floatsOf(layers[i]));
    assert.equal([relu, op.weightType], [i < 2, "float32"]);
  }
  for (const [i, { op, weight }] of layersOf(hybrid).entries()) {
    assert.equal([weight.data, weight.quantization!.scale, op.weightType], [layers[i].weights, layers[i].weightScale, "8"]);
    assert.equal(tensorOf(hybrid, op.bias).data, floatsOf(layers[i]).bias);
  }
});

test("what stands around the layers folds away: QUANTIZE, DEQUANTIZE, RESHAPE, RELU of its own; SOFTMAX ends the graph", () => {
  const plain = readTflite(file, "x");
  const dressed = readTflite(writeTflite(layers, "int8", { edges: true, reshape: true, reluOps: true, softmax: 1 }), "x");
  assert.equal(int8Layers(dressed), int8Layers(plain));
  assert.equal([endsInSoftmax(plain), endsInSoftmax(dressed)], [false, true]);
  const gridOfFirst = (graph: Graph) => tensorOf(graph, graph.ops[0].output).quantization;
  assert.is(gridOfFirst(plain), null, "what a fused ReLU cuts is not rounded before");
  assert.is(gridOfFirst(dressed)!.zeroPoint, -128);
  assert.equal(
    dressed.ops.map(({ kind }) => kind),
    ["linear", "relu", "linear", "relu", "linear", "softmax"],
  );
});

test("the graph says which file it was", () => {
  const { format, name, sha256 } = readTflite(file, "x.tflite").origin!;
  assert.equal([format, name], ["TensorFlow Lite", "x.tflite"]);
  assert.match(sha256, /^[0-9a-f]{64}$/);
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
  const [layer] = int8Layers(readTflite(file, "x"))!;
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

/** Codes that ai-edge-litert 2.3.0's reference kernels give on the input below, as numbers. */
const LITERT = [-0.28235, -1.31765, -0.3451, -0.40784, 0.21961, 0.59608, -0.47059, -1.78824, -0.15686];

test("TensorFlow Lite's own reference kernels give the same codes", () => {
  const x = Float32Array.from({ length: 13 }, (_, i) => 4 * Math.abs(Math.sin(i * 7.7)) - 3);
  const got = tfliteReference(readTflite(file, "x"))(x);
  for (const [n, value] of LITERT.entries()) assert.ok(Math.abs(got[n] - value) < 6e-6, `output ${n}: ${got[n]}, expected ${value}`);
});

test("on qurio's kernels every kind gives the float32 network's outputs, up to the rounding of activations", async () => {
  const core = await Core.create(coreWasm(false), false);
  const float = tfliteReference(readTflite(writeTflite(layers, "float32"), "x"));
  for (const [kind, most] of [
    ["int8", 0.03],
    ["hybrid", 0.03],
    ["float32", 1e-5],
  ] as [Kind, number][]) {
    const labels = Array.from({ length: 9 }, (_, i) => `${i}`);
    const packed = encodeModel(packModel(importedModel(readTflite(writeTflite(layers, kind), "x"), "tiny", labels)));
    core.load(packed);
    const next = random(5);
    for (let run = 0; run < 20; run++) {
      const x = Float32Array.from({ length: 13 }, () => 4 * next() - 3);
      const [got, wanted] = [layerOutputs(core, packed, x, 3, 9), float(x)];
      for (let n = 0; n < 9; n++)
        assert.ok(Math.abs(got[n] - wanted[n]) < most, `${kind}, run ${run}, output ${n}: ${got[n]}, expected ${wanted[n]}`);
    }
  }
});

test("the middle of the input's grid goes into the first layer's bias: inputs at the middle give the same", () => {
  const graph = readTflite(file, "x");
  const { experts, normalization } = importedModel(graph, "tiny", []);
  const { scale, zeroPoint } = layers[0].input;
  const [before, after] = [layersOf(graph)[0], layersOf(experts[0])[0]];
  const weights = valuesOf(before.weight);
  assert.equal([normalization.mean[0], normalization.clip], [Math.fround(-scale * zeroPoint), 128 * scale]);
  for (let n = 0; n < before.rows; n++) {
    let sum = before.bias[n];
    for (let k = 0; k < 13; k++) sum += weights[n * 13 + k] * normalization.mean[k];
    assert.ok(Math.abs(after.bias[n] - sum) < 1e-6, `row ${n}: ${after.bias[n]}, expected ${sum}`);
  }
});

const codeOf = (work: () => unknown): [string, string] => {
  try {
    work();
  } catch (error) {
    return [(error as QurioError).code, (error as QurioError).message];
  }
  return ["none", ""];
};

const REFUSED: [Spoil, code: string, message: RegExp][] = [
  [{ identifier: "TFL2" }, "TFLITE", /identifier TFL3 expected/],
  [{ opcodeIndex: 5 }, "TFLITE", /operator 0, code: 0 to 0 expected, 5 found/],
  [{ optionsType: 1 }, "TFLITE", /operator 0, options: 8 \(FullyConnectedOptions\) expected, 1 found/],
  [{ inputTensor: 77 }, "TFLITE", /operator 0, inputs: tensors 0 to 9 expected, 77 found/],
  [{ tensorBuffer: 99 }, "TFLITE", /tensor 0, buffer: 0 to 6 expected, 99 found/],
  [{ weightBytes: 8 }, "TFLITE", /operator 0, weights, bytes: 91 expected, 8 found/],
  [{ outputScale: Number.NaN }, "TFLITE", /operator 0, output, scale: a finite number above 0 expected, NaN found/],
  [{ outputZeroPoint: 300 }, "TFLITE", /operator 0, output, zero point: -128 to 127 expected, 300 found/],
  [{ version: 4 }, "TFLITE_UNSUPPORTED", /schema version: 3 expected, 4 found/],
  [{ subgraphs: 2 }, "TFLITE_UNSUPPORTED", /subgraphs: 1 expected, 2 found/],
  [{ subgraphs: 65, code: 3 }, "TFLITE_UNSUPPORTED", /subgraphs: 1 expected, 65 found/],
  [{ subgraphs: 2, code: 3 }, "UNSUPPORTED_OP", /6 of 6 operators cannot be packed: CONV_2D \(0, 1, 2, 3, 4, 5\)$/],
  [{ operators: 65 }, "TFLITE_UNSUPPORTED", /operators: 1 to 64 expected, 65 found/],
  [{ operators: 17 }, "TFLITE_UNSUPPORTED", /FULLY_CONNECTED operators: 1 to 16 expected, 17 found/],
  [{ weightScales: 2 }, "TFLITE_UNSUPPORTED", /weights, scales: 1 or 7 expected, 2 found/],
  [{ weightZeroPoint: 1 }, "TFLITE_UNSUPPORTED", /weights, zero points: 0 expected/],
  [{ inputTensor: 1 }, "TFLITE_UNSUPPORTED", /operator 0: tensor 0, which comes before it, as its input expected, tensor 1 found/],
  [{ rows: 1 << 20 }, "TFLITE_UNSUPPORTED", /weights: at most 8192 x 8192/],
  [{ batch: 2 }, "TFLITE_UNSUPPORTED", /values of its input: 13 \(a batch of one\) expected, 26 found/],
  [{ signature: [-1, -1] }, "TFLITE_UNSUPPORTED", /operator 0, input: sizes that the file states expected/],
  [{ code: 3 }, "UNSUPPORTED_OP", /3 of 3 operators cannot be packed: CONV_2D \(0, 1, 2\)$/],
  [{ code: 500 }, "UNSUPPORTED_OP", /: operator code 500 \(0, 1, 2\)$/],
  [{ activation: 3 }, "UNSUPPORTED_OP", /3 of 3 .*: FULLY_CONNECTED with RELU6 behind it \(0, 1, 2\)$/],
  [{ weightsFormat: 1 }, "UNSUPPORTED_OP", /FULLY_CONNECTED with weights in format 1/],
  [{ weightType: 1 }, "UNSUPPORTED_OP", /FULLY_CONNECTED of float16 weights from int8 to int8/],
  [{ sparse: true }, "UNSUPPORTED_OP", /FULLY_CONNECTED with sparse weights/],
  [{ softmax: 2 }, "UNSUPPORTED_OP", /1 of 4 .*: SOFTMAX with beta 2 \(3\)$/],
  [{ softmax: 1, softmaxShape: [9, 1] }, "UNSUPPORTED_OP", /1 of 5 .*: SOFTMAX over 1 of 9 values \(4\)$/],
  [{ before: [25] }, "UNSUPPORTED_OP", /1 of 4 .*: SOFTMAX before the last layer \(0\)$/],
  [
    { before: [6] },
    "UNSUPPORTED_OP",
    /: DEQUANTIZE before the last layer \(0\), FULLY_CONNECTED of int8 weights from float32 to int8 \(1\)$/,
  ],
  [{ before: [114] }, "UNSUPPORTED_OP", /QUANTIZE of int8 to int8 \(0\)$/],
  [{ before: [19] }, "UNSUPPORTED_OP", /RELU before the first layer \(0\)$/],
  [{ before: ["MyOp"], behind: [14, 3, 14] }, "UNSUPPORTED_OP", /4 of 7 .*: custom "MyOp" \(0\), LOGISTIC \(4, 6\), CONV_2D \(5\)$/],
  [{ behind: Array(20).fill(0) }, "UNSUPPORTED_OP", /20 of 23 operators cannot be packed: ADD \(3, 4, 5, 6, 7, 8, 9, 10, …\)$/],
];

test("a damaged file, and one that is sound but something else, say what was expected and found", () => {
  for (const [spoil, expected, message] of REFUSED) {
    const [code, said] = codeOf(() => readTflite(writeTflite(layers, "int8", spoil), "x.tflite"));
    assert.is(code, expected, `${JSON.stringify(spoil)}: ${said}`);
    assert.match(said, message);
    assert.match(said, /^x\.tflite/);
  }
  const square = randomLayers([{ columns: 4, rows: 4, relu: false }], 1, true);
  const [, said] = codeOf(() => readTflite(writeTflite(square, "int8", { quantizedDimension: 1 }), "x"));
  assert.match(said, /operator 0, weights, dimension that has the scales: 0 \(rows\) expected, 1 found$/);
  assert.is(codeOf(() => readTflite(writeTflite(layers, "int8", { signature: [-1, 13] }), "x"))[0], "none", "a batch of any size is one");
});

test("cut anywhere or with any bits flipped a file is read, or refused by name", () => {
  const outcomes = new Map<string, number>();
  const dressed = writeTflite(layers, "int8", { edges: true, reshape: true, reluOps: true, softmax: 1 });
  const tried = (bytes: Uint8Array, what: string) => {
    const [code, message] = codeOf(() => readTflite(bytes, "x"));
    assert.ok(["none", "TFLITE", "TFLITE_UNSUPPORTED", "UNSUPPORTED_OP"].includes(code), `${what}: ${code} ${message}`);
    outcomes.set(code, (outcomes.get(code) ?? 0) + 1);
  };
  for (const whole of [file, dressed]) {
    for (let length = 0; length < whole.length; length++) tried(whole.subarray(0, length), `${length} bytes of ${whole.length}`);
    const seed = 11;
    const next = random(seed);
    for (let i = 0; i < Number(process.env["QURIO_FUZZ_CASES"] ?? 3000); i++) {
      const bytes = whole.slice();
      for (let flips = 1 + Math.floor(4 * next()); flips > 0; flips--) bytes[Math.floor(next() * bytes.length)] = Math.floor(256 * next());
      tried(bytes, `seed ${seed}, case ${i} of ${whole.length} bytes`);
    }
  }
  for (const code of ["none", "TFLITE", "TFLITE_UNSUPPORTED", "UNSUPPORTED_OP"])
    assert.ok((outcomes.get(code) ?? 0) > 20, `${code}: ${outcomes.get(code)}`);
});

test.run();
