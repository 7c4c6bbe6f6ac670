// Verdicts on made-up studies whose answers are known: each claim in each direction, and with anything missing.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { loadDevice } from "../host/meter/devices.ts";
import type { Claim } from "../tools/study/report/claim.ts";
import { claims } from "../tools/study/report/claims.ts";
import { changedRoutes, compareAll, routingPair } from "../tools/study/report/comparisons.ts";
import { contextOf } from "../tools/study/report/context.ts";
import { gridOf, modelsOf } from "../tools/study/report/runs.ts";
import { varianceCurve } from "../tools/study/report/variance_curve.ts";
import { allOf, judge, UNDECIDED } from "../tools/study/report/verdict.ts";
import type { StudyResult } from "../tools/study/result.ts";
import { Random } from "../tools/train/random.ts";
import { type MadeModel, type MadeStudy, makeStudy, single } from "./harness/study.ts";

const device = loadDevice("nucleo-l4r5zi");
const judgeAll = (result: StudyResult) => claims(contextOf(result, device));
const SMALL: Partial<MadeStudy> = { clipsPerFold: 24, seeds: [1, 2], folds: [1, 2, 3] };

/** The one claim whose text fits. */
function claimOf(result: StudyResult, text: RegExp): Claim {
  const found = judgeAll(result).filter(({ claim }) => text.test(claim));
  assert.is(found.length, 1, `${found.length} claims fit ${text}`);
  return found[0]!;
}

const verdict = (models: MadeModel[], text: RegExp, rest: Partial<MadeStudy> = {}) =>
  claimOf(makeStudy({ ...SMALL, ...rest, models }), text).verdict;

test("the rule: whole interval on one side of the bound", () => {
  assert.is(judge({ low: 0.9, high: 1 }, { atLeast: 0.88 }), "holds");
  assert.is(judge({ low: 0.88, high: 1 }, { atLeast: 0.88 }), "holds");
  assert.is(judge({ low: 0.7, high: 0.87 }, { atLeast: 0.88 }), "does not hold");
  assert.is(judge({ low: 0.8, high: 0.9 }, { atLeast: 0.88 }), UNDECIDED);
  assert.is(judge({ low: -0.01, high: 0.01 }, { atLeast: -0.02, atMost: 0.02 }), "holds");
  assert.is(judge({ low: 0.03, high: 0.04 }, { atLeast: -0.02, atMost: 0.02 }), "does not hold");
  assert.is(judge({ low: -0.04, high: -0.03 }, { atLeast: -0.02, atMost: 0.02 }), "does not hold");
  assert.is(judge({ low: -0.03, high: 0.03 }, { atLeast: -0.02, atMost: 0.02 }), UNDECIDED);
  assert.is(judge({ low: Number.NaN, high: 1 }, { atLeast: 0 }), UNDECIDED);
  assert.is(judge({ low: Infinity, high: Infinity }, { atMost: 1 }), "does not hold");
  assert.is(judge(null, { atLeast: 0 }), UNDECIDED);
});

test("claims of parts", () => {
  assert.is(allOf("holds", "holds"), "holds");
  assert.is(allOf("holds", "does not hold"), "does not hold");
  assert.is(allOf("does not hold", UNDECIDED), "does not hold");
  assert.is(allOf("holds", UNDECIDED), UNDECIDED);
});

test("4-bit and ternary against 16-bit: the same, worse, or too noisy to say", () => {
  for (const [name, text] of [
    ["Q4-Base", /4-bit keeps the F1/],
    ["BitNet-Base", /ternary is within 0.03/],
  ] as const) {
    const against = (right: number, wobble = 0) =>
      verdict([single(name, right, 1e6, { wobble }), single("Q16-Base", 0.95, 4e6, { wobble })], text);
    assert.is(against(0.95), "holds", name);
    assert.is(against(0.6), "does not hold", name);
    assert.is(against(0.94, 0.06), UNDECIDED, name);
  }
});

test("energy against 8-bit: network and whole decision are judged apart", () => {
  const models = (cycles: number) => [single("Q4-Base", 0.9, cycles), single("Q8-Base", 0.9, 2e6), single("BitNet-Base", 0.9, cycles)];
  assert.is(verdict(models(1.0e6), /4-bit takes 41 % less.*network/), "holds");
  assert.is(verdict(models(1.3e6), /4-bit takes 41 % less.*network/), "does not hold");
  assert.is(verdict(models(1.3e6), /4-bit takes 31 % less.*network/), "holds");
  assert.is(verdict(models(1.0e6), /ternary takes 41 % less.*network/), "holds");
  assert.is(verdict(models(1.0e6), /4-bit takes 41 % less.*whole/), "does not hold");
  assert.is(verdict(models(1.0e6), /4-bit takes 41 % less.*whole/, { frontEnd: 0 }), "holds");
  // costs that vary about the bound: 1.18e6 of 2e6 on average
  const varied: MadeModel = {
    name: "Q4-Base",
    right: 0.9,
    answerers: [
      { name: "a", share: 0.5, cycles: 0.2e6 },
      { name: "b", share: 0.5, cycles: 2.16e6 },
    ],
  };
  assert.is(verdict([varied, single("Q8-Base", 0.9, 2e6)], /4-bit takes 41 % less.*network/), UNDECIDED);
});

test("sizes are exact", () => {
  const sized = (kb4: number) => [
    single("FP32-Base", 0.9, 9e6, { packedBytes: 4830.8e3 }),
    single("Q16-Base", 0.9, 4e6, { packedBytes: 2468.8e3 }),
    single("Q4-Base", 0.9, 1e6, { packedBytes: kb4 * 1e3 }),
  ];
  assert.is(verdict(sized(687.1), /4 times smaller/), "holds");
  assert.is(verdict(sized(900), /4 times smaller/), "does not hold");
  assert.is(verdict(sized(687.1), /shrink with the bits/), "holds");
  assert.is(verdict(sized(900), /shrink with the bits/), "does not hold");
});

test("F1 per mJ: the best row counts", () => {
  // 345 pJ a cycle: 0.9 F1 at 0.4e6 cycles is 6.5 F1/mJ
  assert.is(verdict([single("Q4-Base", 0.9, 0.4e6), single("Q8-Base", 0.9, 5e6)], /3.87 F1 per mJ, network/), "holds");
  assert.is(verdict([single("Q4-Base", 0.9, 1e6)], /3.87 F1 per mJ, network/), "does not hold");
  assert.is(verdict([single("Q4-Base", 0.9, 0.4e6)], /3.87 F1 per mJ, whole/), "does not hold");
});

const [CURIOUS, PLAIN] = ["BitNet-Q4/8/16-QMoE-C-joint", "BitNet-Q4/8/16-QMoE-joint"];
const mixture = (name: string, dear: number, rest: Partial<MadeModel> = {}): MadeModel => ({
  name,
  right: 0.9,
  answerers: [
    { name: "ternary", share: 1 - dear, cycles: 1.2e6 },
    { name: "16-bit", share: dear, cycles: 4e6 },
  ],
  ...(name.includes("-C") ? { changed: 0.2 } : {}),
  ...rest,
});

test("curiosity and the spread of the cost", () => {
  const spread = (curious: number, plain: number, text: RegExp) => verdict([mixture(CURIOUS, curious), mixture(PLAIN, plain)], text);
  assert.is(spread(0.02, 0.5, /steadier/), "holds");
  assert.is(spread(0.5, 0.02, /steadier/), "does not hold");
  assert.is(spread(0.5, 0.5, /steadier/), UNDECIDED);
  assert.is(spread(0, 0.5, /by 82 %/), "holds");
  assert.is(spread(0.1, 0.5, /by 82 %/), "does not hold");
  // a plain router that never varies cannot be made steadier
  assert.is(spread(0.5, 0, /steadier/), "does not hold");
  assert.is(spread(0, 0, /steadier/), UNDECIDED);
});

test("the spread's figures: ratio of standard deviations, Levene by seed", () => {
  const [curious, plain] = modelsOf(makeStudy({ ...SMALL, models: [mixture(CURIOUS, 0.02), mixture(PLAIN, 0.5)] }));
  const found = routingPair(curious!, plain!);
  assert.ok(Math.abs(found.stdPlain - 1.4e6) < 0.05e6, `${found.stdPlain}`);
  assert.ok(found.stdRatio.interval!.low < found.stdRatio.value && found.stdRatio.value < found.stdRatio.interval!.high);
  assert.ok(found.leveneP! < 1e-6);
  const same = routingPair(plain!, plain!);
  assert.equal([same.stdRatio.value, same.leveneP, same.brownForsytheP], [1, 1, 1]);
});

test("curiosity must change routes", () => {
  assert.is(verdict([mixture(CURIOUS, 0.5), mixture(PLAIN, 0.5)], /changes who answers/), "holds");
  assert.is(verdict([mixture(CURIOUS, 0.5, { changed: 0 }), mixture(PLAIN, 0.5)], /changes who answers/), "does not hold");
  const [model] = modelsOf(makeStudy({ ...SMALL, models: [mixture(CURIOUS, 0.5)] }));
  assert.ok(Math.abs(changedRoutes(model!).value - 0.2) < 0.06);
});

test("what a mixture costs and gains over the single 4-bit model", () => {
  const beside = (right: number, cycles4: number, text: RegExp) =>
    verdict([mixture(CURIOUS, 0.3, { right }), mixture(PLAIN, 0.3), single("Q4-Base", 0.7, cycles4)], text);
  assert.is(beside(0.7, 1e6, /costs 11 % or more/), "holds");
  assert.is(beside(0.7, 3e6, /costs 11 % or more/), "does not hold");
  assert.is(beside(0.7, 1e6, /gains no accuracy/), "holds");
  assert.is(beside(0.99, 1e6, /gains no accuracy/), "does not hold");
});

test("probe-first: both parts must hold, and if not the single 4-bit model wins", () => {
  const probe = (right: number, probeCycles: number, wobble = 0): MadeModel => ({
    name: "Probe-first",
    right,
    wobble,
    answerers: [
      { name: "probe", share: 0.8, cycles: probeCycles },
      { name: "4-bit", share: 0.2, cycles: probeCycles + 1.5e6 },
    ],
  });
  const beside = (model: MadeModel) => claimOf(makeStudy({ ...SMALL, models: [model, single("Q4-Base", 0.95, 1.5e6)] }), /probe-first/);
  assert.is(beside(probe(0.95, 0.3e6)).verdict, "holds");
  assert.is(beside(probe(0.95, 1.4e6)).verdict, "does not hold");
  assert.match(beside(probe(0.95, 1.4e6)).ours, /the single 4-bit model wins/);
  assert.is(beside(probe(0.6, 0.3e6)).verdict, "does not hold");
  const noisy = beside(probe(0.94, 0.3e6, 0.06));
  assert.is(noisy.verdict, UNDECIDED);
  assert.not.match(noisy.ours, /wins/);
});

test("errors are found, or not", () => {
  const with_ = (tells: number, right = 0.8) => verdict([single("Q4-Base", right, 1e6, { tells })], /finds errors/);
  assert.is(with_(0.95), "holds");
  assert.is(with_(0.2), "does not hold");
  assert.is(with_(0.8), UNDECIDED);
  assert.is(with_(0.95, 2), UNDECIDED, "all right");
});

test("emissions are judged elsewhere", () => {
  assert.is(verdict([single("Q4-Base", 0.9, 1e6)], /emissions/), "not judged here");
});

const EVERYTHING: MadeModel[] = [
  single("FP32-Base", 0.95, 9e6),
  single("Q16-Base", 0.95, 4e6),
  single("Q8-Base", 0.95, 2e6),
  single("Q4-Base", 0.95, 1.5e6),
  single("BitNet-Base", 0.95, 1.2e6),
  mixture(CURIOUS, 0.2),
  mixture(PLAIN, 0.5),
  { name: "Probe-first", right: 0.95, answerers: [{ name: "probe", share: 1, cycles: 0.4e6 }] },
];
/** Exact, and the same however many clips there are. */
const SIZES = /4 times smaller|shrink with the bits/;

test("one fold decides nothing but sizes", () => {
  for (const seeds of [[1], [1, 2, 3]]) {
    const result = makeStudy({ models: EVERYTHING, seeds, folds: [2], clipsPerFold: 20 });
    for (const { claim, verdict } of judgeAll(result)) {
      if (!SIZES.test(claim))
        assert.ok(verdict === UNDECIDED || verdict === "not judged here", `${seeds.length} seeds: ${claim}: ${verdict}`);
    }
  }
});

test("a claim whose models are missing says which it needs", () => {
  const none = judgeAll(makeStudy({ ...SMALL, models: [single("Other", 0.9, 1e6)] }));
  assert.is(none.find(({ claim }) => /4-bit keeps/.test(claim))!.ours, "needs Q4-Base and Q16-Base in the study");
  const judged = none.filter(({ verdict }) => verdict === "holds" || verdict === "does not hold").map(({ claim }) => claim);
  assert.ok(
    judged.every((claim) => /F1 per mJ/.test(claim)),
    judged.join("; "),
  );
  assert.ok(
    judgeAll({ ...makeStudy({ models: [] }), runs: [] }).every(({ verdict }) => verdict === UNDECIDED || verdict === "not judged here"),
  );
});

test("whatever runs are missing, every claim gets a verdict", () => {
  const random = new Random(19);
  for (let round = 0; round < 6; round++) {
    const result = makeStudy({ models: EVERYTHING, seeds: [1, 2], folds: [1, 2, 3], clipsPerFold: 10, seed: round });
    const keep = random.uniform();
    const runs = result.runs
      .filter(() => random.uniform() < keep)
      .map((run) => (random.uniform() < 0.2 ? { ...run, outOfDistribution: [], noise: [] } : run));
    const found = judgeAll({ ...result, runs });
    assert.is(found.length, 19, `round ${round}`);
    for (const { ours } of found) assert.not.match(ours, /NaN|undefined|null/, `round ${round}: ${ours}`);
  }
});

test("comparisons: identical models have p 1, a real difference survives Holm", () => {
  const result = makeStudy({
    models: [single("Q4-Base", 0.9, 1e6), single("Q8-Base", 0.9, 1e6), single("Q1-Base", 0.5, 1e6), single("Q2-Base", 0.9, 3e6)],
  });
  const [base, ...others] = modelsOf(result);
  const f1 = compareAll(result, [base!, ...others], base!, "f1");
  assert.equal(
    f1.map(({ model }) => model),
    ["Q8-Base", "Q1-Base", "Q2-Base"],
  );
  assert.ok(f1[0]!.corrected!.p > 0.999999 && f1[0]!.adjustedP! > 0.999999);
  assert.ok(f1[1]!.adjustedP! < 0.01 && f1[1]!.adjustedP! > f1[1]!.corrected!.p);
  // 12 differences of 4 folds: the variance of their mean is (1/12 + 1/3) s^2 instead of s^2 / 12
  const larger = f1[1]!.corrected!.standardError / f1[1]!.plain!.standardError;
  assert.ok(Math.abs(larger - Math.sqrt(1 + 12 / 3)) < 1e-9, `${larger}`);
  const cycles = compareAll(result, [base!, ...others], base!, "cycles");
  assert.ok(cycles[0]!.corrected!.p > 0.999999 && cycles[2]!.corrected!.p === 0);
});

test("grids hold the clips that all models answered, aligned", () => {
  const result = makeStudy({ models: [single("A", 0.9, 1), single("B", 0.9, 1)], seeds: [1, 2], folds: [1, 2], clipsPerFold: 5 });
  result.runs = result.runs.filter(({ model, seed, fold }) => !(model === "B" && seed === 2 && fold === 1));
  result.runs.find(({ model, fold }) => model === "B" && fold === 2)!.decisions.reverse();
  result.runs.find(({ model, fold }) => model === "A" && fold === 2)!.decisions.pop();
  const [a, b] = modelsOf(result);
  const grid = gridOf(a!, b!);
  assert.equal(grid.sizes, [5, 4]);
  assert.equal([grid.answers[0]![0]!.length, grid.answers[1]![1]!.length], [1, 2]);
  for (const [fold, seeds] of grid.answers[0]!.entries())
    for (const [seed, answers] of seeds.entries())
      assert.equal(
        answers.map(({ clip }) => clip),
        grid.answers[1]![fold]![seed]!.map(({ clip }) => clip),
      );
});

test("variance against mean: capping and padding, worked by hand", () => {
  const model = modelsOf(makeStudy({ models: [mixture(PLAIN, 0.5)], seeds: [1], folds: [1], clipsPerFold: 4 }))[0]!;
  for (const [i, answer] of model.runs[0]!.decisions.entries()) {
    answer.answerer = i % 2;
    answer.cycles = i % 2 === 0 ? 100 : 300;
  }
  const { capped, padded } = varianceCurve(model)!;
  const near = (a: number, b: number) => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`);
  near(capped[0]!.meanCycles, 200);
  near(capped[0]!.stdCycles, Math.sqrt(4e4 / 3));
  // half of the costly decisions: 100, 100, 100, 300
  near(capped[5]!.setting, 0.25);
  near(capped[5]!.meanCycles, 150);
  near(capped[5]!.stdCycles, 100);
  near(capped[10]!.stdCycles, 0);
  near(padded[5]!.setting, 200);
  near(padded[5]!.meanCycles, 250);
  near(padded[10]!.meanCycles, 300);
  near(padded[10]!.stdCycles, 0);
  assert.is(varianceCurve(modelsOf(makeStudy({ models: [single("Q4-Base", 1, 5)] }))[0]!), null);
});

test.run();
