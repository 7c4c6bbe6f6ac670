// Features as networks take them: x = clamp((feature - mean) * inverseStd, -clip, clip), f32 [features]

import { NORMALIZATION_CLIP, NORMALIZATION_INVERSE_STD_OFFSET, NORMALIZATION_MEAN_OFFSET } from "../format/file.ts";
import { featureCount, normalizationPtr } from "./state.ts";

export function normalize(fromPtr: usize, toPtr: usize): void {
  const clip = load<f32>(normalizationPtr, NORMALIZATION_CLIP);
  const meanPtr = normalizationPtr + load<i32>(normalizationPtr, NORMALIZATION_MEAN_OFFSET);
  const inversePtr = normalizationPtr + load<i32>(normalizationPtr, NORMALIZATION_INVERSE_STD_OFFSET);
  for (let i: usize = 0; i < (<usize>featureCount) << 2; i += 4) {
    const z = (load<f32>(fromPtr + i) - load<f32>(meanPtr + i)) * load<f32>(inversePtr + i);
    store<f32>(toPtr + i, z > clip ? clip : z < -clip ? -clip : z);
  }
}
