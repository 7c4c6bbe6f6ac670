// Tensors of a section: bytes behind its fields, each at a multiple of 16.

import { align16 } from "../../assembly/format/plan.ts";

/** Grows section bytes and hands out aligned offsets. */
export class Tensors {
  private readonly pieces: { offset: number; bytes: Uint8Array }[] = [];
  private end: number;

  /** @param start bytes of fields, which are left zero */
  constructor(start: number) {
    this.end = start;
  }

  /** Offset in the section. */
  add(data: Uint8Array | Float32Array): number {
    const offset = align16(this.end);
    this.pieces.push({ offset, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) });
    this.end = offset + data.byteLength;
    return offset;
  }

  finish(): { section: Uint8Array; view: DataView } {
    const section = new Uint8Array(this.end);
    for (const { offset, bytes } of this.pieces) section.set(bytes, offset);
    return { section, view: new DataView(section.buffer) };
  }
}

/** A copy of f32 [count] at `offset`. */
export const floatsAt = (section: Uint8Array, offset: number, count: number): Float32Array =>
  new Float32Array(section.slice(offset, offset + 4 * count).buffer);
