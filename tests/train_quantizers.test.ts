// The quantizer that training imitates, the one that the exporter applies, and networks built on both.

import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Network, NetworkSpec } from "../tools/export/checkpoint.ts";
import { quantizeActivations, quantizeRow, roundHalfEven, type WeightType } from "../tools/export/quantize.ts";
import { forward, normalize, prepare } from "../tools/export/reference.ts";
import { compile, read, type Tensor, tensor } from "../tools/train/autodiff.ts";
import { fromParameters, initialNetwork, logits, paddedInputs, realInputs, toParameters } from "../tools/train/network.ts";
import { fakeQuantizeActivations, fakeQuantizeWeights } from "../tools/train/quantizers.ts";
import { Random } from "../tools/train/random.ts";

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

test("a row without variation has codes 0 and a usable scale", () => {
  for (const type of ["ternary", "4", "8"] as const) {
    assert.equal(quantizeRow(Float32Array.of(0.3, 0.3, 0.3), type), { codes: new Int8Array(3), scale: 1 });
  }
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
  for (const type of ["ternary", "4", "8"] as const) {
    const fake = compile((x: Tensor, mask: Tensor) => fakeQuantizeWeights(x, type, mask, columns));
    const found = await read(fake(tensor(transposed, [40, rows]), tensor(real, [40, 1])));
    for (let r = 0; r < rows; r++) {
      const { codes, scale } = quantizeRow(w.slice(r * columns, (r + 1) * columns), type);
      for (let c = 0; c < columns; c++) {
        const expected = codes[c]! * scale;
        assert.ok(Math.abs(found[c * rows + r]! - expected) < 1e-5, `${type} row ${r} column ${c}: ${expected}, ${found[c * rows + r]}`);
      }
    }
  }
});

test("training sees the activations that the device quantizes", async () => {
  const random = new Random(4);
  const x = Float32Array.from({ length: 3 * 16 }, (_, i) => (i < 16 ? 0 : random.normal()));
  const found = await read(compile((v: Tensor) => fakeQuantizeActivations(v))(tensor(x, [3, 16])));
  for (let row = 0; row < 3; row++) {
    const { codes, scale } = quantizeActivations(x.subarray(row * 16, (row + 1) * 16));
    for (let i = 0; i < 16; i++) assert.ok(Math.abs(found[row * 16 + i]! - codes[i]! * scale) < 1e-6);
  }
});

async function trainedLogits(network: Network, x: Float32Array): Promise<Float32Array> {
  const { spec } = network;
  const padded = new Float32Array(paddedInputs(spec));
  padded.set(x);
  const run = compile((p: ReturnType<typeof toParameters>, v: Tensor, real: Tensor) => logits(spec, p, v, [], real));
  return read(run(toParameters(network), tensor(padded, [1, padded.length]), tensor(realInputs(spec), [padded.length, 1])));
}

for (const weightType of ["ternary", "4", "8", "float32"] as WeightType[]) {
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
        const expected = forward(prepare(network), Float64Array.from(x));
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
