// What the samples of a softmax say about certainty. All entropies in nats.
//
//   predictive entropy    H(mean p)
//   mutual information    H(mean p) - mean_m H(p_m)              (BALD; Houlsby et al. 2011, arXiv 1112.5745)
//   router variance       sum_i var_m(p_m[i])                    population variance over the M samples
//
//   pPtr, sumPtr, squarePtr  f32 [count]: one softmax, sum over samples, sum of squares over samples

import { logf } from "../kernels/math.ts";

/** H(p) = -sum p ln p; 0 ln 0 = 0. Never negative. */
export function entropy(pPtr: usize, count: i32): f32 {
  let s0: f32 = 0,
    s1: f32 = 0,
    s2: f32 = 0,
    s3: f32 = 0;
  for (let i = 0; i < count; i++) {
    const p = load<f32>(pPtr + ((<usize>i) << 2));
    const term: f32 = p > <f32>1e-30 ? p * logf(p) : 0;
    const s = s0 + term; // rotation as in layers/softmax.ts
    s0 = s1;
    s1 = s2;
    s2 = s3;
    s3 = s;
  }
  const even = s0 + s2,
    odd = s1 + s3;
  const h = -(even + odd);
  return h > 0 ? h : 0;
}

export function clearSamples(sumPtr: usize, squarePtr: usize, count: i32): void {
  for (let i: usize = 0; i < (<usize>count) << 2; i += 4) {
    store<f32>(sumPtr + i, 0);
    store<f32>(squarePtr + i, 0);
  }
}

export function addSample(pPtr: usize, sumPtr: usize, squarePtr: usize, count: i32): void {
  for (let i: usize = 0; i < (<usize>count) << 2; i += 4) {
    const p = load<f32>(pPtr + i);
    store<f32>(sumPtr + i, load<f32>(sumPtr + i) + p);
    store<f32>(squarePtr + i, load<f32>(squarePtr + i) + p * p);
  }
}

/** pPtr = sum / samples. */
export function meanOfSamples(sumPtr: usize, pPtr: usize, count: i32, samples: i32): void {
  const inverse = <f32>1 / <f32>samples;
  for (let i: usize = 0; i < (<usize>count) << 2; i += 4) store<f32>(pPtr + i, load<f32>(sumPtr + i) * inverse);
}

export function varianceOfSamples(sumPtr: usize, squarePtr: usize, count: i32, samples: i32): f32 {
  const inverse = <f32>1 / <f32>samples;
  let s0: f32 = 0,
    s1: f32 = 0,
    s2: f32 = 0,
    s3: f32 = 0;
  for (let i: usize = 0; i < (<usize>count) << 2; i += 4) {
    const mean = load<f32>(sumPtr + i) * inverse;
    const variance = load<f32>(squarePtr + i) * inverse - mean * mean;
    const s = s0 + (variance > 0 ? variance : 0);
    s0 = s1;
    s1 = s2;
    s2 = s3;
    s3 = s;
  }
  const even = s0 + s2,
    odd = s1 + s3;
  return even + odd;
}
