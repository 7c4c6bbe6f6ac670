// Is a probability of 0.8 right 8 times in 10? The bins behind the calibration error.

export interface ReliabilityBin {
  from: number;
  to: number;
  count: number;
  /** null in an empty bin. */
  meanProbability: number | null;
  accuracy: number | null;
}

/** Equal bins of the predicted class's probability, as in calibrationError (tools/train/metrics.ts). */
export function reliabilityBins(answers: readonly { probability: number; correct: boolean }[], bins = 15): ReliabilityBin[] {
  const sums = Array.from({ length: bins }, () => ({ count: 0, probability: 0, correct: 0 }));
  for (const { probability, correct } of answers) {
    const bin = sums[Math.min(bins - 1, Math.floor(probability * bins))]!;
    bin.count++;
    bin.probability += probability;
    if (correct) bin.correct++;
  }
  return sums.map(({ count, probability, correct }, i) => ({
    from: i / bins,
    to: (i + 1) / bins,
    count,
    meanProbability: count > 0 ? probability / count : null,
    accuracy: count > 0 ? correct / count : null,
  }));
}
