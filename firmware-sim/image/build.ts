// Node only. C sources as an image for a Cortex-M: compiled, linked for given memory, looked into, and run under QEMU.
// Needs in PATH: arm-none-eabi-gcc; to run, qemu-system-arm and, for counts, gcc.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packagePath } from "../../host/files.ts";
import type { CortexM, Region } from "../../host/meter/device.ts";
import { CORTEX_M } from "./cortex_m.ts";
import type { Emulation } from "./printed.ts";
import { runTool } from "./tools.ts";

const imageFolder = packagePath("firmware-sim", "image");
/** board.h and what is built around it, image.ld. */
export const boardFolder = join(imageFolder, "board");

const FLAGS = "-O2 -g0 -std=gnu11 -ffreestanding -ffunction-sections -fdata-sections -Wall -Wextra -Werror -I.";

/** Bytes of the vector table. */
const VECTORS_BYTES = 64;

/** Where an image lies. */
export interface Layout {
  /** Address of the vectors, if they are not at the start of flash. */
  vectors?: number;
  flash: Region;
  ram: Region;
  stackBytes: number;
}

/** Bytes that the emulator puts into memory before the core starts. */
export interface Input {
  bytes: Uint8Array;
  address: number;
}

/** A temporary folder with a compiler in it. Each method throws QurioError TOOL_MISSING, EMULATION. */
export interface Build {
  put(name: string, data: string | Uint8Array): void;
  /** NAME.c, or a path of one, -> OBJECT. */
  compile(source: string, object: string, flags?: string): void;
  /** @param symbols addresses of what is not in the objects */
  link(elf: string, objects: readonly string[], layout: Layout, symbols?: Readonly<Record<string, number>>): Uint8Array;
  /** Name -> bytes. */
  sections(elf: string): ReadonlyMap<string, number>;
  symbols(elf: string): ReadonlyMap<string, { address: number; bytes: number }>;
  /** @param count instructions and cycles between region_begin and region_end too; takes longer */
  emulate(elf: string, input: Input, count: boolean): Emulation;
  /** Removes the folder. */
  close(): void;
}

/** @param flags beyond FLAGS */
export function openBuild(core: CortexM, flags = ""): Build {
  const { cpu, machine } = CORTEX_M[core];
  const folder = mkdtempSync(join(tmpdir(), `qurio-${core}-`));
  const run = (tool: string, args: string, codes?: number[]) => runTool(folder, tool, words(args), codes);
  const gcc = (args: string) => run("arm-none-eabi-gcc", `${cpu} ${FLAGS} -I${boardFolder} ${flags} ${args}`);
  const put = (name: string, data: string | Uint8Array) => writeFileSync(join(folder, name), data);

  const symbols = (elf: string) => {
    const lines = run("arm-none-eabi-nm", `-S ${elf}`).stdout.matchAll(/^(\w+) (?:(\w+) )?\w (\S+)$/gm);
    const hex = (text: string | undefined) => Number.parseInt(text ?? "0", 16);
    return new Map([...lines].map(([, address, bytes, name]) => [name, { address: hex(address), bytes: hex(bytes) }]));
  };

  return {
    put,
    symbols,
    compile: (source, object, more = "") => void gcc(`-c ${source} ${more} -o ${object}`),
    link: (elf, objects, layout, symbols = {}) => {
      const defined = Object.entries({ ...memory(layout), ...symbols }).map(([name, value]) => `--defsym=${name}=${value}`);
      const options = `-nostdlib -nostartfiles -T ${boardFolder}/image.ld -Wl,--gc-sections,-e,start,${defined.join(",")}`;
      gcc(`${options} ${objects.join(" ")} -lgcc -o ${elf}`);
      return readFileSync(join(folder, elf));
    },
    sections: (elf) => {
      const lines = run("arm-none-eabi-size", `-A -d ${elf}`).stdout.matchAll(/^\.(\S+) +(\d+)/gm);
      return new Map([...lines].map(([, name, bytes]) => [name, Number(bytes)]));
    },
    emulate: (elf, { bytes, address }, count) => {
      put("input.bin", bytes);
      const device = `-device loader,file=input.bin,addr=${address},force-raw=on`;
      const plugin = count ? countingPlugin(folder, core, (name) => symbols(elf).get(name)!.address) : "";
      const options = `-M ${machine} -nographic -semihosting-config enable=on,target=native -kernel ${elf} ${device} ${plugin}`;
      const { stdout, stderr, code } = run("qemu-system-arm", options, [0, 1]);
      return { output: `${stdout}${stderr}`, code };
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** QEMU's option for cycles.c, compiled into the folder. */
export function countingPlugin(folder: string, core: string, addressOf: (name: string) => number): string {
  runTool(folder, "gcc", ["-O2", "-shared", "-fPIC", "-o", "cycles.so", join(imageFolder, "cycles.c")]);
  const [begin, end] = ["region_begin", "region_end"].map((name) => addressOf(name).toString(16));
  return `-plugin ./cycles.so,core=${core},begin=${begin},end=${end}`;
}

function memory({ vectors, flash, ram, stackBytes }: Layout): Record<string, number> {
  const before = vectors === undefined ? VECTORS_BYTES : 0;
  return {
    VECTORS_ADDRESS: vectors ?? flash.address,
    FLASH_ADDRESS: flash.address + before,
    FLASH_BYTES: flash.bytes - before,
    RAM_ADDRESS: ram.address,
    RAM_BYTES: ram.bytes,
    STACK_BYTES: stackBytes,
  };
}

const words = (line: string) => line.split(" ").filter((word) => word !== "");
