// The study's measures against values worked out by hand and against identities.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { coverageAtRisk, falseAlarmsPerHour } from "../tools/study/metrics/alarms.ts";
import { reliabilityBins } from "../tools/study/metrics/reliability.ts";
import { augrc, aurc, type Judged, riskCoverage } from "../tools/study/metrics/selective.ts";
import type { Answer, ModelRun } from "../tools/study/result.ts";
import { calibrationError, errorAuroc } from "../tools/train/metrics.ts";
import { Random } from "../tools/train/random.ts";

const near = (a: number | null, b: number, tolerance = 1e-9) => assert.ok(a !== null && Math.abs(a - b) <= tolerance, `${a} is not ${b}`);
const judged = (random: Random, n: number, levels: number): Judged[] =>
  Array.from({ length: n }, () => ({ uncertainty: random.below(levels), correct: random.uniform() < 0.7 }));

test("risk and coverage: surest first, a wrong answer last costs least", () => {
  const answers = [
    { uncertainty: 0.9, correct: false },
    { uncertainty: 0.1, correct: true },
    { uncertainty: 0.5, correct: false },
    { uncertainty: 0.2, correct: true },
  ];
  assert.equal(
    riskCoverage(answers).map(({ coverage, risk, generalizedRisk }) => [coverage, risk, generalizedRisk]),
    [
      [0.25, 0, 0],
      [0.5, 0, 0],
      [0.75, 1 / 3, 0.25],
      [1, 0.5, 0.5],
    ],
  );
  near(aurc(answers), (1 / 3 + 1 / 2) / 4);
  // trapezoids under 0, 0, 0, 1/4, 1/2
  near(augrc(answers), (0.125 + 0.375) / 4);
});

test("a perfect order's AURC is r + (1 - r) ln(1 - r) (Geifman et al. 2019)", () => {
  const n = 10000;
  const answers = Array.from({ length: n }, (_, i) => ({ uncertainty: i, correct: i < 0.7 * n }));
  near(aurc(answers), 0.3 + 0.7 * Math.log(0.7), 1e-3);
});

test("AUGRC is (1 - AUROC) acc (1 - acc) + (1 - acc)^2 / 2, ties or not (Traub et al. 2024)", () => {
  const random = new Random(1);
  for (let round = 0; round < 100; round++) {
    const answers = judged(random, 2 + random.below(60), round % 2 ? 5 : 1e6);
    const correct = answers.map((answer) => answer.correct);
    const area = errorAuroc(
      answers.map(({ uncertainty }) => uncertainty),
      correct,
    );
    if (area === null) continue;
    const right = correct.filter(Boolean).length / correct.length;
    near(augrc(answers), (1 - area) * right * (1 - right) + (1 - right) ** 2 / 2);
  }
});

test("the order of answers does not matter", () => {
  const random = new Random(2);
  const answers = judged(random, 50, 6);
  near(aurc([...answers].reverse()), aurc(answers), 1e-12);
  near(augrc([...answers].reverse()), augrc(answers), 1e-12);
});

test("reliability bins hold the calibration error", () => {
  const random = new Random(3);
  const answers = Array.from({ length: 300 }, () => ({ probability: random.uniform(), correct: random.uniform() < 0.5 }));
  const bins = reliabilityBins(answers);
  const error = bins.reduce((sum, bin) => sum + (bin.count > 0 ? bin.count * Math.abs(bin.accuracy! - bin.meanProbability!) : 0), 0) / 300;
  near(
    error,
    calibrationError(
      answers.map(({ probability }) => probability),
      answers.map(({ correct }) => correct),
    ),
  );
  assert.is(reliabilityBins([{ probability: 1, correct: true }])[14]!.count, 1);
  assert.is(reliabilityBins([])[0]!.accuracy, null);
});

test("false alarms an hour: 720 windows of 5 s", () => {
  assert.is(falseAlarmsPerHour([{ abstained: false }, { abstained: true }, { abstained: true }, { abstained: true }]), 180);
  assert.is(falseAlarmsPerHour([{ abstained: false }]), 720);
  assert.is(falseAlarmsPerHour([]), null);
});

function run(fold: number, decisions: readonly { probability: number; correct: boolean }[]): ModelRun {
  const answers = decisions.map(({ probability, correct }, clip) => ({
    probability,
    entropy: 0,
    truth: 1,
    predicted: correct ? 1 : 0,
    clip,
  }));
  return { seed: 1, fold, decisions: answers as unknown as Answer[] } as ModelRun;
}

test("coverage at 5 % risk: a fold's threshold comes from the others", () => {
  // 99 clips elsewhere allow floor(0.05 * 100) - 1 = 4 wrong answers; the fifth surest wrong one, 0.5, is refused
  const others = Array.from({ length: 99 }, (_, i) => ({ probability: i < 10 ? 0.9 - i / 10 : 0.99, correct: i >= 10 }));
  const held = [
    { probability: 0.55, correct: false },
    { probability: 0.45, correct: true },
    { probability: 0.95, correct: true },
    { probability: 0.4, correct: false },
  ];
  const alone = coverageAtRisk([run(1, held), { ...run(2, others), seed: 2 }], 0.05);
  assert.is(alone, null);
  const both = coverageAtRisk([run(1, held), run(2, others)], 0.05)!;
  // fold 2 is judged by 4 clips, too few for any threshold: nothing of it is answered
  near(both.coverage, 2 / 103);
  near(both.risk, 1 / 103);
});

test.run();
