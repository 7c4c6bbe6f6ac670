// Natural logarithm and exponential in float32, plain adds and multiplies in one fixed order: the same bits on every engine.
// Coefficients: interpolation at Chebyshev nodes, rounded to float32. Errors are measured in tests/math.test.ts.
//
//   float32   | s | exponent + 127 : 8 | mantissa : 23 |

const LN2_HIGH: f32 = 0.693145751953125; // 16 significant bits: e * LN2_HIGH is exact for |e| <= 128
const LN2_LOW: f32 = 1.42860676533018e-6;
const SQRT_HALF_BITS: i32 = 0x3f3504f3;

/**
 * ln(x) for positive normal x; error at most 1 ULP. Other x give a meaningless number and no trap.
 *
 *   x = 2^e m, sqrt(1/2) <= m < sqrt(2);  f = m - 1;  s = f / (2 + f)
 *   ln(m) = 2 atanh(s) = f - f f / 2 + s (f f / 2 + R(s s))
 */
export function logf(x: f32): f32 {
  const bits = reinterpret<i32>(x);
  const above = bits - SQRT_HALF_BITS;
  const e = <f32>(above >> 23);
  const f = reinterpret<f32>((above & 0x7fffff) + SQRT_HALF_BITS) - <f32>1;
  const half = <f32>0.5 * f * f;
  const s = f / (<f32>2 + f);
  const z = s * s;
  const r = z * (<f32>0.66666687 + z * (<f32>0.3998878 + z * <f32>0.2957995));
  return s * (half + r) + (e * LN2_LOW - half) + f + e * LN2_HIGH;
}

/**
 * e^x; error at most 1.1 ULP for -87.3 <= x <= 88. Below that, and for NaN, 0; above it e^88.
 *
 *   x = k ln 2 + r, |r| <= ln(2) / 2;  e^x = 2^k (1 + r + r r P(r))
 */
export function expf(x: f32): f32 {
  if (!(x >= -87.3)) return 0;
  if (x > 88) x = 88;
  const round: f32 = 12582912; // 1.5 * 2^23: adding it leaves no room for a fraction
  const k = x * <f32>Math.LOG2E + round - round;
  const r = x - k * LN2_HIGH - k * LN2_LOW;
  const p = <f32>0.5 + r * (<f32>0.16666576 + r * (<f32>0.041666556 + r * (<f32>0.008363179 + r * <f32>0.0013926184)));
  return (<f32>1 + (r + r * r * p)) * reinterpret<f32>((<i32>k + 127) << 23);
}
