// P-values of a family of tests, adjusted so that the chance of any false alarm among them stays below alpha.

/**
 * Holm's step-down adjustment (1979, Scand. J. Statist. 6, 65-70), in the order given: compare with alpha as they are.
 * Valid whatever the dependence between the tests.
 */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = new Array<number>(pValues.length);
  let largest = 0;
  for (const [step, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, (pValues.length - step) * pValues[i]!));
    adjusted[i] = largest;
  }
  return adjusted;
}
