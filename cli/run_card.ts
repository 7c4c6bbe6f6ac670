// A decision for people: readable in ten seconds.

import { POLICY_PROBE } from "../assembly/format/ids.ts";
import { type Cost, costRows } from "../host/meter/cost.ts";
import type { DeviceProfile } from "../host/meter/device.ts";
import { weightBytesOf } from "../host/model-file/sizes.ts";
import type { Decision, Model } from "../host/runtime/index.ts";
import { colors, formatBar, formatBytes, formatCount, formatDurationUs, formatEnergyRange, formatShare, formatTable } from "./output.ts";

export interface Card {
  model: Model;
  modelName: string;
  engine: string;
  device: DeviceProfile;
  file: string;
  startS: number;
  /** Of sound; silence follows up to the window's end. */
  samples: number;
  decision: Decision;
  latencyUs: number;
  cost: Cost;
}

/** What was heard, how sure, who answered and why, and what it cost. */
export function decisionCard(card: Card): string {
  const { model, decision, device, cost } = card;
  return [
    heading(card),
    "",
    formatTable(verdict(model, decision)),
    "",
    formatTable(costCells(cost, device), { head: ["cost", "wasm ops", "cycles", "time", "energy", "share of cycles"] }),
    colors.dim(
      `ops are counted exactly (a board runs several as one instruction); the rest is modelled for ${device.title}${spread(device)}`,
    ),
  ].join("\n");
}

/** Where only a range is known of how wasm runs, cycles and time are as uncertain. */
function spread({ runs }: DeviceProfile): string {
  const { value, low, high } = runs.factor;
  return low === high ? "" : `; cycles and time may be ${(low / value).toFixed(2)} to ${(high / value).toFixed(2)} of these`;
}

function heading({ file, startS, samples, model, modelName, engine, latencyUs }: Card): string {
  const seconds = (value: number) => `${value.toFixed(1)} s`;
  const missing = model.windowSamples - samples;
  const silence = missing > 0 ? `, then ${seconds(missing / model.sampleRate)} of silence` : "";
  const span = `${seconds(startS)} to ${seconds(startS + samples / model.sampleRate)}${silence}`;
  const how = `model ${modelName}, engine ${engine}, ${formatDurationUs(latencyUs)} on this machine`;
  return `${colors.bold(file)}  ${span}  ${colors.dim(how)}`;
}

function verdict(model: Model, decision: Decision): [string, string][] {
  const { label, probability, uncertainty, abstained } = decision;
  const guess = Math.log(model.labels.length);
  const threshold = model.packed.policy.abstain[model.answerers.indexOf(decision.answerer!)];
  const rows: [string, string][] = [
    ["heard", abstained ? `${colors.yellow("not sure")} (best guess: ${label})` : colors.bold(label)],
    [
      "probability",
      `${formatBar(probability!)} ${formatShare(probability!)}${abstained ? `, abstains below ${formatShare(threshold)}` : ""}`,
    ],
    [
      "entropy",
      `${formatBar(uncertainty.entropy! / guess)} ${uncertainty.entropy!.toFixed(3)} nat; 0 is certain, ${guess.toFixed(2)} a blind guess`,
    ],
  ];
  if (uncertainty.mutualInformation !== null) {
    rows.push([
      "mutual information",
      `${uncertainty.mutualInformation.toFixed(4)} nat over the router's ${model.packed.policy.samples} samples`,
    ]);
  }
  rows.push(["answered by", whoAndWhy(model, decision)]);
  const again = model.packed.policy.samples > 0 ? ", samples reading some again" : "";
  rows.push([
    "weights read",
    `${formatBytes(decision.weightBytesRead)}; the model holds ${formatBytes(weightBytesOf(model.packed))}${again}`,
  ]);
  return rows;
}

function whoAndWhy(model: Model, { answerer, uncertainty }: Decision): string {
  const name = answerer!;
  const { policy } = model.packed;
  if (policy.kind !== POLICY_PROBE) return name;
  const tier = model.answerers.indexOf(name);
  const chain = model.answerers.slice(0, tier);
  const before = chain.length > 0 ? `, asked because ${chain.join(" and ")} ${chain.length > 1 ? "were" : "was"} unsure` : "";
  if (tier === model.answerers.length - 1) return `${name}${before}; it has the last word`;
  return `${name}${before}; its entropy ${uncertainty.entropy!.toFixed(3)} is at most ${policy.escalate[tier].toFixed(3)}, so it asks no further`;
}

function costCells(cost: Cost, device: DeviceProfile): string[][] {
  return costRows(cost, device).map(({ name, ops, cycles, timeUs, energyUj, share }) => [
    name,
    formatCount(ops),
    formatCount(cycles),
    formatDurationUs(timeUs),
    formatEnergyRange(energyUj),
    formatBar(share),
  ]);
}
