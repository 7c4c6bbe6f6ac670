// Browser-safe. Exact instruction counts from the shipped wasm binary: counters are added to it, as few as flow.ts and calls.ts
// leave, and which instructions each stands for stays in a table outside.
//
//   count[class] = sum over counters of executions[counter] * weight[counter][class]
//
//   section 6 (globals)  + one mutable i64 per counter, behind the module's own
//   section 7 (exports)  + "$0", "$1", ... "$z", "$10", ...: the counters, numbered in base 36
//   section 10 (code)    + global.get c; i64.const 1; i64.add; global.set c   where a counter goes
//
// Every index of the module stays valid, and nothing else changes. Counters that stand for the same instructions are one.
// Exact between two readings, both taken outside of any call, with two limits: a trap leaves the counts of the calls it ended
// undefined; memory.copy and memory.fill count as one instruction whatever their length.

import { QurioError } from "../errors.ts";
import { leb, malformed, Reader } from "../wasm/leb.ts";
import { CLASSES, classInContext, type Instruction, readInstruction } from "../wasm/opcodes.ts";
import * as S from "../wasm/sections.ts";
import { type Counter, placeCounters, reachable } from "./calls.ts";
import { analyseFlow } from "./flow.ts";

export interface InstrumentOptions {
  /** "instruction" puts a counter at every single instruction: slow, and true by construction. Tests compare the two. */
  granularity?: "block" | "instruction";
  /**
   * Exports that are going to be counted, with everything they call; all of them by default. Other functions stay as they are:
   * take no reading across a call of them.
   */
  roots?: readonly string[];
}

export interface Instrumented {
  wasm: Uint8Array<ArrayBuffer>;
  /** Names of the exported counters. */
  counters: string[];
  /** [counter][class of CLASSES]: instructions that one execution stands for; negative where flow.ts takes away. */
  weights: Int32Array[];
}

interface Body {
  start: number;
  end: number;
  code: Instruction[];
}

/**
 * The module with counters. Errors: WASM_MALFORMED (damaged binary, byte offset named), WASM_UNSUPPORTED (an opcode that
 * cannot be counted), WASM_INSTRUMENTED (it has counters already), WASM_NO_EXPORT (a root that it does not export).
 */
export function instrument(wasm: Uint8Array, options: InstrumentOptions = {}): Instrumented {
  const sections = S.readSections(wasm);
  const imported = S.imports(sections.get(S.SECTION_IMPORT));
  const bodies = readBodies(sections.get(S.SECTION_CODE), wasm.length, imported.functions);
  const counters = findCounters(sections, bodies, options);

  const firstGlobal = imported.globals + S.entries(sections.get(S.SECTION_GLOBAL));
  const shared = new Map<string, number>();
  const weights: Int32Array[] = [];
  const placed = new Map<number, [at: number, global: number][]>();
  for (const counter of counters) {
    const key = counter.weights.join();
    const counterIndex = shared.get(key) ?? weights.push(counter.weights) - 1;
    shared.set(key, counterIndex);
    if (!placed.has(counter.func)) placed.set(counter.func, []);
    placed.get(counter.func)!.push([counter.at, firstGlobal + counterIndex]);
  }
  const code: number[] = leb(bodies.size);
  for (const [index, body] of bodies) {
    const out = withCounters(wasm, body, placed.get(index) ?? []);
    for (const byte of leb(out.length)) code.push(byte);
    for (const byte of out) code.push(byte);
  }
  const names = weights.map((_, i) => `$${i.toString(36)}`);
  const replaced = new Map([
    [S.SECTION_GLOBAL, S.appended(sections.get(S.SECTION_GLOBAL), weights.map(mutableI64))],
    [
      S.SECTION_EXPORT,
      S.appended(
        sections.get(S.SECTION_EXPORT),
        names.map((name, i) => exportGlobal(name, firstGlobal + i)),
      ),
    ],
    [S.SECTION_CODE, code],
  ]);
  return { wasm: S.joinSections(sections, replaced), counters: names, weights };
}

/** Function index -> body. */
function readBodies(section: Reader | undefined, moduleBytes: number, firstIndex: number): Map<number, Body> {
  if (!section) throw malformed(moduleBytes, "a code section", "the end");
  const r = new Reader(section.bytes, section.at, section.end);
  const bodies = new Map<number, Body>();
  for (let left = r.u32(); left > 0; left--) {
    const body = r.sub(r.u32());
    const start = body.at;
    bodies.set(firstIndex + bodies.size, { start, end: body.end, code: readCode(body) });
  }
  if (r.at !== r.end) throw malformed(r.at, "the end of the code section", "more bytes");
  return bodies;
}

function readCode(body: Reader): Instruction[] {
  for (let left = body.u32(); left > 0; left--) {
    body.u32();
    body.byte();
  }
  const code: Instruction[] = [];
  while (body.at < body.end) {
    code.push(readInstruction(body));
    code.at(-1)!.class = classInContext(code);
  }
  if (code.at(-1)?.op !== 0x0b) throw malformed(body.end - 1, "an end", "a function body without one");
  return code;
}

function findCounters(sections: Map<number, Reader>, bodies: Map<number, Body>, options: InstrumentOptions): Counter[] {
  const exported = S.readExports(sections.get(S.SECTION_EXPORT));
  if (exported.some(({ name }) => name === "$0")) {
    throw new QurioError(
      "WASM_INSTRUMENTED",
      "this module exports $0: it has counters already",
      "Pass the module that the compiler wrote.",
    );
  }
  const outside = new Set([
    ...exported.filter(({ kind }) => kind === 0).map(({ index }) => index),
    ...S.startFunction(sections.get(S.SECTION_START)),
    ...(sections.has(S.SECTION_ELEMENT) ? bodies.keys() : []),
  ]);
  const codes = new Map([...bodies].map(([index, { code }]) => [index, code]));
  const indirect = sections.has(S.SECTION_ELEMENT) || !options.roots;
  const counted = indirect ? new Set(bodies.keys()) : reachable(codes, rootIndices(exported, options.roots!));
  const functions = [...codes].filter(([index]) => counted.has(index));
  if (options.granularity === "instruction") return functions.flatMap(([index, code]) => singly(index, code));
  return placeCounters(
    functions.map(([index, code]) => ({ index, code, flow: analyseFlow(code, code[0].start) })),
    outside,
  );
}

function rootIndices(exported: readonly S.Export[], roots: readonly string[]): number[] {
  return roots.map((root) => {
    const found = exported.find(({ name, kind }) => name === root && kind === 0);
    if (found) return found.index;
    throw new QurioError("WASM_NO_EXPORT", `the module exports no function ${root}`, "Pass names of exported functions as roots.");
  });
}

function singly(func: number, code: readonly Instruction[]): Counter[] {
  return code
    .filter((instruction) => instruction.class !== undefined)
    .map((instruction) => ({
      func,
      at: instruction.start,
      weights: Int32Array.from(CLASSES, (kind) => Number(kind === instruction.class)),
    }));
}

/** The body's bytes with an increment at each place. */
function withCounters(bytes: Uint8Array, { start, end }: Body, places: [at: number, global: number][]): number[] {
  const out: number[] = [];
  let at = start;
  for (const [place, global] of places.sort(([a], [b]) => a - b)) {
    for (; at < place; at++) out.push(bytes[at]);
    const index = leb(global);
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
