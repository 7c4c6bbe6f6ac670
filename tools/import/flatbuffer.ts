// Flatbuffers from anywhere: package flatbuffers knows the format but reads past the end of a damaged file without a word, so every
// place is compared with the file's bounds here before it is read.

import { ByteBuffer } from "flatbuffers";

/** What a field lies at, and the vector behind it: all inside the file. */
export interface Vector {
  at: number;
  length: number;
}

/** Thrown by Flatbuffer; callers know the file's name and what it should have been. */
export class OutOfBounds extends Error {}

export class Flatbuffer {
  private readonly bytes: ByteBuffer;

  constructor(file: Uint8Array) {
    this.bytes = new ByteBuffer(file);
  }

  /** @param identifier four characters behind the root's offset */
  root(identifier: string): number | null {
    this.inside(0, 8);
    return this.bytes.__has_identifier(identifier) ? this.table(0) : null;
  }

  /** The table that the offset at `at` leads to. */
  table(at: number): number {
    this.inside(at, 4);
    const table = this.bytes.__indirect(at);
    this.inside(table, 4);
    const vtable = table - this.bytes.readInt32(table);
    this.inside(vtable, 4);
    this.inside(vtable, Math.max(4, this.bytes.readUint16(vtable)));
    return table;
  }

  /** Where field `id` of a table lies, `size` bytes; 0 if it is absent and has its default. */
  field(table: number, id: number, size: number): number {
    const offset = this.bytes.__offset(table, 4 + 2 * id);
    if (offset === 0) return 0;
    this.inside(table + offset, size);
    return table + offset;
  }

  u8(table: number, id: number, absent = 0): number {
    const at = this.field(table, id, 1);
    return at ? this.bytes.readUint8(at) : absent;
  }

  i32(table: number, id: number, absent = 0): number {
    const at = this.field(table, id, 4);
    return at ? this.bytes.readInt32(at) : absent;
  }

  f32(table: number, id: number, absent = 0): number {
    const at = this.field(table, id, 4);
    return at ? this.bytes.readFloat32(at) : absent;
  }

  /** A table in field `id`, or 0. */
  child(table: number, id: number): number {
    const at = this.field(table, id, 4);
    return at ? this.table(at) : 0;
  }

  /** A vector of elements of `size` bytes; an absent one is empty. */
  vector(table: number, id: number, size: number): Vector {
    const field = this.field(table, id, 4);
    if (!field) return { at: 0, length: 0 };
    const at = this.bytes.__vector(field);
    this.inside(at - 4, 4);
    const length = this.bytes.readUint32(at - 4);
    this.inside(at, size * length);
    return { at, length };
  }

  tables(table: number, id: number): number[] {
    const { at, length } = this.vector(table, id, 4);
    return Array.from({ length }, (_, i) => this.table(at + 4 * i));
  }

  /** int32, or int64 whose upper halves are dropped. */
  integers(table: number, id: number, size: 4 | 8): number[] {
    const { at, length } = this.vector(table, id, size);
    return Array.from({ length }, (_, i) => this.bytes.readInt32(at + size * i));
  }

  floats(table: number, id: number): Float32Array {
    const { at, length } = this.vector(table, id, 4);
    return Float32Array.from({ length }, (_, i) => this.bytes.readFloat32(at + 4 * i));
  }

  /** @param most bytes, the rest is cut */
  text(table: number, id: number, most: number): string {
    const { at, length } = this.vector(table, id, 1);
    return new TextDecoder().decode(this.bytes.bytes().subarray(at, at + Math.min(length, most)));
  }

  /** A copy, so that it is aligned for any view. */
  data(table: number, id: number): Uint8Array {
    const { at, length } = this.vector(table, id, 1);
    return new Uint8Array(this.bytes.bytes().subarray(at, at + length));
  }

  private inside(at: number, size: number): void {
    if (at >= 0 && size >= 0 && at + size <= this.bytes.capacity()) return;
    throw new OutOfBounds(`${size} bytes at ${at} expected, the file has ${this.bytes.capacity()}`);
  }
}
