// The sections of a wasm module: taken apart, and put together again with some replaced.

import { leb, malformed, Reader } from "./leb.ts";

export const SECTION_IMPORT = 2;
export const SECTION_MEMORY = 5;
export const SECTION_GLOBAL = 6;
export const SECTION_EXPORT = 7;
export const SECTION_START = 8;
export const SECTION_ELEMENT = 9;
export const SECTION_CODE = 10;
export const SECTION_DATA = 11;

/** In the order that the specification demands: tags (13) before globals, the data count (12) before the code. */
const ORDER = [1, 2, 3, 4, 5, 13, 6, 7, 8, 9, 12, 10, 11];
const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

/** Section id -> a reader over its contents. Custom sections are left out. Errors: WASM_MALFORMED. */
export function readSections(wasm: Uint8Array): Map<number, Reader> {
  for (const [at, byte] of HEADER.entries()) {
    if (wasm[at] !== byte)
      throw malformed(at, "the header of a wasm module, version 1,", wasm[at] === undefined ? "the end" : `${wasm[at]}`);
  }
  const r = new Reader(wasm, HEADER.length);
  const sections = new Map<number, Reader>();
  while (r.at < wasm.length) {
    const at = r.at;
    const id = r.byte();
    const contents = r.sub(r.u32());
    if (id === 0) continue;
    if (!ORDER.includes(id) || sections.has(id)) throw malformed(at, "a section not seen before", `section ${id}`);
    sections.set(id, contents);
  }
  return sections;
}

/** A module of these sections, `replaced` taking precedence. */
export function joinSections(sections: Map<number, Reader>, replaced: Map<number, ArrayLike<number>>): Uint8Array<ArrayBuffer> {
  const parts: ArrayLike<number>[] = [HEADER];
  for (const id of ORDER) {
    const contents = replaced.get(id) ?? sections.get(id)?.rest();
    if (contents) parts.push([id, ...leb(contents.length)], contents);
  }
  const out = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A vector section with more entries behind its own. */
export function appended(section: Reader | undefined, entries: readonly number[][]): number[] {
  if (!section) return [...leb(entries.length), ...entries.flat()];
  const r = new Reader(section.bytes, section.at, section.end);
  return [...leb(r.u32() + entries.length), ...r.rest(), ...entries.flat()];
}

/** How many functions and globals the module imports: its own are numbered behind them. */
export function imports(section: Reader | undefined): { functions: number; globals: number } {
  const found = { functions: 0, globals: 0 };
  if (!section) return found;
  const r = new Reader(section.bytes, section.at, section.end);
  for (let left = r.u32(); left > 0; left--) {
    r.name();
    r.name();
    const kind = r.byte();
    if (kind === 0) {
      found.functions++;
      r.u32();
    } else if (kind === 1) {
      r.byte();
      skipLimits(r);
    } else if (kind === 2) skipLimits(r);
    else if (kind === 3) {
      found.globals++;
      r.skip(2);
    } else throw malformed(r.at - 1, "an import of a function, table, memory or global", `kind ${kind}`);
  }
  return found;
}

function skipLimits(r: Reader): void {
  const flags = r.byte();
  r.skipLeb();
  if (flags & 1) r.skipLeb();
}

/** Number of entries of a vector section; 0 without one. */
export function entries(section: Reader | undefined): number {
  return section ? new Reader(section.bytes, section.at, section.end).u32() : 0;
}

export interface Export {
  name: string;
  /** 0 function, 1 table, 2 memory, 3 global. */
  kind: number;
  index: number;
}

export function readExports(section: Reader | undefined): Export[] {
  if (!section) return [];
  const r = new Reader(section.bytes, section.at, section.end);
  return Array.from({ length: r.u32() }, () => ({ name: r.name(), kind: r.byte(), index: r.u32() }));
}

/** The export section of these. */
export function writeExports(list: readonly Export[]): number[] {
  const one = ({ name, kind, index }: Export) => {
    const bytes = new TextEncoder().encode(name);
    return [...leb(bytes.length), ...bytes, kind, ...leb(index)];
  };
  return [...leb(list.length), ...list.flatMap(one)];
}

/** The module with other exports: [name, new name] of those that stay, in this order; one may stay under several names. */
export function renameExports(wasm: Uint8Array, names: readonly (readonly [string, string])[]): Uint8Array<ArrayBuffer> {
  const sections = readSections(wasm);
  const own = readExports(sections.get(SECTION_EXPORT));
  const list = names.map(([from, name]) => ({ ...own.find((entry) => entry.name === from)!, name }));
  return joinSections(sections, new Map([[SECTION_EXPORT, writeExports(list)]]));
}

/** The start function's index in a list, or none. */
export function startFunction(section: Reader | undefined): number[] {
  return section ? [new Reader(section.bytes, section.at, section.end).u32()] : [];
}
