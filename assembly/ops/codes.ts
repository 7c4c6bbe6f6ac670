// Packed codes as the file says them: within their type's range, and row sums (what the scalar kernels subtract instead of
// computing it) agree with the codes. So every build, whichever layout it reads, computes the same sums from one file.
//
//   SWAR layouts: groups of 8 (ternary) or 4 (4-bit) rows
//   | words of rows 0 1 | rows 2 3 | … | rows 0 1, next columns | … | i32 [rows of a group] = 128 * sum of codes |

import {
  codeBits, columnBlock, hasRowSums, hasTrits, isPacked, LAYOUT_INT4_MASKDOT, LAYOUT_INT4_SWAR, LAYOUT_INT8_BLOCKED, LAYOUT_INT16_BLOCKED,
  LAYOUT_TERNARY5_LUT, LAYOUT_TERNARY_LUT_SIMD, LAYOUT_TERNARY_MASKDOT, LAYOUT_TERNARY_PLANES, packedOffset, padTo, rowBlock,
  USES_INT4_MASKDOT, USES_INT4_SWAR, USES_INT8_BLOCKED, USES_INT16_BLOCKED, USES_TERNARY5_LUT, USES_TERNARY_LUT_SIMD,
  USES_TERNARY_MASKDOT, USES_TERNARY_PLANES, USES_TERNARY_SWAR, valueBits, weightBytes,
} from "../format/layouts.ts";
import { USES_PACKED } from "../uses.ts";

/** Sums of the codes in a word's low and high half, in the low and high half of the result. */
function halfSums(word: u32, ternary: bool): u32 {
  if (ternary) word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
  word = (word & 0x0f0f0f0f) + ((word >>> 4) & 0x0f0f0f0f);
  return (word & 0x00ff00ff) + ((word >>> 8) & 0x00ff00ff);
}

/** A ternary code of 3 has both bits set. */
function hasThree(word: u32): bool {
  return (word & (word >>> 1) & 0x55555555) != 0;
}

function rowSumsAgree(layout: i32, wPtr: usize, bytes: i32, columns: i32): bool {
  const ternary = USES_TERNARY_SWAR && hasTrits(layout);
  const pairBytes: usize = rowBlock(layout) << 1; // a step through the words of one pair of rows
  const groupBytes: usize = padTo(columns, columnBlock(layout)) << 1;
  for (const end = wPtr + bytes; wPtr < end; wPtr += pairBytes << 1) {
    const sumsPtr = wPtr + groupBytes;
    for (let pair: usize = 0; pair < pairBytes; pair += 4) {
      let low = 0, high = 0;
      for (let ptr = wPtr + pair; ptr < sumsPtr; ptr += pairBytes) {
        const word = load<u32>(ptr);
        if (ternary && hasThree(word)) return false;
        const sums = halfSums(word, ternary);
        low += sums & 0xffff;
        high += sums >>> 16;
      }
      if (load<i32>(sumsPtr + (pair << 1)) != low << 7 || load<i32>(sumsPtr + (pair << 1), 4) != high << 7) return false;
    }
    wPtr = sumsPtr;
  }
  return true;
}

/** Narrow codes in a wider layout must stay narrow; padding is 0 there. */
function areWithin(bits: i32, layout: i32, wPtr: usize, end: usize): bool {
  const top = 1 << (bits - 1);
  const step: usize = layout == LAYOUT_INT8_BLOCKED ? 1 : 2;
  for (; wPtr < end; wPtr += step) {
    const value = step == 1 ? <i32>load<i8>(wPtr) : <i32>load<i16>(wPtr);
    if (value < -top || value >= top) return false;
  }
  return true;
}

/** false: a code outside its type's range, or a row sum that disagrees. Every pattern of k bits is a k-bit code, except 2-bit ones. */
export function codesAgree(type: i32, layout: i32, wPtr: usize, rows: i32, columns: i32): bool {
  const bytes = weightBytes(layout, rows, columns);
  const end = wPtr + bytes;
  if ((USES_TERNARY_SWAR || USES_INT4_SWAR) && hasRowSums(layout)) return rowSumsAgree(layout, wPtr, bytes, columns);
  if (USES_PACKED && isPacked(layout)) {
    if (!(layout & 4)) return true;
    const part = weightBytes(LAYOUT_INT4_SWAR, rows, columns);
    return rowSumsAgree(LAYOUT_INT4_SWAR, wPtr + packedOffset(layout, LAYOUT_INT4_SWAR, rows, columns), part, columns);
  }
  if (USES_TERNARY_MASKDOT && layout == LAYOUT_TERNARY_MASKDOT) {
    for (; wPtr < end; wPtr += 4) if (hasThree(load<u32>(wPtr))) return false;
  } else if (USES_TERNARY5_LUT && layout == LAYOUT_TERNARY5_LUT) {
    // digits weigh 1, 3, 9, 28, 84: the first three never make 27
    for (; wPtr < end; wPtr++) if (load<u8>(wPtr) > 250 || load<u8>(wPtr) % 28 == 27) return false;
  } else if ((USES_TERNARY_LUT_SIMD && layout == LAYOUT_TERNARY_LUT_SIMD) || (USES_TERNARY_PLANES && layout == LAYOUT_TERNARY_PLANES)) {
    // the second plane (codes of 2; negative ones) only where the first is set
    for (; wPtr < end; wPtr += 32) {
      for (let i: usize = 0; i < 16; i += 4) if (load<u32>(wPtr + i, 16) & ~load<u32>(wPtr + i)) return false;
    }
  } else if (USES_INT4_MASKDOT && layout == LAYOUT_INT4_MASKDOT && valueBits(type) < 4) {
    // 3 bits: the upper two bits of w + 8 differ, those of w, in the top field of each u16, do not
    for (; wPtr < end; wPtr += 4) if (((load<u32>(wPtr) ^ (load<u32>(wPtr) << 1)) & 0x88888888) != 0x08880888) return false;
  } else if ((USES_INT8_BLOCKED && layout == LAYOUT_INT8_BLOCKED) || (USES_INT16_BLOCKED && layout == LAYOUT_INT16_BLOCKED)) {
    const bits = valueBits(type);
    return bits == codeBits(layout) || areWithin(bits, layout, wPtr, end);
  }
  return true;
}
