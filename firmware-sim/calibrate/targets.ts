// The cores whose cycles per operation class are fitted (Cortex-M ones emulated by firmware-sim/image; AArch64 instructions under
// qemu-aarch64, at one cycle each): where cycles of microbenchmarks come from, and the published timing of what
// each class becomes (the fit starts there, and classes that no microbenchmark exercises stay there).

import type { OpClass } from "../../host/wasm/opcodes.ts";
import { CORTEX_M } from "../image/cortex_m.ts";

export interface Prior {
  cycles: number;
  why: string;
}

export type Priors = Partial<Record<OpClass, Prior>>;

export interface Target {
  title: string;
  /** Short, for the source of each constant. */
  manual: string;
  /** Where timings come from. */
  timings: string;
  /** SIMD and bulk memory: none. */
  priors: Priors;
}

/** Arm DDI 0439, tables 3-1 and 7-1. */
const M4: Priors = {
  const: { cycles: 0, why: "folds into an operand" },
  local: { cycles: 0, why: "a register" },
  global: { cycles: 2, why: "LDR or STR through the instance pointer" },
  alu: { cycles: 1, why: "one instruction" },
  mulAdd: { cycles: 0, why: "the addition of MLA, MLS, SMLABB" },
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

/** As the M4 but for what the measured timings of an RP2350 say otherwise. */
const M33: Priors = {
  ...M4,
  global: { cycles: 1.5, why: "LDR or STR through the instance pointer" },
  load: { cycles: 1.3, why: "LDR 1, one more if the next instruction needs it" },
  mul: { cycles: 1.2, why: "MUL, MLA 1, one more if the next instruction needs it" },
  branch: { cycles: 1.5, why: "2 taken, 1 not taken" },
  call: { cycles: 8, why: "BL, PUSH, POP {pc}: as many cycles as registers" },
  load64: { cycles: 2, why: "LDRD 2; LDR of an extended i32" },
  store64: { cycles: 2, why: "STRD" },
  floatRound: { cycles: 1, why: "VRINT of FPv5" },
  memory: { cycles: 1.5, why: "LDR through the instance pointer" },
};

/** Arm DDI 0484, table 3-1; calls of libgcc for what the core lacks, some tens of cycles each. */
const M0PLUS: Priors = {
  ...M4,
  const: { cycles: 0.3, why: "folds into an operand up to 8 bits, else MOVS and LSLS or LDR" },
  local: { cycles: 0.1, why: "a register; most instructions reach 8, and others lie on the stack" },
  global: { cycles: 2, why: "LDR or STR" },
  mulAdd: { cycles: 1, why: "ADDS, SUBS: no MLA" },
  shift: { cycles: 1, why: "LSLS, LSRS, ASRS: nothing folds" },
  compare: { cycles: 1, why: "CMP" },
  select: { cycles: 3, why: "a branch over MOV" },
  bits: { cycles: 30, why: "libgcc: no CLZ" },
  mul: { cycles: 1, why: "MULS, single-cycle multiplier" },
  div: { cycles: 60, why: "libgcc __aeabi_idiv: no divider" },
  load: { cycles: 2, why: "LDR" },
  store: { cycles: 2, why: "STR" },
  branch: { cycles: 1.5, why: "2 taken, 1 not taken" },
  call: { cycles: 12, why: "BL, PUSH, POP {pc}" },
  mul64: { cycles: 30, why: "libgcc __aeabi_lmul: no UMULL" },
  div64: { cycles: 400, why: "libgcc __aeabi_ldivmod" },
  load64: { cycles: 4, why: "two LDR" },
  store64: { cycles: 4, why: "two STR" },
  float: { cycles: 70, why: "libgcc __aeabi_fadd" },
  floatCompare: { cycles: 35, why: "libgcc __aeabi_fcmp*" },
  floatMul: { cycles: 100, why: "libgcc __aeabi_fmul" },
  floatDiv: { cycles: 300, why: "libgcc __aeabi_fdiv, sqrtf" },
  floatRound: { cycles: 60, why: "a libm call" },
  convert: { cycles: 40, why: "libgcc __aeabi_i2f; a reinterpretation is free" },
  truncate: { cycles: 80, why: "wasm2c's range checks and __aeabi_f2iz" },
  double: { cycles: 150, why: "libgcc soft float" },
  memory: { cycles: 2, why: "LDR" },
};

/** Instructions of the A64 set. */
const AARCH64: Priors = {
  ...M4,
  global: { cycles: 1, why: "LDR or STR through the instance pointer" },
  select: { cycles: 1, why: "CSEL" },
  div: { cycles: 1, why: "SDIV, UDIV; a remainder adds MSUB" },
  load: { cycles: 1, why: "LDR" },
  branch: { cycles: 1, why: "B.cond, CBZ" },
  call: { cycles: 6, why: "BL, STP, LDP, RET" },
  alu64: { cycles: 1, why: "one instruction" },
  shift64: { cycles: 0.5, why: "folds into an operand about half the time" },
  mul64: { cycles: 1, why: "MUL, MADD, SMADDL" },
  div64: { cycles: 1, why: "SDIV, UDIV" },
  load64: { cycles: 1, why: "LDR, LDRSW" },
  store64: { cycles: 1, why: "STR" },
  floatCompare: { cycles: 1, why: "FCMPE" },
  floatDiv: { cycles: 1, why: "FDIV, FSQRT" },
  floatRound: { cycles: 1, why: "FRINT" },
  truncate: { cycles: 6, why: "wasm2c's range checks and FCVTZS" },
  double: { cycles: 1, why: "one instruction" },
  memory: { cycles: 1, why: "LDR through the instance pointer" },
};

/** By the name of its file in host/meter/cores. */
export const TARGETS: Readonly<Record<string, Target>> = {
  "cortex-m4": { title: "Arm Cortex-M4F", manual: "Arm DDI 0439", timings: CORTEX_M["cortex-m4"].timings, priors: M4 },
  "cortex-m33": {
    title: "Arm Cortex-M33 with floating point",
    manual: "jnk0le/random cortex_m33.md",
    timings: CORTEX_M["cortex-m33"].timings,
    priors: M33,
  },
  "cortex-m0plus": {
    title: "Arm Cortex-M0+, software floating point",
    manual: "Arm DDI 0484",
    timings: CORTEX_M["cortex-m0plus"].timings,
    priors: M0PLUS,
  },
  aarch64: {
    title: "64-bit Arm: instructions, at one cycle each; a profile's runs.factor has the cycles per instruction of its core",
    manual: "Arm DDI 0487, A64 instruction set",
    timings: "instructions executed by qemu-aarch64, aarch64-linux-gnu-gcc -O2",
    priors: AARCH64,
  },
};
