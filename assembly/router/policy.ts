// The paper's routing rule, corrected (arXiv 2511.11743; the published code multiplies every gate by the same factor, which cancels):
//
//   p_i' = p_i * exp(alpha * u * beta_i - lambda * energy_i) / Z        u = router variance / its calibrated scale
//
// beta_i in 0..1 rises with the expert's precision, so uncertainty moves weight to precise experts; lambda moves it back to cheap ones.
// alpha = lambda = 0 is the plain router.

import { POLICY_BETA, POLICY_ENERGY } from "../format/file.ts";
import { expf } from "../kernels/math.ts";
import { argmax } from "../layers/softmax.ts";

/**
 * Changes the gates f32 [experts] at pPtr in place and returns the chosen expert. `strength` = alpha * u >= 0, lambda >= 0.
 * The factor is exp(strength * (beta_i - max beta) - lambda * energy_i): the same up to Z, and it cannot overflow.
 */
export function chooseExpert(pPtr: usize, policyPtr: usize, experts: i32, strength: f32, lambda: f32): i32 {
  const betaPtr = policyPtr + POLICY_BETA;
  const top = load<f32>(betaPtr + ((<usize>argmax(betaPtr, experts)) << 2));
  for (let i: usize = 0; i < (<usize>experts) << 2; i += 4) {
    const exponent = strength * (load<f32>(betaPtr + i) - top) - lambda * load<f32>(policyPtr + i, POLICY_ENERGY);
    store<f32>(pPtr + i, load<f32>(pPtr + i) * expf(exponent));
  }
  return argmax(pPtr, experts);
}
