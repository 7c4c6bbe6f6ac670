// logf and expf against Math.log and Math.exp in float64: error in units in the last place over dense sweeps.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { Instance, TARGETS } from "./harness/compile.ts";

const COUNT = 1 << 20;

/** Distance in ULP of the float32 nearest to `exact`, which is at least the smallest normal number. */
function ulps(got: number, exact: number): number {
  const exponent = Math.max(-126, Math.floor(Math.log2(Math.abs(exact))));
  return Math.abs(got - exact) / 2 ** (exponent - 23);
}

async function sweep(name: "logs" | "exps", inputs: Float32Array, exact: (x: number) => number): Promise<{ worst: number; at: number }> {
  let worst = 0;
  let at = 0;
  let scalar: Uint8Array | undefined;
  for (const target of TARGETS) {
    const instance = await Instance.of("math", target);
    const inPtr = instance.put(inputs);
    const outPtr = instance.alloc(inputs.byteLength);
    instance.exports[name](inPtr, outPtr, inputs.length);
    const out = instance.f32(outPtr, inputs.length);
    const bytes = instance.u8(outPtr, inputs.byteLength).slice();
    scalar ??= bytes;
    assert.ok(Buffer.compare(scalar, bytes) === 0, `${name}: ${target} differs from scalar`);
    for (let i = 0; i < inputs.length; i++) {
      const error = ulps(out[i], exact(inputs[i]));
      if (!(error <= worst)) [worst, at] = [error, inputs[i]];
    }
  }
  console.log(`${name}: ${inputs.length} inputs, worst error ${worst.toFixed(3)} ULP at ${at}`);
  return { worst, at };
}

test("logf is within 1 ULP over all normal magnitudes", async () => {
  const bits = new Uint32Array(COUNT);
  for (let i = 0; i < COUNT; i++) bits[i] = 0x00800000 + Math.floor((i / COUNT) * (0x7f7fffff - 0x00800000));
  const { worst, at } = await sweep("logs", new Float32Array(bits.buffer), Math.log);
  assert.ok(worst <= 1, `${worst} ULP at ${at}`);
});

test("logf is within 1 ULP around 1", async () => {
  const inputs = Float32Array.from({ length: COUNT }, (_, i) => 0.5 + (1.5 * i) / COUNT);
  const { worst, at } = await sweep("logs", inputs, Math.log);
  assert.ok(worst <= 1, `${worst} ULP at ${at}`);
});

test("expf is within 1.1 ULP from -87.3 to 88", async () => {
  const inputs = Float32Array.from({ length: COUNT }, (_, i) => -87.3 + (175.3 * i) / COUNT);
  const { worst, at } = await sweep("exps", inputs, Math.exp);
  assert.ok(worst <= 1.1, `${worst} ULP at ${at}`);
});

test("expf is exact at 0, underflows to 0, saturates at 88 and maps NaN to 0", async () => {
  const instance = await Instance.of("math", "scalar");
  const inPtr = instance.put(new Float32Array([0, -0, -100, -Infinity, Number.NaN, 88, 200, Infinity]));
  const outPtr = instance.alloc(32);
  instance.exports.exps(inPtr, outPtr, 8);
  const top = instance.f32(outPtr, 8)[5];
  assert.equal([...instance.f32(outPtr, 8)], [1, 1, 0, 0, 0, top, top, top]);
  assert.ok(Number.isFinite(top));
});

test.run();
