// What 8-bit log-mel codes cost: cross-validated F1 of one 8-bit network on features computed from the device's codes, and on
// features computed in float64 from unrounded log-mel. Same recipe, same seeds, recordings only (no augmented copies).
// usage: npm run --silent bench:codes -- DIR [seeds]        DIR: a data set folder; seeds: 1,2,3 by default

import { openData } from "../host/cli/data.ts";
import { formatShare, formatTable } from "../host/cli/output.ts";
import { startProgress } from "../host/cli/progress.ts";
import { Core } from "../host/engines/core.ts";
import { coreWasm } from "../host/index.ts";
import { logMel, richFeatures } from "../tests/reference/features.ts";
import { featuresModel } from "../tools/export/exporter.ts";
import { DEFAULT_FRONT_END } from "../tools/export/front_end_tables.ts";
import { encodeModel } from "../tools/export/model_file.ts";
import { crossValidate } from "../tools/train/cross_validation.ts";
import { FIT_DEFAULTS } from "../tools/train/fit.ts";

const WINDOW_SAMPLES = 80000;

const [folder, seedList = "1,2,3"] = process.argv.slice(2);
if (!folder) {
  console.error("usage: npm run --silent bench:codes -- DIR [seeds]");
  process.exit(2);
}
const data = await openData(folder);
const core = await Core.create(coreWasm(true) as BufferSource, true);
core.load(encodeModel(featuresModel(DEFAULT_FRONT_END)));
const kinds: [string, (pcm: Int16Array) => Float32Array][] = [
  ["8-bit codes, the device's arithmetic", (pcm) => core.features(pcm)],
  ["float64 log-mel", (pcm) => Float32Array.from(richFeatures(logMel(window(pcm), DEFAULT_FRONT_END.floor)))],
];
const rows = [];
for (const [name, extract] of kinds) {
  const progress = startProgress(name);
  const options = { ...FIT_DEFAULTS, router: "none" as const, experts: ["8" as const], extract, copies: 1, stress: false };
  const report = await crossValidate({ ...options, seeds: seedList.split(",").map(Number), jobs: 2 }, data, (state) =>
    progress.update(state.done / state.total),
  );
  progress.stop();
  rows.push({ name, f1: report.summary[0].f1Weighted.mean });
}
console.log(
  formatTable(
    rows.map(({ name, f1 }) => [name, formatShare(f1)]),
    { head: ["features", "F1"] },
  ),
);
console.log(`difference ${(100 * (rows[0].f1 - rows[1].f1)).toFixed(1)} points; ${data.name}, seeds ${seedList}`);

/** Five seconds, silence behind a shorter clip. */
function window(pcm: Int16Array): Int16Array {
  const samples = new Int16Array(WINDOW_SAMPLES);
  samples.set(pcm.subarray(0, WINDOW_SAMPLES));
  return samples;
}
