// Features as networks take them: x = clamp((feature - mean) * inverseStd, -clip, clip), f32 [features]

import { ERROR_INPUT_NOT_FINITE, OK } from "../format/errors.ts";
import { NORMALIZATION_CLIP, NORMALIZATION_INVERSE_STD_OFFSET, NORMALIZATION_MEAN_OFFSET } from "../format/file.ts";
import { fail } from "../kernels/fail.ts";
import { absmax, isFinite32 } from "../kernels/quantize.ts";
import { featureCount, normalizationPtr } from "./state.ts";

/** 0, or an error that names the first feature that is not finite. */
export function checkFinite(featuresPtr: usize): i32 {
  if (isFinite32(absmax(featuresPtr, featureCount))) return OK;
  let i = 0;
  while (isFinite32(load<f32>(featuresPtr + (<usize>i << 2)))) i++;
  return fail(ERROR_INPUT_NOT_FINITE, i, 0, load<i32>(featuresPtr + (<usize>i << 2)));
}

export function normalize(fromPtr: usize, toPtr: usize): void {
  const clip = load<f32>(normalizationPtr, NORMALIZATION_CLIP);
  const meanPtr = normalizationPtr + load<i32>(normalizationPtr, NORMALIZATION_MEAN_OFFSET);
  const inversePtr = normalizationPtr + load<i32>(normalizationPtr, NORMALIZATION_INVERSE_STD_OFFSET);
  const bytes = <usize>featureCount << 2;
  let i: usize = 0;
  if (ASC_FEATURE_SIMD) {
    const top = f32x4.splat(clip), bottom = f32x4.splat(-clip);
    for (; i + 16 <= bytes; i += 16) {
      const z = f32x4.mul(f32x4.sub(v128.load(fromPtr + i), v128.load(meanPtr + i)), v128.load(inversePtr + i));
      // pmin(z, top) is top < z ? top : z, so a NaN stays as it does below
      store<v128>(toPtr + i, f32x4.pmax(f32x4.pmin(z, top), bottom));
    }
  }
  for (; i < bytes; i += 4) {
    const z = (load<f32>(fromPtr + i) - load<f32>(meanPtr + i)) * load<f32>(inversePtr + i);
    store<f32>(toPtr + i, z > clip ? clip : z < -clip ? -clip : z);
  }
}
