// Gradients of the training graph against finite differences. Quantizers are off (float32 networks): the straight-through
// estimator is not the derivative of what it computes, so tests below check it against its definition instead.

import { test } from "uvu";
import * as assert from "uvu/assert";
import type { NetworkSpec } from "../tools/import/checkpoint.ts";
import { compile, read, type Tensor, tensor, total, valueAndGradient } from "../tools/train/autodiff.ts";
import { crossEntropy, jointLoss, type Loss, mixtureLoss } from "../tools/train/losses.ts";
import { initialNetwork, type LayerParameters, logits, paddedInputs, realInputs, toParameters } from "../tools/train/network.ts";
import { fakeQuantizeActivations, fakeQuantizeWeights } from "../tools/train/quantizers.ts";
import { Random } from "../tools/train/random.ts";

const BATCH = 5;

function spec(norm: boolean, outputs: number): NetworkSpec {
  return { name: "test", weightType: "float32", inputs: 7, hidden: [12, 8], outputs, norm, dropout: 0 };
}

/** Loss at parameters, and its gradient, for a fixed batch. */
async function setUp(norm: boolean, loss: Loss, outputs: number) {
  const s = spec(norm, outputs);
  const random = new Random(5);
  const network = initialNetwork(s, random);
  const x = Float32Array.from({ length: BATCH * paddedInputs(s) }, (_, i) => (i % paddedInputs(s) < s.inputs ? random.normal() : 0));
  const target = Float32Array.from({ length: BATCH * outputs }, () => 0.05 + 0.9 * random.uniform());
  const step = compile(
    valueAndGradient((p: LayerParameters[], xs: Tensor, t: Tensor, real: Tensor): [Tensor, Tensor] => {
      const z = logits(s, p, xs, [], real);
      return [loss(z, t), z];
    }) as (...args: [LayerParameters[], Tensor, Tensor, Tensor]) => [Tensor, Tensor, LayerParameters[]],
  );
  const run = () =>
    step(
      toParameters(network),
      tensor(x, [BATCH, paddedInputs(s)]),
      tensor(target, [BATCH, outputs]),
      tensor(realInputs(s), [paddedInputs(s), 1]),
    );
  return { network, run };
}

async function checkGradients(norm: boolean, loss: Loss, outputs: number): Promise<void> {
  const { network, run } = await setUp(norm, loss, outputs);
  const [, , gradient] = run();
  const random = new Random(6);
  for (const [index, layer] of network.layers.entries()) {
    for (const name of ["weight", "bias", "gamma", "beta"] as const) {
      const values = layer[name];
      if (!values) continue;
      const g = await read(gradient[index]![name]!);
      // eight places a tensor; a small step, so that no ReLU switches within it; float32 then limits the quotient to about 1e-4
      for (let k = 0; k < 8; k++) {
        const at = random.below(values.length);
        const kept = values[at]!;
        const h = 1e-3;
        values[at] = kept + h;
        const up = (await read(run()[0]))[0]!;
        values[at] = kept - h;
        const down = (await read(run()[0]))[0]!;
        values[at] = kept;
        const expected = (up - down) / (2 * h);
        const [row, column] = [Math.floor(at / layer.columns), at % layer.columns];
        const found = name === "weight" ? g[column * layer.rows + row]! : g[at]!;
        assert.ok(
          Math.abs(found - expected) <= 5e-4 + 0.01 * Math.abs(expected),
          `layer ${index} ${name}[${at}] norm ${norm}: expected ${expected}, found ${found}`,
        );
      }
    }
  }
}

test("cross-entropy through LayerNorm and ReLU", () => checkGradients(true, crossEntropy, 4));
test("cross-entropy without norm", () => checkGradients(false, crossEntropy, 4));
test("mixture likelihood with load balance", () => checkGradients(false, mixtureLoss, 3));

test("values of the losses", async () => {
  const value = async (loss: Loss, z: number[], target: number[]) =>
    (
      await read(
        compile((a: Tensor, b: Tensor) => loss(a, b))(tensor(Float32Array.from(z), [2, 2]), tensor(Float32Array.from(target), [2, 2])),
      )
    )[0]!;
  // softmax of (ln 3, 0) is (3/4, 1/4)
  const z = [Math.log(3), 0, 0, 0];
  const entropies = [-0.9 * Math.log(0.75) - 0.1 * Math.log(0.25), Math.log(2)];
  assert.ok(Math.abs((await value(crossEntropy, z, [0.9, 0.1, 0.5, 0.5])) - (entropies[0]! + entropies[1]!) / 2) < 1e-6);
  // mean gates (5/8, 3/8)
  const likelihood = -(Math.log(0.75 * 0.8 + 0.25 * 0.4) + Math.log(0.5 * 0.2 + 0.5 * 0.6)) / 2;
  const load = (25 + 9) / 64;
  assert.ok(Math.abs((await value(mixtureLoss, z, [0.8, 0.4, 0.2, 0.6])) - (likelihood + 1e-3 * load)) < 1e-6);
});

test("gradients are not all zero", async () => {
  const { run } = await setUp(true, crossEntropy, 4);
  const [, , gradient] = run();
  for (const layer of gradient) assert.ok((await read(layer.weight)).some((g) => Math.abs(g) > 1e-4));
});

test("straight-through: the gradient of a quantized tensor is that of the tensor", async () => {
  const values = Float32Array.from({ length: 8 * 4 }, (_, i) => Math.sin(i * 7.3));
  const factor = Float32Array.from(values, (_, i) => i - 11);
  for (const quantize of [
    (w: Tensor) => fakeQuantizeWeights(w, "ternary", 1, 8),
    (w: Tensor) => fakeQuantizeWeights(w, "4", 1, 8),
    (w: Tensor) => fakeQuantizeWeights(w, "1", 1, 8),
    (x: Tensor) => fakeQuantizeActivations(x, "4"),
    (x: Tensor) => fakeQuantizeActivations(x, "popcount"),
  ]) {
    const f = valueAndGradient((w: Tensor, k: Tensor): [Tensor, Tensor] => [total(quantize(w).mul(k.ref)), total(w)]);
    const [, , gradient] = compile(f as (w: Tensor, k: Tensor) => [Tensor, Tensor, Tensor])(tensor(values, [8, 4]), tensor(factor, [8, 4]));
    assert.equal([...(await read(gradient))], [...factor]);
  }
});

test("the joint loss is the cross entropy of the chosen expert's logits times its gate, plus the load balance", async () => {
  const [rows, experts, classes] = [4, 3, 2];
  const random = new Random(8);
  const draw = (count: number) => Float32Array.from({ length: count }, () => 2 * random.normal());
  const z = [draw(rows * experts), ...Array.from({ length: experts }, () => draw(rows * classes))];
  const target = Float32Array.from({ length: rows * classes }, (_, i) => (i % classes === Math.floor(i / classes) % classes ? 0.9 : 0.1));
  const loss = jointLoss(experts, classes);
  const step = compile(
    valueAndGradient((zs: Tensor[], t: Tensor): [Tensor, Tensor] => loss.of(zs, t)) as (
      ...args: [Tensor[], Tensor]
    ) => [Tensor, Tensor, Tensor[]],
  );
  const [value, logits, gradient] = step(
    z.map((values, i) => tensor(values, [rows, i === 0 ? experts : classes])),
    tensor(target, [rows, classes]),
  );

  const softmax = (v: number[]) => {
    const e = v.map(Math.exp);
    return e.map((x) => x / e.reduce((a, b) => a + b));
  };
  const gates = Array.from({ length: rows }, (_, r) => softmax([...z[0]!.subarray(r * experts, (r + 1) * experts)]));
  const chosen = gates.map((g) => g.indexOf(Math.max(...g)));
  const answers = gates.map((g, r) => [...z[1 + chosen[r]!]!.subarray(r * classes, (r + 1) * classes)].map((v) => v * g[chosen[r]!]!));
  const entropies = answers.map((a, r) => softmax(a).reduce((sum, p, c) => sum - target[r * classes + c]! * Math.log(p), 0));
  const load = Array.from({ length: experts }, (_, e) => gates.reduce((sum, g) => sum + g[e]! / rows, 0));
  const expected = entropies.reduce((a, b) => a + b) / rows + 1e-3 * load.reduce((sum, m) => sum + m * m, 0);
  assert.ok(Math.abs((await read(value))[0]! - expected) < 1e-5, `${expected}`);
  const got = await read(logits);
  for (const [i, v] of answers.flat().entries()) assert.ok(Math.abs(got[i]! - v) < 1e-5);
  // an expert learns from the clips that it answered, and from no others
  for (let e = 0; e < experts; e++) {
    const g = await read(gradient[1 + e]!);
    for (let r = 0; r < rows; r++) assert.is(g[r * classes] !== 0, chosen[r] === e, `expert ${e}, clip ${r}`);
  }
  const gateGradient = await read(gradient[0]!);
  assert.ok(gateGradient.every((v) => Number.isFinite(v)) && gateGradient.some((v) => Math.abs(v) > 1e-4));
});

test.run();
