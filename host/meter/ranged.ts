// Browser-safe. Constants that are known to a range only, and estimates that carry it along.

import type { Bounds, Check } from "../check.ts";
import type { Estimate, RangedConstant } from "../schema.ts";

export type { Estimate, RangedConstant };

/** `{ value, low, high, unit, source }` with low <= value <= high, or `{ value, unit, source }`. Errors: those of `check`. */
export function rangedConstant(check: Check, json: unknown, path: string, unit: string, bounds: Bounds): RangedConstant {
  const { low, high, ...rest } = check.object(json, path, ["value", "low", "high", "unit", "source"]);
  const constant = check.constant(rest, path, unit, bounds);
  if (low === undefined && high === undefined) return { ...constant, low: constant.value, high: constant.value };
  return {
    ...constant,
    low: check.number(low, `${path}.low`, { ...bounds, most: constant.value }),
    high: check.number(high, `${path}.high`, { ...bounds, least: constant.value }),
  };
}
