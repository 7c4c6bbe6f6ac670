// Graphs: a sound one passes, everything that can be wrong with one is named; chains of layers are recognised, other shapes refused; and a
// checkpoint gives the same packed layers as its rows quantized one by one.

import { test } from "uvu";
import * as assert from "uvu/assert";
import type { QurioError } from "../host/errors.ts";
import { inputsOf, outputsOf } from "../host/model-file/network.ts";
import { layoutFor, packWeights } from "../host/model-file/pack.ts";
import { WEIGHT_TYPES, weightTypeBySpec } from "../host/model-file/weight_types.ts";
import { packNetwork } from "../tools/export/exporter.ts";
import { quantizeMatrix } from "../tools/export/quantize.ts";
import { Chain } from "../tools/graph/chain.ts";
import { checkGraph } from "../tools/graph/check.ts";
import { type Graph, type Op, type Tensor, valuesOf } from "../tools/graph/graph.ts";
import { layersOf } from "../tools/graph/layers.ts";
import { networkGraph } from "../tools/import/checkpoint_graph.ts";
import { layerWeightType, type NetworkSpec } from "../tools/import/checkpoint_types.ts";
import { initialNetwork } from "../tools/train/network.ts";
import { Random } from "../tools/train/random.ts";

const FLOATS = { weightType: "4", perTensor: false } as const;

/** 3 inputs, linear to 2 with norm and ReLU, linear of 8-bit codes to 2, softmax. */
function sound(): Graph {
  const chain = new Chain("small", 3);
  const vector = (...values: number[]) => ({ shape: [values.length], data: Float32Array.from(values) });
  chain.linear({ shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }, vector(7, 8), FLOATS);
  chain.norm(vector(1, 1), vector(0, 0));
  chain.relu();
  chain.dropout(0.5);
  const codes = { shape: [2, 2], data: Int8Array.of(1, -128, 127, 0), quantization: { scale: Float32Array.of(0.5, 2), zeroPoint: 0 } };
  chain.linear(codes, null, { weightType: "8", perTensor: false });
  chain.softmax();
  return chain.graph(null);
}

const refusal = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return `${(error as QurioError).code}: ${(error as QurioError).message}`;
  }
  return "nothing";
};

test("a sound graph passes and falls into layers", () => {
  const graph = sound();
  assert.is(checkGraph(graph), graph);
  const [first, second] = layersOf(graph);
  assert.equal([first.rows, first.columns, first.relu, first.dropout, first.gamma], [2, 3, true, 0.5, Float32Array.of(1, 1)]);
  assert.equal([second.rows, second.relu, second.dropout, second.gamma, second.bias], [2, false, 0, null, new Float32Array(2)]);
  assert.equal(valuesOf(second.weight), Float64Array.of(0.5, -64, 254, 0));
  const codes = { name: "codes", shape: [2], data: Int8Array.of(3, -1), quantization: { scale: Float32Array.of(2), zeroPoint: 3 } };
  assert.equal(valuesOf(codes), Float64Array.of(0, -8));
});

const tensor = (id: number, change: Partial<Tensor>) => (graph: Graph) => ({
  ...graph,
  tensors: graph.tensors.map((one, i) => (i === id ? { ...one, ...change } : one)),
});
const op = (index: number, change: Partial<Op>) => (graph: Graph) => ({
  ...graph,
  ops: graph.ops.map((one, i) => (i === index ? ({ ...one, ...change } as Op) : one)),
});
const grid = (scale: number[], zeroPoint = 0) => ({ scale: Float32Array.from(scale), zeroPoint });

// tensors: 0 input, 1 and 2 weight and bias, 3 linear, 4 and 5 gamma and beta, 6 norm, 7 relu, 8 dropout, 9 codes, 10 linear, 11 softmax
const WRONG: [(graph: Graph) => Graph, RegExp][] = [
  [(graph) => ({ ...graph, ops: [] }), /^GRAPH: network small: ops: at least 1 expected, 0 found$/],
  [(graph) => ({ ...graph, input: 40 }), /input: tensor 0 to 11 expected, 40 found/],
  [(graph) => ({ ...graph, input: 1 }), /input: a tensor that is computed expected, tensor 1, which has values found/],
  [(graph) => ({ ...graph, output: 2 }), /output: a tensor that is computed expected/],
  [tensor(1, { shape: [2, 0] }), /tensor 1 \(0\.weight\), shape: whole numbers above 0 expected, \[2,0\] found/],
  [tensor(1, { shape: [2, 4] }), /tensor 1 \(0\.weight\), values: 8 expected, 6 found/],
  [tensor(1, { shape: [3, 2] }), /op 0 \(linear\), columns of its weight: 3, the values of its input, expected, 2 found/],
  [tensor(1, { shape: [6] }), /op 0 \(linear\), weight: \[rows, columns\] expected, \[6\] found/],
  [tensor(1, { data: null }), /op 0 \(linear\), weight: a tensor with values expected, tensor 1, which is computed found/],
  [tensor(2, { data: Float32Array.of(1, Number.NaN) }), /tensor 2 \(0\.bias\), value 1: a finite number expected, NaN found/],
  [tensor(2, { shape: [1, 2] }), /op 0 \(linear\), bias, shape: \[2\] expected, \[1,2\] found/],
  [tensor(2, { quantization: grid([1]) }), /floats, or codes with their scale expected, both found/],
  [tensor(9, { quantization: null }), /floats, or codes with their scale expected, codes alone found/],
  [tensor(9, { quantization: grid([1, 1, 1]) }), /tensor 9 \(1\.weight\), scales: 1 or 2 expected, 3 found/],
  [tensor(9, { quantization: grid([1, 0]) }), /tensor 9 \(1\.weight\), scale: a finite number above 0 expected, 0 found/],
  [tensor(9, { quantization: grid([1], 3) }), /op 4 \(linear\), zero point of weights: 0 expected, 3 found/],
  [tensor(9, { quantization: grid([1], 0.5) }), /tensor 9 \(1\.weight\), zero point: a whole number expected, 0\.5 found/],
  [op(4, { weightType: "7" }), /7-bit codes of weights: -64 to 63 expected, -128 found/],
  [op(4, { weightType: "2" }), /2-bit codes of weights: -1 to 1 expected, -128 found/],
  [op(4, { weightType: "ternary" }), /op 4 \(linear\), type of weights that are codes: 2 to 16 bits expected, ternary found/],
  [op(1, { gamma: 1 } as Partial<Op>), /op 1 \(norm\), gamma, shape: \[2\] expected, \[2,3\] found/],
  [op(2, { input: 8 }), /op 2 \(relu\), input: a tensor written before it expected, tensor 8 found/],
  [op(2, { output: 6 }), /op 2 \(relu\), output: a tensor that nothing wrote expected, tensor 6 found/],
  [op(3, { rate: 1 } as Partial<Op>), /op 3 \(dropout\), rate: above 0 and below 1 expected, 1 found/],
  [tensor(7, { shape: [3] }), /op 2 \(relu\), values of its output: 2 expected, 3 found/],
];

test("whatever is wrong with a graph is named", () => {
  for (const [spoil, message] of WRONG)
    assert.match(
      refusal(() => checkGraph(spoil(sound()))),
      message,
    );
});

const { ops } = sound();
const NO_CHAIN: [Op[], RegExp][] = [
  [[ops[5], ...ops.slice(0, 5)], /op 0 \(softmax\): a linear op between the input and it expected/],
  [[...ops.slice(0, 4), ops[2], ...ops.slice(4)], /op 4 \(relu\): a linear op between dropout and it expected/],
  [[...ops, ops[2]], /op 6 \(relu\): a linear op between softmax and it expected/],
];

test("sound graphs that are no chain of layers are refused with the op", () => {
  for (const [wrong, message] of NO_CHAIN) {
    const chain = new Chain("other", 2);
    for (const { kind } of wrong) {
      if (kind === "linear") chain.linear({ shape: [2, 2], data: new Float32Array(4) }, null, FLOATS);
      else if (kind === "norm") chain.norm({ shape: [2], data: new Float32Array(2) }, { shape: [2], data: new Float32Array(2) });
      else if (kind === "dropout") chain.dropout(0.5);
      else chain[kind]();
    }
    assert.match(
      refusal(() => layersOf(chain.graph(null))),
      message,
    );
    assert.match(
      refusal(() => layersOf(chain.graph(null))),
      /^UNSUPPORTED_OP: network other: /,
    );
  }
  const forked = op(2, { input: 3 })(sound());
  assert.match(
    refusal(() => layersOf(forked)),
    /op 2 \(relu\): the output of the op before it as its input expected/,
  );
  const early = { ...sound(), output: 10 };
  assert.match(
    refusal(() => layersOf(early)),
    /op 5 \(softmax\): the network's output as its output expected/,
  );
});

test("a checkpoint's network packs as its rows quantized one by one, whatever the type", () => {
  for (const { spec: weightType } of WEIGHT_TYPES)
    for (const perTensor of [false, true])
      for (const norm of [false, true]) {
        const spec: NetworkSpec = { name: weightType, weightType, inputs: 19, hidden: [11, 6], outputs: 3, norm, dropout: 0.25 };
        const network = initialNetwork(spec, new Random(7));
        const packed = packNetwork(networkGraph(network, perTensor));
        assert.equal([packed.name, inputsOf(packed), outputsOf(packed)], [weightType, 19, 3]);
        for (const [i, { rows, columns, weight, bias, gamma, beta }] of network.layers.entries()) {
          const type = layerWeightType(spec, i);
          const { id } = weightTypeBySpec(type);
          const layout = layoutFor(id, "scalar", rows, columns);
          const isFloat = type === "float32";
          const { codes, scale } = isFloat
            ? { codes: weight, scale: new Float32Array(rows).fill(1) }
            : quantizeMatrix(weight, rows, columns, type, perTensor);
          assert.equal(packed.ops[i], {
            ...{ kind: "linear", input: i, output: i + 1 },
            ...{ weightType: id, layout, columns, rows, norm: gamma !== null, relu: i < 2, dropout: i < 2 ? 0.25 : 0 },
            ...{ weights: packWeights(layout, codes, rows, columns), scale, bias, gamma, beta },
          });
        }
      }
});

test.run();
