// `qurio export`: packs a checkpoint into a model file, and checks that the core decides as the float64 reference does.

import { QurioError } from "../host/errors.ts";
import { packagePath, readInput, writeOutput } from "../host/files.ts";
import { encodeModel, type PackedModel } from "../host/model-file/model_file.ts";
import { layerSizes } from "../host/model-file/sizes.ts";
import { Core } from "../host/runtime/core.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { packModel } from "../tools/export/exporter.ts";
import type { Arithmetic, FrontEndParameters } from "../tools/export/front_end_tables.ts";
import { checkpointModel } from "../tools/export/model.ts";
import { checkParity } from "../tools/export/parity.ts";
import { quantizeTrained } from "../tools/export/ptq.ts";
import { type Checkpoint, featureCount, readCheckpoint } from "../tools/import/checkpoint.ts";
import { decodeFeatureCodes, featuresOf } from "../tools/train/datasets/feature_codes.ts";
import { formatBytes, formatTable } from "./output.ts";

export interface ExportOptions {
  output: string;
  /** Quantize float32 networks to so many bits. */
  ptq?: number;
  scales: "channel" | "tensor";
  /** Instead of the checkpoint's. */
  frontEnd?: Arithmetic;
  /** Beyond the checkpoint's. */
  removeDc?: boolean;
  json?: boolean;
}

/** Packs a checkpoint into a model file. Nothing is written unless the parity check passes. */
export async function exportModel(checkpointDir: string, options: ExportOptions): Promise<void> {
  const { output, ptq, scales, json } = options;
  const trained = withFrontEnd(readCheckpoint(checkpointDir), options);
  const { vectors, source } = parityVectors(trained);
  const perTensor = scales === "tensor";
  const floats = checkpointModel(trained, perTensor);
  const calibrated = ptq === undefined ? null : quantizeTrained(floats, ptq, vectors, perTensor);
  const model = calibrated?.model ?? floats;
  const packed = packModel(model);
  const core = await Core.create(coreWasm(false) as BufferSource, false);
  const parity = checkParity(model, packed, vectors, core);
  const file = encodeModel(packed);
  core.load(file);
  writeOutput(output, file);
  const layers = layerSizes(packed);
  if (json) {
    const ptqReport = calibrated ? { ptq: calibrated.report } : {};
    console.log(JSON.stringify({ file: output, bytes: file.length, layers, ...ptqReport, parity, parityVectors: source }));
    return;
  }
  console.log(sizeTable(packed));
  if (calibrated) {
    console.log(`\npost-training quantization to ${ptq} bits, calibrated on ${source}`);
    const rows = calibrated.report.map((row) => [row.network, row.layer, row.clip.toFixed(2), row.outputError.toExponential(1)]);
    console.log(formatTable(rows, { head: ["network", "layer", "clip (median)", "output error (NMSE)"] }));
  }
  console.log(`\nparity of packed integers (WASM) with the float64 reference, on ${vectors.length} feature vectors (${source})`);
  console.log(
    formatTable(
      parity.map((row) => [row.network, row.maxDifference.toExponential(1), row.ties, row.labelsDiffer]),
      { head: ["network", "max |dp|", "rounding ties", "labels differ"] },
    ),
  );
  console.log(`\n${output}: ${formatBytes(file.length)} (${file.length} bytes)`);
}

/**
 * The checkpoint with another front end. Its networks fit: codes of the other arithmetic differ by 1, rarely, and sound without an offset
 * keeps nearly all of its codes when the mean is subtracted.
 */
function withFrontEnd(checkpoint: Checkpoint, { frontEnd, removeDc }: ExportOptions): Checkpoint {
  const { features } = checkpoint;
  if (frontEnd === undefined && !removeDc) return checkpoint;
  const option = frontEnd === undefined ? "--remove-dc" : `--front-end ${frontEnd}`;
  if (features.kind === "external") {
    throw new QurioError(
      "FRONT_END",
      `${option} needs a model that takes audio, and this one takes ${features.count} features`,
      "Leave it out.",
    );
  }
  const changes: Partial<FrontEndParameters> = { ...(frontEnd && { arithmetic: frontEnd }), ...(removeDc && { removeDc }) };
  return { ...checkpoint, features: { ...features, ...changes } };
}

/** Layers with their cost; the last column counts payload, of which some is padding and row sums, and scales. */
export function sizeTable(packed: PackedModel): string {
  const rows = layerSizes(packed).map((row) => [
    row.network,
    row.layer,
    row.type,
    row.kernel,
    row.simdKernel,
    row.weights,
    row.payloadBytes,
    row.paddingBytes,
    row.scaleBytes,
    row.otherBytes,
    row.bitsPerWeight.toFixed(2),
  ]);
  return formatTable(rows, {
    head: [
      "network",
      "layer",
      "type",
      "scalar kernel",
      "SIMD kernel",
      "weights",
      "payload B",
      "padding B",
      "scales B",
      "other B",
      "bits/weight",
    ],
  });
}

/** Real features for a model with a front end: the bundled ESC-10 codes. For others, vectors spread like the training data. */
function parityVectors(checkpoint: Checkpoint): { vectors: Float32Array[]; source: string } {
  const count = featureCount(checkpoint.features);
  if (checkpoint.features.kind === "rich") {
    const all = featuresOf(decodeFeatureCodes(readInput(packagePath("models", "esc10-features.qfc")), "esc10-features.qfc"));
    const vectors = Array.from({ length: all.length / count }, (_, i) => all.subarray(i * count, (i + 1) * count));
    return { vectors, source: "bundled ESC-10 features" };
  }
  const { mean, std } = checkpoint.normalization;
  const spread = (i: number, f: number) => mean[f] + std[f] * 2 * Math.sin(1 + 12.9898 * i + 78.233 * f);
  const vectors = Array.from({ length: 64 }, (_, i) => Float32Array.from({ length: count }, (_, f) => spread(i, f)));
  return { vectors, source: "synthetic: mean and deviation of the training data" };
}
