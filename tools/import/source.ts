// What `qurio export` is given: a checkpoint folder or a network's file, told apart by their first bytes, not by their names.

import { statSync } from "node:fs";
import { basename } from "node:path";
import { QurioError } from "../../host/errors.ts";
import { readInput } from "../../host/files.ts";
import type { Graph } from "../graph/graph.ts";
import { previousOf, readCheckpoint } from "./checkpoint.ts";
import type { Checkpoint } from "./checkpoint_types.ts";
import { readTflite } from "./tflite.ts";

export type Source = { kind: "checkpoint"; checkpoint: Checkpoint } | { kind: "graph"; graph: Graph };

/** Kinds of file that people may take for something to export: where their mark lies, and what to do with them. */
const OTHERS: readonly { at: number; mark: string; what: string; hint: string }[] = [
  {
    at: 0,
    mark: "QMOE",
    what: "a model file already",
    hint: "Run it: qurio run MODEL clip.wav. Export starts from a checkpoint or a .tflite file.",
  },
  { at: 0, mark: "\0asm", what: "a wasm module", hint: "A baked module holds its model: qurio run MODULE clip.wav." },
  { at: 1, mark: "HDF", what: "an HDF5 file, as Keras writes it", hint: "Convert it to TensorFlow Lite with tf.lite.TFLiteConverter." },
  {
    at: 0,
    mark: "PK",
    what: "a zip archive, as Keras and PyTorch write it",
    hint: "Write a checkpoint (docs/reference/checkpoint.md) or a .tflite file.",
  },
];

/**
 * @throws QurioError SOURCE for a file of another kind; else what readCheckpoint, readInput and readTflite throw
 */
export function openSource(path: string): Source {
  if (isCheckpointFolder(path)) return { kind: "checkpoint", checkpoint: readCheckpoint(path) };
  const bytes = readInput(path);
  const name = basename(path);
  if (hasMark(bytes, 4, "TFL3")) return { kind: "graph", graph: readTflite(bytes, name) };
  const other = OTHERS.find(({ at, mark }) => hasMark(bytes, at, mark));
  throw new QurioError(
    "SOURCE",
    `${name} is ${other?.what ?? "of an unknown kind"}, a checkpoint folder or a .tflite file expected`,
    other?.hint ?? "A checkpoint is the folder that qurio train wrote; a .tflite file has TFL3 at its fifth byte.",
  );
}

/** Also one that a crash has left under its second name: readCheckpoint finds it. */
function isCheckpointFolder(path: string): boolean {
  return [path, previousOf(path)].some((place) => statSync(place, { throwIfNoEntry: false })?.isDirectory());
}

function hasMark(bytes: Uint8Array, at: number, mark: string): boolean {
  return Buffer.from(bytes.subarray(at, at + mark.length)).toString("latin1") === mark;
}
