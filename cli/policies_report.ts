// What `qurio policies` prints.

import type { PoliciesResult, PolicyRow } from "../firmware-sim/costs/compare_policies.ts";
import type { DeviceProfile } from "../host/meter/device.ts";
import type { Estimate } from "../tools/train/policies.ts";
import { formatEnergyUj, formatShare, formatTable } from "./output.ts";

export function policiesReport(result: PoliciesResult, device: DeviceProfile): string {
  const { rows, battery, everyS, soundShare, heldOut } = result;
  const reference = rows[0];
  const head = (first: string) => [
    first,
    "F1 %",
    `- ${reference.policy}`,
    "answers, %",
    "network only",
    "whole decision",
    "days",
    "gained",
  ];
  const cells = (row: PolicyRow) => [
    row.f1 ? interval(row.f1, "") : "",
    row.difference && row.policy !== reference.policy ? interval(row.difference, "+") : "",
    row.answers.length > 1 ? row.answers.map(({ share }) => (100 * share).toFixed(0)).join("/") : "",
    formatEnergyUj(row.networkUj),
    formatEnergyUj(row.decisionUj),
    daysText(row.lifeDays),
    row === reference ? "" : gainText(row.lifeDays / reference.lifeDays),
  ];
  const policies = rows.filter(({ listening }) => listening === "schedule").map((row) => [row.policy, ...cells(row)]);
  const gates = rows.filter(({ listening }) => listening !== "schedule").map((row) => [`${row.listening}, ${row.policy}`, ...cells(row)]);
  const sound = `${Number((100 * soundShare).toPrecision(3))} %`;
  return [
    `${device.title}, ${battery}; a window of 5 s every ${everyS} s`,
    "",
    formatTable(policies, { head: head("policy") }),
    "",
    formatTable(gates, { head: head(`gated: ${sound} of windows have sound`) }),
    "",
    limitText(result),
    "Answers: shares of the networks that gave them, cheapest first.",
    `F1: weighted, of ${heldOut.clips} clips, each answered without its fold (${heldOut.command});`,
    `mean ± half of the 95 % interval over ${heldOut.folds} folds (each averaged over ${heldOut.seeds} seed${heldOut.seeds === 1 ? "" : "s"}); the difference is paired.`,
    `What a gate does not hear is not in F1. Cycles, energies and days are modelled${rangeText(device)}. Lives end by ${endsOf(rows)}.`,
  ].join("\n");
}

/** How much there is to gain at all, and what the paper's router costs. */
function limitText({ rows, routerUj, frontEnd }: PoliciesResult): string {
  const [reference] = rows;
  const limit = rows.find(({ f1 }) => f1 === null)!;
  const share = formatShare(1 - reference.networkUj / reference.decisionUj);
  const most = gainText(limit.lifeDays / reference.lifeDays);
  const kind = frontEnd === "float" ? "float" : "whole numbers; F1 is with the float one";
  return `The front end (${kind}) is ${share} of a decision of ${reference.policy}: no policy gains more than ${most}. Curiosity's router takes ${formatEnergyUj(routerUj)} of each decision.`;
}

function endsOf(rows: PolicyRow[]): string {
  const ends = [...new Set(rows.map(({ end }) => end))];
  return ends.map((end) => `${end} (${rows.filter((row) => row.end === end).length} of ${rows.length})`).join(", ");
}

/** Days are those of the middle of the range. */
function rangeText({ energyPerCycle: { value, low, high } }: DeviceProfile): string {
  if (low === high) return "";
  const pj = (x: number) => Number(x.toPrecision(3));
  return ` at ${pj(value)} pJ a cycle, which is known as ${pj(low)} to ${pj(high)}`;
}

/** Percent with its half width, or without one when there is a single fold. */
function interval({ mean, halfWidth }: Estimate, plus: "" | "+"): string {
  // no minus before a rounded zero
  const points = (100 * mean).toFixed(1).replace(/^-(0\.0)$/, "$1");
  const sign = plus && Number(points) > 0 ? plus : "";
  return `${sign}${points}${halfWidth === null ? "" : ` ± ${(100 * halfWidth).toFixed(1)}`}`;
}

function daysText(days: number): string {
  return days < 100 ? days.toPrecision(3) : days.toFixed(0);
}

function gainText(ratio: number): string {
  return ratio >= 2 ? `x ${ratio.toPrecision(3)}` : `${ratio >= 1 ? "+" : ""}${(100 * (ratio - 1)).toFixed(1)} %`;
}
