// Codes to bytes and bytes to codes, for every layout: slow, obvious, driven by format/layouts.ts alone.

import {
  LAYOUT_FLOAT32_ROWS,
  LAYOUT_INT4_MASKDOT,
  LAYOUT_INT4_SWAR,
  LAYOUT_INT8_BLOCKED,
  LAYOUT_TERNARY_MASKDOT,
  LAYOUT_TERNARY_SWAR,
  WEIGHT_FLOAT32,
  WEIGHT_INT4,
  WEIGHT_INT8,
  WEIGHT_TERNARY,
} from "../../assembly/format/ids.ts";
import { codeBit, columnBlock, layoutWeightType, padTo, rowSumOffset, weightBytes } from "../../assembly/format/layouts.ts";

export interface WeightTypeInfo {
  id: number;
  /** As the command line and tables name it. */
  name: "ternary" | "4-bit" | "8-bit" | "float32";
  /** Bits of one stored code. */
  codeBits: number;
  /** value = scale * (code - zeroPoint) */
  zeroPoint: number;
  /** Signed code range, zero point removed. */
  range: readonly [number, number];
  /** In the file, read in place by the scalar kernels. */
  canonicalLayout: number;
  simdLayout: number;
}

/** One row per weight type; kernels, exporter and tests are driven by it. */
export const WEIGHT_TYPES: readonly WeightTypeInfo[] = [
  {
    id: WEIGHT_TERNARY,
    name: "ternary",
    codeBits: 2,
    zeroPoint: 1,
    range: [-1, 1],
    canonicalLayout: LAYOUT_TERNARY_SWAR,
    simdLayout: LAYOUT_TERNARY_MASKDOT,
  },
  {
    id: WEIGHT_INT4,
    name: "4-bit",
    codeBits: 4,
    zeroPoint: 8,
    range: [-8, 7],
    canonicalLayout: LAYOUT_INT4_SWAR,
    simdLayout: LAYOUT_INT4_MASKDOT,
  },
  {
    id: WEIGHT_INT8,
    name: "8-bit",
    codeBits: 8,
    zeroPoint: 0,
    range: [-127, 127],
    canonicalLayout: LAYOUT_INT8_BLOCKED,
    simdLayout: LAYOUT_INT8_BLOCKED,
  },
  {
    id: WEIGHT_FLOAT32,
    name: "float32",
    codeBits: 32,
    zeroPoint: 0,
    range: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY],
    canonicalLayout: LAYOUT_FLOAT32_ROWS,
    simdLayout: LAYOUT_FLOAT32_ROWS,
  },
];

export function weightTypeById(id: number): WeightTypeInfo {
  const info = WEIGHT_TYPES.find((row) => row.id === id);
  if (!info) throw new RangeError(`unknown weight type ${id}`);
  return info;
}

/** Signed codes (or float32 values) [rows][columns] to packed bytes; padding is zero bits. */
export function packWeights(layout: number, values: Int8Array | Float32Array, rows: number, columns: number): Uint8Array {
  const type = weightTypeById(layoutWeightType(layout));
  const k = padTo(columns, columnBlock(layout));
  const packed = new Uint8Array(weightBytes(layout, rows, columns));
  const view = new DataView(packed.buffer);
  for (let row = 0; row < rows; row++) {
    let codeSum = 0;
    for (let column = 0; column < columns; column++) {
      const value = values[row * columns + column];
      const bit = codeBit(layout, row, column, k);
      if (type.id === WEIGHT_FLOAT32) {
        view.setFloat32(bit >> 3, value, true);
        continue;
      }
      if (value < type.range[0] || value > type.range[1]) {
        throw new RangeError(`row ${row}, column ${column}: code ${value} is outside ${type.name}'s range ${type.range.join("..")}`);
      }
      const code = value + type.zeroPoint;
      packed[bit >> 3] |= (code & ((1 << type.codeBits) - 1)) << (bit & 7);
      codeSum += code;
    }
    const sumAt = rowSumOffset(layout, row, k);
    if (sumAt >= 0) view.setInt32(sumAt, 128 * codeSum, true);
  }
  return packed;
}

/** The inverse: packed bytes to signed codes (or float32 values) [rows][columns]. */
export function unpackWeights(layout: number, packed: Uint8Array, rows: number, columns: number): Int8Array | Float32Array {
  const type = weightTypeById(layoutWeightType(layout));
  const k = padTo(columns, columnBlock(layout));
  const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  const values = type.id === WEIGHT_FLOAT32 ? new Float32Array(rows * columns) : new Int8Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const bit = codeBit(layout, row, column, k);
      if (type.id === WEIGHT_FLOAT32) values[row * columns + column] = view.getFloat32(bit >> 3, true);
      else values[row * columns + column] = ((packed[bit >> 3] >> (bit & 7)) & ((1 << type.codeBits) - 1)) - type.zeroPoint;
    }
  }
  return values;
}
