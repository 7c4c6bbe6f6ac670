// Float rows to integer codes: the formulas that training imitates and the exporter applies.
//
//   c = w - mean(w)                                  the mean is dropped, not restored (as in the paper's BitLinear)
//   k bits    scale = max |c| / (2^(k-1) - 1)        code = round(c / scale), half to even
//   ternary   threshold = 0.15 * max |c|             code = sign(c) where |c| > threshold, else 0
//             scale = mean |c| of the non-zero codes
//   float32   no codes, no centring
//
//   w ~ scale * code

/** Weight formats of a hidden layer; tools/export/checkpoint.ts says which layers may have which. */
export type IntegerType = "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15" | "16";
export type WeightType = "ternary" | "ternary5" | "popcount" | IntegerType | "float32";

const INTEGER_TYPES = Array.from({ length: 16 }, (_, i) => `${i + 1}` as IntegerType);
export const WEIGHT_TYPES: readonly WeightType[] = ["ternary", "ternary5", "popcount", ...INTEGER_TYPES, "float32"];

/** Share of the largest centred weight of a row below which a ternary code is zero. */
export const TERNARY_THRESHOLD = 0.15;

/** Largest code of a k-bit weight: codes are symmetric, -(2^(k-1) - 1) .. 2^(k-1) - 1. */
export function maxCode(bits: number): number {
  return 2 ** (bits - 1) - 1;
}

export interface QuantizedRow {
  codes: Int8Array;
  /** Positive, a float32 value. 1 for a row without variation, whose codes are all 0. */
  scale: number;
}

/** One output channel, float32 [columns], to codes and scale. */
export function quantizeRow(row: Float32Array, type: Exclude<WeightType, "float32">): QuantizedRow {
  let sum = 0;
  for (const w of row) sum += w;
  const mean = sum / row.length;
  let largest = 0;
  for (const w of row) largest = Math.max(largest, Math.abs(w - mean));
  const codes = new Int8Array(row.length);
  // below this the scale, or its inverse, would not be a normal float32
  if (largest < 1e-30) return { codes, scale: 1 };
  return type === "ternary" ? ternaryRow(row, mean, largest, codes) : integerRow(row, mean, largest, codes, maxCode(Number(type)));
}

function ternaryRow(row: Float32Array, mean: number, largest: number, codes: Int8Array): QuantizedRow {
  let sum = 0;
  let used = 0;
  for (let i = 0; i < row.length; i++) {
    const c = row[i]! - mean;
    if (Math.abs(c) <= TERNARY_THRESHOLD * largest) continue;
    codes[i] = Math.sign(c);
    sum += Math.abs(c);
    used++;
  }
  return { codes, scale: Math.fround(sum / used) };
}

function integerRow(row: Float32Array, mean: number, largest: number, codes: Int8Array, top: number): QuantizedRow {
  const scale = largest / top;
  for (let i = 0; i < row.length; i++) codes[i] = roundHalfEven((row[i]! - mean) / scale);
  return { codes, scale: Math.fround(scale) };
}

/**
 * Codes of a vector of activations, as the device computes them (assembly/kernels/quantize.ts): absmax, 127 levels a side,
 * in float32. A vector of zeros, or of values below 1.2e-36, has scale 0.
 */
export function quantizeActivations(x: ArrayLike<number>): { codes: Int8Array; scale: number } {
  let largest = 0;
  for (let i = 0; i < x.length; i++) largest = Math.max(largest, Math.abs(Math.fround(x[i]!)));
  const codes = new Int8Array(x.length);
  if (largest < 1.1754944e-36) return { codes, scale: 0 };
  const inverse = Math.fround(127 / largest);
  for (let i = 0; i < x.length; i++) codes[i] = roundHalfEven(Math.fround(Math.fround(x[i]!) * inverse));
  return { codes, scale: Math.fround(largest / 127) };
}

/** Nearest integer; ties go to the even one. |x| < 2^52. */
export function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest < 0.5) return down;
  if (rest > 0.5) return down + 1;
  return down % 2 === 0 ? down : down + 1;
}
