// A study's result in short, and as the file that has every decision.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { encodeResult, modelMeans, summaryOf } from "../tools/study/summary.ts";
import { makeStudy } from "./harness/study.ts";

const answerers = (cycles: number) => [{ name: "4-bit", share: 1, cycles }];
const result = makeStudy({
  models: [
    { name: "B", right: 0.5, packedBytes: 2000, answerers: answerers(300) },
    { name: "A", right: 0.75, packedBytes: 1000, answerers: answerers(200) },
  ],
  seeds: [1, 2],
  folds: [1, 2, 3],
  clipsPerFold: 40,
});

test("a run's accuracy is the share of right forced labels, its cycles the mean of a decision", () => {
  const [run] = result.runs;
  const decisions = run.decisions.slice(0, 4).map((answer, i) => ({ ...answer, truth: 1, predicted: i < 3 ? 1 : 2, cycles: 100 * i }));
  const { accuracy, networkCycles, ...rest } = summaryOf({ ...run, decisions });
  assert.equal([accuracy, networkCycles], [0.75, 150]);
  const { model, seed, fold, packedBytes, bitsPerWeight } = run;
  assert.equal(rest, { model, seed, fold, packedBytes, bitsPerWeight });
});

test("a model's row is the mean over its own seeds and folds, in the result's order", () => {
  const rows = modelMeans(result);
  assert.equal(
    rows.map(({ model, packedBytes }) => [model, packedBytes]),
    [
      ["B", 2000],
      ["A", 1000],
    ],
  );
  for (const { model, accuracy, networkCycles } of rows) {
    const own = result.runs.filter((run) => run.model === model).map(summaryOf);
    assert.is(own.length, 6);
    assert.ok(Math.abs(accuracy - own.reduce((sum, run) => sum + run.accuracy / 6, 0)) < 1e-12);
    assert.ok(Math.abs(networkCycles - own.reduce((sum, run) => sum + run.networkCycles / 6, 0)) < 1e-9);
  }
});

test("the file is JSON of the result, a run on a line", () => {
  const text = encodeResult(result);
  assert.equal(JSON.parse(text), result);
  const lines = text.trimEnd().split("\n");
  assert.is(lines.length, result.runs.length + 2);
  assert.equal(JSON.parse(lines[1].replace(/,$/, "")), result.runs[0]);
  assert.equal(JSON.parse(encodeResult({ ...result, runs: [] })).runs, []);
});

test.run();
