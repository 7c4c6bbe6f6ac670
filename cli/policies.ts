// `qurio policies`: what each policy of answering gains in days of battery and loses in F1, without a gate and with one.

import { loadBattery } from "../firmware-sim/battery/index.ts";
import { comparePolicies } from "../firmware-sim/costs/compare_policies.ts";
import { policiesChart } from "../firmware-sim/costs/policies_chart.ts";
import { checkOutput, packagePath, readInput, writeOutput } from "../host/files.ts";
import { DEFAULT_DEVICE, loadDevice } from "../host/meter/devices.ts";
import { plotSvg } from "../host/plot.ts";
import { decodeHeldOut } from "../tools/train/held_out_file.ts";
import { policiesReport } from "./policies_report.ts";
import { printJson } from "./print_json.ts";
import type { POLICIES } from "./schemas/battery.ts";

export interface PoliciesOptions {
  device?: string;
  battery: string;
  every: number;
  sound: number;
  /** SVG file to write. */
  plot?: string;
  json?: boolean;
}

const HELD_OUT = "esc10-held-out.qho";

export async function policies(options: PoliciesOptions): Promise<void> {
  const { every, sound, plot, json } = options;
  const battery = loadBattery(options.battery);
  if (plot !== undefined) checkOutput(plot);
  const device = loadDevice(options.device ?? DEFAULT_DEVICE);
  const heldOut = decodeHeldOut(readInput(packagePath("models", HELD_OUT)), HELD_OUT);
  const result = await comparePolicies(heldOut, device, battery, every, sound);
  if (plot !== undefined) writeOutput(plot, await plotSvg(policiesChart(result)));
  if (json) printJson<typeof POLICIES>(result);
  else console.log(policiesReport(result, device));
}
