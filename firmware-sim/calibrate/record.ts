// Node only. Runs the microbenchmarks (tests/assembly/meter-micro.ts) in wasm with exact op counts and on an emulated core, and writes both
// to CORE.micro.json, which fit.ts reads. Cortex-M: modelled cycles (firmware-sim/image); aarch64: instructions (aarch64.ts).
// usage: node --import tsx firmware-sim/calibrate/record.ts cortex-m4

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { writeOutput } from "../../host/files.ts";
import { CounterReader, type Counts } from "../../host/meter/counts.ts";
import { isCortexM } from "../../host/meter/device.ts";
import { instrument } from "../../host/meter/instrument.ts";
import { CLASSES } from "../../host/wasm/opcodes.ts";
import { type Call, emulate } from "../image/calls.ts";
import { countInstructions } from "./aarch64.ts";
import { microFile } from "./fit.ts";

const here = dirname(fileURLToPath(import.meta.url));

/** 256 elements from 4096, results from 16384; callChain recurses on its number. */
export function microCall(name: string): Call {
  return { name, pointers: [4096, 16384], numbers: [name === "callChain" ? 12 : 256] };
}

const LINEAR_BYTES = 2 << 20;

/** Linear memory for microbenchmarks: float32 in [0.25, 1), whose lower three bytes are random (an LCG's upper bits, seed 7). */
export function fillLinear(buffer: ArrayBuffer): void {
  const words = new Uint32Array(buffer);
  let state = 7;
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[i] = (0x3e800000 | (state >>> 8)) >>> 0;
  }
}

/** Exact op counts of one call on linear memory filled as the emulated board's is. */
export async function countCall(wasm: Uint8Array, { name, pointers, numbers }: Call): Promise<Counts> {
  const instrumented = instrument(wasm);
  const { instance } = await WebAssembly.instantiate(instrumented.wasm);
  fillLinear((instance.exports["memory"] as WebAssembly.Memory).buffer);
  const run = instance.exports[name] as (...numbers: number[]) => number;
  return new CounterReader(instance.exports, instrumented).during(() => run(...pointers, ...numbers));
}

async function compileMicro(): Promise<Uint8Array> {
  const root = join(here, "../..");
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await asc.main(
    ["tests/assembly/meter-micro.ts", "--config", "asconfig.json", "--target", "scalar", "--outFile", "micro.wasm"],
    {
      readFile: (path, base) => (existsSync(join(root, base, path)) ? readFileSync(join(root, base, path), "utf8") : null),
      writeFile: (path, data) => {
        if (path.endsWith(".wasm")) wasm = data as Uint8Array;
      },
      listFiles: () => [],
    },
  );
  if (error || !wasm) throw new Error(`meter-micro.ts does not compile\n${stderr}`);
  return wasm;
}

async function record(core: string): Promise<void> {
  const wasm = await compileMicro();
  const module = new WebAssembly.Module(wasm as BufferSource);
  const calls = WebAssembly.Module.exports(module)
    .filter(({ kind }) => kind === "function")
    .map(({ name }) => microCall(name));
  const memory = new Uint8Array(LINEAR_BYTES);
  fillLinear(memory.buffer);
  const emulated = isCortexM(core) ? emulate(wasm, memory, calls, core) : countInstructions(wasm, memory, calls);
  const rows = [];
  for (const [i, call] of calls.entries()) {
    const counts = await countCall(wasm, call);
    const ops = Object.fromEntries(CLASSES.filter((kind) => counts[kind] > 0).map((kind) => [kind, counts[kind]]));
    const { instructions, cycles } = emulated[i];
    rows.push({ name: call.name, instructions, cycles, ops });
    console.log(`${call.name.padEnd(16)} ${instructions} instructions, ${cycles} cycles`);
  }
  const text = rows.map((row) => `  ${JSON.stringify(row)}`).join(",\n");
  writeOutput(microFile(core), `[\n${text}\n]\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await record(process.argv[2]);
