// Decisions of a row by the WASM core as it ships, with exact op counts by its metered twin.

import { cyclesOf } from "../../host/meter/cost.ts";
import type { DeviceProfile } from "../../host/meter/device.ts";
import { Meter } from "../../host/meter/meter.ts";
import { Core } from "../../host/runtime/core.ts";
import type { RawDecision } from "../../host/runtime/decision.ts";
import { coreWasm, hasSimd } from "../../host/runtime/index.ts";
import { Random } from "../train/random.ts";
import type { Assembled } from "./assemble.ts";
import type { Answer } from "./result.ts";

/** Repetitions of each timed decision, after one that is not timed. */
const ROUNDS = 5;

/** Clips of one kind: their indices, features and right labels (-1: none of the model's). */
export interface ClipSet {
  clips: number[];
  vectors: Float32Array[];
  truth: number[];
}

interface Judged {
  decision: RawDecision;
  cycles: number;
  latencyUs: number;
}

export class Judge {
  private readonly core: Core;
  private readonly meter: Meter;
  private readonly device: DeviceProfile;

  private constructor(core: Core, meter: Meter, device: DeviceProfile) {
    this.core = core;
    this.meter = meter;
    this.device = device;
  }

  static async create(device: DeviceProfile): Promise<Judge> {
    const simd = hasSimd();
    const core = await Core.create(coreWasm(simd) as BufferSource, simd);
    return new Judge(core, await Meter.create(coreWasm(false), false), device);
  }

  /**
   * Answers about each set, and the mean weight bytes that a decision about the first one reads.
   * @param draw seed and fold, which draw the expert of each clip where a row has several files
   */
  judge(row: Assembled, sets: readonly ClipSet[], draw: { seed: number; fold: number }): { answers: Answer[][]; weightBytes: number } {
    const drawn = sets.map((set, s) => {
      const random = new Random(draw.seed, draw.fold * 16 + s);
      return set.clips.map(() => (row.files.length > 1 ? random.below(row.files.length) : 0));
    });
    const judged = row.files.map((file, f) => sets.map((set, s) => this.decide(file, set, (i) => drawn[s]![i] === f)));
    const plain = row.plain && this.plainAnswerers(row.plain, sets);
    const answers = sets.map((set, s) =>
      set.clips.map((clip, i): Answer => {
        const file = drawn[s]![i]!;
        const { decision, cycles, latencyUs } = judged[file]![s]![i]!;
        return {
          clip,
          truth: set.truth[i]!,
          predicted: decision.index!,
          probability: rounded(decision.probability!),
          entropy: rounded(decision.entropy!),
          mutualInformation: decision.mutualInformation === null ? null : rounded(decision.mutualInformation),
          routerVariance: decision.routerVariance === null ? null : rounded(decision.routerVariance),
          answerer: row.files.length > 1 ? file : decision.answerer!,
          plainAnswerer: plain ? plain[s]![i]! : null,
          abstained: decision.abstained,
          cycles: Math.round(cycles),
          latencyUs: Math.round(10 * latencyUs) / 10,
        };
      }),
    );
    const read = sets[0]!.clips.map((_, i) => judged[drawn[0]![i]!]![0]![i]!.decision.weightBytesRead);
    return { answers, weightBytes: read.reduce((sum, bytes) => sum + bytes, 0) / read.length };
  }

  /** Modelled cycles of the front end of a model with one: mean over recordings. */
  frontEndCycles(file: Uint8Array, recordings: readonly Int16Array[]): number {
    this.meter.core.load(file);
    const cycles = recordings.map((pcm) => cyclesOf(this.meter.decide({ pcm }).counts.frontEnd, this.device));
    return cycles.reduce((sum, value) => sum + value, 0) / cycles.length;
  }

  /** Decisions about the clips that `asked` picks; others stay empty. */
  private decide(file: Uint8Array, { vectors }: ClipSet, asked: (i: number) => boolean): Judged[] {
    this.core.load(file);
    this.meter.core.load(file);
    const judged: Judged[] = [];
    for (const [i, features] of vectors.entries()) {
      if (!asked(i)) continue;
      const { counts } = this.meter.decide({ features });
      const cycles = cyclesOf(counts.router, this.device) + cyclesOf(counts.expert, this.device);
      judged[i] = { decision: this.core.decideFeatures(features), cycles, latencyUs: this.latencyUs(features) };
    }
    return judged;
  }

  private latencyUs(features: Float32Array): number {
    const times = Array.from({ length: ROUNDS }, () => {
      const start = performance.now();
      this.core.decideFeatures(features);
      return performance.now() - start;
    });
    return 1000 * times.sort((a, b) => a - b)[ROUNDS >> 1]!;
  }

  private plainAnswerers(file: Uint8Array, sets: readonly ClipSet[]): number[][] {
    this.core.load(file);
    return sets.map(({ vectors }) => vectors.map((features) => this.core.decideFeatures(features).answerer!));
  }
}

/** Seven digits are what a float32 has. */
function rounded(value: number): number {
  return Number(value.toPrecision(7));
}
