// Features of every clip and of its altered copies, in one block of memory that worker threads share.
//
//   values  f32 [clips][variants][features]
//   variant 0: the clip as recorded | 1 .. copies-1: augmented, for training | copies ..: one per stress condition, for testing

import { QurioError } from "../../host/errors.ts";
import { augment, STRESS_CONDITIONS } from "./augment.ts";
import { Random } from "./random.ts";

/** One clip with sound or with ready features. */
export interface TrainingClip {
  name: string;
  /** Index into the data set's labels. */
  label: number;
  /** Clips that must not be split between training and test share one. */
  fold: number;
  /** 16-bit, mono, at this rate (Hz; that of the default input spec if absent). */
  load?(sampleRate?: number): Promise<Int16Array>;
  features?: Float32Array;
}

export interface TrainingDataset {
  name: string;
  sha256: string;
  labels: string[];
  clips: TrainingClip[];
}

export interface FeatureTable {
  features: number;
  variants: number;
  /** Variants to train on: 1 = the recordings only. */
  copies: number;
  /** Of variants copies .. copies + stress.length - 1. */
  stress: string[];
  values: Float32Array;
  /** [clips] */
  labels: Int32Array;
  folds: Int32Array;
  /** Number of labels. */
  classes: number;
}

export interface TableOptions {
  /** 16-bit PCM of a clip -> features; the same front end that ships. */
  extract(pcm: Int16Array): Float32Array;
  /** Training variants a clip, the recording included. */
  copies: number;
  /** Also compute the stress conditions. */
  stress: boolean;
}

/** Copies are part of the data: they depend on the clip's place in the data set, not on the training seed. */
const AUGMENT_SEED = 1;

/** Features of one clip in one variant. */
export function featuresOf(table: FeatureTable, clip: number, variant: number): Float32Array {
  const at = (clip * table.variants + variant) * table.features;
  return table.values.subarray(at, at + table.features);
}

/**
 * Computes the table. Clips with ready features have one variant.
 *
 * @param onClip called after every clip with the number done.
 * @throws QurioError DATASET_EMPTY, DATASET_SINGLE_CLASS, FEATURES_MIXED, FEATURES_NOT_FINITE; the signal's reason on abort.
 */
export async function buildFeatureTable(
  dataset: TrainingDataset,
  options: TableOptions,
  onClip: (done: number) => void = () => {},
  signal?: AbortSignal,
): Promise<FeatureTable> {
  const { clips, labels } = dataset;
  if (clips.length === 0)
    throw new QurioError("DATASET_EMPTY", `${dataset.name} holds no clips`, "Check that the folder was copied whole.");
  const ready = clips[0]!.features !== undefined;
  const copies = ready ? 1 : options.copies;
  const stress = ready || !options.stress ? [] : STRESS_CONDITIONS.map(({ name }) => name);
  const variants = copies + stress.length;
  let table: FeatureTable | null = null;
  for (const [index, clip] of clips.entries()) {
    signal?.throwIfAborted();
    const rows = await variantsOf(clip, index, copies, stress.length > 0, options);
    table ??= {
      features: rows[0]!.length,
      variants,
      copies,
      stress,
      values: new Float32Array(new SharedArrayBuffer(4 * clips.length * variants * rows[0]!.length)),
      labels: Int32Array.from(clips, ({ label }) => label),
      folds: Int32Array.from(clips, ({ fold }) => fold),
      classes: labels.length,
    };
    for (const [variant, row] of rows.entries()) featuresOf(table, index, variant).set(checked(row, clip, table.features));
    onClip(index + 1);
    await new Promise(setImmediate);
  }
  if (new Set(table!.labels).size < 2)
    throw new QurioError(
      "DATASET_SINGLE_CLASS",
      `${dataset.name} has a single class: at least two expected`,
      "A classifier needs something to tell apart: add clips of another class.",
    );
  return table!;
}

async function variantsOf(
  clip: TrainingClip,
  index: number,
  copies: number,
  stress: boolean,
  options: TableOptions,
): Promise<Float32Array[]> {
  if (clip.features) return [clip.features];
  if (!clip.load)
    throw new QurioError("FEATURES_MIXED", `clip ${clip.name} has neither sound nor features`, "Use one kind of clip in a data set.");
  const pcm = await clip.load();
  const random = (variant: number) => new Random(AUGMENT_SEED, index * 1000 + variant);
  const rows = [options.extract(pcm)];
  for (let copy = 1; copy < copies; copy++) rows.push(options.extract(augment(pcm, random(copy))));
  if (stress) for (const [i, condition] of STRESS_CONDITIONS.entries()) rows.push(options.extract(condition.apply(pcm, random(500 + i))));
  return rows.map((row) => row.slice());
}

function checked(row: Float32Array, clip: TrainingClip, features: number): Float32Array {
  if (row.length !== features)
    throw new QurioError(
      "FEATURES_MIXED",
      `clip ${clip.name}: expected ${features} features, found ${row.length}`,
      "Use one kind of clip in a data set.",
    );
  const at = row.findIndex((value) => !Number.isFinite(value));
  if (at >= 0)
    throw new QurioError(
      "FEATURES_NOT_FINITE",
      `clip ${clip.name}: feature ${at} is ${row[at]}`,
      "NaN and infinity are refused: check what computed the features.",
    );
  return row;
}

/** z-score over the given clips and their training variants; a feature that never changes gets deviation 1. */
export function normalizationOf(
  table: FeatureTable,
  clips: readonly number[],
  clip: number,
): { mean: Float32Array; std: Float32Array; clip: number } {
  const sum = new Float64Array(table.features);
  const squares = new Float64Array(table.features);
  const each = (visit: (row: Float32Array) => void) => {
    for (const index of clips) for (let copy = 0; copy < table.copies; copy++) visit(featuresOf(table, index, copy));
  };
  const count = clips.length * table.copies;
  each((row) => {
    for (let i = 0; i < row.length; i++) sum[i]! += row[i]!;
  });
  const mean = sum.map((value) => value / count);
  each((row) => {
    for (let i = 0; i < row.length; i++) squares[i]! += (row[i]! - mean[i]!) ** 2;
  });
  const std = Float32Array.from(squares, (value) => Math.sqrt(value / count));
  return { mean: Float32Array.from(mean), std: std.map((value) => (value < 1e-6 ? 1 : value)), clip };
}
