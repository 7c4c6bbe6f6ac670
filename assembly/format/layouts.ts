// Portable. Weight types and layouts: ids, one row of facts each, and where each packed code lies: the one definition behind loader, kernels,
// exporter, repacking and baking. A layout is drawn in the kernel that reads it.
// Sizes are exact; products stay below 2^31 while rows and columns are at most MAX_WIDTH and their product MAX_WEIGHTS.

import { USES_LAYOUTS, USES_PACKED } from "../uses.ts";
import { MAX_WIDTH } from "./ids.ts";

// ---- ids: a retired one leaves a tombstone comment and is never used again ----

/** -1, 0, 1 in 2-bit codes: fast to read. */
export const WEIGHT_TERNARY = 1;
/** The same values, five in a byte (1.6 bits each): small. */
export const WEIGHT_TERNARY5 = 2;
/** The same values in two bit planes, for activations that are ternary too. */
export const WEIGHT_TERNARY_POPCOUNT = 3;
/** k-bit integers are WEIGHT_INT + k, k = 1 to 16. 1 bit is a sign, -1 or +1; 2 bits hold -1, 0, 1. */
export const WEIGHT_INT = 16;
export const WEIGHT_INT1 = 17;
export const WEIGHT_INT2 = 18;
export const WEIGHT_INT4 = 20;
export const WEIGHT_INT8 = 24;
export const WEIGHT_INT16 = 32;
export const WEIGHT_FLOAT32 = 64;

export const LAYOUT_TERNARY_SWAR = 1;
export const LAYOUT_TERNARY_MASKDOT = 2;
export const LAYOUT_INT4_SWAR = 3;
export const LAYOUT_INT4_MASKDOT = 4;
export const LAYOUT_INT8_BLOCKED = 5;
export const LAYOUT_FLOAT32_ROWS = 6;
export const LAYOUT_TERNARY5_LUT = 7;
export const LAYOUT_TERNARY_LUT_SIMD = 8;
export const LAYOUT_TERNARY_PLANES = 9;
export const LAYOUT_INT1_LUT = 10;
export const LAYOUT_INT1_LUT_SIMD = 11;
export const LAYOUT_INT16_BLOCKED = 12;
/** Tight k-bit codes are LAYOUT_PACKED + k, for k = 3, 5 to 7 and 9 to 15. */
export const LAYOUT_PACKED = 32;
export const LAYOUT_PACKED_3 = 35;
export const LAYOUT_PACKED_15 = 47;

/** Has this module code for a layout? Constants, so that code for the others is not compiled. */
export const USES_TERNARY_SWAR = (USES_LAYOUTS & (1 << LAYOUT_TERNARY_SWAR)) != 0;
export const USES_TERNARY_MASKDOT = (USES_LAYOUTS & (1 << LAYOUT_TERNARY_MASKDOT)) != 0;
export const USES_INT4_SWAR = (USES_LAYOUTS & (1 << LAYOUT_INT4_SWAR)) != 0;
export const USES_INT4_MASKDOT = (USES_LAYOUTS & (1 << LAYOUT_INT4_MASKDOT)) != 0;
export const USES_INT8_BLOCKED = (USES_LAYOUTS & (1 << LAYOUT_INT8_BLOCKED)) != 0;
export const USES_FLOAT32_ROWS = (USES_LAYOUTS & (1 << LAYOUT_FLOAT32_ROWS)) != 0;
export const USES_TERNARY5_LUT = (USES_LAYOUTS & (1 << LAYOUT_TERNARY5_LUT)) != 0;
export const USES_TERNARY_LUT_SIMD = (USES_LAYOUTS & (1 << LAYOUT_TERNARY_LUT_SIMD)) != 0;
export const USES_TERNARY_PLANES = (USES_LAYOUTS & (1 << LAYOUT_TERNARY_PLANES)) != 0;
export const USES_INT1_LUT = (USES_LAYOUTS & (1 << LAYOUT_INT1_LUT)) != 0;
export const USES_INT1_LUT_SIMD = (USES_LAYOUTS & (1 << LAYOUT_INT1_LUT_SIMD)) != 0;
export const USES_INT16_BLOCKED = (USES_LAYOUTS & (1 << LAYOUT_INT16_BLOCKED)) != 0;

// ---- a row a layout ----

// A row is k | n | bits | facts: columns are padded to a multiple of k, rows to one of n, and a code takes so many bits.
const N1 = 1 << 8;
const N4 = 4 << 8;
const N8 = 8 << 8;
const N32 = 32 << 8;
const BITS = 1 << 14;
/** Codes are -1, 0, 1. */
const TRITS = 1 << 20;
/** Row sums behind each group of rows. */
const ROW_SUMS = 1 << 21;
/** The kernel's sums are float32. */
const FLOAT_SUMS = 1 << 22;
/** Scratch for tables of one tile, or of all columns. */
const TILE_TABLES = 1 << 23;
const COLUMN_TABLES = 1 << 24;
/** Holds narrower codes too, down to more than half its bits: then nothing unpacks them. */
const NARROWER = 1 << 25;
/** Which build reads it. */
const SCALAR = 1 << 26;
const SIMD = 1 << 27;

/** 0 for a layout that does not exist. Comparisons, since a switch becomes a br_table, which the worst case over any input cannot follow. */
function layoutRow(layout: i32): i32 {
  if (layout == LAYOUT_TERNARY_SWAR) return 8 | N8 | (2 * BITS) | TRITS | ROW_SUMS | SCALAR;
  if (layout == LAYOUT_TERNARY_MASKDOT) return 64 | N4 | (2 * BITS) | TRITS | SIMD;
  if (layout == LAYOUT_INT4_SWAR) return 16 | N4 | (4 * BITS) | ROW_SUMS | SCALAR;
  if (layout == LAYOUT_INT4_MASKDOT) return 32 | N4 | (4 * BITS) | NARROWER | SIMD;
  if (layout == LAYOUT_INT8_BLOCKED) return 16 | N4 | (8 * BITS) | NARROWER | SCALAR | SIMD;
  if (layout == LAYOUT_FLOAT32_ROWS) return 4 | N1 | (32 * BITS) | FLOAT_SUMS | SCALAR | SIMD;
  if (layout == LAYOUT_TERNARY5_LUT) return 40 | N1 | (2 * BITS) | TRITS | TILE_TABLES | SCALAR;
  if (layout == LAYOUT_TERNARY_LUT_SIMD) return 16 | N32 | (2 * BITS) | TRITS | COLUMN_TABLES | SIMD;
  if (layout == LAYOUT_TERNARY_PLANES) return 128 | N4 | (2 * BITS) | TRITS | SCALAR | SIMD;
  if (layout == LAYOUT_INT1_LUT) return 64 | N1 | BITS | TILE_TABLES | SCALAR;
  if (layout == LAYOUT_INT1_LUT_SIMD) return 32 | N32 | BITS | COLUMN_TABLES | SIMD;
  if (layout == LAYOUT_INT16_BLOCKED) return 16 | N4 | (16 * BITS) | NARROWER | FLOAT_SUMS | SCALAR | SIMD;
  // the parts of a packed code are padded each on its own; sums above 8 bits need 64
  return isPacked(layout) ? 64 | N4 | ((layout - LAYOUT_PACKED) * BITS) | (layout & 8 ? FLOAT_SUMS : 0) | SCALAR : 0;
}

/** How a layout's kernel multiplies, in words. */
export function formulation(layout: i32): string {
  if (layout == LAYOUT_TERNARY_SWAR || layout == LAYOUT_INT4_SWAR) return "2 rows a product (SWAR)";
  if (layout == LAYOUT_TERNARY_MASKDOT || layout == LAYOUT_INT4_MASKDOT) return "mask-dot";
  if (layout == LAYOUT_INT8_BLOCKED) return "dot, 4 rows";
  if (layout == LAYOUT_FLOAT32_ROWS) return "dot, float32";
  if (layout == LAYOUT_TERNARY5_LUT) return "look-up, 5 columns an index";
  if (layout == LAYOUT_TERNARY_LUT_SIMD || layout == LAYOUT_INT1_LUT_SIMD) return "look-up, swizzle";
  if (layout == LAYOUT_TERNARY_PLANES) return "popcount";
  if (layout == LAYOUT_INT1_LUT) return "look-up, 8 columns an index";
  if (layout == LAYOUT_INT16_BLOCKED) return "dot, 4 rows, 64-bit sums";
  const planes = signPlanes(layout);
  const whole = layout & 8 ? (layout & 4 ? "8 bits + 4 bits" : "8 bits") : layout & 4 ? "4 bits" : "";
  const signs = planes > 0 ? `${planes} x 1 bit` : "";
  return `sum of ${whole}${whole != "" && signs != "" ? " + " : ""}${signs}`;
}

// ---- a row a weight type ----

/** From so many rows on, building tables pays: cycles a MAC are 1.14 + 90 / rows on a Cortex-M4 against 1.57 (docs/how-it-works/cortex-m.md). */
const MANY_ROWS = 192;
/** A look-up of SIMD serves 32 rows at a time and builds its tables first. */
const MANY_ROWS_SIMD = 64;

// A row is bits | scalar | scalarMany | simd | simdMany: bits of its values; the layouts that the kernels of both builds want, for few
// rows and for many.
const SCALAR_FEW = 1 << 6;
const SCALAR_MANY = 1 << 12;
const SIMD_FEW = 1 << 18;
const SIMD_MANY = 1 << 24;
const SCALAR_ANY = SCALAR_FEW | SCALAR_MANY;
const SIMD_ANY = SIMD_FEW | SIMD_MANY;
const TRITS_SIMD = LAYOUT_TERNARY_MASKDOT * SIMD_FEW + LAYOUT_TERNARY_LUT_SIMD * SIMD_MANY;

/**
 * 0 for a type that does not exist. What SIMD reads of odd widths is widened once, when a host repacks: it trades memory for time where
 * there is memory.
 */
function weightRow(weightType: i32): i32 {
  switch (weightType) {
    case WEIGHT_TERNARY:
    case WEIGHT_INT2:
      return 2 + LAYOUT_TERNARY_SWAR * SCALAR_FEW + LAYOUT_TERNARY5_LUT * SCALAR_MANY + TRITS_SIMD;
    case WEIGHT_TERNARY5:
      return 2 + LAYOUT_TERNARY5_LUT * SCALAR_ANY + TRITS_SIMD;
    case WEIGHT_TERNARY_POPCOUNT:
      return 2 + LAYOUT_TERNARY_PLANES * (SCALAR_ANY + SIMD_ANY);
    case WEIGHT_INT1:
      return 1 + LAYOUT_INT1_LUT * SCALAR_ANY + LAYOUT_INT1_LUT_SIMD * SIMD_ANY;
    case WEIGHT_INT4:
      return 4 + LAYOUT_INT4_SWAR * SCALAR_ANY + LAYOUT_INT4_MASKDOT * SIMD_ANY;
    case WEIGHT_INT8:
      return 8 + LAYOUT_INT8_BLOCKED * (SCALAR_ANY + SIMD_ANY);
    case WEIGHT_INT16:
      return 16 + LAYOUT_INT16_BLOCKED * (SCALAR_ANY + SIMD_ANY);
    case WEIGHT_FLOAT32:
      return 32 + LAYOUT_FLOAT32_ROWS * (SCALAR_ANY + SIMD_ANY);
  }
  const bits = weightType - WEIGHT_INT;
  if (bits < 1 || bits > 16) return 0;
  const simd = bits < 4 ? LAYOUT_INT4_MASKDOT : bits < 8 ? LAYOUT_INT8_BLOCKED : LAYOUT_INT16_BLOCKED;
  return bits + (LAYOUT_PACKED + bits) * SCALAR_ANY + simd * SIMD_ANY;
}

// ---- what follows from the rows ----

/** Scratch for the tables of one tile of a scalar look-up kernel: 8 of 256 u16 entries. */
export const LUT_BYTES = 4096;

/** Bits of a type's values: 1 to 16, 32 for float32; 0 for a type that does not exist. */
export function valueBits(weightType: i32): i32 {
  return weightRow(weightType) & 63;
}

/** Widths that have no kernel of their own: 3, 5 to 7, 9 to 15. */
export function isPacked(layout: i32): boolean {
  if (!USES_PACKED || layout < LAYOUT_PACKED_3 || layout > LAYOUT_PACKED_15) return false;
  const bits = layout - LAYOUT_PACKED;
  return bits != 4 && bits != 8;
}

/** Can codes of this type lie so? */
export function layoutHolds(layout: i32, weightType: i32): boolean {
  const facts = layoutRow(layout);
  const bits = valueBits(weightType);
  const stored = codeBits(layout);
  if (bits == 0 || (layout == LAYOUT_TERNARY_PLANES) != (weightType == WEIGHT_TERNARY_POPCOUNT)) return false;
  return bits == stored || ((facts & NARROWER) != 0 && bits < stored && bits > stored >> 1);
}

/** Does a build have a kernel for the layout? */
export function isRead(layout: i32, simd: boolean): boolean {
  if ((layoutRow(layout) & (simd ? SIMD : SCALAR)) == 0) return false;
  return layout >= 32 || (USES_LAYOUTS & (1 << layout)) != 0;
}

/** The layout that a file stores for a weight type, whatever its shape: what the 32-bit scalar kernels read in place. */
export function canonicalLayout(weightType: i32): i32 {
  return (weightRow(weightType) >> 6) & 63;
}

/** The layout that a file stores for a weight type and shape. */
export function scalarLayout(weightType: i32, rows: i32): i32 {
  return (weightRow(weightType) >> (rows >= MANY_ROWS ? 12 : 6)) & 63;
}

/** The layout that the SIMD kernels read. */
export function simdLayout(weightType: i32, rows: i32, columns: i32): i32 {
  const many = (weightRow(weightType) >> 24) & 63;
  return rows >= MANY_ROWS_SIMD && columns <= maxColumns(many) ? many : (weightRow(weightType) >> 18) & 63;
}

/** Do the kernel's sums come as float32 instead of i32? */
export function hasFloatSums(layout: i32): boolean {
  return (layoutRow(layout) & FLOAT_SUMS) != 0;
}

/** Are its codes -1, 0, 1? */
export function hasTrits(layout: i32): boolean {
  return (layoutRow(layout) & TRITS) != 0;
}

/** Columns are padded to a multiple of this. */
export function columnBlock(layout: i32): i32 {
  return layoutRow(layout) & 255;
}

/** Rows are padded to a multiple of this. */
export function rowBlock(layout: i32): i32 {
  return (layoutRow(layout) >> 8) & 63;
}

/** Bits that a code takes; five trits in a byte count as two each. */
export function codeBits(layout: i32): i32 {
  return (layoutRow(layout) >> 14) & 63;
}

/** 128 * sum of codes of a row, behind each group of rows. */
export function hasRowSums(layout: i32): boolean {
  return (layoutRow(layout) & ROW_SUMS) != 0;
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
  const facts = layoutRow(layout);
  if (facts & TILE_TABLES) return LUT_BYTES;
  if (facts & COLUMN_TABLES) return padTo(columns, columnBlock(layout)) << 3;
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
  return ((n * k * codeBits(layout)) >> 3) + (hasRowSums(layout) ? n << 2 : 0);
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

/** Byte offset of the i32 that holds 128 * sum of codes of a row, or -1 where the layout has none. */
export function rowSumOffset(layout: i32, row: i32, k: i32): i32 {
  if (!hasRowSums(layout)) return -1;
  const n = rowBlock(layout);
  const codes = (n * k * codeBits(layout)) >> 3;
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
  return (row * k + column) * codeBits(layout); // row by row
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
