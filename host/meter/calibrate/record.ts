// Node only. Runs the microbenchmarks (tests/assembly/meter-micro.ts) in wasm with exact op counts and on an emulated Cortex-M4 with
// modelled cycles, and writes both to cortex-m4.micro.json, which fit.ts reads.
// usage: node --import tsx host/meter/calibrate/record.ts

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { CounterReader, type Counts } from "../counts.ts";
import { instrument } from "../instrument.ts";
import { CLASSES } from "../opcodes.ts";
import { type Call, emulate, fillLinear } from "./emulate.ts";

const here = dirname(fileURLToPath(import.meta.url));
export const MICRO_FILE = join(here, "cortex-m4.micro.json");

/** 256 elements from 4096, results from 16384; callChain recurses on its number. */
export function microCall(name: string): Call {
  return { name, pointers: [4096, 16384], numbers: [name === "callChain" ? 12 : 256] };
}

/** Exact op counts of one call on linear memory filled as the emulated board fills it. */
export async function countCall(wasm: Uint8Array, { name, pointers, numbers }: Call): Promise<Counts> {
  const instrumented = instrument(wasm);
  const { instance } = await WebAssembly.instantiate(instrumented.wasm);
  fillLinear(instance.exports["memory"] as WebAssembly.Memory);
  const run = instance.exports[name] as (...numbers: number[]) => number;
  return new CounterReader(instance.exports, instrumented).during(() => run(...pointers, ...numbers));
}

async function compileMicro(): Promise<Uint8Array> {
  const root = join(here, "../../..");
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

async function record(): Promise<void> {
  const wasm = await compileMicro();
  const module = new WebAssembly.Module(wasm as BufferSource);
  const calls = WebAssembly.Module.exports(module)
    .filter(({ kind }) => kind === "function")
    .map(({ name }) => microCall(name));
  const emulated = emulate(wasm, calls);
  const rows = [];
  for (const [i, call] of calls.entries()) {
    const counts = await countCall(wasm, call);
    const ops = Object.fromEntries(CLASSES.filter((kind) => counts[kind] > 0).map((kind) => [kind, counts[kind]]));
    rows.push({ name: call.name, ...emulated[i], ops });
    console.log(`${call.name.padEnd(16)} ${emulated[i].instructions} instructions, ${emulated[i].cycles} cycles`);
  }
  const text = rows.map((row) => `  ${JSON.stringify(row)}`).join(",\n");
  writeFileSync(`${MICRO_FILE}.tmp`, `[\n${text}\n]\n`);
  renameSync(`${MICRO_FILE}.tmp`, MICRO_FILE);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await record();
