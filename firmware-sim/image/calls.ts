// Node only. Functions of any wasm module as machine code on an emulated Cortex-M: what each call executes, and what it leaves in memory.
// Linear memory lies at address 0, so that a wasm address is the machine address: the module is translated as it is.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CortexM } from "../../host/meter/device.ts";
import { boardFolder, type Layout, openBuild } from "./build.ts";
import { libraryFolder } from "./library.ts";
import { bytesOf, type Counts, readPrinted } from "./printed.ts";
import { emulationError } from "./tools.ts";
import { type Translated, translate } from "./translate.ts";

/** One call of an export with i32 arguments. */
export interface Call {
  name: string;
  /** Arguments: offsets into linear memory, and numbers behind them. */
  pointers: readonly number[];
  numbers: readonly number[];
  /** Calls in a row that are counted together; 1 if absent. */
  times?: number;
  /** Linear memory as the call before left it, instead of as given. */
  keepMemory?: boolean;
  /** Bytes of the memory as given, copied into linear memory before the call and not counted: what a host would write there. */
  put?: { from: number; to: number; bytes: number };
  /** What to bring back of linear memory after the call. */
  result?: { offset: number; bytes: number };
}

export interface Emulated extends Counts {
  /** What the call's `result` asked for. */
  result: Uint8Array;
}

/** Bytes of linear memory, at most: what QEMU's mps2 boards have beside code and stack. */
export const MEMORY_BYTES_MAX = 3 << 20;

/** 4 MB at 0, where the core looks for its vectors and linear memory lies, and 4 MB at 0x20000000: code, RAM and the memory as given. */
const LAYOUT: Layout = {
  vectors: 0,
  flash: { address: 0x20000000, bytes: 0xc0000 },
  ram: { address: 0x200c0000, bytes: 0x40000 },
  stackBytes: 0x8000,
};
const IMAGE = 0x20100000;

/** A module compiled for a core. */
export interface CompiledModule {
  /**
   * Instructions and cycles of each call, in order, on `memory`: what linear memory holds before the first call and before every other
   * that does not keep it; it includes the module's static data. Errors: TOOL_MISSING, EMULATION.
   */
  run(memory: Uint8Array, calls: readonly Call[]): Emulated[];
  /** Removes its temporary folder. */
  close(): void;
}

/** Errors: WASM2C, TOOL_MISSING, EMULATION. */
export function compileModule(wasm: Uint8Array, core: CortexM): CompiledModule {
  const build = openBuild(core, "-DQURIO_EMULATED");
  try {
    const translated = translate(wasm);
    build.put("wasm-rt.h", readFileSync(join(libraryFolder, "wasm-rt.h")));
    build.put("module.c", moduleSource(translated));
    build.compile("module.c", "module.o", "-w");
    const run = (memory: Uint8Array, calls: readonly Call[]): Emulated[] => {
      if (memory.length > MEMORY_BYTES_MAX) {
        throw emulationError(`at most ${MEMORY_BYTES_MAX} bytes of linear memory expected, ${memory.length} found`);
      }
      build.put("calls.inc", callsSource(translated, memory.length & ~3, calls));
      build.compile(join(boardFolder, "calls.c"), "calls.o", "-w");
      build.link("calls.elf", ["module.o", "calls.o"], LAYOUT, { linear: 0, image: IMAGE });
      const { lines, regions } = readPrinted(build.emulate("calls.elf", { bytes: memory, address: IMAGE }, true));
      if (regions.length !== calls.length) throw emulationError(`${calls.length} regions expected, ${regions.length} found`);
      const results = lines.filter(({ name }) => name === "result").map(({ value }) => bytesOf(value));
      return calls.map(({ result }, i) => ({ ...regions[i], result: result ? results.shift()! : new Uint8Array() }));
    };
    return { run, close: build.close };
  } catch (error) {
    build.close();
    throw error;
  }
}

/** compileModule, one run, close. */
export function emulate(wasm: Uint8Array, memory: Uint8Array, calls: readonly Call[], core: CortexM): Emulated[] {
  const module = compileModule(wasm, core);
  try {
    return module.run(memory, calls);
  } finally {
    module.close();
  }
}

/**
 * A module's translation with a function call_NAME around each export, so that no caller's arguments are compiled into it.
 * @param before what wasm-rt.h is to find defined
 */
export function moduleSource({ source, exports }: Translated, before = ""): string {
  const wrappers = exports.map(({ name, result, parameters }) => {
    const names = parameters.map((_, i) => `p${i}`);
    const call = `core_${name}(${names.join(", ")})`;
    return `${prototype({ name, result, parameters })} { ${result === "void" ? "" : "return "}${call}; }`;
  });
  return `#define QURIO_CHECKED 0
#define QURIO_MODULE
${before}
#include "wasm-rt.h"
extern u32 memory_pages;
__attribute__((noreturn)) void module_trapped(void);
static void trap(void) { module_trapped(); }

${source}
void module_start(void) { core_start(); }
${wrappers.join("\n")}
`;
}

const C_TYPES: Record<string, string> = { u32: "uint32_t", u64: "uint64_t", f32: "float", void: "void" };

function prototype({ name, result, parameters }: Translated["exports"][number]): string {
  const list = parameters.map((type, i) => `${C_TYPES[type]} p${i}`);
  return `${C_TYPES[result]} call_${name}(${list.join(", ") || "void"})`;
}

/** calls.inc of board/calls.c and of calibrate/aarch64.c. */
export function callsSource({ exports }: Translated, imageBytes: number, calls: readonly Call[]): string {
  const declared = exports.map((one) => `${prototype(one)};`).join("\n");
  return `${declared}\n#define IMAGE_BYTES ${imageBytes}u\n#define CALLS ${calls.map(callLine).join(" \\\n")}\n`;
}

function callLine({ name, pointers, numbers, times = 1, keepMemory, put, result }: Call): string {
  const list = [...pointers, ...numbers].map((n) => `${n >>> 0}u`);
  const call = times === 1 ? `CALL(${[name, ...list].join(", ")})` : `REPEAT(${[`${times}u`, name, ...list].join(", ")})`;
  const before = `${keepMemory ? "" : "fresh();"} ${put ? `put(${put.to}u, ${put.from}u, ${put.bytes}u);` : ""}`;
  return `${before} ${call} ${result ? `give(${result.offset}u, ${result.bytes}u);` : ""}`;
}
