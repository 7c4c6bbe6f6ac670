// Node only. Cycles per wasm operation class on a core by way of wasm2c and gcc, fitted on microbenchmarks alone.
//
//   minimize  sum over rows of ((sum_c ops[c] cycles[c] - measured) / measured)^2  +  lambda sum_c ((cycles[c] - prior[c]) / scale[c])^2
//
// with cycles[c] >= 0. The prior is the published timing of what the class becomes; a class that no row exercises keeps it.
// lambda is the one of LAMBDAS that predicts each row best from the others (leave one out).
// usage: node --import tsx firmware-sim/calibrate/fit.ts cortex-m4 [--write]     prints the fit; writes it to host/meter/cores/cortex-m4.json

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { writeOutput } from "../../host/files.ts";
import type { CoreCycles } from "../../host/meter/core_cycles.ts";
import { CORES_FOLDER } from "../../host/meter/devices.ts";
import { CLASSES, type OpClass } from "../../host/wasm/opcodes.ts";
import { type Priors, TARGETS } from "./targets.ts";

export interface Row {
  name: string;
  instructions: number;
  cycles: number;
  ops: Partial<Record<OpClass, number>>;
}

const LAMBDAS = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3];
const SWEEPS = 2000;
const SETTLED = 1e-4; // cycles; factors are rounded to hundredths

export type Factors = Partial<Record<OpClass, number>>;

/** Cyclic coordinate descent on the convex problem above. */
export function fit(rows: readonly Row[], priors: Priors, lambda: number): Factors {
  const classes = CLASSES.filter((kind) => priors[kind]);
  const prior = classes.map((kind) => priors[kind]!.cycles);
  const penalty = prior.map((p) => lambda / Math.max(p, 0.5) ** 2);
  const shares = rows.map((row) => classes.map((kind) => (row.ops[kind] ?? 0) / row.cycles));
  const x = [...prior];
  const users = classes.map((_, c) => [...shares.keys()].filter((r) => shares[r][c] > 0));
  const residuals = shares.map((share) => share.reduce((sum, s, c) => sum + s * x[c], 0) - 1);
  for (let sweep = 0, moved = 1; sweep < SWEEPS && moved > SETTLED; sweep++) {
    moved = 0;
    for (let c = 0; c < x.length; c++) {
      let gradient = penalty[c] * (x[c] - prior[c]);
      let curvature = penalty[c];
      for (const r of users[c]) {
        gradient += shares[r][c] * residuals[r];
        curvature += shares[r][c] * shares[r][c];
      }
      const step = Math.max(-x[c], -gradient / curvature);
      for (const r of users[c]) residuals[r] += shares[r][c] * step;
      x[c] += step;
      moved = Math.max(moved, Math.abs(step));
    }
  }
  return Object.fromEntries(classes.map((kind, c) => [kind, x[c]])) as Factors;
}

export function predict(factors: Factors, ops: Row["ops"]): number {
  return CLASSES.reduce((sum, kind) => sum + (ops[kind] ?? 0) * (factors[kind] ?? 0), 0);
}

/** Root mean square of (predicted / measured - 1), each row predicted from the others. */
export function leaveOneOut(rows: readonly Row[], priors: Priors, lambda: number): number {
  const squares = rows.map((row) => {
    const others = rows.filter((other) => other !== row);
    return (predict(fit(others, priors, lambda), row.ops) / row.cycles - 1) ** 2;
  });
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / rows.length);
}

export interface Fit {
  /** Rounded to two decimals, as the profile carries them. */
  factors: Factors;
  lambda: number;
  leaveOneOut: number;
}

export function bestFit(rows: readonly Row[], priors: Priors): Fit {
  const errors = LAMBDAS.map((lambda) => leaveOneOut(rows, priors, lambda));
  const best = errors.indexOf(Math.min(...errors));
  const factors = fit(rows, priors, LAMBDAS[best]);
  for (const kind of CLASSES) if (factors[kind] !== undefined) factors[kind] = Math.round(factors[kind] * 100) / 100;
  return { factors, lambda: LAMBDAS[best], leaveOneOut: errors[best] };
}

/** @param core a key of TARGETS */
export function microFile(core: string): string {
  return join(dirname(fileURLToPath(import.meta.url)), `${core}.micro.json`);
}

export function readRows(core: string): Row[] {
  return JSON.parse(readFileSync(microFile(core), "utf8")) as Row[];
}

/** What host/meter/cores/CORE.json holds: the fit, each class with where it comes from. */
export function fittedCore(core: string, { factors }: Fit): CoreCycles {
  const rows = readRows(core);
  const { title, manual, timings, priors } = TARGETS[core];
  const cyclesPerOp: CoreCycles["cyclesPerOp"] = {};
  for (const kind of CLASSES) {
    const value = factors[kind];
    if (value === undefined) continue;
    const { cycles, why } = priors[kind]!;
    const how = exercised(rows, priors, kind)
      ? `fitted by firmware-sim/calibrate/fit.ts on ${core}.micro.json, published`
      : "not fitted, published";
    cyclesPerOp[kind] = { value, unit: "cycles", source: `${how} ${cycles}: ${why} (${manual})` };
  }
  const source = `fitted by firmware-sim/calibrate/fit.ts on ${core}.micro.json: microbenchmarks through wasm2c and gcc -O2; ${timings}`;
  return { name: core, title, source, cyclesPerOp };
}

/** Whether some microbenchmark spends enough on the class for the fit to see it. */
function exercised(rows: readonly Row[], priors: Priors, kind: OpClass): boolean {
  const cycles = Math.max(priors[kind]!.cycles, 0.5);
  return rows.some((row) => cycles * (row.ops[kind] ?? 0) > 0.02 * row.cycles);
}

function print(core: string, { factors, lambda, leaveOneOut }: Fit): void {
  const rows = readRows(core);
  const { priors } = TARGETS[core];
  for (const row of rows) {
    const predicted = predict(factors, row.ops);
    const ratio = (predicted / row.cycles).toFixed(2);
    console.log(
      `${row.name.padEnd(16)} ${String(row.cycles).padStart(7)} cycles, fitted ${predicted.toFixed(0).padStart(7)}, ratio ${ratio}`,
    );
  }
  for (const kind of CLASSES) {
    if (factors[kind] === undefined) continue;
    const origin = exercised(rows, priors, kind) ? "fitted" : "prior";
    console.log(
      `${kind.padEnd(12)} ${factors[kind].toFixed(2).padStart(7)}  ${origin}, published ${priors[kind]!.cycles}: ${priors[kind]!.why}`,
    );
  }
  console.log(`lambda ${lambda}, leave-one-out error ${(100 * leaveOneOut).toFixed(1)} % rms over ${rows.length} microbenchmarks`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , core, write] = process.argv;
  const fitted = bestFit(readRows(core), TARGETS[core].priors);
  if (write === "--write") writeOutput(join(CORES_FOLDER, `${core}.json`), `${JSON.stringify(fittedCore(core, fitted), null, 2)}\n`);
  else print(core, fitted);
}
