// Every weight type from a checkpoint to a decision: exported, sized, loaded, equal in both builds; bad tensors refused by name.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as Id from "../assembly/format/ids.ts";
import * as Layouts from "../assembly/format/layouts.ts";
import { codeBit, columnBlock, maxColumns, packedOffset, padTo, rowSumOffset, tritByte, weightBytes } from "../assembly/format/layouts.ts";
import { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { decodeModel, encodeModel, type PackedLinear, type PackedModel } from "../host/model-file/model_file.ts";
import { linearOps } from "../host/model-file/network.ts";
import { layoutFor, packWeights, unpackWeights } from "../host/model-file/pack.ts";
import { repack } from "../host/model-file/repack.ts";
import { layerSizes, weightBytesOf } from "../host/model-file/sizes.ts";
import { WEIGHT_TYPES, type WeightType, weightTypeBySpec } from "../host/model-file/weight_types.ts";
import { Core } from "../host/runtime/core.ts";
import { packCheckpoint, packModel } from "../tools/export/exporter.ts";
import { checkpointModel } from "../tools/export/model.ts";
import { checkParity } from "../tools/export/parity.ts";
import { quantizeTrained } from "../tools/export/ptq.ts";
import { layersOf, weightTypeOf } from "../tools/graph/layers.ts";
import type { Checkpoint } from "../tools/import/checkpoint.ts";
import { initialNetwork } from "../tools/train/network.ts";
import { Random } from "../tools/train/random.ts";
import { randomModel } from "./harness/models.ts";

const scalar = await Core.create(readFileSync(packagePath("build", "qurio.wasm")), false);
const simd = await Core.create(readFileSync(packagePath("build", "qurio.simd.wasm")), true);

const FEATURES = 70;

function checkpointOf(weightType: WeightType): Checkpoint {
  const spec = { name: weightType, weightType, inputs: FEATURES, hidden: [67, 33], outputs: 5, norm: true, dropout: 0.2 };
  return {
    labels: ["a", "b", "c", "d", "e"],
    input: { source: "vectors", features: FEATURES },
    normalization: { mean: new Float32Array(FEATURES), std: new Float32Array(FEATURES).fill(1), clip: 5 },
    router: null,
    experts: [initialNetwork(spec, new Random(5))],
    policy: { kind: "single", samples: 0, alpha: 0, varianceScale: 1, escalate: [], abstain: [0], beta: [] },
    provenance: { dataset: { name: "test", sha256: "00", clips: 9, folds: 3 }, command: "test", seed: 1, versions: {} },
  };
}

function randomVectors(count: number): Float32Array[] {
  const random = new Random(8);
  return Array.from({ length: count }, () => Float32Array.from({ length: FEATURES }, () => random.normal()));
}

for (const { spec, name } of WEIGHT_TYPES) {
  for (const perTensor of [false, true]) {
    test(`${name}${perTensor ? ", one scale a matrix" : ""}: exports, agrees with the reference, decides alike in both builds`, () => {
      const model = checkpointModel(checkpointOf(spec), perTensor);
      const packed = packModel(model);
      for (const { scale, rows } of linearOps(packed.experts[0])) assert.is(scale.length, perTensor && spec !== "float32" ? 1 : rows);
      const vectors = randomVectors(20);
      checkParity(model, packed, vectors, scalar);
      const file = encodeModel(packed);
      assert.equal(encodeModel(decodeModel(file)), file, "decoding loses nothing");
      assert.equal(repack(repack(file, "simd"), "scalar"), file, "repacking loses nothing");
      scalar.load(file);
      simd.load(file);
      for (const vector of vectors) {
        assert.equal(scalar.decideFeatures(vector), simd.decideFeatures(vector));
        assert.equal(scalar.probabilities(), simd.probabilities());
      }
    });
  }
}

test("parity is refused when a layer computes something else", () => {
  const checkpoint = checkpointOf("4");
  const packed = packCheckpoint(checkpoint);
  const scale = linearOps(packed.experts[0])[2].scale.map((value) => 1.1 * value);
  const [expert] = packed.experts;
  const wrong = { ...packed, experts: [{ ...expert, ops: linearOps(expert).map((op, i) => (i === 2 ? { ...op, scale } : op)) }] };
  assert.throws(
    () => checkParity(checkpointModel(checkpoint), wrong, randomVectors(20), scalar),
    (error: QurioError) => error.code === "PARITY",
  );
});

test("bits per weight at 969 -> 640: payload, row sums, padding and scales", () => {
  const bits = (spec: string) => {
    const { id } = WEIGHT_TYPES.find((type) => type.spec === spec)!;
    return +((8 * (weightBytes(layoutFor(id, "scalar", 640, 969), 640, 969) + 4 * 640)) / (640 * 969)).toFixed(2);
  };
  const expected = {
    ternary: 1.68,
    ternary5: 1.68,
    popcount: 2.15,
    1: 1.09,
    2: 1.68,
    3: 3.2,
    4: 4.09,
    5: 5.15,
    6: 6.21,
    7: 7.27,
    8: 8.09,
    9: 9.15,
    10: 10.2,
    11: 11.26,
    12: 12.15,
    13: 13.21,
    14: 14.27,
    15: 15.32,
    16: 16.15,
    float32: 32.13,
  };
  for (const [spec, figure] of Object.entries(expected)) assert.is(bits(spec), figure, spec);
});

test("the size table says what is payload, padding and scale, and which kernels run", () => {
  const packed = packCheckpoint(checkpointOf("ternary5"));
  const layers = layerSizes(packed);
  const [first] = layers;
  // 67 rows of 70 columns: two tiles of 40 columns, 8 bytes each
  assert.equal([first.payloadBytes, first.paddingBytes, first.scaleBytes], [67 * 16, 67 * 16 - Math.ceil((1.6 * 67 * 70) / 8), 4 * 67]);
  assert.is(
    weightBytesOf(packed),
    layers.reduce((sum, layer) => sum + layer.payloadBytes + layer.scaleBytes, 0),
  );
  assert.equal([first.kernel, first.simdKernel], ["look-up, 5 columns an index", "look-up, swizzle"]);
  const kernels = (type: WeightType) => layerSizes(packCheckpoint(checkpointOf(type))).map(({ kernel }) => kernel);
  assert.equal(kernels("11"), Array(3).fill("sum of 8 bits + 3 x 1 bit"));
  assert.equal(kernels("6"), ["sum of 4 bits + 2 x 1 bit", "sum of 4 bits + 2 x 1 bit", "dot, 4 rows"]);
});

// ---- bad input ----

function refusal(core: Core, model: PackedModel): string {
  try {
    core.load(encodeModel(model));
  } catch (error) {
    assert.instance(error, QurioError, `${error}`);
    return (error as QurioError).code;
  }
  return "accepted";
}

function withOp(model: PackedModel, change: Partial<PackedLinear>): PackedModel {
  const [expert] = model.experts;
  const [first, ...rest] = linearOps(expert);
  return { ...model, experts: [{ ...expert, ops: [{ ...first, ...change }, ...rest] }] };
}

const modelOf = (spec: WeightType) => packCheckpoint(checkpointOf(spec));

test("codes outside a type's range are refused in every layout that could hold them", () => {
  const [rows, columns] = [67, FEATURES];
  const spoil = (spec: WeightType, layout: number, change: (bytes: Uint8Array) => void): string => {
    const model = modelOf(spec);
    const values = unpackWeights(linearOps(model.experts[0])[0].layout, linearOps(model.experts[0])[0].weights, rows, columns);
    const weights = packWeights(layout, values, rows, columns);
    assert.is(refusal(scalar, withOp(model, { layout, weights })), "accepted", `${spec}, layout ${layout}`);
    change(weights);
    return refusal(scalar, withOp(model, { layout, weights }));
  };
  const field = (layout: number, row: number, column: number) => codeBit(layout, row, column, padTo(columns, columnBlock(layout)));
  for (const spec of ["ternary", "ternary5", "2"] as WeightType[]) {
    for (const layout of [Layouts.LAYOUT_TERNARY_SWAR, Layouts.LAYOUT_TERNARY_MASKDOT]) {
      const bit = field(layout, 66, 69);
      assert.is(
        spoil(spec, layout, (bytes) => (bytes[bit >> 3] |= 3 << (bit & 7))),
        "WEIGHT_CODES",
      );
    }
    for (const trits of [27, 55, 251, 255]) {
      assert.is(
        spoil(spec, Layouts.LAYOUT_TERNARY5_LUT, (bytes) => (bytes[tritByte(66, 69, rows)] = trits)),
        "WEIGHT_CODES",
      );
    }
    assert.is(
      spoil(spec, Layouts.LAYOUT_TERNARY_LUT_SIMD, (bytes) => {
        bytes[0] &= ~1;
        bytes[16] |= 1;
      }),
      "WEIGHT_CODES",
    );
  }
  assert.is(
    spoil("popcount", Layouts.LAYOUT_TERNARY_PLANES, (bytes) => {
      bytes[0] &= ~1;
      bytes[16] |= 1;
    }),
    "WEIGHT_CODES",
  );
  for (const column of [0, 5, 13, 21, 29, 69]) {
    const nibble = field(Layouts.LAYOUT_INT4_MASKDOT, 3, column);
    const zeroPoint = column % 32 < 24 ? 8 : 0;
    for (const weight of [-8, -5, 4, 7]) {
      const code = (weight + zeroPoint) & 15;
      const set = (bytes: Uint8Array) => (bytes[nibble >> 3] = (bytes[nibble >> 3] & ~(15 << (nibble & 7))) | (code << (nibble & 7)));
      assert.is(spoil("3", Layouts.LAYOUT_INT4_MASKDOT, set), "WEIGHT_CODES", `3-bit code ${weight}, column ${column}`);
    }
  }
  for (const [spec, wrong] of [
    ["5", 16],
    ["5", -17],
    ["7", 64],
  ] as [WeightType, number][]) {
    const set = (bytes: Uint8Array) => (bytes[field(Layouts.LAYOUT_INT8_BLOCKED, 66, 69) >> 3] = wrong);
    assert.is(spoil(spec, Layouts.LAYOUT_INT8_BLOCKED, set), "WEIGHT_CODES", `${spec}-bit code ${wrong}`);
  }
  for (const [spec, wrong] of [
    ["9", 256],
    ["15", -16385],
  ] as [WeightType, number][]) {
    const at = field(Layouts.LAYOUT_INT16_BLOCKED, 66, 69) >> 3;
    const set = (bytes: Uint8Array) => new DataView(bytes.buffer).setInt16(at, wrong, true);
    assert.is(spoil(spec, Layouts.LAYOUT_INT16_BLOCKED, set), "WEIGHT_CODES", `${spec}-bit code ${wrong}`);
  }
  for (const spec of ["5", "14"] as WeightType[]) {
    const { canonicalLayout } = weightTypeBySpec(spec);
    const at =
      packedOffset(canonicalLayout, Layouts.LAYOUT_INT4_SWAR, rows, columns) +
      rowSumOffset(Layouts.LAYOUT_INT4_SWAR, 66, padTo(columns, 16));
    assert.is(
      spoil(spec, canonicalLayout, (bytes) => bytes[at]++),
      "WEIGHT_CODES",
      `${spec}-bit row sum`,
    );
  }
});

test("scales that are zero, negative or not finite are refused, one a row or one for all", () => {
  for (const perTensor of [false, true]) {
    const model = packModel(checkpointModel(checkpointOf("1"), perTensor));
    for (const wrong of [0, -0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const scale = linearOps(model.experts[0])[0].scale.slice();
      scale[scale.length - 1] = wrong;
      assert.is(refusal(scalar, withOp(model, { scale })), "SCALE", `${wrong}`);
    }
  }
});

test("columns beyond a kernel's exact range are refused; the widest that a host chooses are within", () => {
  const layout = Layouts.LAYOUT_TERNARY_LUT_SIMD;
  for (const [features, expected] of [
    [maxColumns(layout), "accepted"],
    [maxColumns(layout) + 1, "LAYER_SHAPE"],
  ] as [number, string][]) {
    const model = randomModel({ frontEnd: false, features, policy: Id.POLICY_SINGLE, experts: ["ternary"], hidden: [2] });
    const { rows, columns, weights, layout: canonical } = linearOps(model.experts[0])[0];
    const codes = unpackWeights(canonical, weights, rows, columns);
    assert.is(refusal(scalar, withOp(model, { layout, weights: packWeights(layout, codes, rows, columns) })), expected);
  }
  for (const { id } of WEIGHT_TYPES) {
    for (const target of ["scalar", "simd"] as const) assert.ok(maxColumns(layoutFor(id, target, 640, Id.MAX_WIDTH)) >= Id.MAX_WIDTH);
  }
});

test("a weight type or layout that does not exist, or not together, is refused by name", () => {
  const model = modelOf("4");
  for (const weightType of [0, 4, 16, 33, 63]) assert.is(refusal(scalar, withOp(model, { weightType })), "WEIGHT_TYPE");
  assert.is(refusal(scalar, withOp(model, { weightType: Layouts.WEIGHT_INT1 })), "LAYOUT");
  for (const layout of [0, 31, 33, 36, 40, 48]) assert.is(refusal(scalar, withOp(model, { layout })), "LAYOUT", `${layout}`);
});

// ---- post-training quantization ----

test("post-training quantization: near the float32 network, nearer than without a clip, and packed as the reference says", () => {
  const trained = checkpointModel(checkpointOf("float32"));
  const vectors = randomVectors(40);
  for (const [bits, most] of [
    [8, 1e-3],
    [4, 0.03],
    [3, 0.12],
  ]) {
    const { model, report } = quantizeTrained(trained, bits, vectors);
    assert.equal([weightTypeOf(model.experts[0]), layersOf(model.experts[0])[2].op.weightType], [`${bits}`, "8"]);
    assert.equal(
      report.map(({ layer }) => layer),
      [0, 1, 2],
    );
    for (const { outputError } of report) assert.ok(outputError < most, `${bits} bits: ${outputError}`);
    checkParity(model, packModel(model), vectors, scalar);
  }
  const clipped = quantizeTrained(trained, 3, vectors).report[0];
  assert.ok(clipped.clip < 1, "narrow codes want a clip");
  assert.is(layersOf(quantizeTrained(trained, 8, vectors, true).model.experts[0])[0].weight.quantization!.scale.length, 1);
});

test("post-training quantization without a float32 network or without features is refused", () => {
  assert.throws(
    () => quantizeTrained(checkpointModel(checkpointOf("4")), 8, randomVectors(1)),
    (error: QurioError) => error.code === "PTQ" && /found 4/.test(error.message),
  );
  assert.throws(
    () => quantizeTrained(checkpointModel(checkpointOf("float32")), 8, []),
    (error: QurioError) => error.code === "PTQ",
  );
});

test.run();
