// Browser-safe. What one instruction adds to a table of counts: one to its class, and the bytes that it loads or stores.
// Widths are known from the opcode, so bytes are as exact as the counts are.

import { CLASSES, type Instruction } from "../wasm/opcodes.ts";

export const LOAD_BYTES: number = CLASSES.length;
export const STORE_BYTES: number = CLASSES.length + 1;
/** Classes first, in their order, then bytes loaded and stored. */
export const COLUMNS: number = CLASSES.length + 2;

const CLASS_AT = new Map(CLASSES.map((kind, i) => [kind, i]));
const LOADS = new Set<string>(["load", "load64"]);

/** [column, how much] of one execution. Bulk memory operations move an unknown number of bytes and count none. */
export function columnsOf({ class: kind, bytes }: Instruction): [column: number, count: number][] {
  if (kind === undefined) return [];
  const own: [number, number] = [CLASS_AT.get(kind)!, 1];
  return bytes === 0 ? [own] : [own, [LOADS.has(kind) ? LOAD_BYTES : STORE_BYTES, bytes]];
}
