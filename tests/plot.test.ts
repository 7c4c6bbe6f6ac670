import { test } from "uvu";
import * as assert from "uvu/assert";
import { plotSvg } from "../host/plot.ts";

test("a chart is an SVG document, the same bytes each time", async () => {
  const chart = {
    data: {
      values: [
        { x: 0, y: 1 },
        { x: 1, y: 3 },
      ],
    },
    mark: "line",
    encoding: { x: { field: "x", type: "quantitative" }, y: { field: "y", type: "quantitative" } },
  } as const;
  const svg = await plotSvg(chart as never);
  assert.match(svg, /^<svg [\s\S]*<\/svg>$/);
  assert.is(await plotSvg(chart as never), svg);
});

test.run();
