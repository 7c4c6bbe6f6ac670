// Node only. Instructions that functions of a wasm module take on 64-bit Arm: the translation and the plugin of firmware-sim/image, gcc and
// qemu-aarch64. The plugin's count of instructions is exact here too; its cycles are those of another core and left out.
// Needs in PATH: gcc, aarch64-linux-gnu-gcc, qemu-aarch64 (Debian: gcc, gcc-aarch64-linux-gnu, libc6-dev-arm64-cross, qemu-user).

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packagePath } from "../../host/files.ts";
import { countingPlugin } from "../image/build.ts";
import { type Call, callsSource, moduleSource } from "../image/calls.ts";
import { libraryFolder } from "../image/library.ts";
import { readCounts } from "../image/printed.ts";
import { runTool } from "../image/tools.ts";
import { translate } from "../image/translate.ts";

const FLAGS = "-O2 -mcpu=cortex-a53 -w -static -I.";
/** Linear memory is an array here: wasm addresses are too small to be addresses. */
const POINTER = "extern unsigned char linear[];\n#define POINTER(at) (linear + (unsigned)(at))";

/** Instructions of each call on a fresh copy of `memory`, as cycles at one instruction a cycle. Errors: WASM2C, TOOL_MISSING, EMULATION. */
export function countInstructions(
  wasm: Uint8Array,
  memory: Uint8Array,
  calls: readonly Call[],
): { instructions: number; cycles: number }[] {
  const folder = mkdtempSync(join(tmpdir(), "qurio-aarch64-"));
  const run = (tool: string, line: string) => runTool(folder, tool, line.split(" "));
  const gcc = (line: string) => run("aarch64-linux-gnu-gcc", `${FLAGS} ${line}`);
  try {
    const translated = translate(wasm);
    writeFileSync(join(folder, "module.c"), moduleSource(translated, POINTER));
    writeFileSync(join(folder, "calls.inc"), callsSource(translated, memory.length, calls));
    writeFileSync(join(folder, "memory.bin"), memory);
    gcc(`-I${libraryFolder} module.c ${packagePath("firmware-sim", "calibrate", "aarch64.c")} -o calls.elf`);
    const symbols = run("aarch64-linux-gnu-nm", "calls.elf").stdout;
    const address = (name: string) => Number.parseInt(symbols.match(new RegExp(`^(\\w+) \\w ${name}$`, "m"))![1], 16);
    const { stderr } = run("qemu-aarch64", `${countingPlugin(folder, "aarch64", address)} ./calls.elf`);
    return readCounts(stderr).regions.map(({ instructions }) => ({ instructions, cycles: instructions }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
