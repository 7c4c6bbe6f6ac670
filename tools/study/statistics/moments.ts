// Means, spreads and ranks that the tests share.

export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
}

/** Sample variance, divided by n - 1; NaN for fewer than two values. Exactly 0 for equal values. */
export function variance(values: ArrayLike<number>): number {
  // differences to one of the values: equal ones then leave nothing for rounding to turn into a spread
  const origin = values[0]!;
  let [sum, squares] = [0, 0];
  for (let i = 0; i < values.length; i++) sum += values[i]! - origin;
  const centre = sum / values.length;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - origin - centre) ** 2;
  return values.length < 2 ? Number.NaN : squares / (values.length - 1);
}

/** Square root of the sample variance. */
export function std(values: ArrayLike<number>): number {
  return Math.sqrt(variance(values));
}

export function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** Ranks from 1; equal values share the mean of their ranks. */
export function midranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Array<number>(values.length);
  for (let first = 0; first < order.length; ) {
    let end = first + 1;
    while (end < order.length && values[order[end]!] === values[order[first]!]) end++;
    for (let i = first; i < end; i++) ranks[order[i]!] = (first + 1 + end) / 2;
    first = end;
  }
  return ranks;
}
