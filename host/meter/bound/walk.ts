// Browser-safe. Walks a function for all inputs at once (abstract interpretation, Cousot and Cousot, POPL 1977): numbers are known or unknown,
// a branch on an unknown number is walked both ways, and where ways meet each column of what was counted keeps its largest and smallest value.
//
//   known condition      one way, and loops turn as often as they do
//   unknown condition    both ways; locals become what holds of either, memory and globals are written weakly (memory.ts)
//   unknown end of loop  leaves and goes on, MOST_TURNS times at most
//   a failure reported   the way ends: bounds are those of decisions that are made
//
// The core has one loop whose end depends on sound: seriesDigit (assembly/frontend/series.ts) walks 256 counters until it has passed `rank` of
// the values counted, fewer than all of them, so it takes at most 256 turns.

import { QurioError } from "../../errors.ts";
import type { KnownMemory } from "./memory.ts";
import { BOUND_COLUMNS, type Charge, MODEL_BYTES, type Node, type Op, type Program } from "./program.ts";
import { ANY, binary, EITHER, floatCompared, joinValues, unary, type Value } from "./values.ts";

export const MOST_TURNS = 256;
/** Nodes in one call: a step of the core takes some hundred thousand. */
const MOST_NODES = 1e8;

/** One way through a function, and what it has counted: at most and at least. */
interface Way {
  locals: Value[];
  stack: Value[];
  most: Float64Array;
  least: Float64Array;
}

interface Label {
  /** Height of the stack below the label's own values, and how many it keeps. */
  height: number;
  keeps: number;
  /** Ways that have branched here, joined. */
  arrived: Way | null;
  /** A way has left for a label outside of this one. */
  left: boolean;
}

export interface Counted {
  most: Float64Array;
  least: Float64Array;
}

export class Walker {
  readonly memory: KnownMemory;
  readonly globals: Value[] = [];
  /** Functions with a loop that was cut off at MOST_TURNS. */
  readonly cut = new Set<number>();
  /** Conditions met that depend on sound. */
  forks = 0;
  private readonly program: Program;
  private readonly failPtr: number;
  private readonly modelFrom: number;
  private readonly modelTo: number;
  /** Ways that wait somewhere while another is walked. */
  private waiting = 0;
  private nodes = 0;
  private func = -1;

  /** @param failPtr where a failure's code is stored; [modelFrom, modelTo): the model file */
  constructor(program: Program, memory: KnownMemory, failPtr: number, modelFrom: number, modelTo: number) {
    this.program = program;
    this.memory = memory;
    this.failPtr = failPtr;
    this.modelFrom = modelFrom;
    this.modelTo = modelTo;
  }

  /** One call of an exported function without parameters; null if it always fails. */
  run(name: string): Counted | null {
    this.waiting = 0;
    this.nodes = 0;
    const most = new Float64Array(BOUND_COLUMNS);
    const way = this.call(this.program.exports.get(name)!, [], most, most.slice());
    return way && { most: way.most, least: way.least };
  }

  private call(index: number, args: Value[], most: Float64Array, least: Float64Array): Way | null {
    const { body, results, locals } = this.program.functions[index]!;
    const outer = this.func;
    this.func = index;
    while (args.length < locals) args.push(0);
    const label: Label = { height: 0, keeps: results, arrived: null, left: false };
    const way = this.list(body, { locals: args, stack: [], most, least }, [label]);
    this.func = outer;
    return this.arrivedAt(label, way);
  }

  private list(nodes: readonly Node[], start: Way, labels: Label[]): Way | null {
    let way: Way | null = start;
    for (const node of nodes) {
      way = this.node(node, way, labels);
      if (way === null) return null;
    }
    return way;
  }

  private node(node: Node, way: Way, labels: Label[]): Way | null {
    if (++this.nodes > MOST_NODES) {
      const message = `a walk of more than ${MOST_NODES} pieces of code does not end: no bound can be proven`;
      throw new QurioError("BOUND", message, "Pass a scalar module of this version; --no-bound leaves the bound out.");
    }
    switch (node.kind) {
      case "run":
        charge(way, node.charge);
        return this.ops(node.ops, way);
      case "block": {
        const label = open(way, node.keeps, labels);
        return this.close(label, this.list(node.body, way, labels), labels);
      }
      case "loop":
        return this.loop(node.body, way, node.keeps, labels);
      case "if":
        charge(way, node.charge);
        return this.either(node, way, labels);
      case "br":
        charge(way, node.charge);
        this.arrive(way, node.depth, labels);
        return null;
      case "br_if": {
        charge(way, node.charge);
        const condition = way.stack.pop()!;
        if (condition === 0) return way;
        if (typeof condition === "number") {
          this.arrive(way, node.depth, labels);
          return null;
        }
        this.forks++;
        this.arrive(copy(way), node.depth, labels);
        return way;
      }
      case "return":
        charge(way, node.charge);
        this.arrive(way, labels.length - 1, labels);
        return null;
      default:
        return null;
    }
  }

  private either(node: Node & { kind: "if" }, way: Way, labels: Label[]): Way | null {
    const condition = way.stack.pop()!;
    const label = open(way, node.keeps, labels);
    if (typeof condition === "number") return this.close(label, this.list(condition !== 0 ? node.yes : node.no, way, labels), labels);
    this.forks++;
    this.waiting++;
    const other = copy(way);
    const yes = this.list(node.yes, way, labels);
    const no = this.list(node.no, other, labels);
    this.waiting--;
    return this.close(label, join(yes, no), labels);
  }

  private loop(body: readonly Node[], start: Way, keeps: number, labels: Label[]): Way | null {
    const label = open(start, 0, labels);
    let way: Way | null = start;
    let ended: Way | null = null;
    let unsure = 0;
    while (way !== null) {
      label.left = false;
      const through: Way | null = this.list(body, way, labels);
      way = this.arrivedAt(label, null);
      if (through !== null) {
        through.stack.splice(label.height, through.stack.length - label.height - keeps);
        if (ended === null) this.waiting++;
        ended = join(ended, through);
      }
      if (way !== null && (through !== null || label.left) && ++unsure >= MOST_TURNS) {
        this.cut.add(this.func);
        way = null;
      }
    }
    labels.pop();
    if (ended !== null) this.waiting--;
    return ended;
  }

  private arrive(way: Way, depth: number, labels: Label[]): void {
    const at = labels.length - 1 - depth;
    const label = labels[at];
    way.stack.splice(label.height, way.stack.length - label.height - label.keeps);
    if (label.arrived === null) this.waiting++;
    label.arrived = join(label.arrived, way);
    for (let inside = at + 1; inside < labels.length; inside++) labels[inside].left = true;
  }

  private arrivedAt(label: Label, way: Way | null): Way | null {
    if (label.arrived === null) return way;
    this.waiting--;
    const joined = join(way, label.arrived);
    label.arrived = null;
    return joined;
  }

  private close(label: Label, way: Way | null, labels: Label[]): Way | null {
    labels.pop();
    return this.arrivedAt(label, way);
  }

  /** A straight run; null where it reports a failure. */
  private ops(ops: readonly Op[], way: Way): Way | null {
    const { stack, locals } = way;
    for (const { op, value, width } of ops) {
      switch (op) {
        case 0x20:
          stack.push(locals[value]);
          break;
        case 0x21:
          locals[value] = stack.pop()!;
          break;
        case 0x22:
          locals[value] = stack[stack.length - 1];
          break;
        case 0x23:
          stack.push(this.globals[value]);
          break;
        case 0x24: {
          const popped = stack.pop()!;
          const given = this.program.globalIsI32[value] ? popped : ANY;
          this.globals[value] = this.waiting > 0 ? joinValues(this.globals[value], given) : given;
          break;
        }
        case 0x10: {
          const { params } = this.program.functions[value]!;
          const after = this.call(value, stack.splice(stack.length - params), way.most, way.least);
          if (after === null) return null;
          way.most = after.most;
          way.least = after.least;
          stack.push(...after.stack);
          break;
        }
        case 0x1a:
          stack.pop();
          break;
        case 0x1b: {
          const condition = stack.pop()!;
          const no = stack.pop()!;
          const yes = stack.pop()!;
          stack.push(typeof condition === "number" ? (condition !== 0 ? yes : no) : joinValues(yes, no));
          break;
        }
        case 0x41:
        case 0x43:
          stack.push(value);
          break;
        case 0x42:
        case 0x44:
        case 0x3f:
          stack.push(ANY);
          break;
        default:
          if (op >= 0x28 && op <= 0x35) {
            const address = binary(0x6a, stack.pop()!, value);
            this.countModelBytes(way, address, width);
            stack.push(this.memory.load(op, address, width));
          } else if (op >= 0x36 && op <= 0x3e) {
            const given = stack.pop()!;
            const address = binary(0x6a, stack.pop()!, value);
            if (address === this.failPtr && typeof given === "number" && given !== 0) return null;
            this.memory.store(op, address, given, width, this.waiting > 0);
          } else this.numeric(op, stack);
      }
    }
    return way;
  }

  private numeric(op: number, stack: Value[]): void {
    const b = stack.pop()!;
    if (op === 0x45 || (op >= 0x67 && op <= 0x69) || op === 0xc0 || op === 0xc1) stack.push(unary(op, b));
    else if ((op >= 0x46 && op <= 0x4f) || (op >= 0x6a && op <= 0x78)) stack.push(binary(op, stack.pop()!, b));
    else if (op >= 0x5b && op <= 0x60) stack.push(floatCompared(op, stack.pop()!, b));
    else if (op === 0x50) stack.push(EITHER);
    else if (op >= 0x51 && op <= 0x66) {
      stack.pop();
      stack.push(EITHER);
    } else {
      if (isBinary(op)) stack.pop();
      stack.push(ANY);
    }
  }

  private countModelBytes(way: Way, address: Value, width: number): void {
    const from = typeof address === "number" ? address : address.lo;
    const to = typeof address === "number" ? address : address.hi;
    if (to < this.modelFrom || from >= this.modelTo) return;
    way.most[MODEL_BYTES] += width;
    if (from >= this.modelFrom && to < this.modelTo) way.least[MODEL_BYTES] += width;
  }
}

/** Of i64 and float arithmetic: two operands, or one. */
function isBinary(op: number): boolean {
  return (op >= 0x7c && op <= 0x8a) || (op >= 0x92 && op <= 0x98) || (op >= 0xa0 && op <= 0xa6);
}

function open(way: Way, keeps: number, labels: Label[]): Label {
  const label: Label = { height: way.stack.length, keeps, arrived: null, left: false };
  labels.push(label);
  return label;
}

function charge({ most, least }: Way, columns: Charge): void {
  for (const [column, count] of columns) {
    most[column] += count;
    least[column] += count;
  }
}

function copy({ locals, stack, most, least }: Way): Way {
  return { locals: locals.slice(), stack: stack.slice(), most: most.slice(), least: least.slice() };
}

/** What holds of either; the first one is changed. */
function join(a: Way | null, b: Way | null): Way | null {
  if (a === null || b === null) return a ?? b;
  for (let i = 0; i < a.locals.length; i++) a.locals[i] = joinValues(a.locals[i], b.locals[i]);
  for (let i = 0; i < a.stack.length; i++) a.stack[i] = joinValues(a.stack[i], b.stack[i]);
  for (let i = 0; i < a.most.length; i++) {
    if (b.most[i] > a.most[i]) a.most[i] = b.most[i];
    if (b.least[i] < a.least[i]) a.least[i] = b.least[i];
  }
  return a;
}
