// Node only. What the fitted factors say about code that the fit has not seen, beside emulation: kernels (cycles per MAC, 1536 -> 640),
// and on Cortex-M whole decisions of esc10-tiny and front ends in float and in whole numbers.
// usage: node --import tsx firmware-sim/calibrate/judge.ts cortex-m4 kernels.wasm      kernels.wasm: tests/assembly/meter-kernels.ts, scalar target

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { WINDOW_SAMPLES } from "../../assembly/format/input_spec.ts";
import { packagePath, readInput } from "../../host/files.ts";
import { PARTS } from "../../host/meter/cost.ts";
import { CounterReader, type Counts } from "../../host/meter/counts.ts";
import { isCortexM } from "../../host/meter/device.ts";
import { instrument } from "../../host/meter/instrument.ts";
import { DEFAULT_FRONT_END } from "../../host/model-file/front_end.ts";
import { encodeModel } from "../../host/model-file/model_file.ts";
import { featuresModel } from "../../tools/export/exporter.ts";
import { openEmulatedMeter } from "../estimates/emulated.ts";
import { emulate } from "../image/calls.ts";
import { countInstructions } from "./aarch64.ts";
import { bestFit, predict, readRows } from "./fit.ts";
import { TARGETS } from "./targets.ts";

export interface Kernel {
  name: string;
  columns: number;
  rows: number;
  /** Behind columns and rows: activation sum, or room for tables. Any sum: the operations do not depend on it. */
  numbers: readonly number[];
  /** As this command printed it. */
  emulatedCyclesPerMac: number;
}

const TABLES = 32768; // where look-ups may build theirs

export const JUDGED: readonly Kernel[] = [
  { name: "int8Gemv", columns: 1536, rows: 640, numbers: [], emulatedCyclesPerMac: 2.254 },
  { name: "int4Gemv", columns: 1536, rows: 640, numbers: [0], emulatedCyclesPerMac: 1.804 },
  { name: "ternaryGemv", columns: 1536, rows: 640, numbers: [0], emulatedCyclesPerMac: 1.553 },
  { name: "ternary5Gemv", columns: 1560, rows: 640, numbers: [TABLES], emulatedCyclesPerMac: 1.229 },
  { name: "int1Gemv", columns: 1536, rows: 640, numbers: [TABLES], emulatedCyclesPerMac: 0.772 },
];

const POINTERS = [4096, 65536, 16384]; // activations, weights, sums
const LINEAR_BYTES = 2 << 20;

export async function countKernel(wasm: Uint8Array, { name, columns, rows, numbers }: Kernel): Promise<Counts> {
  const instrumented = instrument(wasm, { roots: [name] });
  const { instance } = await WebAssembly.instantiate(instrumented.wasm);
  const memory = instance.exports["memory"] as WebAssembly.Memory;
  memory.grow((LINEAR_BYTES - memory.buffer.byteLength) / 65536);
  const run = instance.exports[name] as (...numbers: number[]) => void;
  return new CounterReader(instance.exports, instrumented).during(() => run(...POINTERS, columns, rows, ...numbers));
}

async function judge(core: string, path: string): Promise<void> {
  const wasm = new Uint8Array(readFileSync(path));
  const memory = new Uint8Array(LINEAR_BYTES);
  const calls = JUDGED.map(({ name, columns, rows, numbers }) => ({ name, pointers: POINTERS, numbers: [columns, rows, ...numbers] }));
  const { priors } = TARGETS[core];
  const emulated = isCortexM(core) ? emulate(wasm, memory, calls, core) : countInstructions(wasm, memory, calls);
  const { factors } = bestFit(readRows(core), priors);
  for (const [i, kernel] of JUDGED.entries()) {
    const macs = kernel.columns * kernel.rows;
    const modelled = predict(factors, await countKernel(wasm, kernel)) / macs;
    const { instructions, cycles } = emulated[i];
    const [perMac, instructionsPerMac] = [cycles / macs, instructions / macs].map((n) => n.toFixed(3));
    console.log(
      `${kernel.name.padEnd(12)} ${instructionsPerMac} instructions, ${perMac} cycles a MAC emulated; ${modelled.toFixed(3)} modelled`,
    );
  }
}

/** Two estimates of the cycles of each part: 5 s of noise through esc10-tiny, and through a fixed-point front end. */
async function judgeDecisions(core: string): Promise<void> {
  if (!isCortexM(core)) return;
  const { factors } = bestFit(readRows(core), TARGETS[core].priors);
  const models = {
    "esc10-tiny": readInput(packagePath("models", "esc10-tiny.qmoe")),
    "fixed point": encodeModel(featuresModel({ ...DEFAULT_FRONT_END, arithmetic: "fixed" })),
  };
  const meter = await openEmulatedMeter(core);
  try {
    for (const [name, file] of Object.entries(models)) {
      const { steps } = meter.decide(file, { pcm: noise(WINDOW_SAMPLES) });
      for (const part of name === "fixed point" ? (["frontEnd"] as const) : PARTS) {
        const own = steps.filter((step) => step.part === part);
        const emulatedCycles = own.reduce((sum, step) => sum + step.emulated.cycles, 0);
        const modelled = own.reduce((sum, { counts }) => sum + predict(factors, counts), 0);
        if (emulatedCycles === 0) continue;
        const [e, m] = [emulatedCycles, modelled].map((cycles) => (cycles / 1e6).toFixed(3));
        const error = (100 * (modelled / emulatedCycles - 1)).toFixed(1);
        console.log(`${name.padEnd(12)} ${part.padEnd(9)} ${e} M cycles emulated; ${m} M modelled, ${error} %`);
      }
    }
  } finally {
    meter.close();
  }
}

function noise(samples: number): Int16Array {
  let state = 1;
  return Int16Array.from({ length: samples }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return state >> 19; // a quarter of full scale
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [, , core, kernels] = process.argv;
  await judge(core, kernels);
  await judgeDecisions(core);
}
