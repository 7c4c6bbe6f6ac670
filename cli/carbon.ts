// `qurio carbon`: grams of CO2e of training a model and of its decisions, and from how many decisions on these weigh more.

import { toPcm16k } from "../host/audio/resample.ts";
import { readWav } from "../host/audio/wav.ts";
import { QurioError } from "../host/errors.ts";
import { packagePath, readInput } from "../host/files.ts";
import { type Carbon, type CarbonTables, carbonOf, type Deployment, INTENSITY, parseCarbonTables } from "../host/meter/carbon.ts";
import { addPartCounts, costOf, energyUjOf, noPartCounts } from "../host/meter/cost.ts";
import type { DeviceProfile } from "../host/meter/device.ts";
import { DEFAULT_DEVICE, loadDevice } from "../host/meter/devices.ts";
import { Meter } from "../host/meter/meter.ts";
import { coreWasm, WINDOW_SAMPLES } from "../host/runtime/index.ts";
import type { Estimate } from "../host/schema.ts";
import { formatCount, formatEnergyRange, formatTable } from "./output.ts";
import { printJson } from "./print_json.ts";
import type { CARBON } from "./schemas/cost.ts";

export interface CarbonOptions {
  device?: string;
  /** Name of a region, or g/kWh. */
  region: string;
  /** Where the model is trained; the device's region when left out. */
  trainRegion?: string;
  trainHours?: number;
  trainWatts?: number;
  inferences: number;
  json?: boolean;
}

const BUNDLED_MODEL = "esc10.qmoe";
/** Decisions differ by who answers: the mean over these. */
const SAMPLES = ["clock_tick", "crackling_fire", "helicopter", "rain"];
/** "Deployment emissions pass training emissions 10,000-fold beyond 1,000 inferences" (arXiv 2511.11743, version 1). */
const CLAIM = { ratio: 10_000, inferences: 1000 };

export async function carbon(modelPath: string | undefined, options: CarbonOptions): Promise<void> {
  const { inferences, region } = options;
  const tables = parseCarbonTables(
    JSON.parse(new TextDecoder().decode(readInput(packagePath("host", "meter", "carbon.json")))),
    "carbon.json",
  );
  const device = loadDevice(options.device ?? DEFAULT_DEVICE);
  const deviceIntensity = intensityOf(tables, region);
  const trainingIntensity = intensityOf(tables, options.trainRegion ?? region);
  const energy = await meanEnergy(modelPath ?? packagePath("models", BUNDLED_MODEL), device);
  const { trainWatts } = options;
  const trainingPower = trainWatts === undefined ? tables.training.power : { value: trainWatts, low: trainWatts, high: trainWatts };
  const trainingHours = options.trainHours ?? tables.training.hours.value;
  const input = {
    trainingHours,
    trainingPower,
    trainingIntensity,
    deviceIntensity,
    ...energy,
    inferences,
  };
  const result = carbonOf(input);
  if (options.json) {
    printJson<typeof CARBON>({ kind: "modelled", device: device.name, ...input, ...result });
    return;
  }
  const name = modelPath ?? BUNDLED_MODEL;
  const power = rangeOf(trainingPower, (x) => `${x}`);
  console.log(`${name} on ${device.title}; training at ${trainingIntensity} g/kWh, devices at ${deviceIntensity} g/kWh of CO2e`);
  console.log(`training: ${trainingHours} h at ${power} W, ${rangeOf(result.training.energyJ, (x) => formatCount(x))} J\n`);
  console.log(report(result, input.networkUj, input.decisionUj, inferences));
  console.log(`\n${claimOf(result, input.inferences)}`);
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

function claimOf(result: Carbon, inferences: number): string {
  const high = result.wholeDecision.ratio.high * (CLAIM.inferences / inferences);
  const verdict = high >= CLAIM.ratio ? "holds" : "does not hold";
  return `the paper's claim (deployment 10,000-fold training beyond 1,000 inferences) ${verdict} here: at most ${ratioText(high)} x at 1,000`;
}

function intensityOf({ regions }: CarbonTables, region: string): number {
  const named = Object.entries(regions).find(([name]) => name.toLowerCase() === region.toLowerCase());
  if (named) return named[1].intensity.value;
  const value = Number(region);
  if (region.trim() === "" || !(value > INTENSITY.above && value <= INTENSITY.most)) {
    throw new QurioError(
      "CARBON_REGION",
      `region ${region} is neither known nor a number of g/kWh above ${INTENSITY.above} and at most ${INTENSITY.most}`,
      `Known: ${Object.keys(regions).join(", ")}; or pass the carbon intensity of your grid in g/kWh.`,
      2,
    );
  }
  return value;
}

/** Energy of a decision, mean over the bundled samples. */
async function meanEnergy(modelPath: string, device: DeviceProfile): Promise<{ networkUj: Estimate; decisionUj: Estimate }> {
  const meter = await Meter.create(coreWasm(false), false);
  meter.core.load(readInput(modelPath));
  const counts = noPartCounts();
  for (const name of SAMPLES) {
    const pcm = await toPcm16k(readWav(readInput(packagePath("samples", `${name}.wav`)), name));
    addPartCounts(counts, meter.decide({ pcm: pcm.subarray(0, WINDOW_SAMPLES) }).counts);
  }
  const { cycles } = costOf(counts, device);
  const network = (cycles.router + cycles.expert) / SAMPLES.length;
  return { networkUj: energyUjOf(network, device), decisionUj: energyUjOf(cycles.total / SAMPLES.length, device) };
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
