// Node only. `npm run validate:energy`: energies that others measured beside what profiles say: error of each row, the factor behind it, what
// the factor says about boards that it does not come from. Every figure is computed here from energy_rows.json and the profiles.

import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { formatTable } from "../cli/output.ts";
import { estimateRows, standInVariants } from "../firmware-sim/calibrate/autoencoder.ts";
import { autoencoderLines } from "../firmware-sim/calibrate/autoencoder_lines.ts";
import { trained } from "../firmware-sim/calibrate/autoencoder_trained.ts";
import { BENCHMARK, cyclesOfRow, ENERGY_ROWS, geometricMean, type Judged, judgeRows, MACS } from "../firmware-sim/calibrate/energy_rows.ts";
import { HOW_TO_INSTALL, missingTool } from "../firmware-sim/image/tools.ts";
import { deviceNames, deviceParts, loadDevice } from "../host/meter/devices.ts";

/** Part of the report: a title and lines. Sections are printed in order; others add theirs to the list. */
export interface Section {
  title: string;
  lines(): string[] | Promise<string[]>;
}

export const SECTIONS: Section[] = [
  { title: `Energy of a cycle on boards that others measured (${BENCHMARK})`, lines: rowLines },
  { title: "Boards and supplies that the factor does not come from", lines: outsideLines },
  { title: "Rows without energy: time only", lines: timeLines },
  { title: "Profiles", lines: profileLines },
];

const percent = (share: number | null) => (share === null ? "-" : `${share < 0 ? "-" : "+"}${Math.abs(100 * share).toFixed(0)} %`);
const round = (value: number) => value.toFixed(0);

function rowLines(): string[] {
  const judged = judgeRows();
  const { families } = deviceParts();
  const head = ["board", "software", "measured pJ", "datasheet pJ", "its factor", "family", "factor", "modelled pJ", "error", "left out"];
  const rows = judged.map(({ row, measuredPj, datasheetPj, factor, modelledPj, error, leftOutError }) => [
    row.board,
    row.software,
    round(measuredPj),
    round(datasheetPj),
    factor.toFixed(2),
    row.family!,
    families[row.family!].boardFactor.value.toFixed(2),
    round(modelledPj),
    percent(error),
    percent(leftOutError),
  ]);
  const worst = Math.max(...judged.map(({ error }) => Math.abs(error)));
  return [
    formatTable(rows, { head }),
    "",
    "left out: predicted from the family's other rows alone; a family of one row is its own fit and its error of 0 says nothing",
    `largest error ${percent(worst)}: ${worst <= 0.15 ? "within the aim of 15 %" : worst <= 0.25 ? "within 25 %, not 15 %" : "above 25 %"}`,
  ];
}

/** Each family by the rows of the others, and the L4 at another supply. */
function outsideLines(): string[] {
  const judged = judgeRows();
  const families = [...new Set(judged.map(({ row }) => row.family!))];
  const lines = families.map((family) => {
    const rows = judged.filter(({ row }) => row.family === family);
    const others = geometricMean(judged.filter(({ row }) => row.family !== family).map(({ factor }) => factor));
    const errors = rows.map(({ datasheetPj, measuredPj }) => percent((datasheetPj * others) / measuredPj - 1));
    return `${family} by the other families' factor ${others.toFixed(2)}: ${errors.join(", ")}`;
  });
  return [...lines, supplyLine(judged)];
}

/** A published inference of another Nucleo-L4R5ZI at 3.0 V, whose time was not published with it. */
const AT_3V = { energyUj: 529, supplyV: 3 };

function supplyLine(judged: readonly Judged[]): string {
  const { row, modelledPj } = judged[0];
  const modelledUj = (modelledPj * (AT_3V.supplyV / row.supplyV!) * cyclesOfRow(row)) / 1e6;
  return [
    `another ${row.board} at ${AT_3V.supplyV.toFixed(1)} V, ${AT_3V.energyUj} uJ measured: ${round(modelledUj)} uJ modelled`,
    `(${percent(modelledUj / AT_3V.energyUj - 1)}), if it took as many cycles as the one at ${row.supplyV} V; its time is not known`,
  ].join(" ");
}

function timeLines(): string[] {
  const rows = ENERGY_ROWS.filter(({ energyUj }) => energyUj === null);
  return [
    formatTable(
      rows.map((row) => [row.board, row.software, `${row.timeMs} ms`, (cyclesOfRow(row) / MACS).toFixed(2), row.source]),
      { head: ["board", "software", "time", "cycles a MAC", "source"] },
    ),
    "",
    "their kernels, not ours: such rows check no cycle model of ours",
  ];
}

function profileLines(): string[] {
  const rows = deviceNames().map((name) => {
    const { family, energy, supply, energyPerCycle } = loadDevice(name);
    const { boardFactor, measured, current } = energy;
    const { low, high } = energyPerCycle;
    const datasheetPj = current.value * supply.value;
    const source = measured
      ? `measured; its factor ${(measured.value / datasheetPj).toFixed(2)}`
      : boardFactor.source.startsWith("assumption")
        ? "factor assumed"
        : "factor fitted";
    return [
      name,
      round(datasheetPj),
      family,
      boardFactor.value.toFixed(2),
      low === high ? round(low) : `${round(low)} to ${round(high)}`,
      source,
    ];
  });
  return [formatTable(rows, { head: ["profile", "datasheet pJ", "family", "factor", "pJ a cycle", ""] })];
}

/** @param folder of MLPerf Tiny's files, for the trained network; without it weights stand for any of its shape */
function autoencoderSection(folder?: string): Section {
  return {
    title: "MLPerf Tiny's autoencoder on qurio's kernels",
    lines: async () => {
      const missing = missingTool();
      if (missing) return [`skipped: ${missing} is not in PATH; ${HOW_TO_INSTALL}`];
      const { variants, scores } = folder ? await trained(folder) : { variants: standInVariants(), scores: null };
      const names = [...new Set(ENERGY_ROWS.flatMap(({ profile }) => profile ?? []))];
      return autoencoderLines(scores, await estimateRows(names.map(loadDevice), variants), formatTable);
    },
  };
}

export async function report(sections = SECTIONS): Promise<string> {
  const parts: string[] = [];
  for (const { title, lines } of sections) parts.push(`${title}\n\n${(await lines()).join("\n")}\n`);
  return parts.join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { "mlperf-tiny": { type: "string" } } });
  console.log(await report([...SECTIONS, autoencoderSection(values["mlperf-tiny"])]));
}
