// Golden vectors: the core's bytes are those on record, scalar and SIMD, phase by phase; and a difference is traced to its phase.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { openEngine } from "../firmware-sim/engines/engines.ts";
import { decodeModel } from "../host/model-file/model_file.ts";
import { linearOps } from "../host/model-file/network.ts";
import { WEIGHT_TYPES } from "../host/model-file/weight_types.ts";
import { goldenInput } from "./golden/inputs.ts";
import { GOLDEN_MODELS } from "./golden/models.ts";
import { compareEngine, firstDifference, goldenText, readGolden, recordGolden } from "./golden/vectors.ts";

const golden = readGolden();
const fields = golden.vectors.map(({ record }) => {
  const bytes = Buffer.from(record, "hex");
  return { label: bytes.readInt32LE(4), expert: bytes.readInt32LE(24), abstained: bytes.readUInt32LE(28) };
});

test("the scalar core gives the bytes on record; if the change is meant, npm run golden, and look at the diff", async () => {
  const [now, then] = [goldenText(await recordGolden()), goldenText(golden)].map((text) => text.split("\n"));
  const at = now.findIndex((line, i) => line !== then[i]);
  assert.is(now[at], then[at], `line ${at + 1} of tests/golden/vectors.json`);
  assert.is(now.length, then.length);
});

test("SIMD gives the same records", async () => {
  for (const model of Object.keys(golden.models)) {
    const vectors = golden.vectors.filter((vector) => vector.model === model);
    assert.is(await compareEngine("node", "simd", model, vectors), null, model);
  }
});

test("SIMD leaves the same bytes behind in every phase", async () => {
  for (const model of ["esc10-tiny", "fixed-point front end", "unusual", "bayesian"]) {
    const engine = await openEngine("node", GOLDEN_MODELS[model](), "simd");
    for (const vector of golden.vectors.filter((candidate) => candidate.model === model)) {
      const trace = await engine.trace!(goldenInput(vector.input), vector.seed);
      const changed = { ...vector, record: "00".repeat(40) };
      assert.is(firstDifference(changed, trace.record, trace).phase, "record", `${model}, ${vector.input}`);
    }
  }
});

test("they cover every weight type and policy, every answerer, abstention, and many labels", () => {
  const models = Object.values(GOLDEN_MODELS).map((make) => decodeModel(make()));
  const types = new Set(
    models
      .flatMap(({ router, experts }) => [router, ...experts].flatMap((network) => (network ? linearOps(network) : [])))
      .map(({ weightType }) => weightType),
  );
  assert.equal(
    WEIGHT_TYPES.filter(({ id }) => !types.has(id)).map(({ name }) => name),
    [],
  );
  assert.equal([...new Set(models.map(({ policy }) => policy.kind))].sort(), [0, 1, 2, 3]);
  assert.ok(new Set(fields.map(({ label }) => label)).size >= 11);
  assert.ok(new Set(fields.map(({ expert }) => expert)).size >= 6);
  assert.equal(new Set(fields.map(({ abstained }) => abstained)), new Set([0, 1]));
});

test("a difference is traced to the first phase, or to the record's field", async () => {
  const vector = golden.vectors.find(({ model }) => model === "probe that samples")!;
  const engine = await openEngine("node", GOLDEN_MODELS[vector.model](), "scalar");
  const trace = await engine.trace!(goldenInput(vector.input), vector.seed);
  const flipped = (bytes: Uint8Array, at: number) => bytes.map((byte, i) => (i === at ? byte ^ 1 : byte));
  const record = flipped(trace.record, 13);
  for (const phase of ["codes", "features", "router"] as const) {
    const wrong = { ...trace, record, [phase]: flipped(trace[phase], 0) };
    assert.is(firstDifference(vector, record, wrong).phase, phase);
  }
  for (const found of [undefined, { ...trace, record }]) {
    const { phase, detail } = firstDifference(vector, record, found);
    assert.is(phase, "record");
    assert.match(detail, /^DECISION_ENTROPY: bytes [0-9a-f]{8} expected, found [0-9a-f]{8}$/);
  }
  const changed = { ...vector, seed: 5, record: `${vector.record.slice(0, -1)}7` };
  assert.match((await compareEngine("node", "scalar", vector.model, [changed]))!.phase, /router|record/);
});

test("inputs are the same bytes everywhere: whole numbers, and lengths as asked", () => {
  assert.equal([...(goldenInput("extremes 0 4") as Int16Array)], [-32768, 32767, -32768, 32767]);
  assert.equal([...(goldenInput("noise 1 4") as Int16Array)], [-32764, -31736, 7628, -28075]);
  assert.is(goldenInput("vector features 1 969").length, 969);
  assert.ok([...goldenInput("vector features 1 969")].every((value) => Number.isInteger(value * 1024)));
});

test.run();
