// What commands print: aligned tables, bars, units, colours and progress. Pure functions of their arguments, except progress.

import { stripVTControlCharacters } from "node:util";
import Table from "cli-table3";
import picocolors from "picocolors";

/** Colours only on a terminal, and never when NO_COLOR is set (no-color.org). */
export const colors = picocolors.createColors(process.stdout.isTTY === true && !process.env["NO_COLOR"]);

/** Columns two spaces apart without borders, no trailing spaces; numbers to the right. The first row may be a head. */
export function formatTable(rows: readonly (readonly (string | number)[])[], { head }: { head?: readonly string[] } = {}): string {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const isNumber = (cell: string | number | undefined) => typeof cell === "number" || cell === undefined || /^[-+]?[\d.]/.test(plain(cell));
  const colAligns = Array.from(
    { length: columns },
    (_, c) => (c > 0 && rows.every((row) => isNumber(row[c])) ? "right" : "left") as "left" | "right",
  );
  const sides = ["top", "bottom", "left", "right", "mid"];
  const chars: Record<string, string> = { middle: "  " };
  for (const side of sides) for (const part of ["", "-mid", "-left", "-right"]) chars[side + part] = "";
  const table = new Table({ chars, colAligns, style: { head: [], border: [], "padding-left": 0, "padding-right": 0 } });
  if (head) table.push(head.map((cell) => colors.dim(cell)));
  table.push(...rows.map((row) => row.map(String)));
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

function plain(text: string): string {
  return stripVTControlCharacters(text);
}

/** A bar of `width` characters for a share 0..1, to an eighth of a character. */
export function formatBar(share: number, width = 20): string {
  const eighths = Math.round(Math.max(0, Math.min(1, share)) * width * 8);
  const part = eighths % 8 === 0 ? "" : "▏▎▍▌▋▊▉"[(eighths % 8) - 1];
  return ("█".repeat(eighths >> 3) + part).padEnd(width);
}

/** Three significant digits with the largest of `units` that leaves at least 1; each unit is `factor` times the one before. */
function scaled(value: number, factor: number, units: readonly string[]): string {
  let exponent = 0;
  let rest = Math.abs(value);
  while (rest >= factor * 0.9995 && exponent < units.length - 1) {
    rest /= factor;
    exponent++;
  }
  const digits = rest >= 99.95 ? 0 : rest >= 9.995 ? 1 : 2;
  const text = exponent === 0 && Number.isInteger(rest) ? `${rest}` : rest.toFixed(digits);
  return `${value < 0 ? "-" : ""}${text} ${units[exponent]}`.trimEnd();
}

/** 1536 -> "1.50 KiB" */
export function formatBytes(bytes: number): string {
  return scaled(bytes, 1024, ["B", "KiB", "MiB", "GiB"]);
}

/** 1234567 -> "1.23 M" */
export function formatCount(count: number): string {
  return scaled(count, 1000, ["", "k", "M", "G"]);
}

/** 1234567 -> "1.23 M cycles" */
export function formatCycles(cycles: number): string {
  return `${formatCount(cycles)} cycles`;
}

/** Microjoules: 0.5 -> "500 nJ", 1500 -> "1.50 mJ" */
export function formatEnergyUj(energyUj: number): string {
  return scaled(energyUj * 1e3, 1000, ["nJ", "uJ", "mJ", "J"]);
}

/** One figure, or "1.20 to 3.40 mJ" where only a range is known. */
export function formatEnergyRange({ value, low, high }: { value: number; low: number; high: number }): string {
  if (low === high) return formatEnergyUj(value);
  const [from, to] = [formatEnergyUj(low), formatEnergyUj(high)];
  const unit = to.slice(to.indexOf(" "));
  return from.endsWith(unit) ? `${from.slice(0, -unit.length)} to ${to}` : `${from} to ${to}`;
}

/** Microseconds: 0.25 -> "250 ns", 1500 -> "1.50 ms" */
export function formatDurationUs(durationUs: number): string {
  return scaled(durationUs * 1e3, 1000, ["ns", "us", "ms", "s"]);
}

/** 0.1234 -> "12.3 %" */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}
