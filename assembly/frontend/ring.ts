// The ring of log-mel codes: a row for each frame of the window, oldest first. Codes are read in place, whatever their size.
//
//   8-bit codes   byte m = band m                          64 bytes a row
//   4-bit codes   | 7    4 | 3    0 |                      32 bytes a row
//                 | m + 32 |   m    |   byte m
//
//   code of band m = (byte[m mod rowBytes] >> shift) & codeMask,  shift = 4 for the upper half of bands of 4 bits, else 0
//
// so neighbouring bands keep neighbouring bytes and one shift, and band 63 - m lies as far from a row's end as band m from its start.

import { RING_BANDS, RING_FRAMES } from "../format/plan.ts";
import { USES_CODES_4BIT, USES_CODES_8BIT } from "../uses.ts";

export let ringPtr: usize = 0;
let openedForFour = false;

export function ringOpen(ptr: usize, fourBits: bool): void {
  ringPtr = ptr;
  openedForFour = fourBits;
}

@inline
function fourBits(): bool {
  return USES_CODES_4BIT && (!USES_CODES_8BIT || openedForFour);
}

@inline
export function rowBytes(): usize {
  return fourBits() ? RING_BANDS / 2 : RING_BANDS;
}

/** Also the largest code. */
@inline
export function codeMask(): i32 {
  return fourBits() ? 15 : 255;
}

/** Takes band 63 - m out of its byte, where band m needs no shift (m < 32). */
@inline
export function mirrorShift(): i32 {
  return fourBits() ? 4 : 0;
}

/** Takes the second code out of a byte; nothing is left where there is none. */
@inline
export function secondShift(): i32 {
  return fourBits() ? 4 : 8;
}

export function ringRow(frame: i32): usize {
  return ringPtr + <usize>frame * rowBytes();
}

/** Byte of a band in the row at rowPtr, or in the first row if that is given. */
export function bandPtr(rowPtr: usize, band: i32): usize {
  return rowPtr + (<usize>band & (rowBytes() - 1));
}

export function bandShift(band: i32): i32 {
  return band & (RING_BANDS / 2) ? mirrorShift() : 0;
}

/** Bands are put from 0 up: the first one of a byte overwrites what an older frame left there. */
export function putCode(rowPtr: usize, band: i32, code: i32): void {
  const ptr = bandPtr(rowPtr, band), shift = bandShift(band);
  store<u8>(ptr, shift ? <i32>load<u8>(ptr) | (code << shift) : code);
}

/** Sum of a row's codes. */
export function rowSum(rowPtr: usize): i32 {
  const mask = codeMask(), second = secondShift();
  let sum = 0;
  for (const end = rowPtr + rowBytes(); rowPtr < end; rowPtr++) {
    const byte = <i32>load<u8>(rowPtr);
    sum += (byte & mask) + (byte >> second);
  }
  return sum;
}

/** Forgets the oldest `frames` rows; what is left moves to the front. */
export function ringDrop(frames: i32): void {
  let to = ringPtr;
  const back = <usize>frames * rowBytes();
  for (const end = ringRow(RING_FRAMES - frames); to < end; to += 4) store<u32>(to, load<u32>(to + back));
}
