// Area under the ROC curve with its interval, where one clip may be judged several times (by networks of several seeds).

import jStat from "jstat";

/** One judged clip: scores of positives should be higher. Observations of one cluster depend on each other. */
export interface Scored {
  score: number;
  positive: boolean;
  cluster: number | string;
}

export interface Area {
  area: number;
  /** 95 %, cut at 0 and 1; null when a class has fewer than two clusters, or the scores part the classes completely: the variance is then 0 and says nothing. */
  interval: { low: number; high: number } | null;
}

/**
 * Chance that a positive scores higher than a negative, ties half; null without positives or without negatives. The interval is
 * DeLong's (DeLong, DeLong and Clarke-Pearson 1988, Biometrics 44, 837-845) in Obuchowski's form for clustered data (1997, Biometrics
 * 53, 567-578), which is DeLong's when every cluster is one observation: seeds do not count as more clips.
 */
export function auroc(observations: readonly Scored[]): Area | null {
  const scores = (positive: boolean) => Float64Array.from(observations.filter((o) => o.positive === positive).map((o) => o.score)).sort();
  const [positives, negatives] = [scores(true), scores(false)];
  const [M, N] = [positives.length, negatives.length];
  if (M === 0 || N === 0) return null;

  // per cluster: sums of V10 - A over its positives and of V01 - A over its negatives
  const clusters = new Map<number | string, { positives: number; negatives: number; v10: number; v01: number }>();
  let wins = 0;
  for (const { score, positive, cluster } of observations) {
    const sums = clusters.get(cluster) ?? { positives: 0, negatives: 0, v10: 0, v01: 0 };
    clusters.set(cluster, sums);
    if (positive) {
      const beaten = shareBelow(negatives, score);
      wins += beaten;
      sums.positives++;
      sums.v10 += beaten;
    } else {
      sums.negatives++;
      sums.v01 += 1 - shareBelow(positives, score);
    }
  }
  const area = wins / M;
  let [withPositives, withNegatives, s10, s01, s11] = [0, 0, 0, 0, 0];
  for (const { positives: m, negatives: n, v10, v01 } of clusters.values()) {
    if (m > 0) withPositives++;
    if (n > 0) withNegatives++;
    s10 += (v10 - m * area) ** 2;
    s01 += (v01 - n * area) ** 2;
    s11 += (v10 - m * area) * (v01 - n * area);
  }
  if (withPositives < 2 || withNegatives < 2) return { area, interval: null };
  const all = clusters.size;
  const variance =
    ((withPositives / (withPositives - 1)) * s10) / M ** 2 +
    ((withNegatives / (withNegatives - 1)) * s01) / N ** 2 +
    (2 * (all / (all - 1)) * s11) / (M * N);
  if (variance <= 0) return { area, interval: null };
  const half = jStat.normal.inv(0.975, 0, 1) * Math.sqrt(variance);
  return { area, interval: { low: Math.max(0, area - half), high: Math.min(1, area + half) } };
}

/** Share of the sorted values below `score`, equal ones half. */
function shareBelow(sorted: Float64Array, score: number): number {
  return (firstWhere(sorted, (value) => value >= score) + firstWhere(sorted, (value) => value > score)) / 2 / sorted.length;
}

/** First index at which a condition that stays true becomes true. */
function firstWhere(sorted: Float64Array, condition: (value: number) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (condition(sorted[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
