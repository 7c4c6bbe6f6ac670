// `qurio study`: the paper's models and their baselines, cross-validated on packed kernels.

import { basename } from "node:path";
import { QurioError } from "../host/errors.ts";
import { checkOutput, packagePath, writeOutput } from "../host/files.ts";
import { DEFAULT_DEVICE, loadDevice } from "../host/meter/devices.ts";
import { studyCommand, studyInput } from "../tools/study/inputs.ts";
import { selectRows } from "../tools/study/models.ts";
import { writeReport } from "../tools/study/report.ts";
import type { StudyResult } from "../tools/study/result.ts";
import { runStudy } from "../tools/study/study.ts";
import { encodeResult, modelMeans, summaryOf } from "../tools/study/summary.ts";
import { openDataShown } from "../tools/terminal/data.ts";
import { startProgress } from "../tools/terminal/progress.ts";
import { readEmbeddings, unlabelled } from "../tools/train/datasets/embeddings.ts";
import type { TrainingDataset } from "../tools/train/feature_table.ts";
import { TRAINER_DEFAULTS } from "../tools/train/trainer.ts";
import { formatTable } from "./output.ts";
import { printJson } from "./print_json.ts";
import type { STUDY } from "./schemas/model.ts";

export interface StudyOptions {
  /** May be left out with quick: the bundled feature codes. */
  data?: string;
  features: string;
  ood?: string;
  seeds?: number[];
  models?: string[];
  device?: string;
  hidden?: number[];
  epochs?: number;
  jobs: number;
  quick?: boolean;
  cache?: string;
  /** Stem: OUT.json, OUT.html, OUT.md, and by default OUT.cache/. */
  out: string;
  json?: boolean;
}

const DEFAULTS = { seeds: [1], hidden: [640, 320], epochs: TRAINER_DEFAULTS.epochs };
/** Enough to see that everything works; the figures say nothing. */
const QUICK = { seeds: [1], hidden: [64, 32], epochs: 5 };

/** Runs the study and writes its result and report. Errors: those of runStudy; STUDY_FOLDS_FAILED behind the outputs. */
export async function study(options: StudyOptions): Promise<void> {
  const { quick, out, device = DEFAULT_DEVICE, jobs } = options;
  const outputs = ["json", "html", "md"].map((kind) => `${out}.${kind}`);
  for (const path of outputs) checkOutput(path);
  const defaults = quick ? QUICK : DEFAULTS;
  const { seeds = defaults.seeds, hidden = defaults.hidden, epochs = defaults.epochs } = options;
  const rows = selectRows(options.models);
  const profile = loadDevice(device);
  const path = options.data ?? packagePath("models", "esc10-features.qfc");
  const input = await studyInput(await openDataShown(path), options.features);
  const progress = startProgress("study");
  let start: number | null = null;
  const quiet = process.stderr.isTTY;
  let result: StudyResult;
  try {
    result = await runStudy(
      {
        ...input,
        other: options.ood === undefined ? null : await otherOf(options.ood),
        rows,
        seeds,
        hidden,
        epochs,
        jobs,
        device: profile,
        cacheFolder: options.cache ?? `${out}.cache`,
        command: studyCommand({ ...options, data: path, device, seeds, hidden, epochs }),
      },
      {
        update: (share, note) => {
          // features come before the first share of the work
          if (share > 0) start ??= performance.now();
          progress.update(share, note);
        },
        // a terminal shows the bar; a log wants a line now and then
        unit: (done, total, note) => {
          if (quiet) return;
          const left = start === null ? "" : `, about ${Math.ceil(((performance.now() - start) / 60000 / done) * (total - done))} min left`;
          process.stderr.write(`qurio study: ${note}, ${done} of ${total}${left}\n`);
        },
      },
    );
  } finally {
    progress.stop();
  }
  if (result.runs.length === 0) throw foldsFailed(result, seeds);
  const { html, markdown } = await writeReport(result, profile);
  for (const [i, text] of [encodeResult(result), html, markdown].entries()) writeOutput(outputs[i]!, text);
  if (options.json) for (const run of result.runs) printJson<typeof STUDY>(summaryOf(run));
  else {
    const [all, page, text] = outputs.map((path) => basename(path));
    console.log(`${summaryTable(result)}\n\n${page} and ${text}: claims, tables, tests and plots; ${all}: every decision`);
  }
  if (result.failures.length > 0) throw foldsFailed(result, seeds);
}

function foldsFailed({ failures, data }: StudyResult, seeds: number[]): QurioError {
  const { seed, fold, error } = failures[0]!;
  return new QurioError(
    "STUDY_FOLDS_FAILED",
    `${failures.length} of ${seeds.length * data.folds.length} folds failed, the others are in the result; seed ${seed} fold ${fold}: ${error}`,
    "Remove the cause and run the command again: what is done is in the cache.",
  );
}

async function otherOf(path: string): Promise<TrainingDataset> {
  return path.endsWith(".npy") ? unlabelled(await readEmbeddings(path)) : openDataShown(path);
}

/** Means over seeds and folds. */
function summaryTable(result: StudyResult): string {
  const rows = modelMeans(result).map(({ model, accuracy, bitsPerWeight, packedBytes, networkCycles }) => [
    model,
    `${(100 * accuracy).toFixed(1)} %`,
    bitsPerWeight.toFixed(2),
    `${Math.round(packedBytes / 1000)} kB`,
    `${Math.round(networkCycles / 1000)} k`,
  ]);
  return formatTable(rows, { head: ["model", "accuracy", "bits/weight", "packed", "network cycles"] });
}
