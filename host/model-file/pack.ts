// Codes to bytes and bytes to codes, for every layout: slow, obvious, driven by format/layouts.ts alone.

import * as Layouts from "../../assembly/format/layouts.ts";
import {
  codeBit,
  codeBits,
  columnBlock,
  hasTrits,
  isPacked,
  packedOffset,
  padTo,
  planeBit,
  rowSumOffset,
  scalarLayout,
  signBit,
  signPlanes,
  simdLayout,
  tritByte,
  weightBytes,
} from "../../assembly/format/layouts.ts";
import type { Codes } from "./weight_types.ts";

export type Target = "scalar" | "simd";

/** The layout that a build's kernels read for a type and shape. */
export function layoutFor(weightType: number, target: Target, rows: number, columns: number): number {
  return target === "simd" ? simdLayout(weightType, rows, columns) : scalarLayout(weightType, rows);
}

// ---- codes of one layout ----

/** Signed values that a layout can hold. */
function rangeOf(layout: number): readonly [number, number] {
  const bits = codeBits(layout);
  return hasTrits(layout) || bits === 1 ? [-1, 1] : [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1];
}

/** code = value + zero point; whole bytes are signed, with zero point 0. A sign is 0 for -1, 1 for +1. */
function zeroPointOf(layout: number): number {
  const bits = codeBits(layout);
  if (bits === 8 || bits === 16) return 0;
  return hasTrits(layout) || bits === 1 ? 1 : 2 ** (bits - 1);
}

const getBits = (bytes: Uint8Array, bit: number, width: number) => (bytes[bit >> 3] >> (bit & 7)) & ((1 << width) - 1);

function setBits(bytes: Uint8Array, bit: number, code: number, width: number): void {
  const mask = ((1 << width) - 1) << (bit & 7);
  bytes[bit >> 3] = (bytes[bit >> 3] & ~mask) | ((code << (bit & 7)) & mask);
}

const TRITS = [1, 3, 9, 28, 84]; // 27 padded to 28, so that tables are whole words

interface Codec {
  put(row: number, column: number, code: number): void;
  get(row: number, column: number): number;
}

/** Reads and writes unsigned codes where `layout` has them. */
function codecOf(layout: number, bytes: Uint8Array, rows: number, columns: number): Codec {
  const k = padTo(columns, columnBlock(layout));
  const bits = codeBits(layout);
  if (layout === Layouts.LAYOUT_TERNARY5_LUT) {
    return {
      put: (row, column, code) => {
        bytes[tritByte(row, column, rows)] += code * TRITS[column % 5];
      },
      get: (row, column) => {
        let rest = bytes[tritByte(row, column, rows)];
        for (let digit = 4; digit > column % 5; digit--) rest %= TRITS[digit];
        return Math.floor(rest / TRITS[column % 5]);
      },
    };
  }
  if (layout === Layouts.LAYOUT_TERNARY_PLANES || layout === Layouts.LAYOUT_TERNARY_LUT_SIMD) {
    // the planes of each code 0, 1, 2: not zero and negative, or two thermometer steps
    const planes = layout === Layouts.LAYOUT_TERNARY_PLANES ? [3, 0, 1] : [0, 1, 3];
    return {
      put: (row, column, code) => {
        for (const plane of [0, 1]) setBits(bytes, planeBit(layout, plane, row, column, k), planes[code] >> plane, 1);
      },
      get: (row, column) => {
        const [first, second] = [0, 1].map((plane) => getBits(bytes, planeBit(layout, plane, row, column, k), 1));
        return planes.indexOf(first + 2 * second);
      },
    };
  }
  if (layout === Layouts.LAYOUT_INT16_BLOCKED) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return {
      put: (row, column, code) => view.setInt16(codeBit(layout, row, column, k) >> 3, code, true),
      get: (row, column) => view.getInt16(codeBit(layout, row, column, k) >> 3, true),
    };
  }
  if (layout === Layouts.LAYOUT_INT4_MASKDOT) {
    // the top field of a lane is the signed value: its code without the zero point's bit
    const flip = (column: number) => ((column & 31) >= 24 ? 8 : 0);
    return {
      put: (row, column, code) => setBits(bytes, codeBit(layout, row, column, k), code ^ flip(column), 4),
      get: (row, column) => getBits(bytes, codeBit(layout, row, column, k), 4) ^ flip(column),
    };
  }
  const at =
    layout === Layouts.LAYOUT_INT1_LUT
      ? (row: number, column: number) => signBit(row, column, rows)
      : (row: number, column: number) => codeBit(layout, row, column, k);
  const signed = layout === Layouts.LAYOUT_INT8_BLOCKED;
  return {
    put: (row, column, code) => setBits(bytes, at(row, column), code, bits),
    get: (row, column) => (signed ? (bytes[at(row, column) >> 3] << 24) >> 24 : getBits(bytes, at(row, column), bits)),
  };
}

// ---- packed layouts: the parts of a code in matrices of their own ----

interface Part {
  layout: number;
  /** Signed value of the part, of the unsigned code; and the way back. */
  take(code: number): number;
  give(value: number): number;
}

/** 8 and 4 bits, as packed_gemv.ts draws them. */
function partsOf(layout: number): Part[] {
  const planes = signPlanes(layout);
  const parts: Part[] = [];
  if (layout & 8) {
    const below = layout & 7;
    parts.push({ layout: Layouts.LAYOUT_INT8_BLOCKED, take: (code) => (code >> below) - 128, give: (value) => (value + 128) << below });
  }
  if (layout & 4) {
    parts.push({ layout: Layouts.LAYOUT_INT4_SWAR, take: (code) => ((code >> planes) & 15) - 8, give: (value) => (value + 8) << planes });
  }
  return parts;
}

function packParts(layout: number, codes: Uint16Array, rows: number, columns: number): Uint8Array {
  const packed = new Uint8Array(weightBytes(layout, rows, columns));
  for (const part of partsOf(layout)) {
    const values = Int8Array.from(codes, part.take);
    packed.set(packWeights(part.layout, values, rows, columns), packedOffset(layout, part.layout, rows, columns));
  }
  const planes = signPlanes(layout);
  const signs = new Int8Array(planes * codes.length);
  for (let plane = 0; plane < planes; plane++) {
    codes.forEach((code, i) => {
      signs[plane * codes.length + i] = (code >> plane) & 1 ? 1 : -1;
    });
  }
  packed.set(
    packWeights(Layouts.LAYOUT_INT1_LUT, signs, planes * rows, columns),
    packedOffset(layout, Layouts.LAYOUT_INT1_LUT, rows, columns),
  );
  return packed;
}

function unpackParts(layout: number, packed: Uint8Array, rows: number, columns: number): Uint16Array {
  const codes = new Uint16Array(rows * columns);
  for (const part of partsOf(layout)) {
    const bytes = packed.subarray(packedOffset(layout, part.layout, rows, columns));
    unpackWeights(part.layout, bytes, rows, columns).forEach((value, i) => {
      codes[i] |= part.give(value);
    });
  }
  const bytes = packed.subarray(packedOffset(layout, Layouts.LAYOUT_INT1_LUT, rows, columns));
  const planes = signPlanes(layout);
  unpackWeights(Layouts.LAYOUT_INT1_LUT, bytes, planes * rows, columns).forEach((sign, i) => {
    if (sign > 0) codes[i % codes.length] |= 1 << Math.floor(i / codes.length);
  });
  return codes;
}

// ---- matrices ----

/** Signed codes (or float32 values) [rows][columns] to packed bytes; padding is zero bits, in 4-bit mask-dot the code of 0. */
export function packWeights(layout: number, values: Codes | Float32Array, rows: number, columns: number): Uint8Array {
  const k = padTo(columns, columnBlock(layout));
  const packed = new Uint8Array(weightBytes(layout, rows, columns));
  const view = new DataView(packed.buffer);
  if (layout === Layouts.LAYOUT_INT4_MASKDOT) new Uint16Array(packed.buffer).fill(0x0888);
  if (layout === Layouts.LAYOUT_FLOAT32_ROWS) {
    values.forEach((value, i) => {
      view.setFloat32(codeBit(layout, Math.floor(i / columns), i % columns, k) >> 3, value, true);
    });
    return packed;
  }
  const [low, high] = rangeOf(layout);
  const isSign = codeBits(layout) === 1;
  values.forEach((value, i) => {
    if (value >= low && value <= high && !(isSign && value === 0)) return;
    const allowed = isSign ? "signs, -1 or 1" : `range ${low}..${high}`;
    throw new RangeError(
      `row ${Math.floor(i / columns)}, column ${i % columns}: code ${value} is outside ${codeBits(layout)}-bit ${allowed}`,
    );
  });
  const zeroPoint = zeroPointOf(layout);
  if (isPacked(layout))
    return packParts(
      layout,
      Uint16Array.from(values, (value) => value + zeroPoint),
      rows,
      columns,
    );
  const codec = codecOf(layout, packed, rows, columns);
  for (let row = 0; row < rows; row++) {
    let codeSum = 0;
    for (let column = 0; column < columns; column++) {
      const value = values[row * columns + column];
      const code = isSign ? (value + 1) >> 1 : value + zeroPoint;
      codec.put(row, column, code);
      codeSum += code;
    }
    const sumAt = rowSumOffset(layout, row, k);
    if (sumAt >= 0) view.setInt32(sumAt, 128 * codeSum, true);
  }
  return packed;
}

/** The inverse: packed bytes to signed codes (or float32 values) [rows][columns]. */
export function unpackWeights(layout: number, packed: Uint8Array, rows: number, columns: number): Codes | Float32Array {
  const count = rows * columns;
  if (layout === Layouts.LAYOUT_FLOAT32_ROWS) {
    const k = padTo(columns, columnBlock(layout));
    const view = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
    return Float32Array.from({ length: count }, (_, i) =>
      view.getFloat32(codeBit(layout, Math.floor(i / columns), i % columns, k) >> 3, true),
    );
  }
  const bits = codeBits(layout);
  const values = bits <= 8 ? new Int8Array(count) : new Int16Array(count);
  const zeroPoint = zeroPointOf(layout);
  if (isPacked(layout)) {
    unpackParts(layout, packed, rows, columns).forEach((code, i) => {
      values[i] = code - zeroPoint;
    });
    return values;
  }
  const codec = codecOf(layout, packed, rows, columns);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const code = codec.get(row, column);
      values[at++] = bits === 1 ? 2 * code - 1 : code - zeroPoint;
    }
  }
  return values;
}
