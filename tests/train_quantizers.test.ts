// The quantizer that training imitates, the one that the exporter applies, and networks built on both.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { WEIGHT_TYPE_SPECS, type WeightType } from "../host/model-file/weight_types.ts";
import { quantizeActivations, quantizeMatrix, roundHalfEven, ternaryActivations } from "../tools/export/quantize.ts";
import { forward, normalize, prepare } from "../tools/export/reference.ts";
import type { Network, NetworkSpec } from "../tools/import/checkpoint.ts";
import { networkGraph } from "../tools/import/checkpoint_graph.ts";
import { compile, read, type Tensor, tensor } from "../tools/train/autodiff.ts";
import { fromParameters, initialNetwork, logits, paddedInputs, realInputs, toParameters } from "../tools/train/network.ts";
import { fakeQuantizeActivations, fakeQuantizeWeights } from "../tools/train/quantizers.ts";
import { Random } from "../tools/train/random.ts";

type Quantized = Exclude<WeightType, "float32">;
const QUANTIZED = WEIGHT_TYPE_SPECS.filter((type): type is Quantized => type !== "float32");

function quantizeRow(row: Float32Array, type: Quantized) {
  const { codes, scale } = quantizeMatrix(row, 1, row.length, type);
  return { codes, scale: scale[0]! };
}

test("ties round to the even integer", () => {
  assert.equal([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 2.51, -0.49].map(roundHalfEven), [-2, -2, -0, 0, 2, 2, 3, -0]);
});

test("4-bit row: centred, symmetric, largest weight at code 7", () => {
  // mean 1; centred -7, -1, 3, 5; scale 1
  const { codes, scale } = quantizeRow(Float32Array.of(-6, 0, 4, 6), "4");
  assert.equal([...codes], [-7, -1, 3, 5]);
  assert.is(scale, 1);
});

test("8-bit codes reach 127 and never -128", () => {
  const { codes, scale } = quantizeRow(Float32Array.of(-1, 1, 0, 0), "8");
  assert.equal([...codes], [-127, 127, 0, 0]);
  assert.is(scale, Math.fround(1 / 127));
});

test("ternary row: threshold 0.15 of the largest, scale = mean of the rest", () => {
  const { codes, scale } = quantizeRow(Float32Array.of(-1, 0.6, 0.5, 0.14, -0.14, -0.1), "ternary");
  assert.equal([...codes], [-1, 1, 1, 0, 0, 0]);
  assert.ok(Math.abs(scale - 0.7) < 1e-6);
});

test("1-bit row: signs of the centred weights, scale = their mean magnitude", () => {
  const { codes, scale } = quantizeRow(Float32Array.of(3, 1, -3, -1), "1");
  assert.equal([...codes], [1, 1, -1, -1]);
  assert.is(scale, 2);
});

test("2 bits hold -1, 0, 1; 16 bits reach 32767 and never -32768", () => {
  assert.equal([...quantizeRow(Float32Array.of(-1, 0.4, 0.6, 0, 0), "2").codes], [-1, 0, 1, 0, 0]);
  const { codes, scale } = quantizeRow(Float32Array.of(-1, 1, 0, 0), "16");
  assert.equal([...codes], [-32767, 32767, 0, 0]);
  assert.is(scale, Math.fround(1 / 32767));
});

test("one scale for a matrix is that of its largest row; each row keeps its own mean", () => {
  const weight = Float32Array.of(-7, 7, 0, 0, 1, 3, 2, 2);
  assert.equal(quantizeMatrix(weight, 2, 4, "4", true), { codes: Int8Array.of(-7, 7, 0, 0, -1, 1, 0, 0), scale: Float32Array.of(1) });
  assert.equal([...quantizeMatrix(weight, 2, 4, "4").scale], [1, Math.fround(1 / 7)]);
  for (const type of QUANTIZED) assert.is(quantizeMatrix(weight, 2, 4, type, true).scale.length, 1, type);
});

test("a row without variation has a usable scale, and codes 0 or a scale that makes them vanish", () => {
  for (const type of QUANTIZED) {
    const { codes, scale } = quantizeRow(Float32Array.of(0.3, 0.3, 0.3), type);
    assert.ok(scale > 1e-36 && Number.isFinite(scale), type);
    if (type === "1") assert.ok(scale < 1e-29);
    else assert.equal([...codes], [0, 0, 0], type);
  }
});

test("ternary activations: threshold 0.05 of the largest, scale = mean magnitude of the rest", () => {
  const { codes, scale } = ternaryActivations([2, -1, 0.09, 0.11, 0]);
  assert.equal([...codes], [1, -1, 0, 1, 0]);
  assert.is(scale, Math.fround((2 + 1 + Math.fround(0.11)) / 3));
  assert.equal(ternaryActivations([0, 0]), { codes: new Int8Array(2), scale: 0 });
});

test("activations: 127 levels a side, zeros and tiny values have scale 0", () => {
  assert.equal([...quantizeActivations([-2, 1, 0.5, 0]).codes], [-127, 64, 32, 0]);
  assert.is(quantizeActivations([0, 0]).scale, 0);
  assert.is(quantizeActivations([1e-37]).scale, 0);
});

test("training sees the values that the exporter packs", async () => {
  const [rows, columns] = [12, 37];
  const random = new Random(3);
  const w = Float32Array.from({ length: rows * columns }, () => random.normal() + 0.3);
  const transposed = new Float32Array(40 * rows).fill(9); // 3 columns of padding, which must not count
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) transposed[c * rows + r] = w[r * columns + c]!;
  const real = Float32Array.from({ length: 40 }, (_, c) => (c < columns ? 1 : 0));
  for (const type of QUANTIZED) {
    const fake = compile((x: Tensor, mask: Tensor) => fakeQuantizeWeights(x, type, mask, columns));
    const found = await read(fake(tensor(transposed, [40, rows]), tensor(real, [40, 1])));
    for (let r = 0; r < rows; r++) {
      const { codes, scale } = quantizeRow(w.slice(r * columns, (r + 1) * columns), type);
      for (let c = 0; c < columns; c++) {
        const expected = codes[c]! * scale;
        // float32 against float64 may round a code of many bits the other way
        const step = Number(type) > 8 ? 1.01 * scale : 0;
        assert.ok(
          Math.abs(found[c * rows + r]! - expected) < 1e-5 + step,
          `${type} row ${r} column ${c}: ${expected}, ${found[c * rows + r]}`,
        );
      }
    }
  }
});

test("training sees the activations that the device quantizes", async () => {
  const random = new Random(4);
  const x = Float32Array.from({ length: 3 * 16 }, (_, i) => (i < 16 ? 0 : random.normal()));
  for (const type of ["8", "popcount"] as const) {
    const quantize = type === "popcount" ? ternaryActivations : quantizeActivations;
    const found = await read(compile((v: Tensor) => fakeQuantizeActivations(v, type))(tensor(x, [3, 16])));
    for (let row = 0; row < 3; row++) {
      const { codes, scale } = quantize(x.subarray(row * 16, (row + 1) * 16));
      for (let i = 0; i < 16; i++) assert.ok(Math.abs(found[row * 16 + i]! - codes[i]! * scale) < 1e-6, type);
    }
  }
});

async function trainedLogits(network: Network, x: Float32Array): Promise<Float32Array> {
  const { spec } = network;
  const padded = new Float32Array(paddedInputs(spec));
  padded.set(x);
  const run = compile((p: ReturnType<typeof toParameters>, v: Tensor, real: Tensor) => logits(spec, p, v, [], real));
  return read(run(toParameters(network), tensor(padded, [1, padded.length]), tensor(realInputs(spec), [padded.length, 1])));
}

for (const weightType of ["ternary", "popcount", "1", "2", "4", "7", "8", "13", "16", "float32"] as WeightType[]) {
  for (const norm of [true, false]) {
    test(`${weightType}${norm ? " with" : " without"} norm: the trained forward pass is the packed one`, async () => {
      const spec: NetworkSpec = { name: "test", weightType, inputs: 29, hidden: [24, 16], outputs: 5, norm, dropout: 0.2 };
      const random = new Random(7);
      const network = initialNetwork(spec, random);
      for (const { gamma, beta } of network.layers)
        for (const values of [gamma, beta])
          values?.forEach((v, i) => {
            values[i] = v + 0.2 * random.normal();
          });
      let worst = 0;
      for (let k = 0; k < 20; k++) {
        const x = Float32Array.from({ length: 29 }, () => random.normal());
        const expected = forward(prepare(networkGraph(network)), Float64Array.from(x));
        const found = await trainedLogits(network, x);
        for (let i = 0; i < 5; i++) worst = Math.max(worst, Math.abs(found[i]! - expected[i]!));
      }
      // float32 against float64 may move a code of the second or third layer by one step
      assert.ok(worst < (weightType === "float32" ? 1e-5 : 0.02), `logits differ by ${worst}`);
    });
  }
}

test("parameters survive the way to the trainer and back", async () => {
  const spec: NetworkSpec = { name: "test", weightType: "4", inputs: 6, hidden: [8], outputs: 3, norm: true, dropout: 0 };
  const network = initialNetwork(spec, new Random(9));
  assert.equal(await fromParameters(spec, toParameters(network)), network);
});

test("normalization is clipped", () => {
  const x = normalize({ mean: Float32Array.of(1, 1, 1), std: Float32Array.of(2, 2, 2), clip: 5 }, [3, 100, -100]);
  assert.equal([...x], [1, 5, -5]);
});

test.run();
