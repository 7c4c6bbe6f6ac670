// SIMD kernels alone, against the slow reference, exactly: look-ups, popcount, 16-bit and the matrix products of batches, at awkward
// shapes, extreme fills and each kernel's bound, with canaries behind outputs and scratch.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { MAX_WIDTH } from "../assembly/format/ids.ts";
import {
  columnBlock,
  LAYOUT_INT1_LUT_SIMD,
  LAYOUT_INT4_MASKDOT,
  LAYOUT_INT8_BLOCKED,
  LAYOUT_INT16_BLOCKED,
  LAYOUT_TERNARY_LUT_SIMD,
  LAYOUT_TERNARY_MASKDOT,
  LAYOUT_TERNARY_PLANES,
  maxColumns,
  padTo,
  planeBit,
  rowBlock,
  weightBytes,
} from "../assembly/format/layouts.ts";
import { packWeights } from "../host/model-file/pack.ts";
import type { Codes } from "../host/model-file/weight_types.ts";
import { Instance } from "./harness/compile.ts";
import { random } from "./harness/random.ts";
import { gemv, sum4 } from "./reference/kernels.ts";

const CANARY = 0x5ca1ab1e;
const COLUMNS = [1, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 255, 256, 257, 521, 969, 1536];
const ROWS = [1, 3, 4, 5, 8, 15, 17, 31, 32, 33, 50];

interface KernelCase {
  name: string;
  layout: number;
  weights: readonly [number, number];
  activations: readonly [number, number];
  /** Prepares and runs: i32 (or, for 16-bit, f32) sums at yPtr, room for the padded rows. */
  run: (instance: Instance, call: Call) => void;
}

interface Call {
  x: Float32Array;
  xPtr: number;
  wPtr: number;
  yPtr: number;
  k: number;
  n: number;
}

const lanes = (kernel: string, top: number, fieldBits: number, zeroPoint: number) => (instance: Instance, call: Call) => {
  const preparedPtr = instance.alloc(64 + 2 * call.k);
  instance.exports.prepareLanes(call.xPtr, preparedPtr, call.k, 1, top, fieldBits, zeroPoint);
  instance.exports[kernel](preparedPtr, call.wPtr, call.yPtr, call.k, call.n);
};

function nibbles(instance: Instance, call: Call): void {
  const preparedPtr = instance.alloc(64 + 2 * call.k);
  instance.exports.prepareNibbles(call.xPtr, preparedPtr, call.k, 1);
  instance.exports.int4GemvSimd(preparedPtr, call.wPtr, call.yPtr, call.k, call.n);
}

const tables = (kernel: string) => (instance: Instance, call: Call) => {
  const tablePtr = instance.alloc(8 * call.k + 4);
  instance.i32(tablePtr + 8 * call.k, 1)[0] = CANARY;
  const sum = instance.exports.prepareTables(call.xPtr, tablePtr, call.k, 1);
  instance.exports[kernel](tablePtr, call.wPtr, call.yPtr, call.k, call.n, sum);
  assert.is(instance.i32(tablePtr + 8 * call.k, 1)[0], CANARY, "canary behind the tables");
};

function planes(instance: Instance, { x, wPtr, yPtr, k, n }: Call): void {
  const bits = new Uint8Array(k / 4);
  x.forEach((value, column) => {
    for (const plane of [0, 1]) {
      // an activation block has the planes of one row: [K/128][not zero 16 B | negative 16 B]
      const bit = (planeBit(LAYOUT_TERNARY_PLANES, plane, 0, column % 128, 128) & 255) + 256 * Math.floor(column / 128);
      if (plane === 0 ? value !== 0 : value < 0) bits[bit >> 3] |= 1 << (bit & 7);
    }
  });
  instance.exports.popcountGemvSimd(instance.put(bits), wPtr, yPtr, k, n);
}

const BYTE = [-127, 127] as const;
const TRIT = [-1, 1] as const;
const KERNELS: KernelCase[] = [
  {
    name: "ternary mask-dot",
    layout: LAYOUT_TERNARY_MASKDOT,
    weights: TRIT,
    activations: BYTE,
    run: lanes("ternaryGemvSimd", 6, 2, 1),
  },
  { name: "ternary look-up", layout: LAYOUT_TERNARY_LUT_SIMD, weights: TRIT, activations: BYTE, run: tables("ternaryLutGemvSimd") },
  { name: "1-bit look-up", layout: LAYOUT_INT1_LUT_SIMD, weights: TRIT, activations: BYTE, run: tables("int1LutGemvSimd") },
  { name: "4-bit mask-dot", layout: LAYOUT_INT4_MASKDOT, weights: [-8, 7], activations: BYTE, run: nibbles },
  { name: "8-bit", layout: LAYOUT_INT8_BLOCKED, weights: [-128, 127], activations: BYTE, run: lanes("int8GemvSimd", 0, 0, 0) },
  { name: "16-bit", layout: LAYOUT_INT16_BLOCKED, weights: [-32768, 32767], activations: BYTE, run: lanes("int16GemvSimd", 0, 0, 0) },
  { name: "popcount", layout: LAYOUT_TERNARY_PLANES, weights: TRIT, activations: TRIT, run: planes },
];

type Fill = (range: readonly [number, number], next: () => number) => number;
const anyOf: Fill = ([low, high], next) => low + Math.floor(next() * (high - low + 1));
const highest: Fill = (range) => range[1];
const lowest: Fill = (range) => range[0];
const zero: Fill = () => 0;
const FILLS: [name: string, weights: Fill, activations: Fill][] = [
  ["random", anyOf, anyOf],
  ["all max", highest, highest],
  ["all min", lowest, lowest],
  ["max times min", highest, lowest],
  ["zero activations", anyOf, zero],
];

function codes({ layout, weights }: Pick<KernelCase, "layout" | "weights">, fill: Fill, count: number, next: () => number): Codes {
  const values = layout === LAYOUT_INT16_BLOCKED ? new Int16Array(count) : new Int8Array(count);
  for (let i = 0; i < count; i++) {
    const value = fill(weights, next);
    values[i] = layout === LAYOUT_INT1_LUT_SIMD ? (value > 0 || (value === 0 && next() < 0.5) ? 1 : -1) : value;
  }
  return values;
}

/** Exact sums; above 8 bits as the float32 nearest to them. */
function expectedSums(layout: number, x: ArrayLike<number>, w: Codes, rows: number, columns: number): ArrayLike<number> {
  if (layout !== LAYOUT_INT16_BLOCKED) return gemv(x, w, rows, columns);
  return Float32Array.from({ length: rows }, (_, n) => {
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += x[k] * w[n * columns + k];
    return sum;
  });
}

function check(instance: Instance, kernel: KernelCase, rows: number, columns: number, fills: (typeof FILLS)[number]): void {
  const { layout } = kernel;
  const [fillName, weightFill, activationFill] = fills;
  const next = random(7);
  const k = padTo(columns, columnBlock(layout));
  const n = padTo(rows, rowBlock(layout));
  const w = codes(kernel, weightFill, rows * columns, next);
  const x = Float32Array.from({ length: columns }, () => activationFill(kernel.activations, next));
  instance.reset();
  const padded = new Float32Array(k);
  padded.set(x);
  const xPtr = instance.put(padded);
  const wPtr = instance.put(packWeights(layout, w, rows, columns));
  const yPtr = instance.alloc(4 * n + 4);
  instance.i32(yPtr, n + 1).fill(CANARY);
  kernel.run(instance, { x, xPtr, wPtr, yPtr, k, n });
  const got = layout === LAYOUT_INT16_BLOCKED ? instance.f32(yPtr, rows) : instance.i32(yPtr, rows);
  const expected = expectedSums(layout, x, w, rows, columns);
  for (let row = 0; row < rows; row++) {
    if (got[row] !== expected[row])
      assert.unreachable(`${kernel.name} ${columns}->${rows} ${fillName} seed 7, row ${row}: got ${got[row]}, expected ${expected[row]}`);
  }
  assert.is(instance.i32(yPtr + 4 * n, 1)[0], CANARY, `${kernel.name} ${columns}->${rows} ${fillName}: canary behind y`);
}

for (const kernel of KERNELS) {
  test(`${kernel.name}: GEMV equals the reference`, async () => {
    const instance = await Instance.of("gemm", "simd");
    for (const columns of COLUMNS) for (const rows of ROWS) for (const fills of FILLS) check(instance, kernel, rows, columns, fills);
  });

  test(`${kernel.name}: exact at its bound`, async () => {
    const instance = await Instance.of("gemm", "simd");
    const columns = Math.floor(Math.min(maxColumns(kernel.layout), MAX_WIDTH) / columnBlock(kernel.layout)) * columnBlock(kernel.layout);
    for (const fills of FILLS) check(instance, kernel, rowBlock(kernel.layout), columns, fills);
  });
}

test("float32: four rows at a time and those left over add in one order", async () => {
  const instance = await Instance.of("gemm", "simd");
  const next = random(11);
  for (const columns of [4, 8, 60, 972]) {
    for (const rows of [1, 3, 4, 5, 8, 11]) {
      instance.reset();
      const x = Float32Array.from({ length: columns }, () => next() - 0.5);
      const w = Float32Array.from({ length: rows * columns }, () => next() - 0.5);
      const yPtr = instance.alloc(4 * rows + 4);
      instance.i32(yPtr, rows + 1).fill(CANARY);
      instance.exports.float32Gemv(instance.put(x), instance.put(w), yPtr, columns, rows);
      for (let n = 0; n < rows; n++) {
        const products = x.map((value, k) => value * w[n * columns + k]);
        assert.is(instance.f32(yPtr, rows)[n], sum4(products), `${columns}->${rows} seed 11, row ${n}`);
      }
      assert.is(instance.i32(yPtr + 4 * rows, 1)[0], CANARY);
    }
  }
});

// ---- batches ----

type Gemm = (instance: Instance, call: GemmCall) => void;
interface GemmCall {
  x16Ptr: number;
  wPtr: number;
  yPtr: number;
  k: number;
  rows: number;
  batch: number;
  strideBytes: number;
  scratchPtr: number;
}

const plain =
  (kernel: string): Gemm =>
  ({ exports }, { x16Ptr, wPtr, yPtr, k, rows, batch, strideBytes, scratchPtr }) =>
    exports[kernel](x16Ptr, wPtr, yPtr, k, rows, batch, strideBytes, scratchPtr);

const GEMMS: (Omit<KernelCase, "run" | "activations"> & { run: Gemm; most: number })[] = [
  { name: "8-bit", layout: LAYOUT_INT8_BLOCKED, weights: [-128, 127], run: plain("int8Gemm"), most: MAX_WIDTH },
  { name: "4-bit", layout: LAYOUT_INT4_MASKDOT, weights: [-8, 7], run: plain("int4Gemm"), most: MAX_WIDTH },
  { name: "ternary", layout: LAYOUT_TERNARY_MASKDOT, weights: TRIT, run: plain("ternaryMaskdotGemm"), most: 4096 },
  {
    name: "ternary, look-up layout",
    layout: LAYOUT_TERNARY_LUT_SIMD,
    weights: TRIT,
    run: plain("ternaryLutGemm"),
    most: 4096,
  },
];

function checkGemm(
  instance: Instance,
  gemm: (typeof GEMMS)[number],
  batch: number,
  rows: number,
  columns: number,
  fills: (typeof FILLS)[number],
) {
  const { layout } = gemm;
  const next = random(5);
  const k = padTo(columns, columnBlock(layout));
  const paddedRows = padTo(rows, 4);
  const w = codes(gemm, fills[1], rows * columns, next);
  const x = Array.from({ length: batch }, () => Float32Array.from({ length: columns }, () => fills[2](BYTE, next)));
  instance.reset();
  const wPtr = instance.put(packWeights(layout, w, rows, columns));
  assert.is(weightBytes(layout, rows, columns) % 16, 0);
  const x16Ptr = instance.alloc(4 * k * Math.ceil(batch / 2) + 4);
  x.forEach((row, m) => {
    const padded = new Float32Array(k);
    padded.set(row);
    instance.exports.prepareBatchRow(instance.put(padded), x16Ptr, m, k, 1);
  });
  const scratchBytes = 8 * k;
  const scratchPtr = instance.alloc(scratchBytes + 4);
  instance.i32(scratchPtr + scratchBytes, 1)[0] = CANARY;
  // a stride with room behind the rows: nothing may be written there
  const stride = paddedRows + 4;
  const yPtr = instance.alloc(4 * stride * batch);
  instance.i32(yPtr, stride * batch).fill(CANARY);
  gemm.run(instance, { x16Ptr, wPtr, yPtr, k, rows: paddedRows, batch, strideBytes: 4 * stride, scratchPtr });
  const y = instance.i32(yPtr, stride * batch);
  x.forEach((row, m) => {
    const expected = gemv(row, w, rows, columns);
    const where = `${gemm.name} GEMM ${columns}->${rows} batch ${batch} ${fills[0]} seed 5`;
    for (let n = 0; n < rows; n++) {
      if (y[m * stride + n] !== expected[n])
        assert.unreachable(`${where}, [${m}][${n}]: got ${y[m * stride + n]}, expected ${expected[n]}`);
    }
    assert.equal([...y.subarray(m * stride + paddedRows, (m + 1) * stride)], [CANARY, CANARY, CANARY, CANARY], `${where}: canary`);
  });
  assert.is(instance.i32(scratchPtr + scratchBytes, 1)[0], CANARY, `${gemm.name}: canary behind the scratch`);
}

for (const gemm of GEMMS) {
  test(`${gemm.name}: GEMM equals the reference for every vector`, async () => {
    const instance = await Instance.of("gemm", "simd");
    for (const columns of [1, 16, 33, 64, 65, 256, 257, 521, 969]) {
      for (const rows of [1, 4, 5, 12, 17, 32, 36, 50]) {
        for (const batch of [1, 2, 5]) checkGemm(instance, gemm, batch, rows, columns, FILLS[0]);
      }
    }
    for (const fills of FILLS) checkGemm(instance, gemm, 3, 9, 1536, fills);
  });

  test(`${gemm.name}: GEMM is exact at its bound`, async () => {
    const instance = await Instance.of("gemm", "simd");
    for (const fills of FILLS) checkGemm(instance, gemm, 2, 8, gemm.most, fills);
  });
}

test.run();
