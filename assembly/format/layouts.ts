// Portable. Where each packed code lies: the one definition behind kernels, exporter and repacking.
// Sizes are exact; products stay below 2^31 while rows and columns are at most MAX_WIDTH.

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
} from "./ids.ts";

/** Weight type that a layout holds, or 0 for an unknown layout. */
export function layoutWeightType(layout: i32): i32 {
  if (layout == LAYOUT_TERNARY_SWAR || layout == LAYOUT_TERNARY_MASKDOT) return WEIGHT_TERNARY;
  if (layout == LAYOUT_INT4_SWAR || layout == LAYOUT_INT4_MASKDOT) return WEIGHT_INT4;
  if (layout == LAYOUT_INT8_BLOCKED) return WEIGHT_INT8;
  if (layout == LAYOUT_FLOAT32_ROWS) return WEIGHT_FLOAT32;
  return 0;
}

/** The layout that a file stores for a weight type: what the 32-bit scalar kernels read in place. */
export function canonicalLayout(weightType: i32): i32 {
  if (weightType == WEIGHT_TERNARY) return LAYOUT_TERNARY_SWAR;
  if (weightType == WEIGHT_INT4) return LAYOUT_INT4_SWAR;
  if (weightType == WEIGHT_INT8) return LAYOUT_INT8_BLOCKED;
  return LAYOUT_FLOAT32_ROWS;
}

/** Columns are padded to a multiple of this. */
export function columnBlock(layout: i32): i32 {
  if (layout == LAYOUT_TERNARY_SWAR) return 8;
  if (layout == LAYOUT_TERNARY_MASKDOT) return 64;
  if (layout == LAYOUT_INT4_MASKDOT) return 32;
  if (layout == LAYOUT_FLOAT32_ROWS) return 4;
  return 16;
}

/** Rows are padded to a multiple of this. */
export function rowBlock(layout: i32): i32 {
  if (layout == LAYOUT_TERNARY_SWAR) return 8;
  if (layout == LAYOUT_FLOAT32_ROWS) return 1;
  return 4;
}

export function padTo(n: i32, block: i32): i32 {
  return (n + block - 1) & -block;
}

/** Bytes of one packed matrix, row sums included where the layout has them. */
export function weightBytes(layout: i32, rows: i32, columns: i32): i32 {
  const n = padTo(rows, rowBlock(layout));
  const k = padTo(columns, columnBlock(layout));
  if (layout == LAYOUT_TERNARY_SWAR) return ((n * k) >> 2) + (n << 2);
  if (layout == LAYOUT_TERNARY_MASKDOT) return (n * k) >> 2;
  if (layout == LAYOUT_INT4_SWAR) return ((n * k) >> 1) + (n << 2);
  if (layout == LAYOUT_INT4_MASKDOT) return (n * k) >> 1;
  if (layout == LAYOUT_INT8_BLOCKED) return n * k;
  return (n * k) << 2;
}

/** Bit address (8 * byte + shift) of the code of (row, column); k = padded columns. */
export function codeBit(layout: i32, row: i32, column: i32, k: i32): i32 {
  if (layout == LAYOUT_TERNARY_SWAR) {
    const group = (row >> 3) * ((k << 1) + 32);
    const word = (column >> 3) * 4 + ((row >> 1) & 3);
    return ((group + (word << 2)) << 3) + ((row & 1) << 4) + ((column & 7) << 1);
  }
  if (layout == LAYOUT_TERNARY_MASKDOT) {
    const block = ((row >> 2) * (k >> 6) + (column >> 6)) * 4 + (row & 3);
    return (((block << 4) + ((column & 7) << 1)) << 3) + (((column >> 3) & 7) << 1);
  }
  if (layout == LAYOUT_INT4_SWAR) {
    const group = (row >> 2) * ((k << 1) + 16);
    const word = (column >> 2) * 2 + ((row >> 1) & 1);
    return ((group + (word << 2)) << 3) + ((row & 1) << 4) + ((column & 3) << 2);
  }
  if (layout == LAYOUT_INT4_MASKDOT) {
    const block = ((row >> 2) * (k >> 5) + (column >> 5)) * 4 + (row & 3);
    return (((block << 4) + ((column & 7) << 1)) << 3) + (((column >> 3) & 3) << 2);
  }
  if (layout == LAYOUT_INT8_BLOCKED) {
    return (((((row >> 2) * (k >> 3) + (column >> 3)) * 4 + (row & 3)) << 3) + (column & 7)) << 3;
  }
  return (row * k + column) << 5;
}

/** Byte offset of the i32 that holds 128 * sum of codes of a row, or -1 where the layout has none. */
export function rowSumOffset(layout: i32, row: i32, k: i32): i32 {
  if (layout == LAYOUT_TERNARY_SWAR) return (row >> 3) * ((k << 1) + 32) + (k << 1) + ((row & 7) << 2);
  if (layout == LAYOUT_INT4_SWAR) return (row >> 2) * ((k << 1) + 16) + (k << 1) + ((row & 3) << 2);
  return -1;
}
