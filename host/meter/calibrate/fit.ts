// Node only. Cycles per wasm operation class on a Cortex-M4 by way of wasm2c and gcc, fitted on microbenchmarks alone.
//
//   minimize  sum over rows of ((sum_c ops[c] cycles[c] - measured) / measured)^2  +  lambda sum_c ((cycles[c] - prior[c]) / scale[c])^2
//
// with cycles[c] >= 0. The prior is the published timing of what the class becomes; a class that no row exercises keeps it.
// lambda is the one of LAMBDAS that predicts each row best from the others (leave one out).
// usage: node --import tsx host/meter/calibrate/fit.ts [core.json]     prints the fit, or writes its factors into a core

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CLASSES, type OpClass } from "../../wasm/opcodes.ts";

export interface Row {
  name: string;
  instructions: number;
  cycles: number;
  ops: Partial<Record<OpClass, number>>;
}

export interface Prior {
  cycles: number;
  why: string;
}

/** Cortex-M4 timings (Arm DDI 0439, tables 3-1 and 7-1) of what wasm2c and gcc -O2 make of each class. SIMD and bulk memory: none. */
export const PRIORS: Partial<Record<OpClass, Prior>> = {
  const: { cycles: 0, why: "folds into an operand" },
  local: { cycles: 0, why: "a register" },
  global: { cycles: 2, why: "LDR or STR through the instance pointer" },
  alu: { cycles: 1, why: "one instruction" },
  shift: { cycles: 0.5, why: "folds into the operand of ADD, AND, LDR about half the time" },
  compare: { cycles: 1, why: "CMP" },
  select: { cycles: 2, why: "IT and a conditional MOV" },
  bits: { cycles: 2, why: "CLZ, RBIT" },
  mul: { cycles: 1, why: "MUL, MLA" },
  div: { cycles: 8, why: "SDIV, UDIV 2-12; a remainder adds MLS" },
  load: { cycles: 1.5, why: "LDR 2, or 1 behind another LDR" },
  store: { cycles: 1, why: "STR" },
  branch: { cycles: 2, why: "3 taken, 1 not taken" },
  call: { cycles: 10, why: "BL, PUSH, POP {pc}" },
  alu64: { cycles: 2, why: "a pair such as ADDS, ADC" },
  shift64: { cycles: 4, why: "two shifts and their carry" },
  mul64: { cycles: 2, why: "UMULL, SMLAL when its operands are extended i32" },
  div64: { cycles: 150, why: "libgcc __aeabi_ldivmod" },
  load64: { cycles: 2.5, why: "LDRD 3; LDR of an extended i32" },
  store64: { cycles: 3, why: "STRD" },
  float: { cycles: 1, why: "VADD, VSUB, VABS, VNEG" },
  floatCompare: { cycles: 3, why: "VCMPE, VMRS" },
  floatMul: { cycles: 1, why: "VMUL" },
  floatDiv: { cycles: 14, why: "VDIV, VSQRT" },
  floatRound: { cycles: 20, why: "no VRINT on this core: a libm call" },
  convert: { cycles: 1, why: "VMOV, VCVT" },
  truncate: { cycles: 8, why: "wasm2c's range checks and VCVT" },
  double: { cycles: 35, why: "libgcc soft float" },
  memory: { cycles: 2, why: "LDR through the instance pointer" },
};

const LAMBDAS = [0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3];
const SWEEPS = 2000;
const SETTLED = 1e-4; // cycles; factors are rounded to hundredths

export type Factors = Partial<Record<OpClass, number>>;

/** Cyclic coordinate descent on the convex problem above. */
export function fit(rows: readonly Row[], lambda: number): Factors {
  const classes = CLASSES.filter((kind) => PRIORS[kind]);
  const prior = classes.map((kind) => PRIORS[kind]!.cycles);
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
export function leaveOneOut(rows: readonly Row[], lambda: number): number {
  const squares = rows.map((row) => {
    const others = rows.filter((other) => other !== row);
    return (predict(fit(others, lambda), row.ops) / row.cycles - 1) ** 2;
  });
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / rows.length);
}

export interface Fit {
  /** Rounded to two decimals, as the profile carries them. */
  factors: Factors;
  lambda: number;
  leaveOneOut: number;
}

export function bestFit(rows: readonly Row[]): Fit {
  const errors = LAMBDAS.map((lambda) => leaveOneOut(rows, lambda));
  const best = errors.indexOf(Math.min(...errors));
  const factors = fit(rows, LAMBDAS[best]);
  for (const kind of CLASSES) if (factors[kind] !== undefined) factors[kind] = Math.round(factors[kind] * 100) / 100;
  return { factors, lambda: LAMBDAS[best], leaveOneOut: errors[best] };
}

export function readRows(): Row[] {
  const file = join(dirname(fileURLToPath(import.meta.url)), "cortex-m4.micro.json");
  return JSON.parse(readFileSync(file, "utf8")) as Row[];
}

function exercised(rows: readonly Row[], kind: OpClass): boolean {
  return rows.some((row) => (row.ops[kind] ?? 0) > 0.02 * row.cycles);
}

function print(rows: readonly Row[], { factors, lambda, leaveOneOut }: Fit): void {
  for (const row of rows) {
    const predicted = predict(factors, row.ops);
    const ratio = (predicted / row.cycles).toFixed(2);
    console.log(
      `${row.name.padEnd(16)} ${String(row.cycles).padStart(7)} cycles, fitted ${predicted.toFixed(0).padStart(7)}, ratio ${ratio}`,
    );
  }
  for (const kind of CLASSES) {
    if (factors[kind] === undefined) continue;
    const origin = exercised(rows, kind) ? "fitted" : "prior";
    console.log(
      `${kind.padEnd(12)} ${factors[kind].toFixed(2).padStart(7)}  ${origin}, published ${PRIORS[kind]!.cycles}: ${PRIORS[kind]!.why}`,
    );
  }
  console.log(`lambda ${lambda}, leave-one-out error ${(100 * leaveOneOut).toFixed(1)} % rms over ${rows.length} microbenchmarks`);
}

/** Writes the factors into the core's `cyclesPerOp`, everything else unchanged. */
function writeCore(path: string, rows: readonly Row[], { factors }: Fit): void {
  const core = JSON.parse(readFileSync(path, "utf8"));
  core.cyclesPerOp = {};
  for (const kind of CLASSES) {
    const value = factors[kind];
    if (value === undefined) continue;
    const { cycles, why } = PRIORS[kind]!;
    const how = exercised(rows, kind)
      ? "fitted by host/meter/calibrate/fit.ts on cortex-m4.micro.json, published"
      : "not fitted, published";
    core.cyclesPerOp[kind] = { value, unit: "cycles", source: `${how} ${cycles}: ${why} (Arm DDI 0439)` };
  }
  writeFileSync(`${path}.tmp`, `${JSON.stringify(core, null, 2)}\n`);
  renameSync(`${path}.tmp`, path);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rows = readRows();
  const result = bestFit(rows);
  if (process.argv[2]) writeCore(process.argv[2], rows, result);
  else print(rows, result);
}
