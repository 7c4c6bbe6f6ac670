// Metrics and thresholds against values worked out by hand or by scikit-learn's definitions.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { accuracy, calibrationError, errorAuroc, meanInterval, selective, weightedF1 } from "../tools/train/metrics.ts";
import { Random } from "../tools/train/random.ts";
import { abstainThreshold, escalateThreshold, type OutOfFold, quantile, varianceScale } from "../tools/train/thresholds.ts";

const near = (a: number | null, b: number, tolerance = 1e-9) => assert.ok(a !== null && Math.abs(a - b) <= tolerance, `${a} is not ${b}`);

test("weighted F1: classes weigh as many clips as they have", () => {
  // F1 of class 0: 2*2/(2+3) = 0.8; class 1: 2*1/(2+1) = 2/3; class 2 has no clip but one wrong prediction
  near(weightedF1([0, 0, 0, 1], [0, 0, 1, 1], 3), (3 * 0.8 + 2 / 3) / 4);
  near(weightedF1([0, 1], [0, 1], 2), 1);
  near(weightedF1([0, 1], [1, 0], 2), 0);
  near(accuracy([0, 1, 2, 2], [0, 1, 1, 2]), 0.75);
});

test("calibration error", () => {
  near(calibrationError([0.95, 0.95], [true, false]), 0.45);
  near(calibrationError([1, 1], [true, true]), 0);
  near(calibrationError([0.9, 0.2], [true, false]), 0.15);
});

test("AUROC of error detection: 1 when errors score higher, 0.5 for ties, null without errors", () => {
  near(errorAuroc([0.9, 0.1, 0.2], [false, true, true]), 1);
  near(errorAuroc([0.1, 0.9], [false, true]), 0);
  near(errorAuroc([0.5, 0.5], [false, true]), 0.5);
  assert.is(errorAuroc([0.5], [true]), null);
});

test("coverage and selective risk", () => {
  assert.equal(selective([true, false, false, false], [false, true, true, false]), { coverage: 0.75, selectiveRisk: 1 / 3 });
  assert.equal(selective([true], [true]), { coverage: 0, selectiveRisk: null });
});

test("interval by Student's t", () => {
  // t(0.975, 3) = 3.182446; sd of 1..4 = 1.290994
  const { mean, halfWidth } = meanInterval([1, 2, 3, 4]);
  near(mean, 2.5);
  near(halfWidth, (3.182446305284263 * 1.2909944487358056) / 2, 1e-6);
  assert.is(meanInterval([7]).halfWidth, null);
});

test("quantiles", () => {
  assert.is(quantile([3, 1, 2, 4], 0.5), 3);
  assert.is(quantile([3, 1, 2, 4], 1), 4);
  near(varianceScale(Array.from({ length: 10 }, (_, i) => i / 100)), 0.09);
});

test("thresholds escalate about 1 - q", () => {
  const predictions: OutOfFold[] = Array.from({ length: 100 }, (_, i) => ({ entropy: i, probability: 0.5, correct: true }));
  const threshold = escalateThreshold(predictions, 0.8);
  assert.is(predictions.filter(({ entropy }) => entropy > threshold).length, 19);
});

test("abstain threshold is the smallest that meets the risk", () => {
  const random = new Random(1);
  for (let round = 0; round < 200; round++) {
    const n = 20 + random.below(200);
    const predictions = Array.from({ length: n }, (): OutOfFold => {
      const probability = Math.fround(0.3 + 0.7 * random.uniform());
      return { entropy: 0, probability, correct: random.uniform() < probability };
    });
    const wrong = (a: number) => predictions.filter((p) => !p.correct && p.probability >= a).length;
    const meets = (a: number) => (wrong(a) + 1) / (n + 1) <= 0.05;
    const a = abstainThreshold(predictions, 0.05);
    if (n < 19) continue;
    assert.ok(meets(a), `round ${round}: ${a} does not meet the risk`);
    // one step lower answers one more wrong clip
    const lower = predictions.filter((p) => p.probability < a).map((p) => p.probability);
    if (lower.length > 0 && a > 0) assert.not(meets(Math.max(...lower)), `round ${round}: ${a} is not the smallest`);
  }
});

test("abstain threshold: 0 when all may be answered, 1 when too few clips are there to say", () => {
  const clip = (correct: boolean): OutOfFold => ({ entropy: 0, probability: 0.5, correct });
  assert.is(
    abstainThreshold(
      Array.from({ length: 100 }, () => clip(true)),
      0.05,
    ),
    0,
  );
  assert.is(abstainThreshold([clip(true)], 0.05), 1);
});

test.run();
