// Numbers as the report prints them: fixed digits, so that the same result gives the same bytes.

import type { Interval } from "../statistics/bootstrap.ts";

export const NONE = "–";

export function fixed(value: number | null | undefined, digits: number): string {
  if (value === null || value === undefined || Number.isNaN(value)) return NONE;
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "-∞";
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text;
}

/** 1234567.8 -> "1,234,568" */
export function whole(value: number | null | undefined): string {
  return fixed(value, 0).replace(/\B(?=(\d{3})+$)/g, ",");
}

export function percent(share: number | null | undefined, digits = 1): string {
  const text = fixed(share === null || share === undefined ? share : share * 100, digits);
  return text === NONE ? text : `${text} %`;
}

export function range(interval: Interval | null | undefined, show: (value: number) => string): string {
  return interval ? `${show(interval.low)} to ${show(interval.high)}` : NONE;
}

/** "0.950 (0.931 to 0.967)"; the value alone where there is no interval. */
export function withRange(
  value: number | null | undefined,
  interval: Interval | null | undefined,
  show: (value: number) => string,
): string {
  if (value === null || value === undefined || Number.isNaN(value)) return NONE;
  return interval ? `${show(value)} (${range(interval, show)})` : show(value);
}

export function pValue(p: number | null | undefined): string {
  if (p === null || p === undefined || Number.isNaN(p)) return NONE;
  return p < 0.0001 ? "< 0.0001" : fixed(p, 4);
}

/** Microjoules, or millijoules from 1000 on. */
export function energy(uj: number): string {
  if (Number.isNaN(uj)) return NONE;
  return uj < 1000 ? `${fixed(uj, 1)} uJ` : `${fixed(uj / 1000, 2)} mJ`;
}
