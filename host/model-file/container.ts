// The container of a model file: header, section table, checksums. docs/reference/format.md is the prose of this file.

import * as F from "../../assembly/format/file.ts";
import * as Id from "../../assembly/format/ids.ts";
import { crc32 } from "./crc32.ts";

export interface Section {
  /** SECTION_* of assembly/format/ids.ts */
  id: number;
  bytes: Uint8Array;
}

/** What people call a section, by its id. */
export const SECTION_NAMES: Record<number, string> = {
  [Id.SECTION_PLAN]: "plan",
  [Id.SECTION_INPUT]: "input",
  [Id.SECTION_FRONT_END]: "front end",
  [Id.SECTION_NORMALIZATION]: "normalization",
  [Id.SECTION_ROUTER]: "router",
  [Id.SECTION_EXPERT]: "expert",
  [Id.SECTION_POLICY]: "policy",
  [Id.SECTION_LABELS]: "labels",
  [Id.SECTION_PROVENANCE]: "provenance",
};

const align = (n: number) => Math.ceil(n / Id.ALIGNMENT) * Id.ALIGNMENT;

/** Sections in the given order, 16-byte aligned, gaps zero. Byte-identical for identical sections. */
export function encodeContainer(sections: Section[]): Uint8Array {
  const tableEnd = F.HEADER_BYTES + sections.length * F.ENTRY_SIZE;
  const file = new Uint8Array(sections.reduce((end, { bytes }) => align(end) + bytes.length, tableEnd) + Id.ALIGNMENT - 1);
  const view = new DataView(file.buffer);
  let end = tableEnd;
  sections.forEach(({ id, bytes }, i) => {
    const entry = F.HEADER_BYTES + i * F.ENTRY_SIZE;
    const offset = align(end);
    view.setUint32(entry + F.ENTRY_ID, id, true);
    view.setUint32(entry + F.ENTRY_OFFSET, offset, true);
    view.setUint32(entry + F.ENTRY_BYTES_FIELD, bytes.length, true);
    view.setUint32(entry + F.ENTRY_CRC, crc32(bytes), true);
    file.set(bytes, offset);
    end = offset + bytes.length;
  });
  view.setUint32(F.HEADER_MAGIC, Id.MAGIC, true);
  view.setUint32(F.HEADER_VERSION, Id.FORMAT_VERSION, true);
  view.setUint32(F.HEADER_FILE_BYTES, align(end), true);
  view.setUint32(F.HEADER_SECTIONS, sections.length, true);
  view.setUint32(F.HEADER_CRC, crc32(file.subarray(0, tableEnd)), true);
  return file.slice(0, align(end));
}

/** Sections of a file that the core has validated; nothing is checked again. The bytes are views into `file`. */
export function decodeContainer(bytes: Uint8Array): Section[] {
  // a plain view: slice() of Node's Buffer would not copy
  const file = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  return Array.from({ length: view.getUint32(F.HEADER_SECTIONS, true) }, (_, i) => {
    const entry = F.HEADER_BYTES + i * F.ENTRY_SIZE;
    const offset = view.getUint32(entry + F.ENTRY_OFFSET, true);
    return {
      id: view.getUint32(entry + F.ENTRY_ID, true),
      bytes: file.subarray(offset, offset + view.getUint32(entry + F.ENTRY_BYTES_FIELD, true)),
    };
  });
}
