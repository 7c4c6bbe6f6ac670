// Portable. Where each packed code lies: the one definition behind kernels, exporter and repacking.
// Sizes are exact; products stay below 2^31 while rows and columns are at most MAX_WIDTH and their product MAX_WEIGHTS.

import { USES_PACKED } from "../uses.ts";
import {
  LAYOUT_FLOAT32_ROWS,
  LAYOUT_INT1_LUT,
  LAYOUT_INT1_LUT_SIMD,
  LAYOUT_INT4_MASKDOT,
  LAYOUT_INT4_SWAR,
  LAYOUT_INT8_BLOCKED,
  LAYOUT_INT16_BLOCKED,
  LAYOUT_PACKED,
  LAYOUT_PACKED_3,
  LAYOUT_PACKED_15,
  LAYOUT_TERNARY_LUT_SIMD,
  LAYOUT_TERNARY_MASKDOT,
  LAYOUT_TERNARY_PLANES,
  LAYOUT_TERNARY_SWAR,
  LAYOUT_TERNARY5_LUT,
  MAX_WIDTH,
  WEIGHT_FLOAT32,
  WEIGHT_INT,
  WEIGHT_INT1,
  WEIGHT_INT2,
  WEIGHT_INT4,
  WEIGHT_INT8,
  WEIGHT_INT16,
  WEIGHT_TERNARY,
  WEIGHT_TERNARY_POPCOUNT,
  WEIGHT_TERNARY5,
} from "./ids.ts";

/** Scratch for the tables of one tile of a scalar look-up kernel: 8 of 256 u16 entries. */
export const LUT_BYTES = 4096;

/** Bits of an integer type's values: 1 to 16; 2 for -1, 0, 1 that meet 8-bit activations; 0 for the rest. */
export function integerBits(weightType: i32): i32 {
  if (weightType == WEIGHT_TERNARY || weightType == WEIGHT_TERNARY5) return 2;
  return weightType >= WEIGHT_INT1 && weightType <= WEIGHT_INT16 ? weightType - WEIGHT_INT : 0;
}

/** Widths that have no kernel of their own: 3, 5 to 7, 9 to 15. */
export function isPacked(layout: i32): boolean {
  if (!USES_PACKED || layout < LAYOUT_PACKED_3 || layout > LAYOUT_PACKED_15) return false;
  const bits = layout - LAYOUT_PACKED;
  return bits != 4 && bits != 8;
}

/** Can codes of this type lie so? Narrow codes may also lie in a wider layout: then nothing unpacks them. */
export function layoutHolds(layout: i32, weightType: i32): boolean {
  if (layout == LAYOUT_FLOAT32_ROWS) return weightType == WEIGHT_FLOAT32;
  if (layout == LAYOUT_TERNARY_PLANES) return weightType == WEIGHT_TERNARY_POPCOUNT;
  const bits = integerBits(weightType);
  if (bits == 0) return false;
  if (layout == LAYOUT_INT1_LUT || layout == LAYOUT_INT1_LUT_SIMD) return bits == 1;
  if (
    layout == LAYOUT_TERNARY_SWAR ||
    layout == LAYOUT_TERNARY_MASKDOT ||
    layout == LAYOUT_TERNARY5_LUT ||
    layout == LAYOUT_TERNARY_LUT_SIMD
  )
    return bits == 2;
  if (layout == LAYOUT_INT4_SWAR) return bits == 4;
  if (layout == LAYOUT_INT4_MASKDOT) return bits == 3 || bits == 4;
  if (layout == LAYOUT_INT8_BLOCKED) return bits >= 5 && bits <= 8;
  if (layout == LAYOUT_INT16_BLOCKED) return bits >= 9;
  return isPacked(layout) && bits == layout - LAYOUT_PACKED;
}

/** The layout that a file stores for a weight type: what the 32-bit scalar kernels read in place. */
export function canonicalLayout(weightType: i32): i32 {
  if (weightType == WEIGHT_TERNARY || weightType == WEIGHT_INT2) return LAYOUT_TERNARY_SWAR;
  if (weightType == WEIGHT_TERNARY5) return LAYOUT_TERNARY5_LUT;
  if (weightType == WEIGHT_TERNARY_POPCOUNT) return LAYOUT_TERNARY_PLANES;
  if (weightType == WEIGHT_INT1) return LAYOUT_INT1_LUT;
  if (weightType == WEIGHT_INT4) return LAYOUT_INT4_SWAR;
  if (weightType == WEIGHT_INT8) return LAYOUT_INT8_BLOCKED;
  if (weightType == WEIGHT_INT16) return LAYOUT_INT16_BLOCKED;
  if (weightType > WEIGHT_INT && weightType < WEIGHT_INT16) return LAYOUT_PACKED + weightType - WEIGHT_INT;
  return LAYOUT_FLOAT32_ROWS;
}

/** From so many rows on, building tables pays: cycles a MAC are 1.12 + 97 / rows on a Cortex-M4 against 1.57 (docs/how-it-works/cortex-m.md). */
const TERNARY_LUT_ROWS = 192;

/** The layout that a file stores for a weight type and shape: the canonical one, but for wide ternary layers the one with tables. */
export function scalarLayout(weightType: i32, rows: i32): i32 {
  const layout = canonicalLayout(weightType);
  return layout == LAYOUT_TERNARY_SWAR && rows >= TERNARY_LUT_ROWS ? LAYOUT_TERNARY5_LUT : layout;
}

/**
 * The layout that the SIMD kernels read. Odd widths are widened once, when a host repacks: it trades memory for time where there
 * is memory.
 */
export function simdLayout(weightType: i32, rows: i32, columns: i32): i32 {
  if (weightType == WEIGHT_FLOAT32) return LAYOUT_FLOAT32_ROWS;
  if (weightType == WEIGHT_TERNARY_POPCOUNT) return LAYOUT_TERNARY_PLANES;
  const bits = integerBits(weightType);
  if (bits == 1) return LAYOUT_INT1_LUT_SIMD;
  // a look-up serves 32 rows at a time and builds its tables first: few rows do not pay for them
  if (bits == 2) return rows >= 64 && columns <= maxColumns(LAYOUT_TERNARY_LUT_SIMD) ? LAYOUT_TERNARY_LUT_SIMD : LAYOUT_TERNARY_MASKDOT;
  if (bits <= 4) return LAYOUT_INT4_MASKDOT;
  return bits <= 8 ? LAYOUT_INT8_BLOCKED : LAYOUT_INT16_BLOCKED;
}

/** Do the kernel's sums come as float32 instead of i32? */
export function hasFloatSums(layout: i32): boolean {
  return layout == LAYOUT_FLOAT32_ROWS || layout == LAYOUT_INT16_BLOCKED || (isPacked(layout) && (layout & 8) != 0);
}

/** Columns are padded to a multiple of this. */
export function columnBlock(layout: i32): i32 {
  if (layout == LAYOUT_FLOAT32_ROWS) return 4;
  if (layout == LAYOUT_TERNARY_SWAR) return 8;
  if (layout == LAYOUT_INT4_MASKDOT || layout == LAYOUT_INT1_LUT_SIMD) return 32;
  if (layout == LAYOUT_TERNARY5_LUT) return 40;
  if (layout == LAYOUT_TERNARY_MASKDOT || layout == LAYOUT_INT1_LUT || isPacked(layout)) return 64;
  if (layout == LAYOUT_TERNARY_PLANES) return 128;
  return 16;
}

/** Rows are padded to a multiple of this. */
export function rowBlock(layout: i32): i32 {
  if (layout == LAYOUT_FLOAT32_ROWS || layout == LAYOUT_TERNARY5_LUT || layout == LAYOUT_INT1_LUT) return 1;
  if (layout == LAYOUT_TERNARY_SWAR) return 8;
  if (layout == LAYOUT_TERNARY_LUT_SIMD || layout == LAYOUT_INT1_LUT_SIMD) return 32;
  return 4;
}

/** Most columns for which the kernel's sums are exact, derived in each kernel. */
export function maxColumns(layout: i32): i32 {
  return layout == LAYOUT_TERNARY_LUT_SIMD ? 4224 : MAX_WIDTH;
}

export function padTo(n: i32, block: i32): i32 {
  const last = n + block - 1;
  return last - (last % block);
}

/** Inputs as the kernels read them: zeros behind the last column, up to here. */
export function inputWidth(layout: i32, columns: i32): i32 {
  const k = padTo(columns, columnBlock(layout));
  const lanes = padTo(columns, 64);
  return k > lanes ? k : lanes;
}

/** Outputs as the kernels write them: rows behind the last are written too, up to here. */
export function outputWidth(layout: i32, rows: i32): i32 {
  return padTo(rows, rowBlock(layout) > 8 ? rowBlock(layout) : 8);
}

/** Scratch beside the prepared activations: the tables of look-up kernels; for packed layouts also the sums of each part. */
export function tableBytes(layout: i32, rows: i32, columns: i32): i32 {
  if (layout == LAYOUT_TERNARY5_LUT || layout == LAYOUT_INT1_LUT) return LUT_BYTES;
  if (layout == LAYOUT_TERNARY_LUT_SIMD || layout == LAYOUT_INT1_LUT_SIMD) return padTo(columns, columnBlock(layout)) << 3;
  if (!isPacked(layout)) return 0;
  const signs = signPlanes(layout) * rows;
  return LUT_BYTES + ((signs + padTo(rows, 4)) << 2);
}

/** Bytes of one packed matrix, row sums included where the layout has them. */
export function weightBytes(layout: i32, rows: i32, columns: i32): i32 {
  const n = padTo(rows, rowBlock(layout));
  const k = padTo(columns, columnBlock(layout));
  if (layout == LAYOUT_TERNARY5_LUT) return (n * k) / 5;
  if (isPacked(layout)) {
    return packedOffset(layout, LAYOUT_INT1_LUT, rows, columns) + weightBytes(LAYOUT_INT1_LUT, signPlanes(layout) * rows, columns);
  }
  return ((n * k * storedBits(layout)) >> 3) + (hasRowSums(layout) ? n << 2 : 0);
}

/** Low bits of a packed layout's codes that lie in planes of their own, as rows of signs. */
export function signPlanes(layout: i32): i32 {
  return layout & 3;
}

/**
 * A packed matrix is up to three ones behind each other, the highest bits of the codes first: 8 bits (widths above 8), 4 bits
 * (widths with a 4 in their binary form), and signs [planes][rows]. Byte offset of the part that has layout `part`.
 */
export function packedOffset(layout: i32, part: i32, rows: i32, columns: i32): i32 {
  let offset = 0;
  if (layout & 8 && part != LAYOUT_INT8_BLOCKED) offset += weightBytes(LAYOUT_INT8_BLOCKED, rows, columns);
  if (layout & 4 && part == LAYOUT_INT1_LUT) offset += weightBytes(LAYOUT_INT4_SWAR, rows, columns);
  return offset;
}

/** Bits that a code takes in a layout. */
function storedBits(layout: i32): i32 {
  if (layout == LAYOUT_FLOAT32_ROWS) return 32;
  if (layout == LAYOUT_INT1_LUT || layout == LAYOUT_INT1_LUT_SIMD) return 1;
  if (layout == LAYOUT_INT4_SWAR || layout == LAYOUT_INT4_MASKDOT) return 4;
  if (layout == LAYOUT_INT8_BLOCKED) return 8;
  if (layout == LAYOUT_INT16_BLOCKED) return 16;
  return 2;
}

function hasRowSums(layout: i32): boolean {
  return layout == LAYOUT_TERNARY_SWAR || layout == LAYOUT_INT4_SWAR;
}

/** Byte offset of the i32 that holds 128 * sum of codes of a row, or -1 where the layout has none. */
export function rowSumOffset(layout: i32, row: i32, k: i32): i32 {
  if (!hasRowSums(layout)) return -1;
  const n = rowBlock(layout);
  const codes = (n * k * storedBits(layout)) >> 3;
  const group = row & -n;
  return (group / n) * (codes + (n << 2)) + codes + ((row - group) << 2);
}

/**
 * Bit address (8 * byte + shift) of the code of (row, column), for layouts that keep a code's bits together; k = padded columns.
 * planeBit, signBit and tritByte serve the others.
 */
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
  if (layout == LAYOUT_INT8_BLOCKED || layout == LAYOUT_INT16_BLOCKED) {
    const code = ((((row >> 2) * (k >> 3) + (column >> 3)) * 4 + (row & 3)) << 3) + (column & 7);
    return layout == LAYOUT_INT8_BLOCKED ? code << 3 : code << 4;
  }
  if (layout == LAYOUT_INT1_LUT_SIMD) {
    const byte = (((row >> 5) * (k >> 2) + (column >> 2)) << 4) + (row & 15);
    return (byte << 3) + ((row & 16) >> 2) + (column & 3);
  }
  return (row * k + column) << 5;
}

/** Bit address of (row, column) in INT1_LUT: [K/64][N][8 bytes], a tile is 64 columns of every row, the first in bit 0. */
export function signBit(row: i32, column: i32, rows: i32): i32 {
  return (((column >> 6) * rows + row) << 6) + (column & 63);
}

/** Byte of TERNARY5_LUT that holds (row, column): [K/40][N][8 bytes], five columns a byte; their digits weigh 1, 3, 9, 28, 84. */
export function tritByte(row: i32, column: i32, rows: i32): i32 {
  const tile = (column - (column % 40)) / 40;
  const inTile = column - tile * 40;
  return ((tile * rows + row) << 3) + (inTile - (inTile % 5)) / 5;
}

/**
 * Bit address of plane 0 (columns that are not zero; code of at least 1) or 1 (negative ones; code of 2) of a ternary value:
 * LAYOUT_TERNARY_PLANES: [N/4][K/128][4][not zero 16 B | negative 16 B];
 * LAYOUT_TERNARY_LUT_SIMD: [N/32][K/4][2][16 B], byte i: row i in its low nibble, row 16 + i in its high one.
 */
export function planeBit(layout: i32, plane: i32, row: i32, column: i32, k: i32): i32 {
  if (layout == LAYOUT_TERNARY_PLANES) {
    const block = ((row >> 2) * (k >> 7) + (column >> 7)) * 4 + (row & 3);
    return (((block << 1) + plane) << 7) + (column & 127);
  }
  const byte = ((((row >> 5) * (k >> 2) + (column >> 2)) * 2 + plane) << 4) + (row & 15);
  return (byte << 3) + ((row & 16) >> 2) + (column & 3);
}
