// Packed codes as the file says them: ternary codes are 0, 1 or 2, and row sums (what the scalar kernels subtract instead of
// computing it) agree with the codes. So every build, whichever layout it reads, computes the same sums from one file.
//
//   SWAR layouts: groups of 8 (ternary) or 4 (4-bit) rows
//   | words of rows 0 1 | rows 2 3 | … | rows 0 1, next columns | … | i32 [rows of a group] = 128 * sum of codes |

import { LAYOUT_INT4_SWAR, LAYOUT_TERNARY_MASKDOT, LAYOUT_TERNARY_SWAR } from "../format/ids.ts";
import { columnBlock, padTo, rowBlock } from "../format/layouts.ts";

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

/** false: a code outside its type's range, or a row sum that disagrees. Every 8-bit, 4-bit and float32 pattern is a code. */
export function codesAgree(layout: i32, wPtr: usize, bytes: i32, columns: i32): bool {
  const end = wPtr + bytes;
  if (layout == LAYOUT_TERNARY_MASKDOT) {
    for (; wPtr < end; wPtr += 4) if (hasThree(load<u32>(wPtr))) return false;
    return true;
  }
  const ternary = layout == LAYOUT_TERNARY_SWAR;
  if (!ternary && layout != LAYOUT_INT4_SWAR) return true;
  const pairBytes: usize = rowBlock(layout) << 1; // a step through the words of one pair of rows
  const groupBytes: usize = padTo(columns, columnBlock(layout)) << 1;
  for (; wPtr < end; wPtr += pairBytes << 1) {
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
