// Fewer counters across functions: a function that is only ever called from inside runs as often as its call sites.
//
//   entries(f) = sum over call sites of f: executions of the region that holds the call
//
// flow.ts has written each side as a sum of counters; elimination, hottest first, takes one of them away per function.

import type { Instruction } from "../wasm/opcodes.ts";
import { COLUMNS, columnsOf } from "./columns.ts";
import { type Equation, eliminate, type Flow } from "./flow.ts";

export interface CountedFunction {
  index: number;
  code: Instruction[];
  flow: Flow;
}

/** A counter at byte offset `at`, and what one execution stands for, by column (columns.ts). */
export interface Counter {
  func: number;
  at: number;
  weights: Int32Array;
}

const MOST_HEAT = 16;

/** Function indices that the roots can reach by direct calls, the roots included. */
export function reachable(functions: ReadonlyMap<number, readonly Instruction[]>, roots: readonly number[]): Set<number> {
  const found = new Set(roots);
  for (const index of found) for (const { callee } of functions.get(index) ?? []) if (callee >= 0) found.add(callee);
  return found;
}

/** @param enteredFromOutside functions that something else than a counted call may enter: exports, start, table entries */
export function placeCounters(functions: readonly CountedFunction[], enteredFromOutside: ReadonlySet<number>): Counter[] {
  const counters = functions.flatMap(({ index, flow }) => flow.counters.map((counter) => ({ index, flow, ...counter })));
  const expressions = regionExpressions(functions);
  const inside = functions.filter(({ index }) => !enteredFromOutside.has(index));
  const equations = inside.map(({ index }) => entryEquation(index, functions, expressions));
  const heat = heatOf(functions);
  const hottest = counters.map(({ index, flow, region }) => heat.get(index)! + flow.regions[region].loopDepth);
  const order = [...counters.keys()].sort((a, b) => hottest[b] - hottest[a] || b - a);
  const pivots = eliminate(equations, order);

  const own = counters.map(({ flow, terms }) => {
    const weights = new Int32Array(COLUMNS);
    for (const [region, sign] of terms) {
      for (const instruction of flow.regions[region].instructions) {
        for (const [column, count] of columnsOf(instruction)) weights[column] += sign * count;
      }
    }
    return weights;
  });
  for (const [derived, equation] of pivots) {
    for (const [counter, coefficient] of equation) {
      if (counter === derived) continue;
      for (const [c, n] of own[derived].entries()) own[counter][c] -= coefficient * n;
    }
  }
  return counters
    .map(({ index, flow, region }, i) => ({ func: index, at: flow.regions[region].at, weights: own[i] }))
    .filter(({ weights }, i) => !pivots.has(i) && weights.some((n) => n !== 0));
}

/** function -> region -> counter (numbered through all functions) -> coefficient */
type Expressions = Map<number, Equation[]>;

function regionExpressions(functions: readonly CountedFunction[]): Expressions {
  const expressions: Expressions = new Map();
  let counter = 0;
  for (const { index, flow } of functions) {
    const regions: Equation[] = flow.regions.map(() => new Map());
    for (const { terms } of flow.counters) {
      for (const [region, sign] of terms) regions[region].set(counter, sign);
      counter++;
    }
    expressions.set(index, regions);
  }
  return expressions;
}

function entryEquation(callee: number, functions: readonly CountedFunction[], expressions: Expressions): Equation {
  const equation: Equation = new Map(expressions.get(callee)![0]);
  for (const { index, flow } of functions) {
    for (const [region, { instructions }] of flow.regions.entries()) {
      const calls = instructions.filter((instruction) => instruction.callee === callee).length;
      if (calls === 0) continue;
      for (const [counter, sign] of expressions.get(index)![region]) {
        const value = (equation.get(counter) ?? 0) - calls * sign;
        if (value === 0) equation.delete(counter);
        else equation.set(counter, value);
      }
    }
  }
  return equation;
}

/** Loops around the deepest chain of calls to each function, as far as the source tells; recursion stops at MOST_HEAT. */
function heatOf(functions: readonly CountedFunction[]): Map<number, number> {
  const heat = new Map(functions.map(({ index }) => [index, 0]));
  for (let changed = true; changed; ) {
    changed = false;
    for (const { index, flow } of functions) {
      for (const { instructions, loopDepth } of flow.regions) {
        const here = Math.min(MOST_HEAT, heat.get(index)! + loopDepth);
        for (const { callee } of instructions) {
          if (!((heat.get(callee) ?? MOST_HEAT) < here)) continue;
          heat.set(callee, here);
          changed = true;
        }
      }
    }
  }
  return heat;
}
