// Where counters go in one function: as few as the flow of control allows (Knuth and Stevenson, "Optimal measurement
// points for program frequency counts", BIT 13, 1973).
//
// A region is a straight run of instructions: all of them are executed equally often. Flow is conserved:
//
//   br_if          after + taken = before           loop   header = entry + branches back
//   if .. else     then + otherwise = before        end    after = fallen through + branches here
//   br_table       sum of taken = before
//
// Gauss-Jordan elimination writes each count as a sum of free ones. Branches taken (nowhere to count them) are eliminated
// first, then regions from the innermost loop outwards; what stays free gets a counter. So the hottest code carries the
// fewest, and the counts stay exact: every coefficient is -1, 0 or 1.

import { malformed } from "../wasm/leb.ts";
import type { Instruction } from "../wasm/opcodes.ts";

export interface Region {
  /** Byte offset at which the region starts: where its counter would go. */
  at: number;
  loopDepth: number;
  instructions: Instruction[];
}

export interface Flow {
  regions: Region[];
  /** Per counter: the region that holds it, and the regions whose executions it adds to (+1) or takes away from (-1). */
  counters: { region: number; terms: [region: number, sign: number][] }[];
}

const OP_LOOP = 0x03;
const OP_IF = 0x04;
const OP_ELSE = 0x05;
const OP_END = 0x0b;
const OP_BR = 0x0c;
const OP_BR_IF = 0x0d;
const OP_BR_TABLE = 0x0e;

/** Variable -> coefficient; the sum is zero. */
export type Equation = Map<number, number>;

interface Frame {
  op: number;
  /** if: the region before it; loop: its header. */
  region: number | null;
  thenRegion: number;
  /** Variables whose flow arrives at the label: behind the end, or at a loop's header. */
  arriving: number[];
}

/** Regions and the smallest set of counters of one function body, `code` being its instructions up to the final end. */
export function analyseFlow(code: readonly Instruction[], bodyAt: number): Flow {
  const graph = new Graph(bodyAt);
  for (const instruction of code) graph.add(instruction);
  const { regions, variables, equations } = graph;
  return { regions, counters: solve(regions, variables, equations) };
}

/** Walks one body once; `current` is null in code that cannot be reached. */
class Graph {
  readonly regions: Region[] = [];
  /** Variable -> its region, or null for a branch taken. */
  readonly variables: (number | null)[] = [];
  readonly equations: Equation[] = [];
  private readonly frames: Frame[] = [{ op: 0, region: null, thenRegion: 0, arriving: [] }];
  private loopDepth = 0;
  private current: number | null;

  constructor(bodyAt: number) {
    this.current = this.startRegion(bodyAt);
  }

  add(instruction: Instruction): void {
    if (this.current !== null && instruction.class !== undefined) {
      this.regions[this.variables[this.current]!].instructions.push(instruction);
    }
    const { op, end, depths } = instruction;
    if (op === 0x02 || op === OP_LOOP || op === OP_IF) this.open(op, end);
    else if (op === OP_ELSE) this.openElse(end);
    else if (op === OP_END) this.close(end);
    else if (op === OP_BR) this.leave(depths[0], end);
    else if (op === OP_BR_IF) this.branchIf(depths[0], end);
    else if (op === OP_BR_TABLE) this.branchTable(depths, end);
    else if (op === 0x00 || op === 0x0f) this.current = null; // unreachable, return
  }

  private startRegion(at: number): number {
    this.regions.push({ at, loopDepth: this.loopDepth, instructions: [] });
    return this.variables.push(this.regions.length - 1) - 1;
  }

  private startEdge(): number {
    return this.variables.push(null) - 1;
  }

  /** target = sum of sources. */
  private equate(target: number, sources: readonly number[]): void {
    const equation: Equation = new Map([[target, 1]]);
    for (const source of sources) equation.set(source, (equation.get(source) ?? 0) - 1);
    this.equations.push(equation);
  }

  private open(op: number, at: number): void {
    const before = this.current;
    const frame: Frame = { op, region: before, thenRegion: 0, arriving: [] };
    this.frames.push(frame);
    if (op === OP_LOOP) this.loopDepth++;
    if (before === null || op === 0x02) return;
    this.current = this.startRegion(at);
    if (op === OP_IF) frame.thenRegion = this.current;
    else {
      frame.region = this.current;
      frame.arriving.push(before);
    }
  }

  private openElse(at: number): void {
    const frame = this.frames[this.frames.length - 1];
    if (frame?.op !== OP_IF) throw malformed(at, "an else inside an if", "one outside");
    if (this.current !== null) frame.arriving.push(this.current);
    frame.op = OP_ELSE;
    if (frame.region === null) return;
    this.current = this.startRegion(at);
    this.equate(frame.region, [frame.thenRegion, this.current]);
  }

  private close(at: number): void {
    const frame = this.frames.pop();
    if (!frame) throw malformed(at, "the end of the function body", "another end");
    if (frame.op === OP_LOOP) {
      this.loopDepth--;
      if (frame.region !== null) this.equate(frame.region, frame.arriving);
      return;
    }
    if (frame.op === OP_IF && frame.region !== null) {
      const skipped = this.startEdge();
      this.equate(frame.region, [frame.thenRegion, skipped]);
      frame.arriving.push(skipped);
    }
    if (frame.arriving.length === 0) return; // nothing branches here: the region goes on
    if (this.current !== null) frame.arriving.push(this.current);
    if (this.frames.length === 0) return; // the function's end
    this.current = this.startRegion(at);
    this.equate(this.current, frame.arriving);
  }

  private arrive(depth: number, variable: number, at: number): void {
    const frame = this.frames[this.frames.length - 1 - depth];
    if (!frame) throw malformed(at, `a branch depth below ${this.frames.length}`, `${depth}`);
    frame.arriving.push(variable);
  }

  private leave(depth: number, at: number): void {
    if (this.current !== null) this.arrive(depth, this.current, at);
    this.current = null;
  }

  private branchIf(depth: number, at: number): void {
    if (this.current === null) return;
    const taken = this.startEdge();
    this.arrive(depth, taken, at);
    const before = this.current;
    this.current = this.startRegion(at);
    this.equate(before, [taken, this.current]);
  }

  private branchTable(depths: readonly number[], at: number): void {
    if (this.current === null) return;
    const taken = depths.map(() => this.startEdge());
    this.equate(this.current, taken);
    for (const [i, depth] of depths.entries()) this.arrive(depth, taken[i], at);
    this.current = null;
  }
}

function solve(regions: Region[], variables: (number | null)[], equations: Equation[]): Flow["counters"] {
  const heat = (variable: number) => {
    const region = variables[variable];
    return region === null ? Number.POSITIVE_INFINITY : regions[region].loopDepth;
  };
  const order = [...variables.keys()].sort((a, b) => (heat(a) === heat(b) ? b - a : heat(b) - heat(a)));
  const pivots = eliminate(equations, order);
  const free = order.filter((variable) => !pivots.has(variable));
  if (free.some((variable) => variables[variable] === null)) return everyRegion(regions);
  return free.map((variable) => {
    const terms: [number, number][] = [[variables[variable]!, 1]];
    for (const [derived, equation] of pivots) {
      const coefficient = equation.get(variable);
      if (coefficient && variables[derived] !== null) terms.push([variables[derived]!, -coefficient]);
    }
    return { region: variables[variable]!, terms };
  });
}

/**
 * Gauss-Jordan elimination in place, variables in `order`, wherever a coefficient is 1 or -1 (so that all stay integers).
 * Returns variable -> the equation that determines it from variables that are no keys, its own coefficient being 1.
 */
export function eliminate(equations: readonly Equation[], order: readonly number[]): Map<number, Equation> {
  const pivots = new Map<number, Equation>();
  const unused = new Set(equations);
  for (const variable of order) {
    const pivot = [...unused].find((equation) => Math.abs(equation.get(variable) ?? 0) === 1);
    if (!pivot) continue;
    unused.delete(pivot);
    const sign = pivot.get(variable)!;
    for (const [other, coefficient] of pivot) pivot.set(other, coefficient * sign);
    pivots.set(variable, pivot);
    for (const equation of equations) if (equation !== pivot) subtract(equation, pivot, equation.get(variable) ?? 0);
  }
  return pivots;
}

function subtract(equation: Equation, pivot: Equation, factor: number): void {
  if (factor === 0) return;
  for (const [variable, coefficient] of pivot) {
    const value = (equation.get(variable) ?? 0) - factor * coefficient;
    if (value === 0) equation.delete(variable);
    else equation.set(variable, value);
  }
}

/** Two br_table that share two targets leave a branch undetermined: such a function counts every region. */
function everyRegion(regions: readonly Region[]): Flow["counters"] {
  return regions.map((_, region) => ({ region, terms: [[region, 1]] }));
}
