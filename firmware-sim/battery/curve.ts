// Measured dependences, such as open-circuit voltage over depth of discharge: points with units and a source, straight lines between them.

import * as v from "valibot";
import { type Bounds, list, number, object, rule, text, wrong } from "../../host/schema.ts";

/** x rises strictly; outside of the points the nearest one holds. */
export interface Curve {
  /** What x and y are in: "C, share". */
  unit: string;
  points: [x: number, y: number][];
  source: string;
}

/** A curve in exactly `unit`, of two points at least, whose y never rises (or never falls) along x if `direction` says so. */
export function curve(about: string, unit: string, x: Bounds, y: Bounds, direction?: "falls" | "rises") {
  const [xUnit, yUnit] = unit.split(", ");
  const point = v.strictTuple([number(`x, ${xUnit}`, x), number(`y, ${yUnit}`, y)], "two numbers, x and y");
  const points = v.pipe(
    list(point),
    v.minLength(2, "at least 2 points"),
    rule((points) => {
      const back = points.findIndex(([at], i) => i > 0 && at <= points[i - 1][0]);
      return back > 0 ? wrong([back, 0], `more than the ${points[back - 1][0]} before it`, points[back][0]) : undefined;
    }),
    rule((points) => {
      if (!direction) return;
      const sign = direction === "falls" ? 1 : -1;
      const turn = points.findIndex(([, y], i) => i > 0 && sign * (y - points[i - 1][1]) > 0);
      const limit = direction === "falls" ? "at most" : "at least";
      return turn > 0 ? wrong([turn, 1], `${limit} the ${points[turn - 1][1]} before it`, points[turn][1]) : undefined;
    }),
  );
  return v.pipe(object({ unit: v.literal(unit, `"${unit}"`), points, source: text() }), v.description(about));
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
