// Browser-safe. Exact instruction counts from the shipped wasm binary: counters are added to it, one per free count of
// flow.ts, and which instructions each stands for stays in a table outside.
//
//   count[class] = sum over counters of executions[counter] * weight[counter][class]
//
//   section 6 (globals)  + one mutable i64 per counter, behind the module's own
//   section 7 (exports)  + "$0", "$1", ... "$z", "$10", ...: the counters, numbered in base 36
//   section 10 (code)    + global.get c; i64.const 1; i64.add; global.set c   where a counter goes
//
// Every index of the module stays valid, and nothing else changes. Exact between calls, with three limits: a trap leaves
// counts of the functions it left undefined; memory.copy and memory.fill count as one instruction whatever their length;
// a start function runs before the first reading.

import { QurioError } from "../errors.ts";
import { analyseFlow, type Region } from "./flow.ts";
import { leb, malformed, Reader } from "./leb.ts";
import { CLASSES, type Instruction, readInstruction } from "./opcodes.ts";
import * as S from "./sections.ts";

/** "instruction" puts a counter at every single instruction: slow, and true by construction. Tests compare the two. */
export type Granularity = "block" | "instruction";

export interface Instrumented {
  wasm: Uint8Array<ArrayBuffer>;
  /** Names of the exported counters. */
  counters: string[];
  /** [counter][class of CLASSES]: instructions that one execution stands for; negative where flow.ts takes away. */
  weights: Int32Array[];
}

interface Counter {
  at: number;
  weights: Int32Array;
}

/**
 * The module with counters. Errors: WASM_MALFORMED (damaged binary, byte offset named), WASM_UNSUPPORTED (an opcode that
 * cannot be counted), WASM_INSTRUMENTED (it has counters already).
 */
export function instrument(wasm: Uint8Array, granularity: Granularity = "block"): Instrumented {
  const sections = S.readSections(wasm);
  const code = sections.get(S.SECTION_CODE);
  if (!code) throw malformed(wasm.length, "a code section", "the end");
  if (S.exportNames(sections.get(S.SECTION_EXPORT)).includes("$0")) {
    throw new QurioError(
      "WASM_INSTRUMENTED",
      "this module exports $0: it has counters already",
      "Pass the module that the compiler wrote.",
    );
  }
  const firstCounter = S.importedGlobals(sections.get(S.SECTION_IMPORT)) + S.entries(sections.get(S.SECTION_GLOBAL));
  const functions: number[][] = [];
  const weights: Int32Array[] = [];
  const r = new Reader(code.bytes, code.at, code.end);
  for (let left = r.u32(); left > 0; left--) {
    const body = r.sub(r.u32());
    const start = body.at;
    const counters = granularity === "block" ? blockCounters(body) : instructionCounters(body);
    const out = withCounters(wasm, start, body.end, counters, firstCounter + weights.length);
    functions.push([...leb(out.length), ...out]);
    for (const counter of counters) weights.push(counter.weights);
  }
  if (r.at !== r.end) throw malformed(r.at, "the end of the code section", "more bytes");
  const names = weights.map((_, i) => `$${i.toString(36)}`);
  const replaced = new Map([
    [S.SECTION_GLOBAL, S.appended(sections.get(S.SECTION_GLOBAL), weights.map(mutableI64))],
    [
      S.SECTION_EXPORT,
      S.appended(
        sections.get(S.SECTION_EXPORT),
        names.map((name, i) => exportGlobal(name, firstCounter + i)),
      ),
    ],
    [S.SECTION_CODE, [...leb(functions.length), ...functions.flat()]],
  ]);
  return { wasm: S.joinSections(sections, replaced), counters: names, weights };
}

function readBody(body: Reader): Instruction[] {
  for (let left = body.u32(); left > 0; left--) {
    body.u32();
    body.byte();
  }
  const code: Instruction[] = [];
  while (body.at < body.end) code.push(readInstruction(body));
  if (code.at(-1)?.op !== 0x0b) throw malformed(body.end - 1, "an end", "a function body without one");
  return code;
}

function blockCounters(body: Reader): Counter[] {
  const code = readBody(body);
  const { regions, counters } = analyseFlow(code, code[0].start);
  const placed = counters.map(({ region, terms }) => ({ at: regions[region].at, weights: sumOf(regions, terms) }));
  return placed.filter(({ weights }) => weights.some((n) => n !== 0)).sort((a, b) => a.at - b.at);
}

function sumOf(regions: Region[], terms: readonly [region: number, sign: number][]): Int32Array {
  const weights = new Int32Array(CLASSES.length);
  for (const [region, sign] of terms) {
    for (const instruction of regions[region].instructions) weights[CLASSES.indexOf(instruction.class!)] += sign;
  }
  return weights;
}

function instructionCounters(body: Reader): Counter[] {
  return readBody(body)
    .filter((instruction) => instruction.class !== undefined)
    .map((instruction) => {
      const weights = new Int32Array(CLASSES.length);
      weights[CLASSES.indexOf(instruction.class!)] = 1;
      return { at: instruction.start, weights };
    });
}

/** bytes[start, end) with an increment at each counter's place; counters are in order of place. */
function withCounters(bytes: Uint8Array, start: number, end: number, counters: Counter[], firstIndex: number): number[] {
  const out: number[] = [];
  let at = start;
  for (const [i, counter] of counters.entries()) {
    for (; at < counter.at; at++) out.push(bytes[at]);
    const index = leb(firstIndex + i);
    out.push(0x23, ...index, 0x42, 1, 0x7c, 0x24, ...index);
  }
  for (; at < end; at++) out.push(bytes[at]);
  return out;
}

/** (global (mut i64) (i64.const 0)) */
const mutableI64 = () => [0x7e, 1, 0x42, 0, 0x0b];

function exportGlobal(name: string, index: number): number[] {
  return [...leb(name.length), ...new TextEncoder().encode(name), 3, ...leb(index)];
}
