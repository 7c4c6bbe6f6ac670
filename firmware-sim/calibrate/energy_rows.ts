// Node only. Published energies of one inference on boards (energy_rows.json), and what one board factor for each family says about them.
//
//   measured pJ a cycle = energy / (time * clock)        datasheet pJ a cycle = uA/MHz * V        factor = measured / datasheet

import { readFileSync } from "node:fs";
import { packagePath } from "../../host/files.ts";

/** null: not published. */
export interface EnergyRow {
  board: string;
  family: string | null;
  /** Name of the profile of this very board. */
  profile: string | null;
  software: string;
  clockMhz: number;
  supplyV: number | null;
  currentUaPerMhz: number | null;
  /** Where the current comes from. */
  datasheet: string | null;
  timeMs: number;
  energyUj: number | null;
  /** Where time and energy come from. */
  source: string;
}

export interface Judged {
  row: EnergyRow;
  measuredPj: number;
  datasheetPj: number;
  factor: number;
  /** By the family's factor, the geometric mean of its rows. */
  modelledPj: number;
  error: number;
  /** By the family's other rows; null where there are none. */
  leftOutError: number | null;
}

const FILE = packagePath("firmware-sim", "calibrate", "energy_rows.json");
const json = JSON.parse(readFileSync(FILE, "utf8")) as { benchmark: string; macs: number; rows: EnergyRow[] };

export const BENCHMARK = json.benchmark;
export const MACS = json.macs;
export const ENERGY_ROWS: readonly EnergyRow[] = json.rows;

/** What one inference took, in cycles. */
export function cyclesOfRow({ timeMs, clockMhz }: EnergyRow): number {
  return timeMs * clockMhz * 1e3;
}

export function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** The rows with energy. */
export function judgeRows(rows: readonly EnergyRow[] = ENERGY_ROWS): Judged[] {
  const known = rows.filter(({ energyUj }) => energyUj !== null);
  const figures = known.map((row) => {
    const measuredPj = (row.energyUj! * 1e6) / cyclesOfRow(row);
    const datasheetPj = row.currentUaPerMhz! * row.supplyV!;
    return { row, measuredPj, datasheetPj, factor: measuredPj / datasheetPj };
  });
  return figures.map((figure) => {
    const family = figures.filter(({ row }) => row.family === figure.row.family);
    const others = family.filter((other) => other !== figure);
    const by = (rows: typeof family) => figure.datasheetPj * geometricMean(rows.map(({ factor }) => factor));
    const modelledPj = by(family);
    return {
      ...figure,
      modelledPj,
      error: modelledPj / figure.measuredPj - 1,
      leftOutError: others.length > 0 ? by(others) / figure.measuredPj - 1 : null,
    };
  });
}
