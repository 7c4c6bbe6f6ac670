// `qurio meter`: what a model costs on a device, step by step and way by way; what no input exceeds; and the same on the second road to cycles.

import { compareRoads, type RoadsReport } from "../firmware-sim/estimates/compare.ts";
import { missingTool } from "../firmware-sim/image/emulate.ts";
import { HOW_TO_INSTALL } from "../firmware-sim/image/tools.ts";
import { toPcm16k } from "../host/audio/resample.ts";
import { readWav } from "../host/audio/wav.ts";
import { QurioError } from "../host/errors.ts";
import { packagePath, readInput } from "../host/files.ts";
import { boundsOf } from "../host/meter/bound/bound.ts";
import { type DeviceProfile, isCortexM } from "../host/meter/device.ts";
import { DEFAULT_DEVICE, loadDevice } from "../host/meter/devices.ts";
import type { MeterInput } from "../host/meter/meter.ts";
import { ClipMeter, type MeterReport } from "../host/meter/report.ts";
import { openSubject, type Subject } from "../host/meter/subject.ts";
import { coreWasm, WINDOW_SAMPLES } from "../host/runtime/index.ts";
import { openData } from "./data.ts";
import { meterTables } from "./meter_tables.ts";
import { printJson } from "./print_json.ts";
import { startProgress } from "./progress.ts";
import type { METER } from "./schemas/cost.ts";

export interface MeterOptions {
  device?: string;
  data?: string | undefined;
  /** false: --no-bound. */
  bound?: boolean;
  /** false: --no-emulate. */
  emulate?: boolean;
  json?: boolean;
}

/** Names are a contract. */
export interface MeterResult extends MeterReport {
  model: string;
  data: string;
  /** Null without the tools, for devices whose core is not emulated, and with --no-emulate. */
  roads: RoadsReport | null;
}

const BUNDLED_SAMPLE = "clock_tick.wav";

export async function meter(modelPath: string, options: MeterOptions): Promise<void> {
  const device = loadDevice(options.device ?? DEFAULT_DEVICE);
  const result = await meterModel(modelPath, device, options);
  const why = result.roads ? null : whyNoRoads(device, options);
  if (options.json) printJson<typeof METER>(result);
  else console.log(meterTables(result, device, why));
}

/** Everything that `qurio meter` prints. */
export async function meterModel(modelPath: string, device: DeviceProfile, options: MeterOptions): Promise<MeterResult> {
  const subject = await openSubject(readInput(modelPath), () => coreWasm(false), modelPath);
  const { name, inputs } = await openInputs(subject, options.data);
  const clips = new ClipMeter(subject, device);
  let first: MeterInput | null = null;
  const progress = startProgress("metering");
  try {
    for (const [i, input] of inputs.entries()) {
      const given = await input();
      first ??= given;
      clips.add(given);
      progress.update((i + 1) / inputs.length);
      await new Promise(setImmediate);
    }
  } finally {
    progress.stop();
  }
  const bounds = options.bound === false ? null : await boundsOf(subject.wasm, subject.file, subject.packed);
  const report = clips.report(bounds);
  const roads = whyNoRoads(device, options) === null ? await compareRoads(subject, first!, device) : null;
  return { model: modelPath, data: name, ...report, roads };
}

/** Why the second road is not taken, in one line; null if it is. */
function whyNoRoads({ core, title }: DeviceProfile, { emulate }: MeterOptions): string | null {
  if (emulate === false) return "--no-emulate: cycles from op counts only";
  if (!isCortexM(core)) return `the core of ${title} is not emulated: cycles from op counts only`;
  const missing = missingTool();
  return missing && `${missing} is not in PATH, so device instructions are not counted: ${HOW_TO_INSTALL}`;
}

/** Clips of a data set, or the bundled sample; a clip shorter than a window is followed by silence, as on a device that listens on. */
async function openInputs({ packed }: Subject, path: string | undefined): Promise<{ name: string; inputs: (() => Promise<MeterInput>)[] }> {
  if (path === undefined && !packed.frontEnd) {
    return { name: "zeros", inputs: [async () => ({ features: new Float32Array(packed.features) })] };
  }
  if (path === undefined) {
    const wav = packagePath("samples", BUNDLED_SAMPLE);
    return {
      name: `samples/${BUNDLED_SAMPLE}`,
      inputs: [async () => ({ pcm: wholeWindow(await toPcm16k(readWav(readInput(wav), BUNDLED_SAMPLE))) })],
    };
  }
  const data = await openData(path);
  const inputs = data.clips.map((clip) => async (): Promise<MeterInput> => {
    if (!clip.features) return { pcm: wholeWindow(await clip.load!()) };
    if (clip.features.length === packed.features) return { features: clip.features };
    throw new QurioError(
      "FEATURES_SHAPE",
      `feature vector has ${clip.features.length} values, the model takes ${packed.features}`,
      "Compute the features that the model was trained on.",
    );
  });
  return { name: data.name, inputs };
}

function wholeWindow(pcm: Int16Array): Int16Array {
  if (pcm.length >= WINDOW_SAMPLES) return pcm.subarray(0, WINDOW_SAMPLES);
  const window = new Int16Array(WINDOW_SAMPLES);
  window.set(pcm);
  return window;
}
