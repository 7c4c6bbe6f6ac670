// A compiled module gets its memory: just the pages that it needs, with bytes in it that the compiler never saw.
//
//   section 5 (memory)   min = max = pages, or no max for a module that may grow
//   section 6 (globals)  | stack: mutable i32, 0, not used | the module's own, one number up | __data_end | __heap_base |
//   section 7 (exports)  + __data_end, __heap_base
//   section 10 (code)    numbers of globals one up
//   section 11 (data)    + the bytes, at their address
//
// WAMR shrinks linear memory to __heap_base when a module exports it and __data_end, and has no memory.grow or memory.size. It then takes
// the first mutable i32 global for the stack pointer of C and traps when that leaves its bounds (bytecodealliance/wasm-micro-runtime,
// core/iwasm/interpreter/wasm_loader.c, "Resolve aux stack top global"). So the first one must be one that nothing writes.

import { leb, Reader } from "./leb.ts";
import { readInstruction } from "./opcodes.ts";
import * as S from "./sections.ts";

const [GLOBAL_GET, GLOBAL_SET] = [0x23, 0x24];
const [I32, I32_CONST, END] = [0x7f, 0x41, 0x0b];
const GLOBAL = 3;
const PAGE = 65536;

export interface Placed {
  wasm: Uint8Array<ArrayBuffer>;
  pages: number;
}

/**
 * @param wasm a module that imports no globals and whose memory is its own
 * @param data bytes to put at `at`, or null for none
 * @param end end of the memory that the module uses: __heap_base
 * @param spare bytes behind it that are there from the start, in a module that may grow its memory; null: it may not
 * @throws QurioError WASM_MALFORMED, WASM_UNSUPPORTED
 */
export function placeInMemory(wasm: Uint8Array, at: number, data: Uint8Array | null, end: number, spare: number | null): Placed {
  const sections = S.readSections(wasm);
  const pages = Math.ceil((end + (spare ?? 0)) / PAGE);
  const replaced = new Map<number, ArrayLike<number>>([
    [S.SECTION_MEMORY, spare === null ? [1, 1, ...leb(pages), ...leb(pages)] : [1, 0, ...leb(pages)]],
    [S.SECTION_GLOBAL, globals(sections.get(S.SECTION_GLOBAL), end)],
    [S.SECTION_EXPORT, exports(sections.get(S.SECTION_EXPORT), S.entries(sections.get(S.SECTION_GLOBAL)))],
    [S.SECTION_CODE, shiftGlobals(sections.get(S.SECTION_CODE)!)],
  ]);
  if (data) replaced.set(S.SECTION_DATA, withData(sections.get(S.SECTION_DATA), at, data));
  return { wasm: S.joinSections(sections, replaced), pages };
}

function global(mutable: boolean, value: number): number[] {
  return [I32, mutable ? 1 : 0, I32_CONST, ...signedLeb(value), END];
}

function globals(section: Reader | undefined, end: number): number[] {
  const own = vector(section);
  return [...leb(own.count + 3), ...global(true, 0), ...own.bytes, ...global(false, end), ...global(false, end)];
}

function exports(section: Reader | undefined, ownGlobals: number): number[] {
  const entries = S.readExports(section).map(({ name, kind, index }) => ({ name, kind, index: kind === GLOBAL ? index + 1 : index }));
  entries.push({ name: "__data_end", kind: GLOBAL, index: ownGlobals + 1 }, { name: "__heap_base", kind: GLOBAL, index: ownGlobals + 2 });
  return S.writeExports(entries);
}

/** The code section with every global's number one higher. */
function shiftGlobals(section: Reader): number[] {
  const r = new Reader(section.bytes, section.at, section.end);
  const count = r.u32();
  const out = leb(count);
  for (let left = count; left > 0; left--) {
    const body = shiftedBody(r.sub(r.u32()));
    out.push(...leb(body.length), ...body);
  }
  return out;
}

function shiftedBody(r: Reader): number[] {
  const { bytes, at, end } = r;
  for (let left = r.u32(); left > 0; left--) {
    r.u32();
    r.byte();
  }
  const out = [...bytes.subarray(at, r.at)];
  while (r.at < end) {
    const { op, start, end: next } = readInstruction(r);
    if (op === GLOBAL_GET || op === GLOBAL_SET) out.push(op, ...leb(new Reader(bytes, start + 1).u32() + 1));
    else out.push(...bytes.subarray(start, next));
  }
  return out;
}

/** The data section with one active segment more. */
function withData(section: Reader | undefined, at: number, data: Uint8Array): Uint8Array {
  const own = vector(section);
  const head = [...leb(own.count + 1), ...own.bytes, 0, I32_CONST, ...signedLeb(at), END, ...leb(data.length)];
  const out = new Uint8Array(head.length + data.length);
  out.set(head);
  out.set(data, head.length);
  return out;
}

function vector(section: Reader | undefined): { count: number; bytes: Uint8Array } {
  if (!section) return { count: 0, bytes: new Uint8Array() };
  const r = new Reader(section.bytes, section.at, section.end);
  const count = r.u32();
  return { count, bytes: r.rest() };
}

/** Signed LEB128 of a non-negative integer below 2^31. */
function signedLeb(value: number): number[] {
  const out: number[] = [];
  let rest = value;
  for (; rest >= 64; rest >>>= 7) out.push((rest & 127) | 128);
  out.push(rest);
  return out;
}
