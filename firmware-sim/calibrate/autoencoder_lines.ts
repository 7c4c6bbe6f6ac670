// Node only. What npm run validate:energy prints about MLPerf Tiny's autoencoder.

import { energyUjOf } from "../../host/meter/cost.ts";
import { type EstimateRow, MACS } from "./autoencoder.ts";
import type { Score } from "./autoencoder_trained.ts";
import { cyclesOfRow, ENERGY_ROWS } from "./energy_rows.ts";

type Table = (rows: string[][], options: { head: string[] }) => string;

const whole = (n: number) => Math.round(n).toLocaleString("en");
const percent = (found: number, expected: number, digits: number) => {
  const share = 100 * (found / expected - 1);
  return `${share < 0 ? "" : "+"}${share.toFixed(digits)} %`;
};

/** @param scores null without the folder of the trained network, whose rows are then those of stand-in weights */
export function autoencoderLines(scores: readonly Score[] | null, rows: readonly EstimateRow[], table: Table): string[] {
  return [
    `640-128-128-128-128-8-128-128-128-128-640, ${whole(MACS)} MACs`,
    "",
    ...(scores
      ? scoreLines(scores, table)
      : ["Without --mlperf-tiny DIR: weights that stand for any of this shape, and no clip score.", ""]),
    ...estimateLines(rows, table),
    "",
    ...publishedLines(rows, table),
  ];
}

function scoreLines(scores: readonly Score[], table: Table): string[] {
  const cells = scores.map(({ what, score, published, error }) => [
    what,
    score.toFixed(8),
    published?.toFixed(8) ?? "",
    published === null ? "" : percent(score, published, 5),
    error.toFixed(4),
  ]);
  return [
    table(cells, { head: ["clip score", "computed", "published", "difference", "error"] }),
    "score: mean of (output - input)^2; error: mean of (output - float32's output)^2. One clip of a machine in order: it shows whether the",
    "arithmetic is right, not how well anomalies are found. What is quantized after training loses accuracy and is here for its cost.",
    "",
  ];
}

function estimateLines(rows: readonly EstimateRow[], table: Table): string[] {
  const cells = rows.map(({ device, core, weights, ops, opCycles, instructions, emulatedCycles }) => [
    `${device.name} (${core})`,
    weights,
    whole(ops),
    whole(opCycles),
    whole(instructions),
    whole(emulatedCycles),
    percent(opCycles, emulatedCycles, 1),
    (emulatedCycles / MACS).toFixed(2),
  ]);
  const head = ["two estimates", "weights", "wasm ops", "cycles", "instructions", "cycles", "difference", "a MAC"];
  return [
    table(cells, { head }),
    "wasm ops are exact, their cycles modelled by the core's factors; instructions are exact under QEMU, their cycles modelled by published",
    "timings. No factor was fitted on this network. a MAC: emulated cycles.",
  ];
}

function publishedLines(rows: readonly EstimateRow[], table: Table): string[] {
  const cells = ENERGY_ROWS.map((published) => {
    const { profile, board, software, timeMs, energyUj, source } = published;
    const own = rows.find(({ device, weights }) => device.name === profile && weights === "8-bit");
    const time = (cycles: number) => `${(cycles / (own!.device.clock.value * 1e3)).toFixed(2)} ms`;
    return [
      board,
      software,
      `${timeMs} ms`,
      (cyclesOfRow(published) / MACS).toFixed(2),
      energyUj === null ? "" : `${energyUj} uJ`,
      ...(own ? [time(own.opCycles), time(own.emulatedCycles), energy(own)] : ["", "", ""]),
      source,
    ];
  });
  const head = ["published", "software", "measured", "a MAC", "", "qurio, ops", "emulated", "", "source of the measurement"];
  return [
    table(cells, { head }),
    "Published rows are measured, of others' kernels on real flash; qurio's are modelled, of qurio's kernels with 8-bit weights. They cannot",
    "validate each other: a row that lies near says nothing about the model, one far off nothing against it.",
  ];
}

/** Of the ops' cycles; a range where no measured row gives the energy of a cycle. */
function energy({ device, opCycles }: EstimateRow): string {
  const { value, low, high } = energyUjOf(opCycles, device);
  return low === high ? `${whole(value)} uJ` : `${whole(low)} to ${whole(high)} uJ`;
}
