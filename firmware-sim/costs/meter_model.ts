// Meters a model on a device: step by step and way by way, the worst case over any input, and both estimates of cycles.

import { toPcm } from "../../host/audio/resample.ts";
import { readWav } from "../../host/audio/wav.ts";
import { QurioError } from "../../host/errors.ts";
import { packagePath, readInput } from "../../host/files.ts";
import { boundsOf } from "../../host/meter/bound/bound.ts";
import { type DeviceProfile, isCortexM } from "../../host/meter/device.ts";
import type { MeterInput } from "../../host/meter/meter.ts";
import { ClipMeter, type MeterReport } from "../../host/meter/report.ts";
import { openSubject, type Subject } from "../../host/meter/subject.ts";
import { featureCount, framingOf } from "../../host/model-file/input_spec.ts";
import { coreWasm } from "../../host/runtime/index.ts";
import { type OpenData, openData } from "../../tools/train/datasets/open_data.ts";
import { compareEstimates, type EstimatesReport } from "../estimates/compare.ts";
import { HOW_TO_INSTALL, missingTool } from "../image/tools.ts";

export interface MeterModelOptions {
  /** Clips to meter; a bundled sample if left out. */
  data?: string | undefined;
  /** false: no worst case, which takes seconds to prove. */
  bound?: boolean;
  /** false: no emulated core. */
  emulate?: boolean;
  open?: OpenData;
  /** Share of the clips that are metered, 0..1. */
  progress?: (share: number) => void;
}

/** Names are a contract. */
export interface MeterResult extends MeterReport {
  model: string;
  data: string;
  /** Null without the tools, for devices whose core is not emulated, and with --no-emulate. */
  estimates: EstimatesReport | null;
}

const BUNDLED_SAMPLE = "clock_tick.wav";

/**
 * Everything that `qurio meter` prints.
 * @param modelPath a model file, or a module that `qurio bake --target core` wrote
 * @throws QurioError what opening models and data throws; EMULATION
 */
export async function meterModel(modelPath: string, device: DeviceProfile, options: MeterModelOptions = {}): Promise<MeterResult> {
  const subject = await openSubject(readInput(modelPath), () => coreWasm(false), modelPath);
  const { name, inputs } = await openInputs(subject, options.data, options.open ?? openData);
  const clips = new ClipMeter(subject, device);
  let first: MeterInput | null = null;
  for (const [i, input] of inputs.entries()) {
    const given = await input();
    first ??= given;
    clips.add(given);
    options.progress?.((i + 1) / inputs.length);
    await new Promise(setImmediate);
  }
  const bounds = options.bound === false ? null : await boundsOf(subject.wasm, subject.file, subject.packed);
  const report = clips.report(bounds);
  const estimates = whyNoEmulation(device, options) === null ? await compareEstimates(subject, first!, device) : null;
  return { model: modelPath, data: name, ...report, estimates };
}

/** Why there is no second estimate, in one line; null if there is. */
export function whyNoEmulation({ core, title }: DeviceProfile, { emulate }: Pick<MeterModelOptions, "emulate">): string | null {
  if (emulate === false) return "--no-emulate: cycles from op counts only";
  if (!isCortexM(core)) return `the core of ${title} is not emulated: cycles from op counts only`;
  const missing = missingTool();
  return missing && `${missing} is not in PATH, so device instructions are not counted: ${HOW_TO_INSTALL}`;
}

/** Clips of a data set, or the bundled sample; a clip shorter than a window is followed by silence, as on a device that listens on. */
async function openInputs(
  { packed }: Subject,
  path: string | undefined,
  open: OpenData,
): Promise<{ name: string; inputs: (() => Promise<MeterInput>)[] }> {
  const features = featureCount(packed.input);
  const framing = framingOf(packed.input);
  if (path === undefined && framing === null) {
    return { name: "zeros", inputs: [async () => ({ features: new Float32Array(features) })] };
  }
  const wholeWindow = (pcm: Int16Array) => padded(pcm, framing?.windowSamples ?? pcm.length);
  if (path === undefined) {
    const wav = packagePath("samples", BUNDLED_SAMPLE);
    return {
      name: `samples/${BUNDLED_SAMPLE}`,
      inputs: [async () => ({ pcm: wholeWindow(await toPcm(readWav(readInput(wav), BUNDLED_SAMPLE), framing!.sampleRate)) })],
    };
  }
  const data = await open(path);
  const inputs = data.clips.map((clip) => async (): Promise<MeterInput> => {
    if (!clip.features) return { pcm: wholeWindow(await clip.load!(framing?.sampleRate)) };
    if (clip.features.length === features) return { features: clip.features };
    throw new QurioError(
      "FEATURES_SHAPE",
      `feature vector has ${clip.features.length} values, the model takes ${features}`,
      "Compute the features that the model was trained on.",
    );
  });
  return { name: data.name, inputs };
}

function padded(pcm: Int16Array, samples: number): Int16Array {
  if (pcm.length >= samples) return pcm.subarray(0, samples);
  const window = new Int16Array(samples);
  window.set(pcm);
  return window;
}
