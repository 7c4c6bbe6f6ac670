// Node only. Instructions that functions of a wasm module take on 64-bit Arm: wasm2c -> gcc -> qemu-aarch64 with the plugin of
// firmware-sim/image, whose count of instructions is exact here too; its cycles are those of another core and left out.
// Needs in PATH: gcc, aarch64-linux-gnu-gcc, qemu-aarch64 (Debian: gcc, gcc-aarch64-linux-gnu, libc6-dev-arm64-cross, qemu-user).

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packagePath } from "../../host/files.ts";
import type { Call } from "../image/emulate.ts";
import { buildPlugin, imageFolder, readCounts, runTool } from "../image/tools.ts";

const FLAGS = "-O2 -mcpu=cortex-a53 -fno-tree-reassoc -ffp-contract=off -fno-math-errno -DNDEBUG -w -static";

/** Instructions of each call on a fresh copy of `memory`, as cycles at one instruction a cycle. Errors: TOOL_MISSING, EMULATION. */
export function countInstructions(
  wasm: Uint8Array,
  memory: Uint8Array,
  calls: readonly Call[],
): { instructions: number; cycles: number }[] {
  const folder = mkdtempSync(join(tmpdir(), "qurio-aarch64-"));
  const run = (tool: string, line: string) => runTool(folder, tool, line.split(" "));
  try {
    writeFileSync(join(folder, "module.wasm"), wasm);
    runTool(folder, packagePath("node_modules/.bin/wasm2c"), ["module.wasm", "-n", "module", "-o", "module.c"]);
    // no empty asm statement after each load: it would pin the load in place
    const source = readFileSync(join(folder, "module.c"), "utf8");
    writeFileSync(join(folder, "module.c"), source.replace(/(#define FORCE_READ_(INT|FLOAT)\(var\)) .*/g, "$1"));
    writeFileSync(join(folder, "memory.bin"), memory);
    const lines = calls.map(({ name, pointers, numbers }) => `CALL(${[name, ...pointers, ...numbers].join(", ")})`);
    writeFileSync(join(folder, "calls.inc"), `#define IMAGE_BYTES ${memory.length}u\n#define CALLS ${lines.join(" \\\n")}\n`);
    const driver = packagePath("firmware-sim", "calibrate", "aarch64.c");
    run("aarch64-linux-gnu-gcc", `${FLAGS} -I. -I${imageFolder} module.c ${driver} -lm -o calls.elf`);
    buildPlugin(folder);
    const symbols = run("aarch64-linux-gnu-nm", "calls.elf").stdout;
    const address = (name: string) => symbols.match(new RegExp(`^(\\w+) \\w ${name}$`, "m"))?.[1];
    const plugin = `./cycles.so,begin=${address("region_begin")},end=${address("region_end")}`;
    const { stderr } = run("qemu-aarch64", `-plugin ${plugin} ./calls.elf`);
    return readCounts(stderr).lines.map(({ instructions }) => ({ instructions, cycles: instructions }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
