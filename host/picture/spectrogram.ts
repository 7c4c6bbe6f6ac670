// Browser-safe. A strip of sound as SVG: levels[column][row] -> one path a colour, so that a strip of 20 s is some 40 KB without an image in it.

import { VIRIDIS } from "./tokens.ts";

export interface Strip {
  columns: number;
  /** Frequency bands, lowest first. */
  rows: number;
  /** [columns][rows], 0 (quietest) to 1 (loudest). */
  levels: Float32Array;
}

/** Means over `frames` by `bands` of log-mel codes, u8 [frameCount][bandCount], scaled so that the picture's extremes are 0 and 1. */
export function stripOf(codes: Uint8Array, bandCount: number, frames: number, bands: number): Strip {
  const columns = Math.floor(codes.length / bandCount / frames);
  const rows = Math.floor(bandCount / bands);
  const levels = new Float32Array(columns * rows);
  for (let column = 0; column < columns; column++)
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let frame = 0; frame < frames; frame++)
        for (let band = 0; band < bands; band++) sum += codes[(column * frames + frame) * bandCount + row * bands + band];
      levels[column * rows + row] = sum / (frames * bands);
    }
  const least = levels.reduce((a, b) => Math.min(a, b), Infinity);
  const most = levels.reduce((a, b) => Math.max(a, b), -Infinity);
  return { columns, rows, levels: levels.map((level) => (most > least ? (level - least) / (most - least) : 0)) };
}

/** The strip in the rectangle x, y, width, height. Neighbours of one colour are one run of its path. */
export function drawStrip({ columns, rows, levels }: Strip, x: number, y: number, width: number, height: number): string {
  const colours = VIRIDIS.length;
  const runs: string[][] = VIRIDIS.map(() => []);
  const colourAt = (column: number, row: number) => Math.min(colours - 1, Math.floor(levels[column * rows + row] * colours));
  for (let row = 0; row < rows; row++)
    for (let from = 0, to = 0; from < columns; from = to) {
      const colour = colourAt(from, row);
      for (to = from + 1; to < columns && colourAt(to, row) === colour; to++);
      runs[colour].push(`M${from} ${rows - row - 0.5}h${to - from}`);
    }
  const paths = runs.flatMap((run, i) => (run.length === 0 ? [] : [`<path stroke="${VIRIDIS[i]}" d="${run.join("")}"/>`]));
  const [scaleX, scaleY] = [width / columns, height / rows].map((scale) => Number(scale.toFixed(5)));
  return `<g transform="translate(${x} ${y}) scale(${scaleX} ${scaleY})" fill="none" shape-rendering="crispEdges">\n${paths.join("\n")}\n</g>`;
}
