// Node only. Charts as SVG, from Vega-Lite descriptions (vega.github.io/vega-lite). Same description, same bytes.

import type { TopLevelSpec } from "vega-lite";

/**
 * Draws a chart, its data inside, in about 0.2 s: Vega loads with the first call.
 * @returns a whole SVG document
 */
export async function plotSvg(chart: TopLevelSpec): Promise<string> {
  const [vega, vegaLite] = await Promise.all([import("vega"), import("vega-lite")]);
  const { spec } = vegaLite.compile({ background: "white", ...chart });
  const view = new vega.View(vega.parse(spec), { renderer: "none" });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}
