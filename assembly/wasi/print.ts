// Text out: one small buffer in front of fd_write, for stdout or stderr, never both at once.
// String literals are static UTF-16 in linear memory: reading one needs no runtime. Only ASCII is written in them.

import { FRAMES_A_SECOND } from "../format/plan.ts";
import { fd_write, proc_exit } from "./abi.ts";

const BUFFER_BYTES = 256;
const BUFFER: usize = memory.data(BUFFER_BYTES);
const IOVEC: usize = memory.data(8, 4);
const WRITTEN: usize = memory.data(4, 4);

let stream: i32 = 1; // STDOUT; a literal, because any other initializer would need a start function
let used: i32 = 0;

export function printTo(fd: i32): void {
  used = 0;
  stream = fd;
}

/** Writes what waits; a stream that takes nothing ends the program with code 1. */
export function flush(): void {
  let at: i32 = 0;
  while (at < used) {
    store<usize>(IOVEC, BUFFER + at, 0);
    store<i32>(IOVEC, used - at, 4);
    if (fd_write(stream, IOVEC, 1, WRITTEN) != 0 || load<i32>(WRITTEN) <= 0) proc_exit(1);
    at += load<i32>(WRITTEN);
  }
  used = 0;
}

function putByte(byte: i32): void {
  if (used == BUFFER_BYTES) flush();
  store<u8>(BUFFER + used, byte);
  used++;
}

/** An ASCII literal. */
export function putText(text: string): void {
  for (let i = 0; i < text.length; i++) putByte(load<u16>(changetype<usize>(text) + (<usize>i << 1)));
}

export function putBytes(ptr: usize, bytes: i32): void {
  for (let i = 0; i < bytes; i++) putByte(load<u8>(ptr + i));
}

/** `digits` at least, zeros in front. */
function putDigits(n: u32, digits: i32): void {
  if (n > 9 || digits > 1) putDigits(n / 10, digits - 1);
  putByte(48 + (n % 10));
}

export function putUnsigned(n: u32): void {
  putDigits(n, 1);
}

/** Frames as seconds with two places. */
export function putSeconds(frames: u32): void {
  const hundredths = (frames * 100) / FRAMES_A_SECOND;
  putUnsigned(hundredths / 100);
  putByte(46);
  putDigits(hundredths % 100, 2);
}

export function putSigned(n: i32): void {
  if (n < 0) putByte(45);
  putDigits(n < 0 ? -n : n, 1);
}

/**
 * 0 <= x < 2^24 with six decimals, exactly rounded to nearest, ties to the even digit; host/engines/decimal.ts prints the same.
 *
 *   x = mantissa * 2^-shift, so the millionths are (mantissa * 10^6) >> shift, rounded; the product stays below 2^44
 */
export function putDecimal(x: f32): void {
  const bits = reinterpret<u32>(x);
  const exponent: i32 = bits >>> 23;
  const mantissa: u64 = (bits & 0x7fffff) | (exponent > 0 ? 0x800000 : 0);
  // beyond 45 everything is less than half a millionth, and so is the product at 45
  const shift: u64 = min(150 - max(exponent, 1), 45);
  const product = mantissa * 1000000;
  let millionths = product >> shift;
  const rest = product - (millionths << shift);
  const half: u64 = (<u64>1) << (shift - 1);
  if (rest > half || (rest == half && millionths & 1)) millionths++;
  putDigits(<u32>(millionths / 1000000), 1);
  putByte(46);
  putDigits(<u32>(millionths % 1000000), 6);
}

/** Two digits a byte, 0 to f. */
export function putHex(ptr: usize, bytes: i32): void {
  for (let i = 0; i < bytes; i++) {
    const byte: i32 = load<u8>(ptr + i);
    putHexDigit(byte >> 4);
    putHexDigit(byte & 15);
  }
}

function putHexDigit(digit: i32): void {
  putByte(digit + (digit < 10 ? 48 : 87));
}

/** A JSON string of UTF-8 bytes: quotes, backslashes and control characters are escaped. */
export function putJson(ptr: usize, bytes: i32): void {
  putByte(34);
  for (let i = 0; i < bytes; i++) {
    const byte = load<u8>(ptr + i);
    if (byte < 32) {
      putText("\\u00");
      putHex(ptr + i, 1);
    } else {
      if (byte == 34 || byte == 92) putByte(92);
      putByte(byte);
    }
  }
  putByte(34);
}
