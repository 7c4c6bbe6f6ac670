// Node only. Grams of CO2e of training a model and of its decisions: the model is metered on bundled samples, grids and machines are looked up.

import { toPcm } from "../audio/resample.ts";
import { readWav } from "../audio/wav.ts";
import { QurioError } from "../errors.ts";
import { packagePath, readInput } from "../files.ts";
import { coreWasm, loadModel } from "../runtime/index.ts";
import type { Estimate } from "../schema.ts";
import { type Carbon, type CarbonInput, type CarbonTables, carbonOf, INTENSITY, parseCarbonTables } from "./carbon.ts";
import { addPartCounts, costOf, energyUjOf, noPartCounts } from "./cost.ts";
import type { DeviceProfile } from "./device.ts";
import { Meter } from "./meter.ts";

/** Decisions differ by who answers: the mean over these. */
const SAMPLES = ["clock_tick", "crackling_fire", "helicopter", "rain"];
/** "Deployment emissions pass training emissions 10,000-fold beyond 1,000 inferences" (arXiv 2511.11743, version 1). */
const CLAIM = { ratio: 10_000, inferences: 1000 };

export interface ModelCarbonOptions {
  /** Where devices take their energy: name of a region, or g/kWh. */
  region: string;
  /** Where the model is trained; the devices' region when left out. */
  trainRegion?: string;
  trainHours?: number;
  trainWatts?: number;
  inferences: number;
}

export interface ModelCarbon {
  input: CarbonInput;
  result: Carbon;
  /** The paper's claim at 1,000 decisions: the most that deploying comes to, over training, and whether that is enough. */
  claim: { holds: boolean; mostRatio: number };
}

/** @throws QurioError CARBON_REGION, and what loading models throws */
export async function modelCarbon(modelPath: string, device: DeviceProfile, options: ModelCarbonOptions): Promise<ModelCarbon> {
  const { region, trainRegion = region, trainWatts, inferences } = options;
  const tables = parseCarbonTables(
    JSON.parse(new TextDecoder().decode(readInput(packagePath("host", "meter", "carbon.json")))),
    "carbon.json",
  );
  const deviceIntensity = intensityOf(tables, region);
  const trainingIntensity = intensityOf(tables, trainRegion);
  const input: CarbonInput = {
    trainingHours: options.trainHours ?? tables.training.hours.value,
    trainingPower: trainWatts === undefined ? tables.training.power : { value: trainWatts, low: trainWatts, high: trainWatts },
    trainingIntensity,
    deviceIntensity,
    ...(await meanEnergy(modelPath, device)),
    inferences,
  };
  const result = carbonOf(input);
  const mostRatio = result.wholeDecision.ratio.high * (CLAIM.inferences / inferences);
  return { input, result, claim: { holds: mostRatio >= CLAIM.ratio, mostRatio } };
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
  const file = readInput(modelPath);
  meter.core.load(file);
  const { sampleRate, windowSamples } = await loadModel(file);
  const counts = noPartCounts();
  for (const name of SAMPLES) {
    const pcm = await toPcm(readWav(readInput(packagePath("samples", `${name}.wav`)), name), sampleRate);
    addPartCounts(counts, meter.decide({ pcm: pcm.subarray(0, windowSamples) }).counts);
  }
  const { cycles } = costOf(counts, device);
  const network = (cycles.router + cycles.expert) / SAMPLES.length;
  return { networkUj: energyUjOf(network, device), decisionUj: energyUjOf(cycles.total / SAMPLES.length, device) };
}
