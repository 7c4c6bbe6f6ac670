// Do groups spread alike? Levene's test and the form of it that stands skewed data.

import jStat from "jstat";
import { mean, median } from "./moments.ts";

export interface VarianceTest {
  statistic: number;
  /** Of the F distribution that the statistic is compared with. */
  degreesOfFreedom: [between: number, within: number];
  p: number;
}

/** Levene (1960): analysis of variance of the distances to each group's mean; null for fewer than two groups or a group of one. */
export function levene(groups: readonly (readonly number[])[]): VarianceTest | null {
  return spreadTest(groups, mean);
}

/** Brown and Forsythe (1974, JASA 69, 364-367): distances to each group's median instead; robust against skewed data. */
export function brownForsythe(groups: readonly (readonly number[])[]): VarianceTest | null {
  return spreadTest(groups, median);
}

function spreadTest(groups: readonly (readonly number[])[], centre: (group: readonly number[]) => number): VarianceTest | null {
  if (groups.length < 2 || groups.some((group) => group.length < 2)) return null;
  const distances = groups.map((group) => {
    const middle = centre(group);
    return group.map((value) => Math.abs(value - middle));
  });
  const total = distances.reduce((sum, group) => sum + group.length, 0);
  const means = distances.map(mean);
  const grand = distances.reduce((sum, group, i) => sum + group.length * means[i]!, 0) / total;
  const between = distances.reduce((sum, group, i) => sum + group.length * (means[i]! - grand) ** 2, 0);
  const within = distances.reduce((sum, group, i) => sum + group.reduce((part, z) => part + (z - means[i]!) ** 2, 0), 0);
  const degreesOfFreedom: [number, number] = [groups.length - 1, total - groups.length];
  // groups without any spread do not differ in it
  if (between === 0) return { statistic: 0, degreesOfFreedom, p: 1 };
  const statistic = between / degreesOfFreedom[0] / (within / degreesOfFreedom[1]);
  const p = Number.isFinite(statistic) ? 1 - jStat.centralF.cdf(statistic, ...degreesOfFreedom) : 0;
  return { statistic, degreesOfFreedom, p };
}
