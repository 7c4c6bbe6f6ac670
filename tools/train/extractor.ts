// The front end that ships, for training: features are those that a device computes.

import type { FrontEndParameters } from "../../host/model-file/front_end.ts";
import { encodeModel } from "../../host/model-file/model_file.ts";
import { Core } from "../../host/runtime/core.ts";
import { coreWasm, hasSimd } from "../../host/runtime/index.ts";
import { featuresModel } from "../export/exporter.ts";

/** The front end as a function: 16-bit PCM of a window -> raw features, float32. */
export async function extractor(frontEnd: FrontEndParameters): Promise<(pcm: Int16Array) => Float32Array> {
  const simd = hasSimd();
  const core = await Core.create(coreWasm(simd) as BufferSource, simd);
  core.load(encodeModel(featuresModel(frontEnd)));
  return (pcm) => core.features(pcm);
}
