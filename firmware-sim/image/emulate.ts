// Node only. Runs functions of a wasm module on an emulated Cortex-M: wasm2c -> gcc -> QEMU with cycles.c.
// Needs in PATH: gcc, arm-none-eabi-gcc, qemu-system-arm (Debian: gcc, gcc-arm-none-eabi, qemu-system-arm).

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CortexM } from "../../host/meter/device.ts";
import { CORTEX_M } from "./cortex_m.ts";
import { buildPlugin, type Counts, emulationError, imageFolder, readCounts, runTool } from "./tools.ts";
import { wasm2cPath } from "./translate.ts";

export { HOW_TO_INSTALL, INSTRUCTION_CLASSES, missingTool } from "./tools.ts";

/** One call of an export with i32 arguments. */
export interface Call {
  name: string;
  /** Offsets into linear memory. */
  pointers: readonly number[];
  /** Arguments behind them. */
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

/** Linear memory that a module starts with, at most: what board.ld leaves for it. */
export const MEMORY_BYTES_MAX = 2816 * 1024;

// Two changes to wasm2c's output make it fast on a small core and give up its sandbox, as trusted firmware does:
// a wasm address is the machine address, so that no base is added and none is loaded again after each store; and no empty asm
// statement pins each load in place. Accesses are said to be aligned, for cores that cannot do others: every access of qurio is.
// A wabt that writes these lines differently must not pass silently.
const CHANGES: [from: string, to: string][] = [
  ['#define FORCE_READ_INT(var) __asm__("" ::"r"(var));', "#define FORCE_READ_INT(var)"],
  ['#define FORCE_READ_FLOAT(var) __asm__("" ::"r"(var));', "#define FORCE_READ_FLOAT(var)"],
  [
    "#define MEM_ADDR(mem, addr, n) &((mem)->data[addr])",
    `#ifdef ALIGNED_ACCESS
#define MEM_ADDR(mem, addr, n) __builtin_assume_aligned((u8*)(uintptr_t)(u32)(addr), (n) > 8 ? 1 : (n))
#else
#define MEM_ADDR(mem, addr, n) ((u8*)(uintptr_t)(u32)(addr))
#endif`,
  ],
];
const FLAGS = "-O2 -ffp-contract=off -fno-math-errno -ffreestanding -ffunction-sections -fdata-sections -DNDEBUG -w";

/** A module compiled for a core. */
export interface Firmware {
  /**
   * Instructions and cycles of each call, in order, on `memory`: what linear memory holds before the first call and before every other
   * that does not keep it; it includes the module's static data. Errors: TOOL_MISSING, EMULATION.
   */
  run(memory: Uint8Array, calls: readonly Call[]): Emulated[];
  /** Removes its temporary folder. */
  close(): void;
}

/** Errors: TOOL_MISSING, EMULATION. */
export function compileFirmware(wasm: Uint8Array, core: CortexM): Firmware {
  const folder = mkdtempSync(join(tmpdir(), `qurio-${core}-`));
  const close = () => rmSync(folder, { recursive: true, force: true });
  const run = (tool: string, line: string) => runTool(folder, tool, line.split(" "));
  const { cpu, machine, flags } = CORTEX_M[core];
  const gcc = `${cpu} ${FLAGS} ${flags} -I. -I${imageFolder} -Ilibc`;
  try {
    writeFileSync(join(folder, "module.wasm"), wasm);
    runTool(folder, process.execPath, [wasm2cPath(), "module.wasm", "-n", "module", "-o", "module.c"]);
    writeFileSync(join(folder, "module.c"), adjusted(readFileSync(join(folder, "module.c"), "utf8")));
    for (const name of ["alloca", "assert", "math"]) writeFileSync(join(folder, `${name}.h`), "#define assert(x) ((void)0)\n");
    mkdirSync(join(folder, "libc"));
    writeFileSync(join(folder, "libc", "string.h"), STRING_H);
    buildPlugin(folder);
    run("arm-none-eabi-gcc", `${gcc} -c module.c`);
  } catch (error) {
    close();
    throw error;
  }
  const emulate = (memory: Uint8Array, calls: readonly Call[]) => {
    if (memory.length > MEMORY_BYTES_MAX) {
      throw emulationError(`at most ${MEMORY_BYTES_MAX} bytes of linear memory expected, ${memory.length} found`);
    }
    const lines = calls.map(callLine).join(" \\\n");
    writeFileSync(join(folder, "memory.bin"), memory);
    writeFileSync(join(folder, "calls.inc"), `#define IMAGE_BYTES ${memory.length & ~3}u\n#define CALLS ${lines}\n`);
    const board = `${imageFolder}/board.c module.o -fno-tree-loop-distribute-patterns -T ${imageFolder}/board.ld -o board.elf`;
    run("arm-none-eabi-gcc", `${gcc} ${board} -nostdlib -nostartfiles -Wl,--gc-sections -lgcc`);
    const symbols = run("arm-none-eabi-nm", "board.elf").stdout;
    const address = (name: string) => symbols.match(new RegExp(`^(\\w+) \\w ${name}$`, "m"))?.[1];
    const plugin = `-plugin ./cycles.so,core=${core},begin=${address("region_begin")},end=${address("region_end")}`;
    const load = `-device loader,file=memory.bin,addr=0x${address("image")},force-raw=on`;
    const semihosting = "-semihosting-config enable=on,target=native";
    const { stderr } = run("qemu-system-arm", `-M ${machine} -nographic ${semihosting} -kernel board.elf ${load} ${plugin}`);
    return readRegions(stderr, calls, readFileSync(join(folder, "results.bin")));
  };
  return { run: emulate, close };
}

/** compileFirmware, one run, close. */
export function emulate(wasm: Uint8Array, memory: Uint8Array, calls: readonly Call[], core: CortexM = "cortex-m4"): Emulated[] {
  const firmware = compileFirmware(wasm, core);
  try {
    return firmware.run(memory, calls);
  } finally {
    firmware.close();
  }
}

const STRING_H = `#pragma once
#include <stddef.h>
void* memcpy(void*, const void*, size_t);
void* memset(void*, int, size_t);
`;

function callLine({ name, pointers, numbers, times = 1, keepMemory, put, result }: Call): string {
  const list = [...pointers.map((offset) => `AT(${offset})`), ...numbers.map((n) => `${n >>> 0}u`)];
  const call = times === 1 ? `CALL(${[name, ...list].join(", ")})` : `REPEAT(${[`${times}u`, name, ...list].join(", ")})`;
  const before = `${keepMemory ? "" : "fresh();"} ${put ? `put(${put.to}u, ${put.from}u, ${put.bytes}u);` : ""}`;
  return `${before} ${call} ${result ? `give(${result.offset}u, ${result.bytes}u);` : ""}`;
}

function readRegions(stderr: string, calls: readonly Call[], results: Uint8Array): Emulated[] {
  const { lines } = readCounts(stderr);
  if (lines.length !== calls.length) throw emulationError(`${calls.length} regions expected, ${lines.length} found`);
  let at = 0;
  return lines.map((counts, i) => {
    const bytes = calls[i].result?.bytes ?? 0;
    at += bytes;
    if (at > results.length) throw emulationError(`${at} result bytes expected, ${results.length} found`);
    return { ...counts, result: new Uint8Array(results.subarray(at - bytes, at)) };
  });
}

function adjusted(source: string): string {
  let out = source;
  for (const [from, to] of CHANGES) {
    if (!out.includes(from)) throw emulationError(`"${from}" expected in wasm2c's output, none found`);
    out = out.replace(from, to);
  }
  return out;
}
