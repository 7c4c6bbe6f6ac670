// The front end that ships, for training: features are those that a device computes.

import { encodeModel } from "../../host/model-file/model_file.ts";
import { Core } from "../../host/runtime/core.ts";
import { coreWasm, hasSimd } from "../../host/runtime/index.ts";
import { featuresModel } from "../export/exporter.ts";
import type { FrontEndParameters } from "../export/front_end_tables.ts";

/** The front end as a function: 16-bit PCM of a window -> raw features, float32. */
export async function extractor(frontEnd: FrontEndParameters): Promise<(pcm: Int16Array) => Float32Array> {
  const simd = hasSimd();
  const core = await Core.create(coreWasm(simd) as BufferSource, simd);
  core.load(encodeModel(featuresModel(frontEnd)));
  return (pcm) => core.features(pcm);
}
