// Line plots as SVG text: panels side by side, one shared legend, linear axes from zero.

export interface Series {
  name: string;
  points: [x: number, y: number][];
}

export interface Panel {
  title: string;
  xLabel: string;
  series: Series[];
}

const WIDTH = 420;
const HEIGHT = 300;
const LEFT = 52;
const TOP = 34;
const BOTTOM = 44;
// Okabe and Ito's palette: told apart by colour-blind readers too
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];

/** A round step that cuts `span` into four to eight parts. */
function stepOf(span: number): number {
  const power = 10 ** Math.floor(Math.log10(span / 4));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => span / step <= 8)!;
}

const round = (value: number) => Number(value.toPrecision(6));

function panelSvg({ title, xLabel, series }: Panel, left: number): string {
  const points = series.flatMap((each) => each.points);
  const xTop = Math.max(...points.map(([x]) => x));
  const yStep = stepOf(1.05 * Math.max(...points.map(([, y]) => y)));
  const yTop = yStep * Math.ceil((1.02 * Math.max(...points.map(([, y]) => y))) / yStep);
  const plotWidth = WIDTH - LEFT - 16;
  const plotHeight = HEIGHT - TOP - BOTTOM;
  const px = (x: number) => round(left + LEFT + (x / xTop) * plotWidth);
  const py = (y: number) => round(TOP + plotHeight * (1 - y / yTop));
  const parts = [`<text x="${left + LEFT}" y="20" font-weight="bold">${title}</text>`];
  for (let y = 0; y <= yTop + yStep / 2; y += yStep) {
    parts.push(`<line x1="${px(0)}" x2="${px(xTop)}" y1="${py(y)}" y2="${py(y)}" stroke="#ddd"/>`);
    parts.push(`<text x="${px(0) - 6}" y="${py(y) + 4}" text-anchor="end">${round(y)}</text>`);
  }
  for (let x = 0; x <= xTop; x += stepOf(xTop)) {
    parts.push(`<text x="${px(x)}" y="${TOP + plotHeight + 16}" text-anchor="middle">${round(x)}</text>`);
  }
  parts.push(`<text x="${px(xTop / 2)}" y="${TOP + plotHeight + 34}" text-anchor="middle">${xLabel}</text>`);
  series.forEach((each, i) => {
    const line = each.points.map(([x, y]) => `${px(x)},${py(y)}`).join(" ");
    const colour = COLOURS[i % COLOURS.length];
    parts.push(`<polyline fill="none" stroke="${colour}" stroke-width="1.8" points="${line}"/>`);
    for (const [x, y] of each.points) parts.push(`<circle cx="${px(x)}" cy="${py(y)}" r="2.4" fill="${colour}"/>`);
  });
  return parts.join("\n");
}

/** The panels must have the same series in the same order. */
export function plotSvg(panels: Panel[]): string {
  const width = WIDTH * panels.length;
  const legend = panels[0].series.map(({ name }, i) => {
    const x = LEFT + (i % 6) * 140;
    const y = HEIGHT + 14 + 18 * Math.floor(i / 6);
    return `<rect x="${x}" y="${y - 9}" width="12" height="10" fill="${COLOURS[i % COLOURS.length]}"/><text x="${x + 17}" y="${y}">${name}</text>`;
  });
  const height = HEIGHT + 14 + 18 * Math.ceil(legend.length / 6);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...panels.map((panel, i) => panelSvg(panel, i * WIDTH)),
    ...legend,
    "</svg>\n",
  ].join("\n");
}
