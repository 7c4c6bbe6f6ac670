// Every kernel against the slow reference, exactly: awkward shapes, extreme fills, both builds, canaries behind the output.

import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  columnBlock,
  inputWidth,
  isRead,
  LAYOUT_FLOAT32_ROWS,
  LAYOUT_INT8_BLOCKED,
  LAYOUT_PACKED_15,
  LAYOUT_TERNARY_SWAR,
  layoutHolds,
  maxColumns,
  outputWidth,
  padTo,
  rowBlock,
  tableBytes,
} from "../assembly/format/layouts.ts";
import { layoutFor, packWeights, unpackWeights } from "../host/model-file/pack.ts";
import { type Codes, WEIGHT_TYPES, type WeightTypeInfo } from "../host/model-file/weight_types.ts";
import { Instance, TARGETS } from "./harness/compile.ts";
import { random } from "./harness/random.ts";
import { linearInteger, quantizeActivations, sum4, ternaryActivations } from "./reference/kernels.ts";

const CANARY = 0x5ca1ab1e;
const f = Math.fround;

/** 0, 1, around one block and two, primes, and the two feature vectors of the models here and in the paper. */
const columnsFor = (layout: number) => {
  const block = columnBlock(layout);
  return [...new Set([0, 1, 2, 7, block - 1, block, block + 1, 2 * block - 1, 2 * block + 1, 97, 163, 521, 969, 1536])];
};
const rowsFor = (layout: number, columns: number) => (columns > 500 ? [5] : [1, 3, rowBlock(layout) + 1, 2 * rowBlock(layout) - 1]);

/** Every layout that can hold a type's codes. */
const layoutsOf = (type: WeightTypeInfo) =>
  Array.from({ length: LAYOUT_PACKED_15 }, (_, i) => i + 1).filter((layout) => layoutHolds(layout, type.id));

type Fill = (low: number, high: number, next: () => number) => number;
const FILLS: Record<string, { weights: Fill; activations: Fill }> = (() => {
  const any: Fill = (low, high, next) => low + Math.floor(next() * (high - low + 1));
  const high: Fill = (_low, top) => top;
  const low: Fill = (bottom) => bottom;
  const extremes: Fill = (bottom, top, next) => (next() < 0.5 ? bottom : top);
  const zeros: Fill = (bottom, top) => (bottom === -1 && top === 1 ? -1 : 0);
  return {
    random: { weights: any, activations: any },
    "fractions of x": { weights: any, activations: (bottom, top, next) => bottom + next() * (top - bottom) },
    "all max": { weights: high, activations: high },
    "all min": { weights: low, activations: low },
    "max times min": { weights: high, activations: low },
    "min times max": { weights: low, activations: high },
    extremes: { weights: extremes, activations: extremes },
    zeros: { weights: zeros, activations: () => 0 },
  };
})();

function fillCodes(type: WeightTypeInfo, count: number, fill: Fill, next: () => number): Codes {
  const [low, high] = type.range;
  // a sign is never 0
  const code = () => fill(low, high, next) || (type.bits === 1 ? 1 : 0);
  return type.bits > 8 ? Int16Array.from({ length: count }, code) : Int8Array.from({ length: count }, code);
}

function checkLinear(instance: Instance, type: WeightTypeInfo, layout: number, rows: number, columns: number, name: string, seed: number) {
  const next = random(seed);
  const { weights, activations } = FILLS[name];
  const w = fillCodes(type, rows * columns, weights, next);
  // x holds integers up to 127 and one 127, so that its 8-bit codes are the same integers
  const x = Float32Array.from({ length: columns }, () => activations(-127, 127, next));
  if (columns > 0 && (name === "random" || name === "extremes")) x[columns - 1] = 127;
  const scale = Float32Array.from({ length: seed % 2 === 0 ? rows : 1 }, () => 0.001 + next());
  const bias = Float32Array.from({ length: rows }, () => next() - 0.5);
  const got = callLinear(instance, layout, x, packWeights(layout, w, rows, columns), scale, bias, rows, columns);
  const quantize = type.ternaryActivations ? ternaryActivations : quantizeActivations;
  const expected = linearInteger(x, w, scale, bias, rows, columns, quantize);
  for (let n = 0; n < rows; n++) {
    if (!Object.is(got[n], expected[n]))
      assert.unreachable(`layout ${layout}, ${rows}x${columns} ${name}, seed ${seed}, row ${n}: got ${got[n]}, expected ${expected[n]}`);
  }
}

for (const target of TARGETS) {
  for (const type of WEIGHT_TYPES.filter((row) => row.name !== "float32")) {
    test(`${type.name} ${target}: linear equals the reference bit for bit`, async () => {
      const instance = await Instance.of("kernels", target);
      const layouts = layoutsOf(type).filter((layout) => isRead(layout, target === "simd"));
      assert.ok(layouts.includes(layoutFor(type.id, target, 1, 1)) && layouts.includes(layoutFor(type.id, target, 640, 969)));
      let seed = 7;
      for (const layout of layouts) {
        for (const columns of columnsFor(layout)) {
          for (const rows of rowsFor(layout, columns)) {
            for (const name of Object.keys(FILLS)) checkLinear(instance, type, layout, rows, columns, name, seed++);
          }
        }
      }
    });

    test(`${type.name} ${target}: exact at the widest layer that is accepted`, async () => {
      const instance = await Instance.of("kernels", target);
      let seed = 11;
      for (const layout of layoutsOf(type).filter((id) => isRead(id, target === "simd"))) {
        for (const name of Object.keys(FILLS)) checkLinear(instance, type, layout, 2, maxColumns(layout), name, seed++);
      }
    });
  }

  test(`float32 ${target}: one order of summation, bit for bit`, async () => {
    const instance = await Instance.of("kernels", target);
    const layout = LAYOUT_FLOAT32_ROWS;
    const next = random(11);
    for (const columns of columnsFor(layout)) {
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
    const layout = LAYOUT_INT8_BLOCKED;
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
    const layout = LAYOUT_INT8_BLOCKED;
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
    for (const layout of layoutsOf(type)) {
      for (const columns of columnsFor(layout).filter((count) => count < 200)) {
        for (const rows of rowsFor(layout, columns)) {
          const count = rows * columns;
          const floats = () => Float32Array.from({ length: count }, () => next());
          const w = type.name === "float32" ? floats() : fillCodes(type, count, FILLS["random"].weights, next);
          assert.equal([...unpackWeights(layout, packWeights(layout, w, rows, columns), rows, columns)], [...w]);
        }
      }
    }
  }
});

test("codes out of range are refused by row and column", () => {
  assert.throws(() => packWeights(LAYOUT_TERNARY_SWAR, Int8Array.of(0, 2), 1, 2), /row 0, column 1: code 2 is outside 2-bit range -1..1/);
  for (const type of WEIGHT_TYPES.filter((row) => row.name !== "float32")) {
    const [low, high] = type.range;
    for (const wrong of type.bits === 1 ? [low - 1, 0, high + 1] : [low - 1, high + 1]) {
      const w = Int32Array.of(high, wrong) as unknown as Int16Array;
      assert.throws(() => packWeights(type.canonicalLayout, w, 1, 2), /row 0, column 1: code -?\d+ is outside/, type.name);
    }
  }
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
  const width = Math.max(inputWidth(layout, columns), outputWidth(layout, rows));
  const preparedBytes = 64 + 4 * width;
  const scratchBytes = tableBytes(layout, rows, columns);
  instance.reset();
  const vector = new Float32Array(width + 4);
  vector.set(x);
  new Uint32Array(vector.buffer).fill(CANARY, width);
  const vectorPtr = instance.put(vector);
  const preparedPtr = instance.alloc(preparedBytes + 4);
  instance.i32(preparedPtr + preparedBytes, 1)[0] = CANARY;
  const tablePtr = instance.alloc(scratchBytes + 4);
  instance.i32(tablePtr + scratchBytes, 1)[0] = CANARY;
  const wPtr = instance.put(packed);
  const scaleStep = scale.length > 1 ? 4 : 0;
  const scalePtr = instance.put(scale);
  const biasPtr = instance.put(bias);
  const ok = instance.exports.linear(
    layout,
    vectorPtr,
    vectorPtr,
    preparedPtr,
    tablePtr,
    wPtr,
    scalePtr,
    scaleStep,
    biasPtr,
    columns,
    rows,
  );
  if (!ok) throw new Error("linear: input is not finite");
  assert.equal([...instance.i32(vectorPtr + width * 4, 4)], [CANARY, CANARY, CANARY, CANARY], "canary behind the vector");
  assert.is(instance.i32(preparedPtr + preparedBytes, 1)[0], CANARY, "canary behind the prepared activations");
  assert.is(instance.i32(tablePtr + scratchBytes, 1)[0], CANARY, "canary behind the tables");
  return instance.f32(vectorPtr, rows).slice();
}

test.run();
