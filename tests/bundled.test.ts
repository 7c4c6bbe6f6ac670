// The models that ship: they load in both builds, decide alike, know the bundled features and samples, and fit their budgets.

import { readFileSync, statSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { toPcm } from "../host/audio/resample.ts";
import { readWav } from "../host/audio/wav.ts";
import { packagePath } from "../host/files.ts";
import { loadModel } from "../host/runtime/index.ts";
import { decodeFeatureCodes, featuresOf } from "../tools/import/feature_codes.ts";
import { weightedF1 } from "../tools/train/metrics.ts";

const MODELS = ["esc10.qmoe", "esc10-tiny.qmoe", "esc10-low-ram.qmoe"];
const codes = decodeFeatureCodes(readFileSync(packagePath("models", "esc10-features.qfc")), "esc10-features.qfc");
const values = featuresOf(codes);
const count = codes.origin.length;
const vectors = codes.clips.map((_, i) => values.subarray(i * count, (i + 1) * count));

test("the feature codes are those of 320 clips in four folds", () => {
  assert.is(codes.clips.length, 320);
  assert.is(count, 969);
  assert.is(codes.codes.length, 320 * 969);
  assert.equal([...new Set(codes.clips.map(({ fold }) => fold))].sort(), [1, 2, 3, 4]);
  assert.is(codes.labels.length, 10);
  assert.match(codes.attribution, /ATTRIBUTION\.txt/);
});

test("esc10-tiny and esc10-low-ram take at most 176 KiB, every byte counted", () => {
  for (const name of ["esc10-tiny.qmoe", "esc10-low-ram.qmoe"]) assert.ok(statSync(packagePath("models", name)).size <= 176 * 1024);
});

for (const name of MODELS) {
  const path = packagePath("models", name);

  test(`${name}: scalar and SIMD decide alike on every bundled clip, and know what they were trained on`, async () => {
    const [scalar, simd] = [await loadModel(path, { simd: false }), await loadModel(path, { simd: true })];
    assert.equal(scalar.labels, codes.labels);
    const predicted = vectors.map((vector) => {
      const decision = simd.decideFeatures(vector);
      assert.equal(scalar.decideFeatures(vector), decision);
      return decision;
    });
    const truth = codes.clips.map(({ label }) => label);
    const f1 = weightedF1(
      truth,
      predicted.map(({ index }) => index!),
      10,
    );
    assert.ok(f1 > 0.97, `F1 on its own training clips: ${f1}`);
    assert.ok(new Set(predicted.map(({ answerer }) => answerer)).size > 1, "more than one network answers");
  });

  test(`${name}: names the synthetic samples`, async () => {
    const model = await loadModel(path);
    for (const sample of ["clock_tick", "crackling_fire", "helicopter", "rain"]) {
      const pcm = await toPcm(readWav(readFileSync(packagePath("samples", `${sample}.wav`)), sample), model.sampleRate);
      assert.is(model.decide(pcm).label, sample);
    }
  });

  test(`${name}: provenance names data, command, seed and versions, and no path`, async () => {
    const { provenance } = (await loadModel(path)).packed as { provenance: Record<string, unknown> };
    const text = JSON.stringify(provenance);
    assert.equal(Object.keys(provenance).sort(), ["command", "dataset", "seed", "versions"]);
    assert.match(text, /"sha256":"[0-9a-f]{64}"/);
    assert.not.match(text, /[^\w]\/(work|root|home|tmp)\//);
    assert.is((provenance["dataset"] as { sha256: string }).sha256, codes.sha256);
  });
}

test.run();
