// `qurio carbon`: grams of CO2e of training a model and of its decisions, and from how many decisions on these weigh more.

import { packagePath } from "../host/files.ts";
import type { Carbon, Deployment } from "../host/meter/carbon.ts";
import { DEFAULT_DEVICE, loadDevice } from "../host/meter/devices.ts";
import { type ModelCarbon, type ModelCarbonOptions, modelCarbon } from "../host/meter/model_carbon.ts";
import type { Estimate } from "../host/schema.ts";
import { formatCount, formatEnergyRange, formatTable } from "./output.ts";
import { printJson } from "./print_json.ts";
import type { CARBON } from "./schemas/cost.ts";

export interface CarbonOptions extends ModelCarbonOptions {
  device?: string;
  json?: boolean;
}

const BUNDLED_MODEL = "esc10.qmoe";

export async function carbon(
  modelPath: string | undefined,
  { device: name = DEFAULT_DEVICE, json, ...options }: CarbonOptions,
): Promise<void> {
  const device = loadDevice(name);
  const { input, result, claim } = await modelCarbon(modelPath ?? packagePath("models", BUNDLED_MODEL), device, options);
  if (json) {
    printJson<typeof CARBON>({ kind: "modelled", device: device.name, ...input, ...result });
    return;
  }
  const { trainingHours, trainingPower, trainingIntensity, deviceIntensity } = input;
  const power = rangeOf(trainingPower, (x) => `${x}`);
  const model = modelPath ?? BUNDLED_MODEL;
  console.log(`${model} on ${device.title}; training at ${trainingIntensity} g/kWh, devices at ${deviceIntensity} g/kWh of CO2e`);
  console.log(`training: ${trainingHours} h at ${power} W, ${rangeOf(result.training.energyJ, (x) => formatCount(x))} J\n`);
  console.log(report(result, input.networkUj, input.decisionUj, input.inferences));
  console.log(`\n${claimText(claim)}`);
  console.log(
    "energies are modelled, the training machine's power is an assumption (--train-watts); embodied emissions, microphone, sleep, radio\n" +
      "and losses of charging are not in these figures",
  );
}

function report({ training, networkOnly, wholeDecision }: Carbon, networkUj: Estimate, decisionUj: Estimate, inferences: number): string {
  const row = (name: string, energy: string, { grams, overtakesAt, ratio }: Deployment) => [
    name,
    energy,
    `${rangeOf(grams, gramsText)} g`,
    rangeOf(overtakesAt, formatCount),
    `${rangeOf(ratio, ratioText)} x`,
  ];
  return formatTable(
    [
      ["training", "", `${rangeOf(training.grams, gramsText)} g`, "", ""],
      row("network only", formatEnergyRange(networkUj), networkOnly),
      row("whole decision", formatEnergyRange(decisionUj), wholeDecision),
    ],
    { head: ["", "a decision", `CO2e of ${formatCount(inferences)}`, "overtakes training at", "over training"] },
  );
}

function claimText({ holds, mostRatio }: ModelCarbon["claim"]): string {
  const verdict = holds ? "holds" : "does not hold";
  return `the paper's claim (deployment 10,000-fold training beyond 1,000 inferences) ${verdict} here: at most ${ratioText(mostRatio)} x at 1,000`;
}

function rangeOf({ value, low, high }: Estimate, format: (x: number) => string): string {
  return low === high ? format(value) : `${format(value)} (${format(low)} to ${format(high)})`;
}

function gramsText(grams: number): string {
  return `${Number(grams.toPrecision(2))}`;
}

function ratioText(ratio: number): string {
  return ratio >= 0.001 ? `${Number(ratio.toPrecision(2))}` : ratio.toExponential(1);
}
