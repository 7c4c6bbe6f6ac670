// What 8-bit log-mel codes cost, and what a front end without floating point does: cross-validated F1 of two networks on features
// computed from the device's codes, in either arithmetic, and on features computed in float64 from unrounded log-mel. Same recipe, same
// seeds, recordings only (no augmented copies).
// usage: npm run --silent bench:codes -- DIR [probe seeds] [8-bit seeds]        DIR: a data set folder; seeds: 1,2,3 by default

import { WINDOW_SAMPLES } from "../assembly/format/input_spec.ts";
import { formatShare, formatTable } from "../cli/output.ts";
import { type Arithmetic, DEFAULT_FRONT_END } from "../host/model-file/front_end.ts";
import { encodeModel } from "../host/model-file/model_file.ts";
import { Core } from "../host/runtime/core.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { logMel, richFeatures } from "../tests/reference/features.ts";
import { featuresModel } from "../tools/export/exporter.ts";
import { openDataShown } from "../tools/terminal/data.ts";
import { startProgress } from "../tools/terminal/progress.ts";
import { crossValidate } from "../tools/train/cross_validation.ts";
import { FIT_DEFAULTS } from "../tools/train/fit.ts";

const [folder, ...seedLists] = process.argv.slice(2);
if (!folder) {
  console.error("usage: npm run --silent bench:codes -- DIR [probe seeds] [8-bit seeds]");
  process.exit(2);
}
const data = await openDataShown(folder);
const networks = [
  { name: `${FIT_DEFAULTS.probeType} 128, 64`, experts: [FIT_DEFAULTS.probeType], hidden: [128, 64] },
  { name: "8-bit 640, 320", experts: ["8" as const], hidden: [640, 320] },
].map((network, i) => ({ ...network, seeds: (seedLists[i] ?? "1,2,3").split(",").map(Number) }));
const kinds: [string, (pcm: Int16Array) => Float32Array][] = [
  ["device, float32", await deviceFeatures("float")],
  ["device, fixed point", await deviceFeatures("fixed")],
  ["float64 log-mel", (pcm) => Float32Array.from(richFeatures(logMel(window(pcm), DEFAULT_FRONT_END.floor)))],
];
const rows: (string | number)[][] = [];
for (const [kind, extract] of kinds) {
  const clips = await Promise.all(data.clips.map(async (clip) => ({ ...clip, features: extract(await clip.load!()).slice() })));
  const row = [kind];
  for (const { name, experts, hidden, seeds } of networks) {
    const progress = startProgress(`${kind}, ${name}`);
    const options = { ...FIT_DEFAULTS, router: "none" as const, experts, hidden, extract, copies: 1, stress: false, seeds, jobs: 2 };
    const report = await crossValidate(options, { ...data, clips }, (state) => progress.update(state.done / state.total));
    progress.stop();
    row.push(formatShare(report.summary[0].f1Weighted.mean));
  }
  rows.push(row);
}
console.log(formatTable(rows, { head: ["features", ...networks.map(({ name, seeds }) => `${name}, seeds ${seeds.join(" ")}`)] }));
console.log(`F1, ${data.name}, ${new Set(data.clips.map(({ fold }) => fold)).size} folds`);

/** Features as a device with this arithmetic computes them. */
async function deviceFeatures(arithmetic: Arithmetic): Promise<(pcm: Int16Array) => Float32Array> {
  const core = await Core.create(coreWasm(true) as BufferSource, true);
  core.load(encodeModel(featuresModel({ ...DEFAULT_FRONT_END, arithmetic })));
  return (pcm) => core.features(pcm);
}

/** Five seconds, silence behind a shorter clip. */
function window(pcm: Int16Array): Int16Array {
  const samples = new Int16Array(WINDOW_SAMPLES);
  samples.set(pcm.subarray(0, WINDOW_SAMPLES));
  return samples;
}
