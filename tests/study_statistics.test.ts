// The study's tests against published worked examples, and against what must hold for any data.

import jStat from "jstat";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { auroc } from "../tools/study/statistics/auroc.ts";
import { bootstrap, type Draw } from "../tools/study/statistics/bootstrap.ts";
import { holm } from "../tools/study/statistics/holm.ts";
import { mean, midranks, std, variance } from "../tools/study/statistics/moments.ts";
import { differenceInterval, equivalence, pairedT } from "../tools/study/statistics/paired.ts";
import { brownForsythe, levene } from "../tools/study/statistics/variances.ts";
import { signedRank } from "../tools/study/statistics/wilcoxon.ts";
import { errorAuroc } from "../tools/train/metrics.ts";
import { Random } from "../tools/train/random.ts";

const near = (a: number, b: number, tolerance: number) => assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b} +- ${tolerance}`);

/** Hours of sleep gained with two drugs (Student 1908, Biometrika 6, 1-25; R's data set `sleep`). */
const SLEEP = [
  [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0],
  [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4],
] as const;
const gained = SLEEP[0].map((hours, i) => hours - SLEEP[1][i]!);

test("paired t-test: R's t.test(extra ~ group, sleep, paired = TRUE)", () => {
  const result = pairedT(gained)!;
  near(result.t, -4.0621, 5e-5);
  assert.is(result.degreesOfFreedom, 9);
  near(result.p, 0.002833, 5e-7);
  near(result.meanDifference, -1.58, 1e-12);
  const { low, high } = differenceInterval(result);
  near(low, -2.4598858, 5e-7);
  near(high, -0.7001142, 5e-7);
  near(result.dz, result.t / Math.sqrt(10), 1e-12);
});

test("corrected t-test: the factor of scikit-learn's example (10 repeats of 10 folds, 90 clips against 10: t 2.611 becomes 0.750)", () => {
  const random = new Random(3);
  const differences = Array.from({ length: 100 }, () => 0.1 + random.normal());
  const [plain, corrected] = [pairedT(differences)!, pairedT(differences, 10 / 90)!];
  near((corrected.t / plain.t) * 2.611, 0.75, 5e-4);
  assert.ok(corrected.p > plain.p);
  near(corrected.dz, plain.dz, 0);
});

test("paired t-test: nothing differs, or all differ alike, or there is too little to say", () => {
  const same = pairedT([0, 0, 0])!;
  assert.equal([same.t, same.p, same.dz], [0, 1, 0]);
  assert.equal([pairedT([-0.3, -0.3, -0.3])!.t, pairedT([-0.3, -0.3, -0.3])!.p], [Number.NEGATIVE_INFINITY, 0]);
  assert.is(pairedT([1]), null);
});

test("equivalence: two one-sided tests of the sleep data, margin 0.5, worked from the t-test above", () => {
  // t = (-1.58 + 0.5) / 0.38896 = -2.777 and (-1.58 - 0.5) / 0.38896 = -5.348
  const { p, interval } = equivalence(pairedT(gained)!, 0.5);
  near(p, 0.989, 5e-4);
  near(interval.low, -1.58 - 1.833113 * 0.3889587, 1e-6);
  near(interval.high, -1.58 + 1.833113 * 0.3889587, 1e-6);
  assert.is(equivalence(pairedT([0, 0, 0])!, 0.02).p, 0);
  assert.is(equivalence(pairedT([0.1, 0.1])!, 0.02).p, 1);
});

test("equivalence agrees with its 90 % interval", () => {
  const random = new Random(5);
  for (let round = 0; round < 500; round++) {
    const shift = random.between(-0.03, 0.03);
    const result = pairedT(
      Array.from({ length: 2 + random.below(12) }, () => shift + 0.02 * random.normal()),
      random.below(2) / 3,
    )!;
    const { p, interval } = equivalence(result, 0.02);
    assert.is(p < 0.05, interval.low > -0.02 && interval.high < 0.02, `round ${round}: p ${p}, ${interval.low} to ${interval.high}`);
  }
});

test("signed ranks: Darwin's corn (scipy.stats.wilcoxon's example: 24, p 0.041259765625)", () => {
  const result = signedRank([6, 8, 14, 16, 23, 24, 28, 29, 41, -48, 49, 56, 60, -67, 75]);
  assert.equal([result.plus, result.minus, result.pairs], [96, 24, 15]);
  near(result.p, 0.041259765625, 1e-12);
  near(result.rankBiserial, (96 - 24) / 120, 1e-12);
});

test("signed ranks: exact p with ties is the share of sign patterns; zeros are left out", () => {
  const random = new Random(7);
  for (let round = 0; round < 30; round++) {
    const differences = Array.from({ length: 1 + random.below(9) }, () => random.below(9) - 4);
    const used = differences.filter((d) => d !== 0);
    const ranks = midranks(used.map(Math.abs));
    const total = ranks.reduce((a, b) => a + b, 0);
    const { plus, minus, p } = signedRank(differences);
    let extreme = 0;
    for (let signs = 0; signs < 2 ** used.length; signs++) {
      const sum = ranks.reduce((a, rank, i) => a + ((signs >> i) & 1 ? rank : 0), 0);
      if (Math.min(sum, total - sum) <= Math.min(plus, minus)) extreme++;
    }
    near(p, extreme / 2 ** used.length, 1e-12);
  }
  assert.is(signedRank([0, 0]).p, 1);
});

test("signed ranks: above 50 pairs the normal approximation, which the exact p of 50 comes near", () => {
  const signs = (n: number) => Array.from({ length: n }, (_, i) => (i % 3 === 0 ? -1 : 1) * (i + 1));
  const approximate = (n: number) => {
    const { plus } = signedRank(signs(n));
    return 2 * jStat.normal.cdf(-Math.abs(plus - (n * (n + 1)) / 4) / Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24), 0, 1);
  };
  near(signedRank(signs(60)).p, approximate(60), 1e-12);
  near(signedRank(signs(50)).p, approximate(50), 1e-3);
});

test("Holm: the example 0.01, 0.04, 0.03, 0.005 gives 0.03, 0.06, 0.06, 0.02", () => {
  for (const [i, p] of holm([0.01, 0.04, 0.03, 0.005]).entries()) near(p, [0.03, 0.06, 0.06, 0.02][i]!, 1e-12);
  assert.equal(holm([]), []);
});

test("Holm: never below the raw p, never above Bonferroni's, in the same order", () => {
  const random = new Random(9);
  for (let round = 0; round < 100; round++) {
    const raw = Array.from({ length: 1 + random.below(20) }, () => random.uniform() ** 3);
    const adjusted = holm(raw);
    for (const [i, p] of raw.entries()) {
      assert.ok(adjusted[i]! >= p && adjusted[i]! <= Math.min(1, p * raw.length) + 1e-12);
      for (const [j, other] of raw.entries()) if (p < other) assert.ok(adjusted[i]! <= adjusted[j]!);
    }
  }
});

/** Diameters of gears, ten batches (NIST/SEMATECH e-Handbook, GEAR.DAT, section 1.3.5.10). */
const GEARS = [
  [1.006, 0.996, 0.998, 1.0, 0.992, 0.993, 1.002, 0.999, 0.994, 1.0],
  [0.998, 1.006, 1.0, 1.002, 0.997, 0.998, 0.996, 1.0, 1.006, 0.988],
  [0.991, 0.987, 0.997, 0.999, 0.995, 0.994, 1.0, 0.999, 0.996, 0.996],
  [1.005, 1.002, 0.994, 1.0, 0.995, 0.994, 0.998, 0.996, 1.002, 0.996],
  [0.998, 0.998, 0.982, 0.99, 1.002, 0.984, 0.996, 0.993, 0.98, 0.996],
  [1.009, 1.013, 1.009, 0.997, 0.988, 1.002, 0.995, 0.998, 0.981, 0.996],
  [0.99, 1.004, 0.996, 1.001, 0.998, 1.0, 1.018, 1.01, 0.996, 1.002],
  [0.998, 1.0, 1.006, 1.0, 1.002, 0.996, 0.998, 0.996, 1.002, 1.006],
  [1.002, 0.998, 0.996, 0.995, 0.996, 1.004, 1.004, 0.998, 0.999, 0.991],
  [0.991, 0.995, 0.984, 0.994, 0.997, 0.997, 0.991, 0.998, 1.004, 0.997],
];

test("Brown-Forsythe: the e-Handbook's gears, W = 1.7059 with 9 and 90 degrees of freedom", () => {
  const result = brownForsythe(GEARS)!;
  near(result.statistic, 1.7059176930008939, 1e-9); // digits and p: scipy's own test of these data
  near(result.p, 0.0990829755522, 1e-9);
  assert.equal(result.degreesOfFreedom, [9, 90]);
});

test("Levene and Brown-Forsythe: scipy.stats.levene's example", () => {
  const groups = [
    [8.88, 9.12, 9.04, 8.98, 9.0, 9.08, 9.01, 8.85, 9.06, 8.99],
    [8.88, 8.95, 9.29, 9.44, 9.15, 9.58, 8.36, 9.18, 8.67, 9.05],
    [8.95, 9.12, 8.95, 8.85, 9.03, 8.84, 9.07, 8.98, 8.86, 8.98],
  ];
  near(brownForsythe(groups)!.statistic, 7.584952754501659, 1e-9);
  near(brownForsythe(groups)!.p, 0.002431505967249677, 1e-9);
  near(levene(groups)!.statistic, 7.905194483442054, 1e-9);
  near(levene(groups)!.p, 0.001983795817472731, 1e-9);
});

test("variance tests: a shift and a common scale change nothing; equal groups, no spread, too few values", () => {
  const moved = GEARS.map((group, i) => group.map((value) => 7 * value + i));
  near(levene(moved)!.statistic, levene(GEARS)!.statistic, 1e-9);
  assert.equal([levene([GEARS[0]!, GEARS[0]!])!.statistic, levene([GEARS[0]!, GEARS[0]!])!.p], [0, 1]);
  // rows of one network always cost the same: that is no evidence of a difference, but against one that varies it is
  assert.is(brownForsythe([Array(5).fill(0.1), Array(5).fill(0.3)])!.p, 1);
  assert.is(levene([[1, 2, 3]]), null);
  assert.is(levene([[1, 2], [3]]), null);
});

test("variance of equal values is exactly 0", () => {
  assert.is(variance(Array(7).fill(0.1)), 0);
  near(std([1, 2, 3, 4]), 1.2909944487358056, 1e-12);
});

/** Cases by grade 0 to 4: many ties, as few distinct scores give. */
const GRADES = { positive: [2, 12, 1, 8, 18], negative: [37, 20, 3, 8, 4] };
const cases = (["positive", "negative"] as const).flatMap((kind) =>
  GRADES[kind].flatMap((count, score) =>
    Array.from({ length: count }, (_, i) => ({ score, positive: kind === "positive", cluster: `${kind} ${score} ${i}` })),
  ),
);

test("AUROC and its interval: DeLong's formulas, written out", () => {
  const scores = (positive: boolean) => cases.filter((one) => one.positive === positive).map(({ score }) => score);
  const [x, y] = [scores(true), scores(false)];
  const psi = (a: number, b: number) => (a > b ? 1 : a === b ? 0.5 : 0);
  const v10 = x.map((a) => mean(y.map((b) => psi(a, b))));
  const v01 = y.map((b) => mean(x.map((a) => psi(a, b))));
  const half = 1.959963984540054 * Math.sqrt(variance(v10) / x.length + variance(v01) / y.length);
  const { area, interval } = auroc(cases)!;
  near(area, mean(v10), 1e-12);
  near(interval!.low, mean(v10) - half, 1e-9);
  near(interval!.high, mean(v10) + half, 1e-9);
});

test("AUROC: the same cases judged three times say no more than once", () => {
  const once = auroc(cases)!;
  const thrice = auroc([...cases, ...cases, ...cases])!;
  near(thrice.area, once.area, 1e-12);
  near(thrice.interval!.low, once.interval!.low, 1e-9);
  near(thrice.interval!.high, once.interval!.high, 1e-9);
});

test("AUROC: with both kinds in a cluster, the variance is that of repeated draws (Obuchowski 1997)", () => {
  const random = new Random(23);
  const draws = Array.from({ length: 400 }, () => {
    const observations = Array.from({ length: 40 }, (_, cluster) => {
      const shared = 2 * random.normal();
      return [
        { score: shared + 1 + random.normal(), positive: true, cluster },
        { score: shared + random.normal(), positive: false, cluster },
      ];
    }).flat();
    const { area, interval } = auroc(observations)!;
    return { area, deviation: (interval!.high - interval!.low) / (2 * 1.959964) };
  });
  // what a cluster shares cancels between its positive and its negative: without the covariance the estimate is too large by half
  near(mean(draws.map(({ deviation }) => deviation)) / std(draws.map(({ area }) => area)), 1, 0.1);
});

test("AUROC is that of tools/train/metrics.ts; without one of the kinds there is none", () => {
  const random = new Random(11);
  for (let round = 0; round < 50; round++) {
    const answers = Array.from({ length: 2 + random.below(40) }, (_, cluster) => ({
      score: random.below(12),
      positive: random.uniform() < 0.3,
      cluster,
    }));
    const expected = errorAuroc(
      answers.map(({ score }) => score),
      answers.map(({ positive }) => !positive),
    );
    const found = auroc(answers);
    if (expected === null) assert.is(found, null);
    else near(found!.area, expected, 1e-12);
  }
  assert.is(auroc([{ score: 1, positive: true, cluster: 0 }]), null);
});

/** Spatial perception of 26 children (Efron and Tibshirani 1993, An Introduction to the Bootstrap, table 14.1, column A). */
const SPATIAL = [48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32, 24, 47, 41, 24, 26, 30, 41];

test("bootstrap: the spatial test data, 90 % intervals of the variance (Efron and Tibshirani 1993, table 14.2)", () => {
  const biased = ([draw]: readonly Draw[]) => {
    const values = Array.from(draw!.members, (member) => SPATIAL[member]!);
    const centre = mean(values);
    return values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / values.length;
  };
  const { estimate, percentile, bca } = bootstrap([SPATIAL.length], biased, { level: 0.9, resamples: 20000 })!;
  near(estimate, 171.5, 0.05);
  // the book's own 2000 resamples: percentile 100.8 to 233.9, BCa 115.8 to 259.6, the last with a standard error of about 3
  near(percentile.low, 100.8, 4);
  near(percentile.high, 233.9, 4);
  near(bca!.low, 115.8, 4);
  near(bca!.high, 259.6, 8);
});

test("bootstrap: a seed's interval is always the same, and clusters that differ make it wider", () => {
  const random = new Random(13);
  const make = (spread: number) => Array.from({ length: 6 }, (_, c) => Array.from({ length: 30 }, () => spread * c + random.normal()));
  const width = (data: number[][], seed = 1) => {
    const found = bootstrap(
      data.map((cluster) => cluster.length),
      (draws) => mean(draws.flatMap(({ cluster, members }) => Array.from(members, (member) => data[cluster]![member]!))),
      { seed, resamples: 500 },
    )!;
    assert.ok(found.percentile.low < found.estimate && found.estimate < found.percentile.high);
    return found.percentile.high - found.percentile.low;
  };
  const alike = make(0);
  assert.is(width(alike), width(alike));
  assert.is.not(width(alike), width(alike, 2));
  assert.ok(width(make(3)) > 5 * width(alike));
});

test("bootstrap covers: 95 % intervals of a ratio of means contain it about as often as they say", () => {
  const random = new Random(17);
  const rounds = 200;
  let [percentile, bca] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const data = Array.from({ length: 40 }, () => [2 + random.normal(), 4 + random.normal()] as const);
    const ratio = ([draw]: readonly Draw[]) => {
      const members = Array.from(draw!.members, (member) => data[member]!);
      return mean(members.map(([a]) => a)) / mean(members.map(([, b]) => b));
    };
    const found = bootstrap([data.length], ratio, { seed: round, resamples: 400 })!;
    if (found.percentile.low <= 0.5 && found.percentile.high >= 0.5) percentile++;
    if (found.bca!.low <= 0.5 && found.bca!.high >= 0.5) bca++;
  }
  assert.ok(percentile > 0.88 * rounds && percentile < rounds, `percentile: ${percentile} of ${rounds}`);
  assert.ok(bca > 0.88 * rounds && bca < rounds, `BCa: ${bca} of ${rounds}`);
});

test("bootstrap: a constant has no width, what has no value has no interval", () => {
  assert.equal(
    bootstrap([3, 3], () => 0.1),
    { estimate: 0.1, percentile: { low: 0.1, high: 0.1 }, bca: { low: 0.1, high: 0.1 } },
  );
  assert.is(
    bootstrap([3], () => Number.NaN),
    null,
  );
  assert.is(
    bootstrap([], () => 1),
    null,
  );
});

test.run();
