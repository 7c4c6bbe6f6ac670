// Writes models/esc10-features.qfc: the features of a data set's clips, as the shipped front end computes them, in 8-bit codes.
// usage: tsx scripts/make-feature-codes.ts DIR      DIR: ESC-10 in the ESC-50 layout

import { packagePath, writeOutput } from "../host/files.ts";
import { DEFAULT_FRONT_END } from "../host/model-file/front_end.ts";
import { encodeModel } from "../host/model-file/model_file.ts";
import { Core } from "../host/runtime/core.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { featuresModel } from "../tools/export/exporter.ts";
import { encodeFeatureCodes, quantizeFeatures } from "../tools/import/feature_codes.ts";
import { openDataset } from "../tools/train/datasets/open.ts";

const ATTRIBUTION =
  "Features of ESC-10, the CC BY subset of ESC-50 (K. J. Piczak, ACM Multimedia 2015, doi:10.1145/2733373.2806390); authors and licence of each clip: models/ATTRIBUTION.txt";

const [folder] = process.argv.slice(2);
if (!folder) {
  console.error("usage: tsx scripts/make-feature-codes.ts DIR");
  process.exit(2);
}
const dataset = await openDataset(folder);
const core = await Core.create(coreWasm(false) as BufferSource, false);
core.load(encodeModel(featuresModel(DEFAULT_FRONT_END)));
const rows = [];
for (const clip of dataset.clips) rows.push(core.features(await clip.load()));
const features = rows[0].length;
const values = new Float32Array(rows.length * features);
rows.forEach((row, i) => {
  values.set(row, i * features);
});
const file = encodeFeatureCodes({
  name: dataset.name,
  sha256: dataset.sha256,
  attribution: ATTRIBUTION,
  labels: dataset.labels,
  clips: dataset.clips.map(({ name, label, fold }) => ({ name, label, fold })),
  ...quantizeFeatures(values, features),
});
writeOutput(packagePath("models", "esc10-features.qfc"), file);
console.log(`models/esc10-features.qfc: ${dataset.clips.length} clips, ${features} features, ${file.length} bytes`);
