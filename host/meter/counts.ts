// Browser-safe. Reading the counters of an instrumented instance.

import { QurioError } from "../errors.ts";
import { CLASSES, type OpClass } from "../wasm/opcodes.ts";
import { COLUMNS, LOAD_BYTES, STORE_BYTES } from "./columns.ts";
import type { Instrumented } from "./instrument.ts";

/** Instructions executed, by class; exact while each stays below 2^53. */
export type Counts = Record<OpClass, number>;

/** Bytes that loads and stores moved, exact as counts are; bulk memory operations move none here. */
export interface Traffic {
  loadBytes: number;
  storeBytes: number;
}

export function noTraffic(): Traffic {
  return { loadBytes: 0, storeBytes: 0 };
}

/** Adds `more` to `traffic` in place. */
export function addTraffic(traffic: Traffic, more: Traffic): void {
  traffic.loadBytes += more.loadBytes;
  traffic.storeBytes += more.storeBytes;
}

export function noCounts(): Counts {
  return Object.fromEntries(CLASSES.map((kind) => [kind, 0])) as Counts;
}

/** Adds `more` to `counts` in place. */
export function addCounts(counts: Counts, more: Counts): void {
  for (const kind of CLASSES) counts[kind] += more[kind];
}

export function totalOf(counts: Counts): number {
  return CLASSES.reduce((sum, kind) => sum + counts[kind], 0);
}

/** The counters of one instance, resolved once: a reading costs some tens of nanoseconds a counter and allocates one array. */
export class CounterReader {
  private readonly globals: WebAssembly.Global[];
  private readonly weights: readonly Int32Array[];

  /** Errors: WASM_NOT_INSTRUMENTED when the instance is not one of `instrumented.wasm`. */
  constructor(exports: WebAssembly.Exports, instrumented: Pick<Instrumented, "counters" | "weights">) {
    this.weights = instrumented.weights;
    this.globals = instrumented.counters.map((name) => {
      const counter = exports[name];
      if (counter instanceof WebAssembly.Global) return counter;
      throw new QurioError(
        "WASM_NOT_INSTRUMENTED",
        `the instance has no counter ${name}: an instance of instrument(wasm).wasm expected`,
        "Instantiate the bytes that instrument() returned and pass its table along.",
      );
    });
  }

  /** Executions of each counter since the instance was made. Read between calls, not inside one. */
  read(): Float64Array {
    const executions = new Float64Array(this.globals.length);
    for (let i = 0; i < executions.length; i++) executions[i] = Number(this.globals[i].value);
    return executions;
  }

  /** Instructions executed between two readings. */
  between(before: Float64Array, after: Float64Array): Counts {
    return countsOf(this.columns(before, after));
  }

  /** All columns (columns.ts) of what was executed between two readings. */
  columns(before: Float64Array, after: Float64Array): Float64Array {
    const sums = new Float64Array(COLUMNS);
    for (let i = 0; i < after.length; i++) {
      const executions = after[i] - before[i];
      if (executions === 0) continue;
      const weights = this.weights[i];
      for (let c = 0; c < sums.length; c++) sums[c] += executions * weights[c];
    }
    return sums;
  }

  /** Instructions executed by `run`. */
  during(run: () => void): Counts {
    const before = this.read();
    run();
    return this.between(before, this.read());
  }
}

/** The classes among columns. */
export function countsOf(columns: ArrayLike<number>): Counts {
  return Object.fromEntries(CLASSES.map((kind, c) => [kind, columns[c]])) as Counts;
}

/** The bytes among columns. */
export function trafficOf(columns: ArrayLike<number>): Traffic {
  return { loadBytes: columns[LOAD_BYTES], storeBytes: columns[STORE_BYTES] };
}
