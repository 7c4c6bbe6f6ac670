// Draws docs/decision.svg: four decisions about 20 s of sound, what each costs on a board, and how long two cells last at one a minute.
// usage: npm run picture [-- FILE.svg]

import { fileURLToPath } from "node:url";
import { PHASE_EXPERT, PHASE_ROUTER } from "../assembly/format/ids.ts";
import { type BatteryProfile, loadBattery } from "../firmware-sim/battery/batteries.ts";
import { monteCarlo } from "../firmware-sim/battery/monte_carlo.ts";
import { parseScenario } from "../firmware-sim/battery/parse_scenario.ts";
import { type PathCost, scenarioOf } from "../firmware-sim/costs/policy_scenario.ts";
import { toPcm16 } from "../host/audio/resample.ts";
import { readWav } from "../host/audio/wav.ts";
import { traceDecision } from "../host/engines/trace.ts";
import { packagePath, readInput, writeOutput } from "../host/files.ts";
import { cyclesOf, energyUjOf } from "../host/meter/cost.ts";
import type { DeviceProfile } from "../host/meter/device.ts";
import { DEFAULT_DEVICE, loadDevice } from "../host/meter/devices.ts";
import { Meter, type MeteredStep } from "../host/meter/meter.ts";
import type { FrontEndParameters } from "../host/model-file/front_end.ts";
import { type Framing, framingOf } from "../host/model-file/input_spec.ts";
import { linearOps, type PackedNetwork } from "../host/model-file/network.ts";
import { type DecisionCell, drawInstrument, type Instrument } from "../host/picture/instrument.ts";
import { stripOf } from "../host/picture/spectrogram.ts";
import type { Core } from "../host/runtime/core.ts";
import { answererNetworks } from "../host/runtime/decision.ts";
import { coreWasm, loadModel, type Model } from "../host/runtime/index.ts";

const MODEL = packagePath("models", "esc10.qmoe");
/** Weights of the networks that answer, cheapest first. */
const TYPES = ["ternary", "4-bit", "8-bit"];
const EVERY_S = 60;
const DEVICES = 60;

/** A clock ticks; soft rain sets in; a helicopter drowns the clock, a mixture that no network was trained on; rain is left. */
const SCENE = [
  { clock_tick: 1 },
  { clock_tick: 0.5, rain: 0.1 },
  { clock_tick: 0.5, helicopter: 0.4 },
  { rain: 0.25 },
] as const satisfies Record<string, number>[];

/** Frames and bands that a spot of the spectrogram is the mean of: 60 ms, and a thirty-second of the mel scale. */
const SPOT = { frames: 6, bands: 2 };
const TICKS_HZ = [250, 1000, 4000];

/** One window: samples of samples/ by name, each times its gain, added. */
function mix(gains: Record<string, number>, windowSamples: number): Int16Array {
  const sum = new Float64Array(windowSamples);
  for (const [sample, gain] of Object.entries(gains)) {
    const { samples } = readWav(readInput(packagePath("samples", `${sample}.wav`)), sample);
    for (let n = 0; n < sum.length; n++) sum[n] += gain * samples[n];
  }
  return Int16Array.from(sum, toPcm16);
}

/** Where a frequency lies on the mel scale of the front end, 0 (lowest) to 1 (highest). */
function melPosition(hz: number, { lowestHz, highestHz }: FrontEndParameters): number {
  const mel = (f: number) => Math.log(1 + f / 700);
  return (mel(hz) - mel(lowestHz)) / (mel(highestHz) - mel(lowestHz));
}

/** Modelled cycles of each network that ran, in order: layers follow each other, each network has as many as the model says. */
function networkCycles(steps: MeteredStep[], { packed }: Model, device: DeviceProfile): number[] {
  const layers = steps.filter(({ phase }) => phase === PHASE_ROUTER || phase === PHASE_EXPERT);
  const cycles: number[] = [];
  for (const network of [packed.router!, ...packed.experts]) {
    const own = layers.splice(0, network.ops.length);
    if (own.length > 0) cycles.push(own.reduce((sum, { counts }) => sum + cyclesOf(counts, device), 0));
  }
  return cycles;
}

interface Heard extends DecisionCell {
  codes: Uint8Array;
  frontEndCycles: number;
  networkCycles: number[];
}

function decide(pcm: Int16Array, model: Model, meter: Meter<Core>, device: DeviceProfile): Heard {
  const { label, index, probability, abstained, answerer } = model.decide(pcm);
  const { counts, steps } = meter.decide({ pcm });
  const frontEndCycles = cyclesOf(counts.frontEnd, device);
  const cycles = networkCycles(steps, model, device);
  return {
    codes: traceDecision(meter.core, model.packed, pcm, 0).codes,
    label: label!,
    index: index!,
    probability: probability!,
    abstained,
    answeredBy: model.answerers.indexOf(answerer!),
    frontEndCycles,
    networkCycles: cycles,
    frontEndUj: energyUjOf(frontEndCycles, device).value,
    rungUj: cycles.map((count) => energyUjOf(count, device).value),
  };
}

/** Life of many devices that hear such windows, one every EVERY_S, and what the energy goes to. */
async function live(heard: Heard[], framing: Framing, device: DeviceProfile, battery: BatteryProfile) {
  const paths = heard.map(({ networkCycles }, i): PathCost => {
    const cycles = networkCycles.reduce((a, b) => a + b, 0);
    return { name: `window ${i}`, share: 1 / heard.length, cycles };
  });
  const window = heard.reduce((sum, { frontEndCycles }) => sum + frontEndCycles / heard.length, 0);
  const setting = {
    device,
    battery,
    everyS: EVERY_S,
    soundShare: 1,
    frontEnd: { arithmetic: "float" as const, window, gatedFrame: 0, features: 0, framing },
  };
  const json = scenarioOf(setting, "schedule", [{ aboveCharge: 0, paths }]) as object;
  const scenario = parseScenario({ ...json, spread: { wakesPercent: 0, temperatureC: 3, selfDischargePercent: 50 } });
  return monteCarlo(scenario, { runs: DEVICES, seed: 1 });
}

/** What the picture shows; the same on every machine. */
export async function instrument(): Promise<Instrument> {
  const device = loadDevice(DEFAULT_DEVICE);
  const battery = loadBattery("aa-alkaline-2");
  const model = await loadModel(MODEL);
  const meter = await Meter.create(coreWasm(false), false);
  meter.core.load(readInput(MODEL));
  const framing = framingOf(model.packed.input)!;
  const heard = SCENE.map((gains) => decide(mix(gains, model.windowSamples), model, meter, device));
  const { lifeDays, energyShare } = await live(heard, framing, device, battery);
  const codes = Uint8Array.from(heard.flatMap(({ codes }) => [...codes]));
  const { frontEnd, inference, microphone, ...others } = energyShare;
  return {
    description: describe(heard, model),
    subject: `esc10 on ${device.title}`,
    seconds: heard.length * model.windowS,
    strip: stripOf(codes, framing.frontEnd.bands, SPOT.frames, SPOT.bands),
    ticks: TICKS_HZ.map((hz) => ({ label: `${hz} Hz`, at: melPosition(hz, framing.frontEnd) })),
    rungs: answererNetworks(model.packed).map((network, i) => ({
      name: network.name,
      weights: network.name === TYPES[i] ? kib(network) : `${TYPES[i]}, ${kib(network)}`,
    })),
    decisions: heard,
    battery: {
      title: "two AA cells, a decision a minute",
      days: lifeDays,
      spent: [
        { name: "front end", share: frontEnd },
        { name: "networks", share: inference },
        { name: "microphone", share: microphone },
        { name: "sleep and losses", share: Object.values(others).reduce((a, b) => a + b, 0) },
      ],
    },
  };
}

function kib(network: PackedNetwork): string {
  return `${(linearOps(network).reduce((sum, { weights, scale }) => sum + weights.length + 4 * scale.length, 0) / 1024).toFixed(0)} KiB`;
}

function describe(heard: Heard[], { answerers }: Model): string {
  const cells = heard.map(
    ({ label, probability, abstained, answeredBy }) =>
      `${abstained ? `not sure, ${label} at most` : label}, ${(100 * probability).toFixed(0)} %, answered by ${answerers[answeredBy]}`,
  );
  return `A spectrogram of ${5 * heard.length} s and the decision about each window of 5 s: ${cells.join("; ")}.`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const path = process.argv[2] ?? packagePath("docs", "decision.svg");
  writeOutput(path, drawInstrument(await instrument()));
}
