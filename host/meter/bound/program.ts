// Browser-safe. A wasm module as a tree that can be walked: functions, their blocks, and straight runs of instructions with what they count.
// WebAssembly 1.0 only, as the scalar core is.

import { leb, malformed, Reader } from "../../wasm/leb.ts";
import { classInContext, type Instruction, readInstruction } from "../../wasm/opcodes.ts";
import * as S from "../../wasm/sections.ts";
import { COLUMNS, columnsOf } from "../columns.ts";

/** One instruction of a straight run: what it takes and gives is on the stack. */
export interface Op {
  op: number;
  /** Index of a local, global or function; offset of a load or store; a constant. */
  value: number;
  /** Bytes of a load or store. */
  width: number;
}

/** What a straight run executes, as [column of COLUMNS, count]. */
export type Charge = [column: number, count: number][];

export type Node =
  | { kind: "run"; ops: Op[]; charge: Charge }
  | { kind: "block" | "loop"; body: Node[]; keeps: number }
  | { kind: "if"; yes: Node[]; no: Node[]; keeps: number; charge: Charge }
  | { kind: "br"; depth: number; charge: Charge }
  | { kind: "br_if"; depth: number; charge: Charge }
  | { kind: "return" | "unreachable"; charge: Charge };

export interface Func {
  params: number;
  results: number;
  locals: number;
  body: Node[];
}

export interface Program {
  /** By function index; imports are null. */
  functions: (Func | null)[];
  /** True for i32: other globals are taken for unknown numbers. */
  globalIsI32: boolean[];
  exports: ReadonlyMap<string, number>;
}

const [TYPE, FUNCTION] = [1, 3];
const EMPTY = 0x40;

/** Errors: WASM_MALFORMED, WASM_UNSUPPORTED. */
export function readProgram(wasm: Uint8Array): Program {
  const sections = S.readSections(wasm);
  const types = vector(sections.get(TYPE), readType);
  const imported = S.imports(sections.get(S.SECTION_IMPORT)).functions;
  const declared = vector(sections.get(FUNCTION), (r) => types[r.u32()]);
  const bodies = vector(sections.get(S.SECTION_CODE), (r) => r.sub(r.u32()));
  const functions = bodies.map((body, i) => readFunction(body, declared[i], types, declared, imported));
  const exported = S.readExports(sections.get(S.SECTION_EXPORT)).filter(({ kind }) => kind === 0);
  return {
    functions: [...new Array<null>(imported).fill(null), ...functions],
    globalIsI32: vector(sections.get(S.SECTION_GLOBAL), readGlobal),
    exports: new Map(exported.map(({ name, index }) => [name, index])),
  };
}

/** The module with each of its own globals exported: "@0", "@1", ... */
export function exposeGlobals(wasm: Uint8Array): Uint8Array<ArrayBuffer> {
  const sections = S.readSections(wasm);
  const first = S.imports(sections.get(S.SECTION_IMPORT)).globals;
  const names = Array.from({ length: S.entries(sections.get(S.SECTION_GLOBAL)) }, (_, i) => new TextEncoder().encode(globalName(i)));
  const added = names.map((name, i) => [...leb(name.length), ...name, 3, ...leb(first + i)]);
  return S.joinSections(sections, new Map([[S.SECTION_EXPORT, S.appended(sections.get(S.SECTION_EXPORT), added)]]));
}

export const globalName = (index: number): string => `@${index}`;

function vector<T>(section: Reader | undefined, read: (r: Reader) => T): T[] {
  if (!section) return [];
  const r = new Reader(section.bytes, section.at, section.end);
  return Array.from({ length: r.u32() }, () => read(r));
}

interface Type {
  params: number;
  results: number;
}

function readType(r: Reader): Type {
  r.byte();
  const count = () => {
    const types = r.u32();
    r.skip(types);
    return types;
  };
  return { params: count(), results: count() };
}

function readGlobal(r: Reader): boolean {
  const isI32 = r.byte() === 0x7f;
  r.byte();
  for (let op = readInstruction(r).op; op !== 0x0b; op = readInstruction(r).op);
  return isI32;
}

function readFunction(body: Reader, type: Type, types: Type[], declared: Type[], imported: number): Func {
  let locals = type.params;
  for (let left = body.u32(); left > 0; left--) {
    locals += body.u32();
    body.byte();
  }
  const nodes = new Nodes(body, types, declared, imported).list();
  return { params: type.params, results: type.results, locals, body: nodes };
}

/** Reads the instructions of one body into nodes. */
class Nodes {
  private readonly r: Reader;
  private readonly types: Type[];
  private readonly declared: Type[];
  private readonly imported: number;
  private last = 0;
  /** Of the body, as they stand in it: some classes depend on what stands before. */
  private recent: Instruction[] = [];

  constructor(r: Reader, types: Type[], declared: Type[], imported: number) {
    this.r = r;
    this.types = types;
    this.declared = declared;
    this.imported = imported;
  }

  /** Up to an else or end, which is consumed. */
  list(): Node[] {
    const nodes: Node[] = [];
    let run: { kind: "run"; ops: Op[]; charge: Charge } | null = null;
    for (;;) {
      const instruction = readInstruction(this.r);
      this.recent = [...this.recent.slice(-2), instruction];
      instruction.class = classInContext(this.recent);
      this.last = instruction.op;
      if (this.last === 0x0b || this.last === 0x05) return nodes;
      const node = this.control(instruction);
      if (node) {
        nodes.push(node);
        run = null;
        continue;
      }
      if (!run) {
        run = { kind: "run", ops: [], charge: [] };
        nodes.push(run);
      }
      if (instruction.op !== 0x01) run.ops.push(this.plain(instruction));
      add(run.charge, instruction);
    }
  }

  private control(instruction: Instruction): Node | null {
    const { op, start, depths } = instruction;
    const charge = add([], instruction);
    if (op === 0x02 || op === 0x03) {
      const keeps = this.keeps(start);
      return { kind: op === 0x02 ? "block" : "loop", body: this.list(), keeps };
    }
    if (op === 0x04) {
      const keeps = this.keeps(start);
      const yes = this.list();
      return { kind: "if", yes, no: this.last === 0x05 ? this.list() : [], keeps, charge };
    }
    if (op === 0x0c) return { kind: "br", depth: depths[0], charge };
    if (op === 0x0d) return { kind: "br_if", depth: depths[0], charge };
    if (op === 0x0f) return { kind: "return", charge };
    if (op === 0x00) return { kind: "unreachable", charge };
    if (op === 0x0e || op === 0x11)
      throw malformed(start, "no br_table and no call_indirect in a module to be bounded", `0x${op.toString(16)}`);
    return null;
  }

  /** Values that a block leaves on the stack. */
  private keeps(start: number): number {
    const type = new Reader(this.r.bytes, start + 1, this.r.end).byte();
    if (type === EMPTY) return 0;
    return type >= 0x40 ? 1 : this.types[type].results;
  }

  private plain({ op, start, callee, bytes }: Instruction): Op {
    const r = new Reader(this.r.bytes, start + 1, this.r.end);
    if (op === 0x10) {
      const type = callee < this.imported ? null : this.declared[callee - this.imported];
      if (!type) throw malformed(start, "a call of the module's own function", "one of an import");
      return { op, value: callee, width: 0 };
    }
    if (op >= 0x20 && op <= 0x24) return { op, value: r.u32(), width: 0 };
    if (op >= 0x28 && op <= 0x3e) {
      r.u32();
      return { op, value: r.u32(), width: bytes };
    }
    if (op === 0x41) return { op, value: signed32(r), width: 0 };
    if (op === 0x43) return { op, value: new DataView(r.bytes.buffer, r.bytes.byteOffset).getFloat32(r.at, true), width: 0 };
    return { op, value: 0, width: 0 };
  }
}

function signed32(r: Reader): number {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = r.byte();
    value |= (byte & 127) << shift;
    if (byte < 128) return shift < 25 && byte & 64 ? value | (-1 << (shift + 7)) : value;
  }
}

function add(charge: Charge, instruction: Instruction): Charge {
  for (const [column, count] of columnsOf(instruction)) {
    const found = charge.find(([at]) => at === column);
    if (found) found[1] += count;
    else charge.push([column, count]);
  }
  return charge;
}

/** Columns of a bound: those that counters have, and bytes read from the model. */
export const MODEL_BYTES = COLUMNS;
export const BOUND_COLUMNS = COLUMNS + 1;
