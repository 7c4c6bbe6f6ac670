// What each wasm instruction is: its operation class, and how many bytes it takes.
// The classes are as fine as a cycle model of a 32-bit core needs: operations that compile to differently priced
// instructions are apart (shifts fold into operands, 64-bit work takes register pairs, doubles are software).

import { QurioError } from "../errors.ts";
import { malformed, type Reader } from "./leb.ts";

/** In this order in every table of counts. */
export const CLASSES = [
  "const",
  "local",
  "global",
  "alu", // i32 add, sub, and, or, xor, sign extension
  "mulAdd", // i32 add, sub right behind an i32 mul: one instruction with it on cores that multiply and accumulate
  "shift", // i32 shifts and rotations
  "compare", // i32 comparisons, eqz
  "select",
  "bits", // clz, ctz, popcnt
  "mul",
  "div", // i32 quotient and remainder
  "load", // up to 32 bits
  "store",
  "branch", // if, br, br_if, br_table, return, unreachable
  "call",
  "alu64", // i64 add, sub, logic, comparisons, wrap, extend
  "shift64",
  "mul64",
  "div64",
  "load64", // i64, f64
  "store64",
  "float", // f32 add, sub, min, max, abs, neg, copysign
  "floatCompare",
  "floatMul",
  "floatDiv", // f32 division and square root
  "floatRound", // f32 ceil, floor, trunc, nearest
  "convert", // i32 -> f32, reinterpretations
  "truncate", // f32 -> i32, with its range check
  "double", // f64 arithmetic, and conversions between 64-bit integers and floats
  "simd",
  "simdDot",
  "bulk", // memory.copy, memory.fill, ...: one each, whatever their length
  "memory", // memory.size, memory.grow
] as const;
export type OpClass = (typeof CLASSES)[number];

/** Structure without machine code: nop, block, loop, else, end, drop. Not instructions, not counted. */
const FREE = new Set([0x01, 0x02, 0x03, 0x05, 0x0b, 0x1a]);

const within = (op: number, low: number, high: number) => op >= low && op <= high;

/** [first, last, class] of one-byte opcodes, in order of opcode. WebAssembly core specification 2.0, section 5.4. */
const RANGES: readonly [number, number, OpClass][] = [
  [0x00, 0x00, "branch"],
  [0x04, 0x04, "branch"],
  [0x0c, 0x0f, "branch"],
  [0x10, 0x11, "call"],
  [0x1b, 0x1c, "select"],
  [0x20, 0x22, "local"],
  [0x23, 0x24, "global"],
  [0x28, 0x28, "load"],
  [0x29, 0x29, "load64"],
  [0x2a, 0x2a, "load"],
  [0x2b, 0x2b, "load64"],
  [0x2c, 0x2f, "load"],
  [0x30, 0x35, "load64"],
  [0x36, 0x36, "store"],
  [0x37, 0x37, "store64"],
  [0x38, 0x38, "store"],
  [0x39, 0x39, "store64"],
  [0x3a, 0x3b, "store"],
  [0x3c, 0x3e, "store64"],
  [0x3f, 0x40, "memory"],
  [0x41, 0x44, "const"],
  [0x45, 0x4f, "compare"],
  [0x50, 0x5a, "alu64"],
  [0x5b, 0x60, "floatCompare"],
  [0x61, 0x66, "double"],
  [0x67, 0x69, "bits"],
  [0x6a, 0x6b, "alu"],
  [0x6c, 0x6c, "mul"],
  [0x6d, 0x70, "div"],
  [0x71, 0x73, "alu"],
  [0x74, 0x78, "shift"],
  [0x79, 0x7b, "bits"],
  [0x7c, 0x7d, "alu64"],
  [0x7e, 0x7e, "mul64"],
  [0x7f, 0x82, "div64"],
  [0x83, 0x85, "alu64"],
  [0x86, 0x8a, "shift64"],
  [0x8b, 0x8c, "float"],
  [0x8d, 0x90, "floatRound"],
  [0x91, 0x91, "floatDiv"],
  [0x92, 0x93, "float"],
  [0x94, 0x94, "floatMul"],
  [0x95, 0x95, "floatDiv"],
  [0x96, 0x98, "float"],
  [0x99, 0xa6, "double"],
  [0xa7, 0xa7, "alu64"],
  [0xa8, 0xa9, "truncate"],
  [0xaa, 0xab, "double"],
  [0xac, 0xad, "alu64"],
  [0xae, 0xb1, "double"],
  [0xb2, 0xb3, "convert"],
  [0xb4, 0xbb, "double"],
  [0xbc, 0xbf, "convert"],
  [0xc0, 0xc1, "alu"],
  [0xc2, 0xc4, "alu64"],
];

const ONE_BYTE: readonly (OpClass | undefined)[] = Array.from(
  { length: 256 },
  (_, op) => RANGES.find(([first, last]) => within(op, first, last))?.[2],
);

const LOCAL_GET = 0x20;
const I32_ADD = 0x6a;
const I32_SUB = 0x6b;
const I32_MUL = 0x6c;

export interface Instruction {
  op: number;
  /** Undefined for structure that is no instruction. */
  class: OpClass | undefined;
  /** Branch depths: one for br and br_if, all different ones for br_table. */
  depths: number[];
  /** Function index of a call, otherwise -1. */
  callee: number;
  /** Byte offset of the instruction in the module, and of the next one. */
  start: number;
  end: number;
}

/** Reads one instruction. Errors: WASM_UNSUPPORTED for exceptions, tail calls, references to functions, GC and threads. */
export function readInstruction(r: Reader): Instruction {
  const start = r.at;
  const op = r.byte();
  const depths: number[] = [];
  let callee = -1;
  let kind = ONE_BYTE[op];
  if (within(op, 0x02, 0x04) || op === 0x41 || op === 0x42) r.skipLeb();
  else if (op === 0x0c || op === 0x0d) depths.push(r.u32());
  else if (op === 0x0e) depths.push(...branchTable(r));
  else if (op === 0x10) callee = r.u32();
  else if (within(op, 0x20, 0x24) || op === 0x3f || op === 0x40) r.u32();
  else if (op === 0x11) skipTwo(r);
  else if (op === 0x1c) r.skip(r.u32());
  else if (within(op, 0x28, 0x3e)) memoryArgument(r);
  else if (op === 0x43) r.skip(4);
  else if (op === 0x44) r.skip(8);
  else if (op === 0xfc) kind = readPrefixFc(r, start);
  else if (op === 0xfd) kind = readSimd(r, start);
  else if (kind === undefined && !FREE.has(op)) throw unsupported(start, `0x${op.toString(16)}`);
  return { op, class: kind, depths, callee, start, end: r.at };
}

/**
 * The class of the last of `code`, which its neighbours may decide: an addition of a product (mul; add, or mul; local.get; add), a
 * subtraction of one (mul; sub).
 */
export function classInContext(code: readonly Instruction[]): OpClass | undefined {
  const [before, previous, last] = [code.at(-3)?.op, code.at(-2)?.op, code.at(-1)!];
  const isProduct = previous === I32_MUL || (last.op === I32_ADD && previous === LOCAL_GET && before === I32_MUL);
  return isProduct && (last.op === I32_ADD || last.op === I32_SUB) ? "mulAdd" : last.class;
}

function unsupported(at: number, opcode: string): QurioError {
  return new QurioError(
    "WASM_UNSUPPORTED",
    `wasm opcode ${opcode} at byte ${at} cannot be counted: WebAssembly 1.0, its numeric and bulk-memory additions and SIMD expected`,
    "Build the module without exceptions, tail calls, reference types, garbage collection and threads.",
  );
}

function branchTable(r: Reader): Set<number> {
  const depths = new Set<number>();
  for (let left = r.u32() + 1; left > 0; left--) depths.add(r.u32());
  return depths;
}

function memoryArgument(r: Reader): void {
  const at = r.at;
  if (r.u32() >= 32) throw malformed(at, "an alignment in the first memory", "a multi-memory argument");
  r.skipLeb();
}

/** 0xfc: saturating truncations 0-7; memory.init, data.drop, memory.copy, memory.fill 8-11. */
function readPrefixFc(r: Reader, start: number): OpClass {
  const sub = r.u32();
  if (sub > 11) throw unsupported(start, `0xfc ${sub}`);
  if (sub >= 8) r.u32();
  if (sub === 8 || sub === 10) r.u32();
  if (sub >= 8) return "bulk";
  return sub < 2 ? "truncate" : "double";
}

/** 0xfd: 128-bit SIMD, the relaxed operations 0x100-0x113 included. */
function readSimd(r: Reader, start: number): OpClass {
  const sub = r.u32();
  if (sub > 0x113) throw unsupported(start, `0xfd ${sub}`);
  const loadOrStore = sub <= 11 || within(sub, 84, 93);
  if (loadOrStore) memoryArgument(r);
  if (sub === 12 || sub === 13) r.skip(16); // v128.const, shuffle
  if (within(sub, 21, 34) || within(sub, 84, 91)) r.skip(1); // lane index
  if (sub === 11 || within(sub, 88, 91)) return "store";
  if (loadOrStore) return "load";
  if (sub === 12) return "const";
  return sub === 0xba || sub === 0x112 || sub === 0x113 ? "simdDot" : "simd";
}

/** call_indirect: type index, table index. */
function skipTwo(r: Reader): void {
  r.u32();
  r.u32();
}
