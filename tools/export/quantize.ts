// Float matrices to integer codes: the formulas that training imitates and the exporter applies.
//
//   c = w - mean(w)                                  of its row; the mean is dropped, not restored (as in the paper's BitLinear)
//   k bits    scale = max |c| / (2^(k-1) - 1)        code = round(c / scale), half to even                     k = 2 to 16
//   1 bit     scale = mean |c|                       code = 1 where c > 0, else -1
//   ternary   threshold = 0.15 * max |c|             code = sign(c) where |c| > threshold, else 0
//             scale = mean |c| of the non-zero codes
//   float32   no codes, no centring
//
//   w ~ scale * code
//
// Maxima and means are those of a row, or of the whole matrix if it has one scale.

import { type Codes, type WeightType, type WeightTypeInfo, weightTypeBySpec } from "../../host/model-file/weight_types.ts";
import type { GraphLayer } from "../graph/layers.ts";

/** Share of the largest centred weight of a row below which a ternary code is zero. */
export const TERNARY_THRESHOLD = 0.15;

/** Largest code of a k-bit weight: codes are symmetric, -(2^(k-1) - 1) .. 2^(k-1) - 1. */
export function maxCode(bits: number): number {
  return 2 ** (bits - 1) - 1;
}

export interface QuantizedMatrix {
  /** [rows, columns] */
  codes: Codes;
  /** Positive float32 values: [rows], or [1] for the whole matrix. */
  scale: Float32Array;
}

/** A 1-bit row without variation cannot have codes of 0: its sums vanish in the scale instead. */
const NO_SCALE = 1e-30;
/** Below this the scale, or its inverse, would not be a normal float32. */
const NO_VARIATION = 1e-30;

/** Codes and scales of a layer's weights: its own, or made as its type asks; null if it stays float32. */
export function layerCodes({ op, weight, rows, columns }: GraphLayer): QuantizedMatrix | null {
  const { weightType, perTensor } = op;
  if (weightType === "float32") return null;
  const { data, quantization } = weight;
  if (quantization) return { codes: data as Codes, scale: quantization.scale };
  return quantizeMatrix(data as Float32Array, rows, columns, weightType, perTensor);
}

/** Float32 weights [rows, columns] to codes, with a scale a row, or one for all. */
export function quantizeMatrix(
  weight: Float32Array,
  rows: number,
  columns: number,
  type: Exclude<WeightType, "float32">,
  perTensor = false,
): QuantizedMatrix {
  const count = rows * columns;
  const info = weightTypeBySpec(type);
  const codes = info.bits > 8 ? new Int16Array(count) : new Int8Array(count);
  const centred = centre(weight, rows, columns);
  const groups = perTensor ? 1 : rows;
  const size = count / groups;
  const scale = Float32Array.from({ length: groups }, (_, group) => {
    return quantizeGroup(centred.subarray(group * size, (group + 1) * size), codes.subarray(group * size, (group + 1) * size), info);
  });
  return { codes, scale };
}

function centre(weight: Float32Array, rows: number, columns: number): Float64Array {
  const centred = new Float64Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let i = row * columns; i < (row + 1) * columns; i++) sum += weight[i]!;
    for (let i = row * columns; i < (row + 1) * columns; i++) centred[i] = weight[i]! - sum / columns;
  }
  return centred;
}

/** Writes codes, returns their scale: 1 where nothing varies, and all codes are 0. */
function quantizeGroup(centred: Float64Array, codes: Codes, { quantizer, range }: WeightTypeInfo): number {
  let largest = 0;
  for (const c of centred) largest = Math.max(largest, Math.abs(c));
  if (quantizer === "ternary") return largest < NO_VARIATION ? 1 : ternaryGroup(centred, codes, TERNARY_THRESHOLD * largest);
  if (quantizer === "sign") return signGroup(centred, codes);
  if (largest < NO_VARIATION) return 1;
  const scale = largest / range[1];
  for (let i = 0; i < codes.length; i++) codes[i] = roundHalfEven(centred[i]! / scale);
  return scale;
}

function ternaryGroup(centred: Float64Array, codes: Codes, threshold: number): number {
  let sum = 0;
  let used = 0;
  for (let i = 0; i < codes.length; i++) {
    const c = centred[i]!;
    if (Math.abs(c) <= threshold) continue;
    codes[i] = Math.sign(c);
    sum += Math.abs(c);
    used++;
  }
  return sum / used;
}

function signGroup(centred: Float64Array, codes: Codes): number {
  let sum = 0;
  for (let i = 0; i < codes.length; i++) {
    codes[i] = centred[i]! > 0 ? 1 : -1;
    sum += Math.abs(centred[i]!);
  }
  return Math.max(sum / codes.length, NO_SCALE);
}

/**
 * Codes of a vector of activations, as the device computes them (assembly/kernels/quantize.ts): absmax, 127 levels a side,
 * in float32. A vector of zeros, or of values below 1.2e-36, has scale 0.
 */
export function quantizeActivations(x: ArrayLike<number>, nudge = 0): { codes: Int8Array; scale: number } {
  let largest = 0;
  for (let i = 0; i < x.length; i++) largest = Math.max(largest, Math.abs(Math.fround(x[i]!)));
  const codes = new Int8Array(x.length);
  if (largest < 1.1754944e-36) return { codes, scale: 0 };
  const inverse = Math.fround(127 / largest);
  for (let i = 0; i < x.length; i++) codes[i] = roundHalfEven(Math.fround(Math.fround(x[i]!) * inverse) + nudge);
  return { codes, scale: Math.fround(largest / 127) };
}

/** Share of the largest activation below which a ternary code is zero. */
export const TERNARY_ACTIVATION_THRESHOLD = 0.05;

/** Ternary codes of activations and the mean magnitude of those that are not zero (assembly/kernels/prepare_planes.ts). */
export function ternaryActivations(x: ArrayLike<number>, nudge = 0): { codes: Int8Array; scale: number } {
  let largest = 0;
  for (let i = 0; i < x.length; i++) largest = Math.max(largest, Math.abs(Math.fround(x[i]!)));
  const threshold = Math.fround(Math.fround(TERNARY_ACTIVATION_THRESHOLD) * largest) * (1 + nudge);
  const codes = new Int8Array(x.length);
  let sum = 0;
  let used = 0;
  for (let i = 0; i < x.length; i++) {
    const value = Math.fround(x[i]!);
    if (Math.abs(value) <= threshold) continue;
    codes[i] = Math.sign(value);
    sum += Math.abs(value);
    used++;
  }
  return { codes, scale: used === 0 ? 0 : Math.fround(sum / used) };
}

/** Nearest integer; ties go to the even one. |x| < 2^52. */
export function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest < 0.5) return down;
  if (rest > 0.5) return down + 1;
  return down % 2 === 0 ? down : down + 1;
}
