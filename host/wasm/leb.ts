// Reading and writing the bytes of a wasm binary: LEB128 integers, names, and a cursor that never runs off the end.

import { QurioError } from "../errors.ts";

/** The binary is damaged at byte `at` (an offset into the whole module). */
export function malformed(at: number, expected: string, found: string): QurioError {
  return new QurioError(
    "WASM_MALFORMED",
    `not a valid wasm module: at byte ${at} ${expected} expected, ${found} found`,
    "Pass the unchanged output of the compiler, or build the module again.",
  );
}

/** A cursor over bytes[at, end). Every read checks the end. */
export class Reader {
  readonly bytes: Uint8Array;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  byte(): number {
    if (this.at >= this.end) throw malformed(this.at, "another byte", "the end");
    return this.bytes[this.at++];
  }

  /** Unsigned LEB128, at most 32 bits in at most 5 bytes. */
  u32(): number {
    const start = this.at;
    let value = 0;
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = this.byte();
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value >= 2 ** 32) break;
        return value;
      }
    }
    throw malformed(start, "a 32-bit LEB128 integer", "a longer one");
  }

  /** Moves past one LEB128 integer of any width up to 64 bits. */
  skipLeb(): void {
    const start = this.at;
    for (let bytes = 0; bytes < 10; bytes++) if (this.byte() < 128) return;
    throw malformed(start, "a LEB128 integer of at most 10 bytes", "a longer one");
  }

  skip(bytes: number): void {
    if (bytes > this.end - this.at) throw malformed(this.at, `${bytes} more bytes`, `${this.end - this.at}`);
    this.at += bytes;
  }

  /** The next `bytes` bytes as a reader of their own; this one moves past them. */
  sub(bytes: number): Reader {
    const start = this.at;
    this.skip(bytes);
    return new Reader(this.bytes, start, this.at);
  }

  /** A vector of bytes read as UTF-8. */
  name(): string {
    const { at, end } = this.sub(this.u32());
    return new TextDecoder().decode(this.bytes.subarray(at, end));
  }

  rest(): Uint8Array {
    return this.bytes.subarray(this.at, this.end);
  }
}

/** Unsigned LEB128 of a non-negative integer below 2^32. */
export function leb(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 128; rest >>>= 7) out.push((rest & 127) | 128);
  out.push(rest);
  return out;
}
