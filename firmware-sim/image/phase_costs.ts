// What the phases of a counted decision cost in the unchecked build, and what the checked one adds.

import type { ImageRun, PhaseCounts, StreamRun } from "./decided.ts";

export interface PhaseCost {
  name: string;
  steps: number;
  /** Of a step, unchecked. */
  instructions: number;
  /** Of a step, modelled, unchecked. */
  cycles: number;
  /** Of the cycles of the whole decision; null for what is no part of it. */
  share: number | null;
  /** Instructions of the checked build over those of the unchecked. */
  checkedFactor: number;
}

/** One model's runs on one clip, as a single window and as a stream, both counted. */
export interface CountedRuns {
  run: Pick<ImageRun, "phases">;
  stream: Pick<StreamRun, "phases">;
}

type Choice = (phase: PhaseCounts["phase"]) => boolean;

/** Each phase of one decision, then what a stream adds; loading happens once and is no part of either. */
export function phaseCosts(unchecked: CountedRuns, checked: CountedRuns): PhaseCost[] {
  const isDecision: Choice = (phase) => phase !== "load";
  const isBehindFrames: Choice = (phase) => ["features", "router", "expert", "hop"].includes(phase);
  const decision = sumOf(unchecked.run, isDecision);
  const cost = (name: string, of: "run" | "stream", choice: Choice, steps: number | null, hasShare: boolean): PhaseCost => {
    const sum = sumOf(unchecked[of], choice);
    const n = steps ?? sum.steps;
    return {
      name,
      steps: n,
      instructions: sum.instructions / n,
      cycles: sum.cycles / n,
      share: hasShare ? sum.cycles / decision.cycles : null,
      checkedFactor: sumOf(checked[of], choice).instructions / sum.instructions,
    };
  };
  return [
    ...unchecked.run.phases.map(({ phase }) => cost(phase, "run", (other) => other === phase, null, phase !== "load")),
    cost("decision", "run", isDecision, 1, true),
    cost("stream: frame", "stream", (phase) => phase === "frame", null, false),
    cost("stream: hop", "stream", (phase) => phase === "hop", null, false),
    cost("stream: decision behind its last frame", "stream", isBehindFrames, 1, false),
  ];
}

function sumOf({ phases }: { phases: readonly PhaseCounts[] }, choice: Choice) {
  const sum = { steps: 0, instructions: 0, cycles: 0 };
  for (const { phase, steps, instructions, cycles } of phases) {
    if (!choice(phase)) continue;
    sum.steps += steps;
    sum.instructions += instructions;
    sum.cycles += cycles;
  }
  return sum;
}
