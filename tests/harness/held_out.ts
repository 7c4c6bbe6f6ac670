// Made-up held-out answers, small enough to work out by hand: 2 folds of 2 clips, 2 classes, a probe and two experts.

import type { NetworkSpec } from "../../tools/import/checkpoint.ts";
import type { HeldOut, HeldOutRun } from "../../tools/train/held_out.ts";

const spec = (name: string, weightType: NetworkSpec["weightType"], outputs = 2): NetworkSpec => ({
  name,
  weightType,
  inputs: 32,
  hidden: [16],
  outputs,
  norm: true,
  dropout: 0.2,
});

/** Clip 0 is of class 0, clip 1 of class 1: the probe is sure and right about 0, unsure and wrong about 1; the 8-bit expert is right. */
function run(fold: number): HeldOutRun {
  const probabilities = [
    ...[0.95, 0.05, 0.9, 0.1, 0.9, 0.1], // clip 0: probe, ternary, 8-bit
    ...[0.55, 0.45, 0.6, 0.4, 0.2, 0.8], // clip 1
  ];
  return {
    seed: 1,
    fold,
    entropies: [
      [0.5, 0.6],
      [0.5, 0.6],
      [0.5, 0.6],
    ],
    varianceScale: 0.25,
    probabilities: Float32Array.from(probabilities),
    gates: Float32Array.of(0.75, 0.25, 0.75, 0.25),
    variance: Float32Array.of(0, 0.5),
  };
}

export const heldOutExample = (): HeldOut => ({
  command: "made up",
  versions: { qurio: "0.0.0" },
  data: { name: "made up", sha256: "00" },
  labels: ["a", "b"],
  clips: [1, 2].flatMap((fold) => [0, 1].map((label) => ({ label, fold }))),
  networks: [spec("probe", "ternary"), spec("ternary", "ternary"), spec("8-bit", "8")],
  router: spec("router", "8"),
  samples: 10,
  beta: [0, 1],
  quantiles: [0.8, 0.95],
  runs: [run(1), run(2)],
});
