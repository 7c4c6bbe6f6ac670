// From a checkpoint or a network's file to a model file that was tried: opened, quantized if asked, packed, loaded and compared.

import { basename, extname } from "node:path";
import { MAX_CLASSES } from "../../assembly/format/ids.ts";
import { QurioError } from "../../host/errors.ts";
import type { Arithmetic, FrontEndParameters } from "../../host/model-file/front_end.ts";
import { featureCount } from "../../host/model-file/input_spec.ts";
import { encodeModel, type PackedModel } from "../../host/model-file/model_file.ts";
import { Core } from "../../host/runtime/core.ts";
import { coreWasm } from "../../host/runtime/index.ts";
import { type Graph, sizeOf } from "../graph/graph.ts";
import { endsInSoftmax } from "../graph/layers.ts";
import type { Checkpoint } from "../import/checkpoint_types.ts";
import { readLabels } from "../import/labels.ts";
import { openSource } from "../import/source.ts";
import { packModel } from "./exporter.ts";
import { importedModel, observedNormalization } from "./imported_model.ts";
import { checkpointModel, type GraphModel } from "./model.ts";
import { checkParity, type OriginParity, originParity, type ParityRow } from "./parity.ts";
import { type PtqRow, quantizeTrained } from "./ptq.ts";
import { calibrationVectors, checkpointVectors, graphVectors, type Vectors } from "./vectors.ts";

export interface ExportOptions {
  /** Quantize float32 networks to so many bits. */
  ptq?: number;
  /** One scale for each matrix instead of one a row. */
  perTensor?: boolean;
  /** Instead of the checkpoint's. */
  frontEnd?: Arithmetic;
  /** Beyond the checkpoint's. */
  removeDc?: boolean;
  /** File that names the outputs of a network that is no checkpoint, one a line. */
  labels?: string;
  /** Folder of inputs without labels. */
  calibrate?: string;
}

export interface Exported {
  /** The bytes of the model file. */
  file: Uint8Array;
  packed: PackedModel;
  /** What post-training quantization chose; null without it. */
  ptq: PtqRow[] | null;
  /** Packed integers beside their float64 reference. */
  parity: ParityRow[];
  /** Packed integers beside what the imported file computes; null for checkpoints. */
  origin: OriginParity | null;
  /** What both were compared on. */
  vectors: Vectors;
  /** What was decided in the user's place, in sentences. */
  notes: string[];
}

/**
 * @param path a checkpoint folder or a .tflite file
 * @throws QurioError EXPORT_OPTION for an option that does not fit the source, NO_CLASSES for outputs that are no classes, PARITY, and those of
 * openSource, readLabels, calibrationVectors, quantizeTrained and packModel
 */
export async function exportModel(path: string, options: ExportOptions = {}): Promise<Exported> {
  const source = openSource(path);
  const core = await Core.create(coreWasm(false) as BufferSource, false);
  return source.kind === "checkpoint" ? exportCheckpoint(source.checkpoint, options, core) : exportGraph(source.graph, options, core);
}

async function exportCheckpoint(checkpoint: Checkpoint, options: ExportOptions, core: Core): Promise<Exported> {
  if (options.labels !== undefined)
    throw new QurioError(
      "EXPORT_OPTION",
      "--labels names the outputs of a .tflite file, and a checkpoint names its own",
      "Change labels in model.json.",
      2,
    );
  const trained = checkpointModel(withFrontEnd(checkpoint, options), options.perTensor);
  const { input, normalization } = trained;
  const vectors = options.calibrate ? await calibrationVectors(options.calibrate, input, core) : checkpointVectors(input, normalization);
  return { ...finish(trained, options, vectors, core), origin: null, notes: [] };
}

async function exportGraph(graph: Graph, options: ExportOptions, core: Core): Promise<Exported> {
  const { ptq, perTensor, calibrate, frontEnd, removeDc } = options;
  const count = sizeOf(graph.tensors[graph.input]!);
  if (frontEnd !== undefined || removeDc) throw needsAudio(frontEnd, count);
  if (perTensor && ptq === undefined)
    throw new QurioError(
      "EXPORT_OPTION",
      `--scales tensor is for networks that are quantized here, and ${graph.name} is packed as it is`,
      "Leave it out.",
      2,
    );
  if (ptq !== undefined && !calibrate)
    throw new QurioError(
      "EXPORT_OPTION",
      `--ptq needs --calibrate DIR for ${graph.name}: the file does not say what its inputs look like`,
      "Pass a folder of .npy arrays with inputs that the network will meet.",
      2,
    );
  const { labels, notes } = labelsOf(graph, options.labels);
  const vectors = calibrate ? await calibrationVectors(calibrate, { source: "vectors", features: count }, core) : graphVectors(graph);
  const networkName = basename(graph.name, extname(graph.name))
    .replace(/[^\x20-\x7e]/g, "-")
    .slice(0, 15);
  const normalization = ptq === undefined ? undefined : observedNormalization(vectors.vectors);
  const model = importedModel(graph, networkName, labels, normalization);
  const finished = finish(model, options, vectors, core);
  return { ...finished, origin: originParity(graph, vectors.vectors, core), notes };
}

function finish(trained: GraphModel, { ptq, perTensor }: ExportOptions, vectors: Vectors, core: Core): Omit<Exported, "origin" | "notes"> {
  const quantized = ptq === undefined ? null : quantizeTrained(trained, ptq, vectors.vectors, perTensor);
  const model = quantized?.model ?? trained;
  const packed = packModel(model);
  const parity = checkParity(model, packed, vectors.vectors, core);
  const file = encodeModel(packed);
  core.load(file);
  return { file, packed, ptq: quantized?.report ?? null, parity, vectors };
}

/** A decision is a class: outputs must be scores of classes, by the file's word or by the user's. */
function labelsOf(graph: Graph, path: string | undefined): { labels: string[]; notes: string[] } {
  const outputs = sizeOf(graph.tensors[graph.output]!);
  if (outputs > MAX_CLASSES)
    throw new QurioError(
      "NO_CLASSES",
      `${graph.name}: at most ${MAX_CLASSES} outputs expected, ${outputs} found`,
      "A model file decides between that many classes at most.",
    );
  if (path === undefined && !endsInSoftmax(graph))
    throw new QurioError(
      "NO_CLASSES",
      `${graph.name} ends in ${outputs} numbers without SOFTMAX: it does not say that they are classes`,
      "If they are scores (logits) of classes, name them with --labels FILE. A model that reconstructs or estimates cannot be packed: it decides nothing.",
    );
  if (path === undefined) {
    const note = `${graph.name} names no classes: they are called class-0 to class-${outputs - 1}; --labels FILE names them.`;
    return { labels: Array.from({ length: outputs }, (_, i) => `class-${i}`), notes: [note] };
  }
  const labels = readLabels(path, outputs);
  const note = `${graph.name} ends without SOFTMAX: its outputs are taken as scores (logits) of the classes that --labels names.`;
  return { labels, notes: endsInSoftmax(graph) ? [] : [note] };
}

/**
 * The checkpoint with another front end. Its networks fit: codes of the other arithmetic differ by 1, rarely, and sound without an offset
 * keeps nearly all of its codes when the mean is subtracted.
 */
function withFrontEnd(checkpoint: Checkpoint, { frontEnd, removeDc }: ExportOptions): Checkpoint {
  const { input } = checkpoint;
  if (frontEnd === undefined && !removeDc) return checkpoint;
  if (input.source === "vectors" || input.frontEnd === null) throw needsAudio(frontEnd, featureCount(input));
  const changes: Partial<FrontEndParameters> = { ...(frontEnd && { arithmetic: frontEnd }), ...(removeDc && { removeDc }) };
  return { ...checkpoint, input: { ...input, frontEnd: { ...input.frontEnd, ...changes } } };
}

function needsAudio(frontEnd: Arithmetic | undefined, count: number): QurioError {
  const option = frontEnd === undefined ? "--remove-dc" : `--front-end ${frontEnd}`;
  return new QurioError("FRONT_END", `${option} needs a model that takes audio, and this one takes ${count} features`, "Leave it out.");
}
