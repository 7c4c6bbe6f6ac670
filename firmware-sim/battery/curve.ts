// Measured dependences, such as open-circuit voltage over depth of discharge: points with units and a source, straight lines between them.

import type { Bounds, Check } from "../../host/check.ts";

export interface Curve {
  /** What x and y are in: "C, share". */
  unit: string;
  /** x rises strictly; outside of them the nearest point holds. */
  points: [x: number, y: number][];
  source: string;
}

/** Errors: those of `check`, by the path of the point, for fewer than two points, x that does not rise, y out of bounds. */
export function checkCurve(check: Check, value: unknown, path: string, unit: string, x: Bounds, y: Bounds): Curve {
  const fields = check.object(value, path, ["unit", "points", "source"]);
  if (fields["unit"] !== unit) throw check.error(`${path}.unit`, `"${unit}"`, fields["unit"]);
  const list = check.list(fields["points"], `${path}.points`);
  if (list.length < 2) throw check.error(`${path}.points`, "at least 2 points", list.length);
  const points = list.map((point, i): [number, number] => {
    const at = `${path}.points[${i}]`;
    const pair = check.list(point, at);
    if (pair.length !== 2) throw check.error(at, "two numbers, x and y", point);
    return [check.number(pair[0], `${at}[0]`, x), check.number(pair[1], `${at}[1]`, y)];
  });
  const back = points.findIndex(([at], i) => i > 0 && at <= points[i - 1][0]);
  if (back > 0) throw check.error(`${path}.points[${back}][0]`, `more than the ${points[back - 1][0]} before it`, points[back][0]);
  return { unit, points, source: check.text(fields["source"], `${path}.source`) };
}

/** y never rises (or never falls) along x. */
export function checkDirection(check: Check, { points }: Curve, path: string, direction: "falls" | "rises"): void {
  const sign = direction === "falls" ? 1 : -1;
  const wrong = points.findIndex(([, y], i) => i > 0 && sign * (y - points[i - 1][1]) > 0);
  const limit = direction === "falls" ? "at most" : "at least";
  if (wrong > 0) throw check.error(`${path}.points[${wrong}][1]`, `${limit} the ${points[wrong - 1][1]} before it`, points[wrong][1]);
}

/** y at x, straight between the points. */
export function interpolate({ points }: Curve, x: number): number {
  const last = points.length - 1;
  if (x <= points[0][0]) return points[0][1];
  if (x >= points[last][0]) return points[last][1];
  let i = 1;
  while (points[i][0] < x) i++;
  const [x0, y0] = points[i - 1];
  const [x1, y1] = points[i];
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}

/** interpolate() with the points in typed arrays: for the inner loop of a simulation. */
export function sampler({ points }: Curve): (x: number) => number {
  const xs = Float64Array.from(points, ([x]) => x);
  const ys = Float64Array.from(points, ([, y]) => y);
  const last = xs.length - 1;
  return (x) => {
    if (x <= xs[0]) return ys[0];
    if (x >= xs[last]) return ys[last];
    let i = 1;
    while (xs[i] < x) i++;
    return ys[i - 1] + ((ys[i] - ys[i - 1]) * (x - xs[i - 1])) / (xs[i] - xs[i - 1]);
  };
}
