// Layers and router pieces against float64, in both builds.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { POLICY_BETA, POLICY_BYTES, POLICY_ENERGY } from "../assembly/format/file.ts";
import { Instance, TARGETS } from "./harness/compile.ts";
import { random } from "./harness/random.ts";
import * as reference from "./reference/kernels.ts";

const LENGTHS = [1, 2, 3, 4, 5, 7, 10, 63, 64, 65, 320, 640];

function close(got: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what: string): void {
  assert.is(got.length, expected.length);
  for (let i = 0; i < got.length; i++) {
    if (!(Math.abs(got[i] - expected[i]) <= tolerance)) assert.unreachable(`${what}, element ${i}: got ${got[i]}, expected ${expected[i]}`);
  }
}

for (const target of TARGETS) {
  test(`${target}: LayerNorm`, async () => {
    const instance = await Instance.of("kernels", target);
    const next = random(1);
    for (const count of LENGTHS) {
      instance.reset();
      const floats = () => Float32Array.from({ length: count }, () => 3 * next() - 1);
      const [x, gamma, beta] = [floats(), floats(), floats()];
      const mean = x.reduce((sum, value) => sum + value, 0) / count;
      const variance = x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
      const expected = Float64Array.from(x, (value, i) => ((value - mean) / Math.sqrt(variance + 1e-5)) * gamma[i] + beta[i]);
      const ptr = instance.put(Float32Array.of(...x, 12345));
      instance.exports.layerNorm(ptr, instance.put(gamma), instance.put(beta), count);
      close(instance.f32(ptr, count), expected, count === 1 ? 1e-3 : 2e-5, `${count} values`);
      assert.is(instance.f32(ptr, count + 1)[count], 12345, "canary");
    }
  });

  test(`${target}: ReLU keeps NaN for the next layer to refuse`, async () => {
    const instance = await Instance.of("kernels", target);
    const ptr = instance.put(Float32Array.of(-1, 0, 2, Number.NaN, -0.5));
    instance.exports.relu(ptr, 5);
    assert.equal([...instance.f32(ptr, 5)], [0, 0, 2, Number.NaN, 0]);
  });

  test(`${target}: softmax, argmax, entropy`, async () => {
    const instance = await Instance.of("kernels", target);
    const next = random(2);
    for (const count of LENGTHS) {
      instance.reset();
      const z = Float32Array.from({ length: count }, () => 20 * next() - 10);
      const pPtr = instance.alloc(4 * count);
      const zPtr = instance.put(z);
      assert.ok(instance.exports.softmax(zPtr, pPtr, count));
      const p = instance.f32(pPtr, count);
      close(p, reference.softmax(z), 1e-6, `${count} logits`);
      assert.is(instance.exports.argmax(pPtr, count), z.indexOf(Math.max(...z)));
      close([instance.exports.entropy(pPtr, count)], [reference.entropy(p)], 2e-6 * Math.max(1, Math.log(count)), `entropy of ${count}`);
    }
    const zPtr = instance.put(Float32Array.of(1, Number.POSITIVE_INFINITY));
    const pPtr = instance.put(Float32Array.of(7, 7));
    assert.not(instance.exports.softmax(zPtr, pPtr, 2));
    assert.equal([...instance.f32(pPtr, 2)], [7, 7], "nothing written");
    assert.is(instance.exports.argmax(instance.put(Float32Array.of(1, 3, 3)), 3), 1, "the lowest index wins a tie");
  });

  test(`${target}: permuting the classes permutes the probabilities`, async () => {
    const instance = await Instance.of("kernels", target);
    const z = Float32Array.of(0.1, -2, 3, 1.5, 0.7, -0.3);
    const order = [3, 0, 5, 1, 4, 2];
    const softmax = (values: Float32Array) => {
      const pPtr = instance.alloc(24);
      instance.exports.softmax(instance.put(values), pPtr, 6);
      return instance.f32(pPtr, 6).slice();
    };
    const p = softmax(z);
    close(
      softmax(Float32Array.from(order, (i) => z[i])),
      order.map((i) => p[i]),
      1e-7,
      "permuted",
    );
  });

  test(`${target}: dropout keeps the mean, scales what it keeps, and repeats with its seed`, async () => {
    const instance = await Instance.of("kernels", target);
    const count = 20000;
    const xPtr = instance.put(new Float32Array(count).fill(1));
    const yPtr = instance.alloc(4 * count);
    const drop = (seed: number, rate: number) => {
      instance.exports.seedRandom(seed);
      instance.exports.dropout(xPtr, yPtr, count, rate);
      return instance.f32(yPtr, count).slice();
    };
    const y = drop(1, 0.25);
    assert.equal([...new Set(y)].sort(), [0, Math.fround(1 / Math.fround(0.75))]);
    const kept = y.filter((value) => value > 0).length / count;
    assert.ok(Math.abs(kept - 0.75) < 0.015, `kept ${kept}`);
    assert.equal(drop(1, 0.25), y);
    assert.not.equal(drop(2, 0.25), y);
    assert.equal(new Set(drop(3, 0)), new Set([1]));
  });

  test(`${target}: statistics of samples: mutual information's parts and variance`, async () => {
    const instance = await Instance.of("kernels", target);
    const samples = [
      [0.7, 0.2, 0.1],
      [0.1, 0.8, 0.1],
      [0.3, 0.3, 0.4],
      [0.6, 0.1, 0.3],
    ];
    const [sumPtr, squarePtr, meanPtr] = [instance.alloc(12), instance.alloc(12), instance.alloc(12)];
    instance.exports.clearSamples(sumPtr, squarePtr, 3);
    for (const p of samples) instance.exports.addSample(instance.put(Float32Array.from(p)), sumPtr, squarePtr, 3);
    instance.exports.meanOfSamples(sumPtr, meanPtr, 3, 4);
    const mean = [0, 1, 2].map((i) => samples.reduce((sum, p) => sum + p[i], 0) / 4);
    close(instance.f32(meanPtr, 3), mean, 1e-7, "mean");
    const variance = [0, 1, 2].reduce((sum, i) => sum + samples.reduce((s, p) => s + (p[i] - mean[i]) ** 2, 0) / 4, 0);
    close([instance.exports.varianceOfSamples(sumPtr, squarePtr, 3, 4)], [variance], 1e-6, "variance");
  });

  test(`${target}: the routing rule p * exp(strength * beta - lambda * energy)`, async () => {
    const instance = await Instance.of("kernels", target);
    const p = Float32Array.of(0.6, 0.3, 0.1);
    const beta = Float32Array.of(0, 0.4, 1);
    const energy = Float32Array.of(0.2, 0.5, 1);
    /** The parts of a policy section that the rule reads. */
    const policy = (betas: Float32Array, energies = energy) => {
      const section = new Float32Array(POLICY_BYTES / 4);
      section.set(energies, POLICY_ENERGY / 4);
      section.set(betas, POLICY_BETA / 4);
      return instance.put(section);
    };
    const choose = (strength: number, betas = beta, lambda = 0) =>
      instance.exports.chooseExpert(instance.put(p), policy(betas), 3, strength, lambda);
    for (const strength of [0, 0.5, 1, 2, 3, 5, 1e6]) {
      const scores = [...p].map((value, i) => Math.log(value) + strength * beta[i]);
      assert.is(choose(strength), scores.indexOf(Math.max(...scores)), `strength ${strength}`);
    }
    for (const strength of [0, 1, 3, 5])
      for (const lambda of [0, 0.5, 2, 8, 1e30]) {
        const scores = [...p].map((value, i) => Math.log(value) + strength * beta[i] - lambda * energy[i]);
        assert.is(choose(strength, beta, lambda), scores.indexOf(Math.max(...scores)), `strength ${strength}, lambda ${lambda}`);
      }
    assert.is(choose(7, Float32Array.of(0.4, 0.4, 0.4)), 0, "equal betas cancel: the trap of the published code");
    // permuting experts permutes scores
    const order = [2, 0, 1];
    const permuted = instance.exports.chooseExpert(
      instance.put(Float32Array.from(order, (i) => p[i])),
      policy(
        Float32Array.from(order, (i) => beta[i]),
        Float32Array.from(order, (i) => energy[i]),
      ),
      3,
      2,
      0.5,
    );
    assert.is(order[permuted], choose(2, beta, 0.5));
  });

  test(`${target}: mulberry32 is the published generator`, async () => {
    const instance = await Instance.of("kernels", target);
    const next = random(42);
    instance.exports.seedRandom(42);
    for (let i = 0; i < 100; i++) assert.is(instance.exports.nextRandom() >>> 0, next() * 4294967296);
  });
}

test.run();
