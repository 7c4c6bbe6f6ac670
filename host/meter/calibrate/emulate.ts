// Node only. Runs functions of a wasm module on an emulated Cortex-M4: wasm2c -> gcc -> QEMU with cycles.c.
// Needs in PATH: gcc, arm-none-eabi-gcc, qemu-system-arm (Debian: gcc, gcc-arm-none-eabi, qemu-system-arm). Not needed by npm test.

import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { QurioError } from "../../errors.ts";

const here = dirname(fileURLToPath(import.meta.url));

/** One call of an export: i32 arguments; linear memory is filled anew before each, see fillLinear. */
export interface Call {
  name: string;
  /** Offsets into linear memory. */
  pointers: readonly number[];
  /** Arguments behind them. */
  numbers: readonly number[];
}

export interface Cycles {
  /** Exact. */
  instructions: number;
  /** Modelled, zero wait states. */
  cycles: number;
}

/** Linear memory as board.c fills it: float32 in [0.25, 1), whose lower three bytes are random (an LCG's upper bits, seed 7). */
export function fillLinear(memory: WebAssembly.Memory): void {
  const words = new Uint32Array(memory.buffer);
  let state = 7;
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[i] = (0x3e800000 | (state >>> 8)) >>> 0;
  }
}

// Two changes to wasm2c's output make it fast on a small core and give up its sandbox, as trusted firmware does:
// a wasm address is the machine address, so that no base is added and none is loaded again after each store; and no empty asm
// statement pins each load in place. A wabt that writes these lines differently must not pass silently.
const CHANGES: [from: string, to: string][] = [
  ['#define FORCE_READ_INT(var) __asm__("" ::"r"(var));', "#define FORCE_READ_INT(var)"],
  ['#define FORCE_READ_FLOAT(var) __asm__("" ::"r"(var));', "#define FORCE_READ_FLOAT(var)"],
  ["#define MEM_ADDR(mem, addr, n) &((mem)->data[addr])", "#define MEM_ADDR(mem, addr, n) ((u8*)(uintptr_t)(u32)(addr))"],
];
const CPU = "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16";
const FLAGS = "-O2 -fno-tree-reassoc -ffp-contract=off -fno-math-errno -ffreestanding -ffunction-sections -fdata-sections -DNDEBUG -w";

/** Instructions and cycles of each call, in order. Errors: TOOL_MISSING, EMULATION. */
export function emulate(wasm: Uint8Array, calls: readonly Call[]): Cycles[] {
  const folder = mkdtempSync(join(tmpdir(), "qurio-m4-"));
  const run = (tool: string, line: string) => runTool(folder, tool, line.split(" "));
  try {
    writeFileSync(join(folder, "module.wasm"), wasm);
    runTool(folder, join(process.cwd(), "node_modules/.bin/wasm2c"), ["module.wasm", "-n", "module", "-o", "module.c"]);
    writeFileSync(join(folder, "module.c"), adjusted(readFileSync(join(folder, "module.c"), "utf8")));
    for (const name of ["alloca", "assert", "math"]) writeFileSync(join(folder, `${name}.h`), "#define assert(x) ((void)0)\n");
    mkdirSync(join(folder, "libc"));
    writeFileSync(join(folder, "libc", "string.h"), STRING_H);
    writeFileSync(join(folder, "calls.inc"), calls.map(callLine).join("\n"));
    run("gcc", `-O2 -shared -fPIC -o cycles.so ${here}/cycles.c`);
    run("arm-none-eabi-gcc", `${CPU} ${FLAGS} -I. -I${here} -Ilibc -c module.c`);
    const board = `${CPU} ${FLAGS} -fno-tree-loop-distribute-patterns -I. -I${here} -Ilibc ${here}/board.c module.o`;
    run("arm-none-eabi-gcc", `${board} -nostdlib -nostartfiles -Wl,--gc-sections -T ${here}/mps2-an386.ld -lgcc -o board.elf`);
    const symbols = run("arm-none-eabi-nm", "board.elf").stdout;
    const address = (name: string) => symbols.match(new RegExp(`^(\\w+) T ${name}$`, "m"))?.[1];
    const plugin = `./cycles.so,begin=${address("region_begin")},end=${address("region_end")}`;
    const machine = "-M mps2-an386 -nographic -semihosting-config enable=on,target=native -kernel board.elf";
    const { stderr } = run("qemu-system-arm", `${machine} -plugin ${plugin}`);
    const regions = [...stderr.matchAll(/^region (\d+) instructions (\d+) cycles$/gm)];
    if (regions.length !== calls.length) throw emulationError(`${calls.length} regions expected, ${regions.length} found`);
    return regions.map(([, instructions, cycles]) => ({ instructions: Number(instructions), cycles: Number(cycles) }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const STRING_H = `#pragma once
#include <stddef.h>
void* memcpy(void*, const void*, size_t);
void* memset(void*, int, size_t);
`;

function callLine({ name, pointers, numbers }: Call): string {
  return `CALL(${name}, ${[...pointers.map((offset) => `AT(${offset})`), ...numbers.map((n) => `${n}u`)].join(", ")})`;
}

function adjusted(source: string): string {
  let out = source;
  for (const [from, to] of CHANGES) {
    if (!out.includes(from)) throw emulationError(`"${from}" expected in wasm2c's output, none found`);
    out = out.replace(from, to);
  }
  return out;
}

function emulationError(message: string): QurioError {
  return new QurioError("EMULATION", `emulation failed: ${message}`, "Use wabt 1.0.39 and the tools named in emulate.ts.");
}

function runTool(folder: string, tool: string, args: string[]): { stdout: string; stderr: string } {
  const stderrFile = join(folder, "stderr");
  try {
    const stdout = execFileSync("sh", ["-c", 'exec "$0" "$@" 2>stderr </dev/null', tool, ...args], { cwd: folder, encoding: "utf8" });
    return { stdout, stderr: readFileSync(stderrFile, "utf8") };
  } catch (error) {
    const said = readFileSync(stderrFile, "utf8").slice(0, 2000);
    if ((error as { status?: number }).status !== 127) throw emulationError(`${tool}: ${said || error}`);
    throw new QurioError("TOOL_MISSING", `${tool} is not in PATH`, "apt-get install gcc gcc-arm-none-eabi qemu-system-arm");
  }
}
