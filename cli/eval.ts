// `qurio eval`: judges a model on a data set.

import { openEngine } from "../firmware-sim/engines/engines.ts";
import { readInput } from "../host/files.ts";
import { DEFAULT_DEVICE, loadDevice } from "../host/meter/devices.ts";
import { openDataShown } from "../tools/terminal/data.ts";
import { startProgress } from "../tools/terminal/progress.ts";
import { type Evaluation, evaluate } from "../tools/train/evaluate.ts";
import { formatBar, formatCycles, formatEnergyRange, formatShare, formatTable } from "./output.ts";
import { printJson } from "./print_json.ts";
import type { EVAL } from "./schemas/model.ts";

export interface EvalOptions {
  data: string;
  fold?: number;
  stress?: boolean;
  engine?: string;
  device?: string;
  json?: boolean;
}

export async function evaluateModel(modelPath: string, { engine: name = "node", fold, stress, ...options }: EvalOptions): Promise<void> {
  const file = readInput(modelPath);
  const device = loadDevice(options.device ?? DEFAULT_DEVICE);
  const data = await openDataShown(options.data);
  const engine = await openEngine(name, file);
  const bar = startProgress("judging");
  try {
    const result = await evaluate(file, engine, device, data, { fold, stress, progress: (share) => bar.update(share) });
    bar.stop();
    if (options.json) printJson<typeof EVAL>(result);
    else console.log(report(result, data.name, device.title));
  } finally {
    bar.stop();
    await engine.close();
  }
}

const energy = (value: number, [low, high]: [number, number]) => formatEnergyRange({ value, low, high });

function report(result: Evaluation, data: string, device: string): string {
  const rows: [string, string, string][] = [
    ["F1, weighted", formatShare(result.f1Weighted), formatBar(result.f1Weighted)],
    ["accuracy", formatShare(result.accuracy), formatBar(result.accuracy)],
    ["coverage", formatShare(result.coverage), formatBar(result.coverage)],
    ["error among answered", result.selectiveRisk === null ? "none answered" : formatShare(result.selectiveRisk), ""],
    ["calibration error (ECE)", formatShare(result.ece), ""],
    ...Object.entries(result.expertShare).map(([name, share]): [string, string, string] => [
      `answered by ${name}`,
      formatShare(share),
      formatBar(share),
    ]),
    ["bits read per weight", result.bitsPerWeight.toFixed(2), ""],
    ["network only", formatCycles(result.meanNetworkCycles), energy(result.networkUj, result.networkUjRange)],
  ];
  if (result.meanCycles !== null)
    rows.push(["whole decision", formatCycles(result.meanCycles), energy(result.decisionUj!, result.decisionUjRange!)]);
  const lines = [
    `${data}: ${result.clips} clips, engine ${result.engine}`,
    "",
    formatTable(rows),
    "",
    `cycles and energy: mean of a decision, modelled for ${device}`,
  ];
  if (result.trainedOnThisData) {
    lines.push("", "NOTE: the model was trained on these recordings, so this says nothing about new ones; `qurio train --cv` does");
  }
  if (result.stress) {
    const clean = result.f1Weighted;
    const stressRows = Object.entries(result.stress).map(([name, f1]) => [
      name,
      formatShare(f1),
      `${f1 >= clean ? "+" : "-"}${(100 * Math.abs(f1 - clean)).toFixed(1)} points`,
    ]);
    lines.push("", formatTable(stressRows, { head: ["stress", "F1", "against clean"] }));
  }
  return lines.join("\n");
}
