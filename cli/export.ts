// `qurio export`: a checkpoint or a .tflite file becomes a model file; prints what it holds and how close it is to what it was made from.

import { writeOutput } from "../host/files.ts";
import type { PackedModel } from "../host/model-file/model_file.ts";
import { layerSizes } from "../host/model-file/sizes.ts";
import { type Exported, type ExportOptions, exportModel } from "../tools/export/export_model.ts";
import { formatBytes, formatTable } from "./output.ts";
import { printJson } from "./print_json.ts";
import type { EXPORT } from "./schemas/model.ts";

export interface ExportCommandOptions extends Omit<ExportOptions, "perTensor"> {
  output: string;
  scales: "channel" | "tensor";
  json?: boolean;
}

/** Writes nothing unless the parity check passes. */
export async function exportCommand(source: string, { output, scales, json, ...options }: ExportCommandOptions): Promise<void> {
  const exported = await exportModel(source, { ...options, perTensor: scales === "tensor" });
  writeOutput(output, exported.file);
  if (json) printJson<typeof EXPORT>(jsonOf(output, exported));
  else for (const line of linesOf(output, options, exported)) console.log(line);
}

function jsonOf(output: string, { file, packed, ptq, parity, origin, vectors, notes }: Exported) {
  return {
    file: output,
    bytes: file.length,
    layers: layerSizes(packed),
    ...(ptq && { ptq }),
    parity,
    parityVectors: vectors.source,
    ...(origin && { origin }),
    ...(notes.length > 0 && { notes }),
  };
}

function linesOf(output: string, options: ExportOptions, { file, packed, ptq, parity, origin, vectors, notes }: Exported): string[] {
  const on = `${vectors.vectors.length} feature vectors (${vectors.source})`;
  return [
    sizeTable(packed),
    ...(ptq ? ["", `post-training quantization to ${options.ptq} bits, calibrated on ${vectors.source}`, ptqTable(ptq)] : []),
    "",
    `parity of packed integers (WASM) with the float64 reference, on ${on}`,
    formatTable(
      parity.map((row) => [row.network, row.maxDifference.toExponential(1), row.ties, row.labelsDiffer]),
      { head: ["network", "max |dp|", "rounding ties", "labels differ"] },
    ),
    ...(origin ? originLines(origin, on) : []),
    ...(notes.length > 0 ? ["", ...notes] : []),
    "",
    `${output}: ${formatBytes(file.length)} (${file.length} bytes)`,
  ];
}

function ptqTable(report: NonNullable<Exported["ptq"]>): string {
  const rows = report.map((row) => [row.network, row.layer, row.clip.toFixed(2), row.outputError.toExponential(1)]);
  return formatTable(rows, { head: ["network", "layer", "clip (median)", "output error (NMSE)"] });
}

function originLines({ arithmetic, maxDifference, meanDifference, labelsDiffer }: NonNullable<Exported["origin"]>, on: string): string[] {
  const cells = [arithmetic, maxDifference.toExponential(1), meanDifference.toExponential(1), labelsDiffer];
  return [
    "",
    `beside what the file computes, on ${on}; not bit for bit: a device scales each layer's inputs by their own maximum`,
    formatTable([cells], { head: ["computed with", "max |dp|", "mean |dp|", "labels differ"] }),
  ];
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
