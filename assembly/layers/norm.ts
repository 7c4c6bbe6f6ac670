// LayerNorm, then ReLU if asked, in place
//
//   y[n] = (x[n] - mean) / sqrt(variance + 1e-5) * gamma[n] + beta[n]        population variance
//
//   xPtr, gammaPtr, betaPtr  f32 [N]
//
// Sums run in one order everywhere: element i goes to partial sum i mod 4, then (s0 + s2) + (s1 + s3).

const EPSILON: f32 = 1e-5;

/** Sum of x[i] - shift, or of its square; the four partial sums take turns, as in softmax.ts. */
function sum(xPtr: usize, count: i32, shift: f32, squared: bool): f32 {
  let s0: f32 = 0, s1: f32 = 0, s2: f32 = 0, s3: f32 = 0;
  for (const end = xPtr + (<usize>count << 2); xPtr < end; xPtr += 4) {
    const d = load<f32>(xPtr) - shift;
    const next = s0 + (squared ? d * d : d);
    s0 = s1;
    s1 = s2;
    s2 = s3;
    s3 = next;
  }
  return s0 + s2 + (s1 + s3);
}

export function layerNorm(xPtr: usize, gammaPtr: usize, betaPtr: usize, count: i32): void {
  const mean = sum(xPtr, count, 0, false) / <f32>count;
  const variance = sum(xPtr, count, mean, true) / <f32>count;
  const inverse = <f32>1 / sqrt<f32>(variance + EPSILON);
  for (const end = xPtr + (<usize>count << 2); xPtr < end; xPtr += 4) {
    store<f32>(xPtr, (load<f32>(xPtr) - mean) * inverse * load<f32>(gammaPtr) + load<f32>(betaPtr));
    gammaPtr += 4;
    betaPtr += 4;
  }
}

export function relu(xPtr: usize, count: i32): void {
  // a comparison, not max(): NaN stays and is refused by the next layer; pmax(x, 0) is x < 0 ? 0 : x
  const end = xPtr + (<usize>count << 2);
  if (ASC_FEATURE_SIMD) {
    for (; xPtr + 16 <= end; xPtr += 16) store<v128>(xPtr, f32x4.pmax(v128.load(xPtr), f32x4.splat(0)));
  }
  for (; xPtr < end; xPtr += 4) {
    if (load<f32>(xPtr) < 0) store<f32>(xPtr, 0);
  }
}
