// Slow, obvious float64/integer references of kernels and layers. Kept for ever; fast ones are compared with them.

/** y[n] = sum_k x[k] * w[n][k], exact integers. */
export function gemv(x: ArrayLike<number>, w: ArrayLike<number>, rows: number, columns: number): Float64Array {
  const y = new Float64Array(rows);
  for (let n = 0; n < rows; n++) {
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += x[k] * w[n * columns + k];
    y[n] = sum;
  }
  return y;
}

const f = Math.fround;

/** int8 codes of a float32 vector, absmax, half to even, in float32 arithmetic. */
export function quantizeActivations(x: ArrayLike<number>): { codes: Int32Array; scale: number } {
  let absmax = 0;
  for (let i = 0; i < x.length; i++) absmax = Math.max(absmax, Math.abs(x[i]));
  const inverse = absmax < 1.1754944e-36 ? 0 : f(127 / absmax);
  const codes = new Int32Array(x.length);
  for (let i = 0; i < x.length; i++) codes[i] = roundHalfEven(f(x[i] * inverse));
  return { codes, scale: f(absmax / 127) };
}

function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Ternary codes of a float32 vector: sign(x) where |x| > 0.05 max |x|; scale = mean |x| of those, summed in the device's order. */
export function ternaryActivations(x: ArrayLike<number>): { codes: Int32Array; scale: number } {
  const values = Array.from(x, f);
  const threshold = f(f(0.05) * values.reduce((top, value) => Math.max(top, Math.abs(value)), 0));
  const isUsed = (value: number) => Math.abs(value) > threshold;
  const used = values.filter(isUsed).length;
  const sum = sum4(values.map((value) => (isUsed(value) ? Math.abs(value) : 0)));
  return { codes: Int32Array.from(values, (value) => (isUsed(value) ? Math.sign(value) : 0)), scale: used === 0 ? 0 : f(sum / used) };
}

/** y = W x + b as the device computes it in float32: sum * (scale * xScale) + bias, one scale a row or one for all. Bit for bit. */
export function linearInteger(
  x: ArrayLike<number>,
  w: ArrayLike<number>,
  scale: ArrayLike<number>,
  bias: ArrayLike<number>,
  rows: number,
  columns: number,
  activations = quantizeActivations,
): Float32Array {
  const { codes, scale: xScale } = activations(x);
  const sums = gemv(codes, w, rows, columns);
  const scaleOf = (row: number) => scale[scale.length === 1 ? 0 : row];
  return Float32Array.from(sums, (sum, n) => f(f(f(sum) * f(scaleOf(n) * xScale)) + bias[n]));
}

/** The device's order of summation: element i goes to partial sum i mod 4, then (s0 + s2) + (s1 + s3), in float32. */
export function sum4(values: ArrayLike<number>): number {
  const s = [0, 0, 0, 0];
  for (let i = 0; i < values.length; i++) s[i & 3] = f(s[i & 3] + values[i]);
  return f(f(s[0] + s[2]) + f(s[1] + s[3]));
}

export function softmax(z: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(z);
  const top = Math.max(...values);
  const e = values.map((value) => Math.exp(value - top));
  const total = e.reduce((sum, value) => sum + value, 0);
  return e.map((value) => value / total);
}

export function entropy(p: ArrayLike<number>): number {
  let h = 0;
  for (let i = 0; i < p.length; i++) if (p[i] > 0) h -= p[i] * Math.log(p[i]);
  return h;
}
