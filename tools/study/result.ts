// What a study found, clip by clip: the runner writes it, statistics and report read it. Plain JSON.

import { SAMPLE_RATE, WINDOW_SAMPLES } from "../../assembly/format/input_spec.ts";

/** The window that every decision is about, seconds. */
export const WINDOW_SECONDS = WINDOW_SAMPLES / SAMPLE_RATE;

export interface StudyResult {
  /** The command that makes this result again, without paths. */
  command: string;
  data: { name: string; sha256: string; clips: number; labels: string[]; folds: number[] };
  /** The set that `outOfDistribution` answers come from; null without --ood. */
  outOfDistribution: { name: string; sha256: string; clips: number } | null;
  /** "rich" or "embeddings:NAME". */
  features: string;
  /** Device profile that cycles are modelled for. */
  device: string;
  seeds: number[];
  hidden: number[];
  epochs: number;
  /** In the order of seeds, folds and models; folds that failed are missing. */
  runs: ModelRun[];
  /** What could not be trained or judged, and why. */
  failures: { seed: number; fold: number; error: string }[];
}

/** One model, one seed, one fold held out; decisions made by the WASM core. */
export interface ModelRun {
  /** A row's name: tools/study/models.ts. */
  model: string;
  seed: number;
  fold: number;
  /** Of the model file without provenance. */
  packedBytes: number;
  /** Weight bits read per decision, router included, over the number of weights of the largest network. */
  bitsPerWeight: number;
  /** Networks that may answer, the probe first. */
  answerers: string[];
  /** Modelled, per decision; zeros where features are given. The same for all models of a study. */
  frontEnd: { cycles: number; energyUj: number };
  /** Every held-out clip. */
  decisions: Answer[];
  /** Clips of the other data set, truth = -1; empty without one. */
  outOfDistribution: Answer[];
  /** Windows of noise, truth = -1; empty where features are given. */
  noise: Answer[];
}

export interface Answer {
  /** Index in the data set, in the other data set, or among the windows of noise. */
  clip: number;
  truth: number;
  /** The forced label, abstention ignored. */
  predicted: number;
  probability: number;
  /** Nats. */
  entropy: number;
  mutualInformation: number | null;
  routerVariance: number | null;
  /** Index into `answerers`. */
  answerer: number;
  /** For a model with curiosity: whom the same model asks with alpha = 0. null for the others. */
  plainAnswerer: number | null;
  abstained: boolean;
  /** Networks only, modelled from exact op counts. */
  cycles: number;
  /** Networks only, measured on this machine with the module as shipped, warm: median of several repetitions. */
  latencyUs: number;
}
