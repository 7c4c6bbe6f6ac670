// float32 activations -> int8 codes, absmax per vector
//
//   absmax = max |x|     code[i] = round(x[i] * (127 / absmax)), half to even     x[i] ~ code[i] * absmax / 127
//
// Rounding by adding 1.5 * 2^23: the sum's mantissa holds the integer, rounded half to even by the float addition
// itself. Exact for |x| < 2^22, needs neither nearest() nor a conversion, and is two cheap instructions on a Cortex-M4F.

const ROUNDER: f32 = 12582912.0;
const ROUNDER_BITS: i32 = 0x4b400000;

/** Codes stay within [-127, 127]: |x * (127 / absmax)| <= 127 * (1 + 2^-23)^2 < 127.5. */
@inline
export function codeOf(x: f32, inverseScale: f32): i32 {
  return reinterpret<i32>(x * inverseScale + ROUNDER) - ROUNDER_BITS;
}

@inline
export function codesOf4(x: v128, inverseScale: v128): v128 {
  return i32x4.sub(f32x4.add(f32x4.mul(x, inverseScale), f32x4.splat(ROUNDER)), i32x4.splat(ROUNDER_BITS));
}

/** max |x[i]|; infinite or NaN (as bits above 0x7f800000, so that no NaN is lost) when an element is. */
export function absmax(xPtr: usize, count: i32): f32 {
  // |x| as integer bits: order of floats, NaN above infinity, no float compare
  let top: i32 = 0;
  const end = xPtr + (<usize>count << 2);
  if (ASC_FEATURE_SIMD) {
    let tops = i32x4.splat(0);
    const sign = i32x4.splat(0x7fffffff);
    for (; xPtr + 16 <= end; xPtr += 16) tops = i32x4.max_s(tops, v128.and(v128.load(xPtr), sign));
    tops = i32x4.max_s(tops, v128.shuffle<i32>(tops, tops, 2, 3, 0, 1));
    top = max(i32x4.extract_lane(tops, 0), i32x4.extract_lane(tops, 1));
  }
  for (; xPtr < end; xPtr += 4) {
    const bits = load<i32>(xPtr) & 0x7fffffff;
    if (bits > top) top = bits;
  }
  return reinterpret<f32>(top);
}

@inline
export function isFinite32(x: f32): bool {
  return (reinterpret<i32>(x) & 0x7fffffff) < 0x7f800000;
}

/** 127 / absmax, or 0 for a vector of zeros; below 1.2e-36 counts as zero, because 127 / absmax would overflow below 3.8e-37. */
@inline
export function inverseScaleOf(maximum: f32): f32 {
  return maximum < <f32>1.1754944e-36 ? 0 : <f32>127 / maximum;
}
