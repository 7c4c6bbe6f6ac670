// Feature vectors that a model is tried on before it is written, and that post-training quantization fits its codes to: those of --calibrate, or
// the bundled ones, or made up.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { toPcm } from "../../host/audio/resample.ts";
import { readWav } from "../../host/audio/wav.ts";
import { QurioError } from "../../host/errors.ts";
import { packagePath, readInput } from "../../host/files.ts";
import { featureCount, framingOf, type InputSpec } from "../../host/model-file/input_spec.ts";
import { encodeModel } from "../../host/model-file/model_file.ts";
import type { Core } from "../../host/runtime/core.ts";
import type { Graph } from "../graph/graph.ts";
import { sizeOf } from "../graph/graph.ts";
import type { Normalization } from "../import/checkpoint_types.ts";
import { decodeFeatureCodes, featuresOf } from "../import/feature_codes.ts";
import { decodeNpy } from "../import/npy.ts";
import { featuresModel } from "./exporter.ts";

export interface Vectors {
  /** float32 [features] each, raw */
  vectors: Float32Array[];
  /** Where they come from, for people. */
  source: string;
}

/** A folder is read up to here: more vectors change little and cost time. */
const MOST_VECTORS = 1024;
const MADE_UP = 64;

/**
 * Vectors of a folder's files, in the order of their names: rows of .npy arrays (float32 [vectors, features]); for a model with a front end
 * also windows of WAV files. Kinds are told by the first bytes; files of other kinds are passed over.
 *
 * @param core left with the front end's model loaded
 * @throws QurioError CALIBRATION without a folder or a vector in it, or for one of another length; NPY and the WAV_ errors for damaged files
 */
export async function calibrationVectors(folder: string, input: InputSpec, core: Core): Promise<Vectors> {
  const count = featureCount(input);
  const framing = framingOf(input);
  const takes = framing ? "WAV files, or .npy arrays" : ".npy arrays";
  const refuse = (what: string): never => {
    const hint = `Pass a folder of ${takes} (float32 [vectors, ${count}]) of what the model will meet; labels are not needed.`;
    throw new QurioError("CALIBRATION", `--calibrate ${folder}: ${what}`, hint);
  };
  if (framing) core.load(encodeModel(featuresModel(framing.frontEnd)));
  const vectors: Float32Array[] = [];
  const names = filesOf(folder) ?? refuse("no folder that can be read");
  for (const name of names) {
    if (vectors.length >= MOST_VECTORS) break;
    const bytes = readInput(join(folder, name));
    const mark = Buffer.from(bytes.subarray(0, 6)).toString("latin1");
    if (mark === "\x93NUMPY") {
      const { rows, columns, values } = decodeNpy(bytes, name);
      if (columns !== count) refuse(`${name} holds vectors of ${columns} values, the model takes ${count}`);
      const wrong = values.findIndex((value) => !Number.isFinite(value));
      if (wrong >= 0) refuse(`${name}: vector ${Math.floor(wrong / columns)} holds ${values[wrong]}, finite numbers expected`);
      for (let row = 0; row < rows; row++) vectors.push(values.slice(row * columns, (row + 1) * columns));
    } else if (mark.startsWith("RIFF") && framing) {
      const { sampleRate, windowSamples } = framing;
      const pcm = await toPcm(readWav(bytes, name), sampleRate);
      for (let at = 0; at === 0 || at + windowSamples <= pcm.length; at += windowSamples)
        vectors.push(core.features(pcm.subarray(at, at + windowSamples)));
    }
  }
  if (vectors.length === 0) refuse(`${names.length} files, none of which holds vectors; ${takes} expected`);
  return { vectors: vectors.slice(0, MOST_VECTORS), source: folder };
}

function filesOf(folder: string): string[] | null {
  try {
    const entries = readdirSync(folder, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
      .sort();
  } catch {
    return null;
  }
}

/** Real features for a model with a front end: the bundled ESC-10 codes. For others, vectors spread like the training data. */
export function checkpointVectors(input: InputSpec, { mean, std }: Normalization): Vectors {
  const count = featureCount(input);
  if (input.source === "audio") {
    const all = featuresOf(decodeFeatureCodes(readInput(packagePath("models", "esc10-features.qfc")), "esc10-features.qfc"));
    const vectors = Array.from({ length: all.length / count }, (_, i) => all.subarray(i * count, (i + 1) * count));
    return { vectors, source: "bundled ESC-10 features" };
  }
  const spread = (i: number, f: number) => mean[f]! + std[f]! * 2 * Math.sin(1 + 12.9898 * i + 78.233 * f);
  return { vectors: madeUp(count, spread), source: "synthetic: mean and deviation of the training data" };
}

/** For a file's network: codes all over its input's grid; -1 to 1 where it does not say what its inputs are. */
export function graphVectors({ tensors, input }: Graph): Vectors {
  const { quantization } = tensors[input]!;
  const count = sizeOf(tensors[input]!);
  // the fraction of a large sine: any number from 0 to 1
  const share = (i: number, f: number) => {
    const value = 43758.5453 * Math.sin(1 + 12.9898 * i + 78.233 * f);
    return value - Math.floor(value);
  };
  if (quantization === null)
    return { vectors: madeUp(count, (i, f) => 2 * share(i, f) - 1), source: "made up, -1 to 1: the file does not say what its inputs are" };
  const { scale, zeroPoint } = quantization;
  const value = (i: number, f: number) => scale[0]! * (Math.floor(256 * share(i, f)) - 128 - zeroPoint);
  return { vectors: madeUp(count, value), source: "made up, all over the range of its inputs" };
}

function madeUp(count: number, value: (i: number, f: number) => number): Float32Array[] {
  return Array.from({ length: MADE_UP }, (_, i) => Float32Array.from({ length: count }, (_, f) => value(i, f)));
}
