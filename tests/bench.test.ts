// What benchmarks rest on: fair samples, candidates that compute what they say, well-formed plots and ONNX files.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { FLOAT, onnxModel } from "../bench/onnx.ts";
import { batchCandidate, layerCandidate, typeOf } from "../bench/ours.ts";
import { plotSvg } from "../bench/plot.ts";
import { interleave } from "../bench/timing.ts";

test("candidates take turns, each sample behind one call that is not counted", async () => {
  const calls: string[] = [];
  const spin = (name: string) => () => {
    calls.push(name);
    const end = performance.now() + 0.4;
    while (performance.now() < end);
  };
  const later = async () => {
    spin("b")();
  };
  const times = await interleave(
    [
      { name: "a", run: spin("a") },
      { name: "b", run: later },
    ],
    5,
  );
  assert.equal([...times.keys()], ["a", "b"]);
  // one call lasts longer than a sample: a round is two calls of each, one of them counted
  assert.equal(calls.slice(-20).join(""), "aabb".repeat(5));
  for (const { us, p20Us } of times.values()) assert.ok(us >= p20Us && p20Us >= 390, `${us} ${p20Us}`);
});

test("a layer's candidate, in either build, and a batch of it compute the same", async () => {
  const type = typeOf("4");
  const vector = await layerCandidate(type, "simd", 70, 33);
  const scalar = await layerCandidate(type, "scalar", 70, 33);
  const alone = await batchCandidate(type, 70, 33, 1);
  for (const candidate of [vector, scalar, alone]) candidate.run();
  assert.is(new Set(vector.outputs).size, 33);
  assert.equal([...scalar.outputs], [...vector.outputs]);
  assert.equal([...alone.outputs], [...vector.outputs]);
  vector.run();
  assert.equal([...vector.outputs], [...scalar.outputs], "a second call starts from the same input");
});

test("a plot has a line a series and its axes' titles", () => {
  const series = [
    {
      name: "one",
      points: [
        [1, 1],
        [2, 4],
      ] as [number, number][],
    },
    {
      name: "two",
      points: [
        [1, 0.5],
        [2, 0.7],
      ] as [number, number][],
    },
  ];
  const svg = plotSvg([{ title: "time", xLabel: "columns", series }]);
  assert.is(svg.match(/<polyline/g)!.length, 2);
  for (const text of ["time", "columns", "one", "two"]) assert.ok(svg.includes(`>${text}<`), text);
  assert.not.match(svg, /NaN|Infinity|undefined/);
});

test("an ONNX file is the protobuf that it says", () => {
  const value = (name: string) => ({ name, type: FLOAT, dims: [1, 300] });
  const bytes = onnxModel([{ op: "Relu", inputs: ["x"], outputs: ["y"] }], [], value("x"), value("y"));
  // ir_version 8; graph, field 7: node { input x, output y, op_type Relu }
  assert.equal([...bytes.subarray(0, 3)], [8, 8, 0x3a]);
  assert.equal([...bytes.subarray(4, 18)], [0x0a, 12, 0x0a, 1, 120, 0x12, 1, 121, 0x22, 4, 82, 101, 108, 117]);
});

test.run();
