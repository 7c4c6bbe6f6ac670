// Every kernel against the slow reference, exactly: awkward shapes, extreme fills, both builds, canaries behind the output.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { columnBlock, padTo, rowBlock } from "../assembly/format/layouts.ts";
import { packWeights, unpackWeights, WEIGHT_TYPES } from "../tools/export/pack.ts";
import { Instance, TARGETS } from "./harness/compile.ts";
import { random } from "./harness/random.ts";
import { linearInteger, sum4 } from "./reference/kernels.ts";

const COLUMNS = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 79, 80, 81, 127, 161, 969, 1536];
const ROWS = [1, 3, 4, 5, 8, 10, 33];
const CANARY = 0x5ca1ab1e;
const f = Math.fround;

type Fill = (low: number, high: number, next: () => number) => number;
const FILLS: Record<string, Fill> = {
  random: (low, high, next) => low + Math.floor(next() * (high - low + 1)),
  "all max": (_low, high) => high,
  "all min": (low) => low,
  zeros: () => 0,
};

for (const target of TARGETS) {
  for (const type of WEIGHT_TYPES.filter((row) => row.name !== "float32")) {
    test(`${type.name} ${target}: linear equals the reference bit for bit`, async () => {
      const instance = await Instance.of("kernels", target);
      const layout = target === "simd" ? type.simdLayout : type.canonicalLayout;
      const next = random(7);
      let cases = 0;
      for (const columns of COLUMNS) {
        for (const rows of ROWS) {
          for (const [name, fill] of Object.entries(FILLS)) {
            const w = Int8Array.from({ length: rows * columns }, () => fill(type.range[0], type.range[1], next));
            // x holds integers up to 127 and one 127, so that its codes are the same integers
            const x = Float32Array.from({ length: columns }, () => fill(-127, 127, next));
            if (name !== "zeros") x[columns - 1] = name === "all min" ? -127 : 127;
            const scale = Float32Array.from({ length: rows }, () => 0.001 + next());
            const bias = Float32Array.from({ length: rows }, () => next() - 0.5);
            const got = callLinear(instance, layout, x, packWeights(layout, w, rows, columns), scale, bias, rows, columns);
            const expected = linearInteger(x, w, scale, bias, rows, columns);
            for (let n = 0; n < rows; n++) {
              if (!Object.is(got[n], expected[n]))
                assert.unreachable(`${rows}x${columns} ${name}, row ${n}: got ${got[n]}, expected ${expected[n]}`);
            }
            cases++;
          }
        }
      }
      assert.is(cases, COLUMNS.length * ROWS.length * Object.keys(FILLS).length);
    });
  }

  test(`float32 ${target}: one order of summation, bit for bit`, async () => {
    const instance = await Instance.of("kernels", target);
    const { canonicalLayout: layout } = WEIGHT_TYPES[3];
    const next = random(11);
    for (const columns of COLUMNS) {
      const rows = 5;
      const w = Float32Array.from({ length: rows * columns }, () => next() - 0.5);
      const x = Float32Array.from({ length: columns }, () => next() - 0.5);
      const ones = new Float32Array(rows).fill(1);
      const bias = new Float32Array(rows).fill(0.25);
      const got = callLinear(instance, layout, x, packWeights(layout, w, rows, columns), ones, bias, rows, columns);
      for (let n = 0; n < rows; n++) {
        const products = Float32Array.from({ length: padTo(columns, 4) }, (_, k) => (k < columns ? f(x[k] * w[n * columns + k]) : 0));
        assert.is(got[n], f(sum4(products) + 0.25), `${columns} columns, row ${n}`);
      }
    }
  });

  test(`${target}: activations round half to even and saturate nowhere`, async () => {
    const instance = await Instance.of("kernels", target);
    const layout = WEIGHT_TYPES[2].canonicalLayout;
    // absmax 127: x is its own code; halves must go to the even neighbour
    const x = Float32Array.of(127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5, 63.49, -127);
    const codes = [127, 0, 2, 2, 0, -2, -2, 126, 63, -127];
    const rows = x.length;
    const identity = new Int8Array(rows * rows);
    for (let i = 0; i < rows; i++) identity[i * rows + i] = 1;
    const ones = new Float32Array(rows).fill(1);
    const got = callLinear(instance, layout, x, packWeights(layout, identity, rows, rows), ones, new Float32Array(rows), rows, rows);
    assert.equal(
      [...got].map((value) => value + 0),
      codes,
    );
  });

  test(`${target}: NaN and infinity are refused before anything is written`, async () => {
    const instance = await Instance.of("kernels", target);
    const layout = WEIGHT_TYPES[2].canonicalLayout;
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      const x = Float32Array.of(1, bad, 3);
      assert.throws(
        () => callLinear(instance, layout, x, packWeights(layout, new Int8Array(3), 1, 3), Float32Array.of(1), Float32Array.of(0), 1, 3),
        /not finite/,
      );
    }
  });
}

test("pack then unpack is identity on every layout", () => {
  const next = random(3);
  for (const type of WEIGHT_TYPES) {
    for (const layout of [type.canonicalLayout, type.simdLayout]) {
      for (const columns of COLUMNS.slice(0, 14)) {
        for (const rows of ROWS) {
          const w =
            type.name === "float32"
              ? Float32Array.from({ length: rows * columns }, () => next())
              : Int8Array.from({ length: rows * columns }, () => FILLS["random"](type.range[0], type.range[1], next));
          assert.equal(unpackWeights(layout, packWeights(layout, w, rows, columns), rows, columns), w);
        }
      }
    }
  }
});

test("codes out of range are refused by row and column", () => {
  assert.throws(
    () => packWeights(WEIGHT_TYPES[0].canonicalLayout, Int8Array.of(0, 2), 1, 2),
    /row 0, column 1: code 2 is outside ternary's range -1..1/,
  );
});

function callLinear(
  instance: Instance,
  layout: number,
  x: Float32Array,
  packed: Uint8Array,
  scale: Float32Array,
  bias: Float32Array,
  rows: number,
  columns: number,
): Float32Array {
  const k = padTo(columns, columnBlock(layout));
  const width = Math.max(padTo(columns, 64), padTo(rows, rowBlock(layout)));
  instance.reset();
  const vector = new Float32Array(width + 4);
  vector.set(x);
  new Uint32Array(vector.buffer).fill(CANARY, width);
  const vectorPtr = instance.put(vector);
  const preparedPtr = instance.alloc(64 + k * 4 + 4);
  instance.i32(preparedPtr + 64 + k * 4, 1)[0] = CANARY;
  const wPtr = instance.put(packed);
  const ok = instance.exports.linear(layout, vectorPtr, preparedPtr, wPtr, instance.put(scale), instance.put(bias), columns, rows);
  if (!ok) throw new Error("linear: input is not finite");
  assert.equal([...instance.i32(vectorPtr + width * 4, 4)], [CANARY, CANARY, CANARY, CANARY], "canary behind the vector");
  assert.is(instance.i32(preparedPtr + 64 + k * 4, 1)[0], CANARY, "canary behind the prepared activations");
  return instance.f32(vectorPtr, rows).slice();
}

test.run();
