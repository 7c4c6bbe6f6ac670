// What refusing is worth: risk against coverage, and its areas.

/** One answer: the higher the uncertainty, the earlier it is refused. */
export interface Judged {
  uncertainty: number;
  correct: boolean;
}

export interface RiskPoint {
  /** Share answered. */
  coverage: number;
  /** Share wrong among those answered. */
  risk: number;
  /** Share wrong and answered, among all: generalized risk. */
  generalizedRisk: number;
}

/**
 * Risk for every number of answers from 1 to n, the surest first (El-Yaniv and Wiener 2010, JMLR 11, 1605-1641). Among equally
 * sure answers the wrong ones are spread evenly, so that the order of the input does not matter.
 */
export function riskCoverage(answers: readonly Judged[]): RiskPoint[] {
  const sorted = [...answers].sort((a, b) => a.uncertainty - b.uncertainty);
  const n = sorted.length;
  const points: RiskPoint[] = [];
  let wrong = 0;
  for (let first = 0; first < n; ) {
    let end = first + 1;
    while (end < n && sorted[end]!.uncertainty === sorted[first]!.uncertainty) end++;
    const among = sorted.slice(first, end).filter(({ correct }) => !correct).length;
    for (let i = first + 1; i <= end; i++) {
      const soFar = wrong + (among * (i - first)) / (end - first);
      points.push({ coverage: i / n, risk: soFar / i, generalizedRisk: soFar / n });
    }
    wrong += among;
    first = end;
  }
  return points;
}

/** Area under risk against coverage: the mean risk over all coverages (Geifman, Uziel and El-Yaniv 2019, arXiv 1805.08206); 0 is best. */
export function aurc(answers: readonly Judged[]): number {
  return riskCoverage(answers).reduce((sum, { risk }) => sum + risk, 0) / answers.length;
}

/**
 * Area under generalized risk against coverage (Traub et al. 2024, arXiv 2407.01032): the chance that an answer is wrong and answered,
 * at a coverage drawn at random. Equals (1 - AUROC) acc (1 - acc) + (1 - acc)^2 / 2.
 */
export function augrc(answers: readonly Judged[]): number {
  let [area, before] = [0, 0];
  for (const { generalizedRisk } of riskCoverage(answers)) {
    area += (before + generalizedRisk) / 2;
    before = generalizedRisk;
  }
  return area / answers.length;
}
