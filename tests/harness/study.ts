// Made-up study results with known answers.

import type { Answer, ModelRun, StudyResult } from "../../tools/study/result.ts";
import { Random } from "../../tools/train/random.ts";

export interface MadeModel {
  name: string;
  /** Share of right answers. The same clips are hard for every model: a better one is right wherever a worse one is. */
  right: number;
  packedBytes?: number;
  /** Who answers what share of clips at what cost. */
  answerers: { name: string; share: number; cycles: number }[];
  /** Share of decisions with another expert than the plain router's; without it the model has no curiosity. */
  changed?: number;
  /** Share of answers whose entropy tells right from wrong; that of the others tells nothing. */
  tells?: number;
  /** Standard deviation, over runs, of the share of right answers. */
  wobble?: number;
}

export interface MadeStudy {
  models: MadeModel[];
  seeds?: number[];
  folds?: number[];
  clipsPerFold?: number;
  classes?: number;
  seed?: number;
  /** Cycles of the front end. */
  frontEnd?: number;
}

export function makeStudy({
  models,
  seeds = [1, 2, 3],
  folds = [1, 2, 3, 4],
  clipsPerFold = 80,
  classes = 10,
  seed = 1,
  frontEnd = 40e6,
}: MadeStudy): StudyResult {
  const runs = seeds.flatMap((s) =>
    folds.flatMap((fold) => models.map((model, m) => makeRun(model, { seed: s, fold, clipsPerFold, classes, frontEnd }, seed * 1000 + m))),
  );
  return {
    command: "qurio study --data esc10 --out report",
    data: {
      name: "made-up",
      sha256: "0".repeat(64),
      clips: folds.length * clipsPerFold,
      labels: Array.from({ length: classes }, (_, i) => `class ${i}`),
      folds,
    },
    outOfDistribution: { name: "other", sha256: "1".repeat(64), clips: 40 },
    features: "rich",
    device: "nucleo-l4r5zi",
    seeds,
    hidden: [640, 320],
    epochs: 70,
    runs,
    failures: [],
  };
}

interface Place {
  seed: number;
  fold: number;
  clipsPerFold: number;
  classes: number;
  frontEnd: number;
}

function makeRun(model: MadeModel, place: Place, stream: number): ModelRun {
  const { seed, fold, clipsPerFold, classes, frontEnd } = place;
  const random = new Random(stream * 100 + fold, seed);
  const { tells = 0.8 } = model;
  const right = model.right + (model.wobble ?? 0) * random.normal();
  const answer = (clip: number, truth: number, correct: boolean): Answer => {
    let answerer = 0;
    for (let u = random.uniform(); answerer < model.answerers.length - 1 && u >= model.answerers[answerer]!.share; answerer++)
      u -= model.answerers[answerer]!.share;
    const changes = model.changed !== undefined && random.uniform() < model.changed;
    const spread = random.uniform();
    const unsure = random.uniform() < tells ? (correct ? 0 : 0.5) + spread / 2 : spread;
    return {
      clip,
      truth,
      predicted: correct ? truth : (Math.max(0, truth) + 1) % classes,
      probability: 1 - 0.7 * unsure,
      entropy: 1.5 * unsure,
      mutualInformation: null,
      routerVariance: model.changed === undefined ? null : random.uniform() * 1e-3,
      answerer,
      plainAnswerer: model.changed === undefined ? null : changes ? (answerer + 1) % model.answerers.length : answerer,
      abstained: unsure > 0.7,
      cycles: model.answerers[answerer]!.cycles,
      latencyUs: model.answerers[answerer]!.cycles / 3000 + random.uniform(),
    };
  };
  const decisions = Array.from({ length: clipsPerFold }, (_, i) => {
    const clip = fold * 1000 + i;
    // hardness is the clip's own
    return answer(clip, i % classes, new Random(clip, 77).uniform() < right);
  });
  return {
    model: model.name,
    seed,
    fold,
    packedBytes: model.packedBytes ?? 100_000,
    bitsPerWeight: 4,
    answerers: model.answerers.map(({ name }) => name),
    frontEnd: { cycles: frontEnd, energyUj: frontEnd * 345e-6 },
    decisions,
    outOfDistribution: Array.from({ length: 40 }, (_, i) => answer(i, -1, i % 2 === 0)),
    noise: Array.from({ length: 20 }, (_, i) => answer(i, -1, false)),
  };
}

/** One network that answers everything. */
export function single(name: string, right: number, cycles: number, rest: Partial<MadeModel> = {}): MadeModel {
  return { name, right, answerers: [{ name, share: 1, cycles }], ...rest };
}
