// Node only. MLPerf Tiny's autoencoder with its trained weights: the clip score of the reference input in TensorFlow Lite's arithmetic and
// on qurio's kernels.
//
// github.com/mlcommons/tiny, commit 1afd2c9: benchmark/training/anomaly_detection/trained_models (ad01_fp32.tflite, ad01_int8.tflite) and
// benchmark/reference_submissions/anomaly_detection/datasets (the input: 200 frames of 128 log-mel values, float32).

import { join } from "node:path";
import { layerOutputs } from "../../host/engines/trace.ts";
import { QurioError } from "../../host/errors.ts";
import { readInput } from "../../host/files.ts";
import { encodeModel } from "../../host/model-file/model_file.ts";
import { Core } from "../../host/runtime/core.ts";
import { coreWasm } from "../../host/runtime/index.ts";
import { packModel } from "../../tools/export/exporter.ts";
import { importedModel } from "../../tools/export/imported_model.ts";
import { quantizeTrained } from "../../tools/export/ptq.ts";
import { type Graph, valuesOf } from "../../tools/graph/graph.ts";
import { layersOf } from "../../tools/graph/layers.ts";
import { readTflite } from "../../tools/import/tflite.ts";
import { tfliteReference } from "../../tools/import/tflite_reference.ts";
import { BANDS, ROWS, type Variant, WIDTH, withHead } from "./autoencoder.ts";

const FILES = { float32: "ad01_fp32.tflite", int8: "ad01_int8.tflite", input: "normal_id_01_00000000_hist_librosa.bin" };
const FRAMES = 200;
/** One starts at every frame. */
const WINDOWS = FRAMES - WIDTH / BANDS + 1;

/** For the test input, same repository. */
const PUBLISHED_SCORES = { float32: 9.70710781, int8: 10.26028788 };

export interface Score {
  what: string;
  /** Mean over the clip's windows of the mean of (output - input)^2. */
  score: number;
  published: number | null;
  /** Mean of (output - float32's output)^2: small beside the score where the arithmetic does no harm. */
  error: number;
}

/**
 * The trained network, int8 codes as they are and fewer bits by post-training quantization, and the scores of the test input.
 * @param folder that holds FILES
 * @throws QurioError INPUT_MISSING and others of readInput; TFLITE, TFLITE_UNSUPPORTED; MLPERF_TINY for another network or input
 */
export async function trained(folder: string): Promise<{ variants: Variant[]; scores: Score[] }> {
  const read = (file: string) => readTflite(readInput(join(folder, file)), file);
  const [float32, int8] = [read(FILES.float32), read(FILES.int8)];
  checkShape(FILES.float32, float32);
  checkShape(FILES.int8, int8);
  const windows = readWindows(folder);
  const imported = importedModel(int8, "autoencoder", ["0", "1"]);
  const model = { ...imported, experts: [withHead(imported.experts[0])] };
  const floats = { ...model, experts: model.experts.map(asFloat) };
  const reduced = (bits: number) => quantizeTrained(floats, bits, windows).model;
  const variants = [["8-bit", model] as const, ["4-bit", reduced(4)] as const, ["ternary", reduced(2)] as const].map(
    ([weights, packed]): Variant => ({ weights, features: windows[WINDOWS >> 1], file: encodeModel(packModel(packed)) }),
  );
  const core = await Core.create(coreWasm(false), false);
  const float32Outputs = tfliteReference(float32);
  const wanted = windows.map(float32Outputs);
  const score = (what: string, outputs: (x: Float32Array) => ArrayLike<number>, published: number | null = null): Score => {
    const found = windows.map(outputs);
    return { what, score: meanSquare(found, windows), published, error: meanSquare(found, wanted) };
  };
  const onKernels = (what: string, { file }: Variant, published: number | null = null) => {
    core.load(file);
    return score(what, (x) => layerOutputs(core, file, x, ROWS.length, WIDTH), published);
  };
  const scores = [
    score(`${FILES.float32}, float64 sums`, float32Outputs, PUBLISHED_SCORES.float32),
    score(`${FILES.int8}, TensorFlow Lite's integers`, tfliteReference(int8), PUBLISHED_SCORES.int8),
    onKernels("its codes on qurio's 8-bit kernels", variants[0], PUBLISHED_SCORES.int8),
    onKernels("its weights in 4 bits after training", variants[1]),
    onKernels("its weights ternary after training", variants[2]),
  ];
  return { variants, scores };
}

/** The same network in float32, for post-training quantization to fewer bits. */
function asFloat(graph: Graph): Graph {
  const weights = new Set(layersOf(graph).map(({ op }) => op.weight));
  return {
    ...graph,
    tensors: graph.tensors.map((tensor, id) =>
      weights.has(id) ? { ...tensor, data: Float32Array.from(valuesOf(tensor)), quantization: null } : tensor,
    ),
    ops: graph.ops.map((op) => (op.kind === "linear" ? { ...op, weightType: "float32" } : op)),
  };
}

function checkShape(file: string, graph: Graph): void {
  const layers = layersOf(graph);
  const found = [layers[0].columns, ...layers.map(({ rows }) => rows)].join("-");
  const expected = [WIDTH, ...ROWS].join("-");
  if (found !== expected) throw otherFile(file, `a network of ${expected}`, found);
}

function readWindows(folder: string): Float32Array[] {
  const bytes = readInput(join(folder, FILES.input));
  const expected = 4 * FRAMES * BANDS;
  if (bytes.length !== expected) throw otherFile(FILES.input, `${expected} bytes`, `${bytes.length}`);
  const values = new Float32Array(new Uint8Array(bytes).buffer);
  if (!values.every(Number.isFinite)) throw otherFile(FILES.input, "finite numbers", "others");
  return Array.from({ length: WINDOWS }, (_, i) => values.slice(i * BANDS, i * BANDS + WIDTH));
}

function otherFile(file: string, expected: string, found: string): QurioError {
  return new QurioError(
    "MLPERF_TINY",
    `${file}: ${expected} expected, ${found} found`,
    "Take the files of github.com/mlcommons/tiny: docs/how-it-works/autoencoder.md names them.",
  );
}

/** Mean over vectors of the mean of (y - x)^2. */
function meanSquare(ys: readonly ArrayLike<number>[], xs: readonly ArrayLike<number>[]): number {
  const means = ys.map((y, v) => Array.from(xs[v]).reduce((sum, value, i) => sum + (y[i] - value) ** 2, 0) / y.length);
  return means.reduce((sum, mean) => sum + mean, 0) / means.length;
}
