// A scenario's { model, device } becomes energies and times: the model is metered, its answers are counted on data.

import { basename } from "node:path";
import * as v from "valibot";
import { PHASE_FRAME } from "../../assembly/format/ids.ts";
import { toPcm } from "../../host/audio/resample.ts";
import { readWav } from "../../host/audio/wav.ts";
import { packagePath, readInput } from "../../host/files.ts";
import { checkJson, parseJson } from "../../host/json.ts";
import { cyclesOf, energyUjOf } from "../../host/meter/cost.ts";
import { addCounts, type Counts, noCounts } from "../../host/meter/counts.ts";
import type { DeviceProfile } from "../../host/meter/device.ts";
import { loadDevice } from "../../host/meter/devices.ts";
import { Meter } from "../../host/meter/meter.ts";
import { framingOf } from "../../host/model-file/input_spec.ts";
import { coreWasm, loadModel } from "../../host/runtime/index.ts";
import { type OpenData, openData } from "../../tools/train/datasets/open_data.ts";
import { loadBattery } from "../battery/batteries.ts";
import { parseScenario } from "../battery/parse_scenario.ts";
import { type Answer, type InferenceCost, METERED, type Scenario, type Work } from "../battery/scenario.ts";

/** What the shares of answers are counted on unless the scenario names data: what the bundled models were trained on. */
const BUNDLED_DATA = packagePath("models", "esc10-features.qfc");
/** Any sound does: frames take the same work whatever is heard. */
const SOUND = packagePath("samples", "rain.wav");

export interface MeteredInference extends InferenceCost {
  /** Frames of a window; behind a log-mel gate they are computed whether or not anything is decided. */
  frame: Work;
  framesPerS: number;
  /** The front end without them. */
  features: Work;
}

/**
 * Meters a model on a device. Cycles, energies and times are modelled; the shares are those of the clips of `dataPath`.
 * @param modelPath a .qmoe file, or the name of a bundled model
 * @throws what loading models, devices and data throws
 */
export async function meterInference(
  modelPath: string,
  deviceName: string,
  dataPath = BUNDLED_DATA,
  open: OpenData = openData,
): Promise<MeteredInference> {
  const path = /^[\w-]+$/.test(modelPath) ? packagePath("models", `${modelPath}.qmoe`) : modelPath;
  const device = loadDevice(deviceName);
  const model = await loadModel(path);
  const meter = await Meter.create(coreWasm(false), false);
  meter.core.load(readInput(path));
  const pcm = await toPcm(readWav(readInput(SOUND), basename(SOUND)), model.sampleRate);
  const { steps, counts } = meter.decide({ pcm });
  const frames = steps.filter(({ phase }) => phase === PHASE_FRAME);
  const frameCounts = noCounts();
  for (const step of frames) addCounts(frameCounts, step.counts);
  const all = workOf(frameCounts, device);
  const frontEnd = workOf(counts.frontEnd, device);
  const times = frames.reduce((sum, step) => sum + step.times, 0);

  const data = await open(dataPath);
  const spent = new Map<number, { times: number; counts: Counts }>();
  for (const clip of data.clips) {
    const metered = meter.decide(clip.features ? { features: clip.features } : { pcm: await clip.load!(model.sampleRate || undefined) });
    const answerer = metered.decision.answerer!;
    const entry = spent.get(answerer) ?? { times: 0, counts: noCounts() };
    entry.times++;
    addCounts(entry.counts, metered.counts.router);
    addCounts(entry.counts, metered.counts.expert);
    spent.set(answerer, entry);
  }
  const answers = [...spent]
    .sort(([a], [b]) => a - b)
    .map(([answerer, { times, counts }]): Answer => {
      const { energyUj, timeMs } = workOf(counts, device);
      return {
        name: model.answerers[answerer] ?? `${answerer}`,
        share: times / data.clips.length,
        energyUj: energyUj / times,
        timeMs: timeMs / times,
      };
    });
  return {
    frontEnd,
    answers,
    frame: { energyUj: all.energyUj / times, timeMs: all.timeMs / times },
    framesPerS: framingOf(model.packed.input)?.framesPerS ?? 0,
    features: { energyUj: frontEnd.energyUj - all.energyUj, timeMs: frontEnd.timeMs - all.timeMs },
  };
}

function workOf(counts: Counts, device: DeviceProfile): Work {
  const cycles = cyclesOf(counts, device);
  return { energyUj: energyUjOf(cycles, device).value, timeMs: cycles / (device.clock.value * 1e3) };
}

type Json = Record<string, unknown>;

/**
 * Fills `inference: { model, device, data? }` of a scenario with metered figures, and the frames of a log-mel gate; what states its energies
 * passes unchanged. Errors: SCENARIO for fields that do not belong there, and those of meterInference.
 */
export async function meterScenario(json: unknown, file: string, open: OpenData = openData): Promise<unknown> {
  const scenario = json as { inference?: Json; decisions?: { gate?: Json } } | null;
  if (typeof scenario?.inference !== "object" || scenario.inference === null || scenario.inference["model"] === undefined) return json;
  const hint = "Name a model and a device, or state frontEnd and answers; docs/guides/simulate.md shows both.";
  const { model, device, data } = checkJson(v.looseObject({ inference: METERED }), json, { file, code: "SCENARIO", hint }).inference;
  const metered = await meterInference(model, device, data, open);
  const gate = scenario.decisions?.gate;
  const framed = typeof gate === "object" && gate !== null && gate["kind"] === "log-mel" && gate["frameUj"] === undefined;
  const { frontEnd, features, answers, frame, framesPerS } = metered;
  const filled = { ...gate, framesPerS, frameUj: frame.energyUj, frameTimeMs: frame.timeMs };
  return {
    ...scenario,
    ...(framed ? { decisions: { ...scenario.decisions, gate: filled } } : {}),
    inference: { frontEnd: framed ? features : frontEnd, answers },
  };
}

/**
 * A scenario from its text: what it names is metered, then everything is checked.
 * @param file its name, for messages
 * @param battery name of another battery than the scenario's
 * @throws QurioError SCENARIO, BATTERY, and what meterInference throws
 */
export async function scenarioFromText(
  text: string | Uint8Array,
  file: string,
  battery?: string,
  open: OpenData = openData,
): Promise<Scenario> {
  const hint = "Correct the file; `qurio simulate --show wildlife-recorder` prints a scenario to start from.";
  const metered = await meterScenario(parseJson(text, { file, code: "SCENARIO", hint }), file, open);
  return parseScenario(battery === undefined ? metered : { ...(metered as object), battery: loadBattery(battery) }, file);
}
