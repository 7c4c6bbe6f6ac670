// Whether a data set can be cross-validated: said before anything is trained.

import { QurioError } from "../../host/errors.ts";
import type { TrainingDataset } from "../train/feature_table.ts";

/** Training folds must be splittable again, for thresholds. */
const FEWEST_FOLDS = 3;

/**
 * The data set's folds in rising order.
 * @throws QurioError DATASET_EMPTY, DATASET_SINGLE_CLASS, FOLDS, STUDY_FEW_CLIPS, STUDY_FOLD_CLASS
 */
export function foldsOf({ name, labels, clips }: TrainingDataset): number[] {
  if (clips.length === 0) throw new QurioError("DATASET_EMPTY", `${name} holds no clips`, "Check that the folder was copied whole.");
  if (new Set(clips.map(({ label }) => label)).size < 2) {
    throw new QurioError(
      "DATASET_SINGLE_CLASS",
      `${name} has a single class: at least two expected`,
      "A classifier needs something to tell apart: add clips of another class.",
    );
  }
  const folds = [...new Set(clips.map(({ fold }) => fold))].sort((a, b) => a - b);
  for (const [index, label] of labels.entries()) {
    const own = clips.filter((clip) => clip.label === index);
    if (own.length < folds.length) {
      throw new QurioError(
        "STUDY_FEW_CLIPS",
        `${name} has fewer clips of ${label} than folds: at least ${folds.length} expected, found ${own.length}`,
        "Add clips, or split the data set into fewer folds.",
      );
    }
    const without = folds.find((fold) => !own.some((clip) => clip.fold === fold));
    if (without !== undefined) {
      throw new QurioError(
        "STUDY_FOLD_CLASS",
        `${name}: fold ${without} has no clip of ${label}`,
        "Every fold must hold clips of every class, or its figures say nothing about that class: move clips between folds.",
      );
    }
  }
  if (folds.length < FEWEST_FOLDS) {
    throw new QurioError(
      "STUDY_FOLDS",
      `${name} has ${folds.length} folds, at least ${FEWEST_FOLDS} expected`,
      "One is held out, and thresholds need two more: split the data set into more folds.",
    );
  }
  return folds;
}
