// Node only. A C library of library.ts as an image: compiled for a board's core, linked for its memory or for QEMU's, sized, and run.
// Needs in PATH: arm-none-eabi-gcc; to run, qemu-system-arm and, for counts, gcc.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { STREAM_AWAKE } from "../../assembly/format/stream.ts";
import type { CortexM, Region } from "../../host/meter/device.ts";
import type { Board } from "./boards.ts";
import { CORTEX_M } from "./cortex_m.ts";
import { type CLibrary, libraryFolder } from "./library.ts";
import { type Emulation, type ImageRun, readRun, readStream, type StreamRun } from "./printed.ts";
import { buildPlugin, emulationError, runTool } from "./tools.ts";

/** Where QEMU's mps2 boards have memory, and where a clip is put that is not linked in. */
const EMULATED: { flash: Region; ram: Region; clip: number } = {
  flash: { address: 0, bytes: 0x3c0000 },
  ram: { address: 0x20000000, bytes: 0x400000 },
  clip: 0x3c0000,
};
export const STACK_BYTES = 2048;
const FLAGS = "-O2 -g0 -std=gnu11 -ffreestanding -ffunction-sections -fdata-sections -Wall -Wextra -Werror -I.";

/** Words in front of the clip's samples that are a stream's settings: all 0 if it is none. */
const STREAM_SETTINGS = STREAM_AWAKE / 4;

export interface Flash {
  code: number;
  tables: number;
  model: number;
  /** Not counted in `total`. */
  clip: number;
  total: number;
}

export interface Ram {
  work: number;
  static: number;
  /** The core's variables and the interface's. */
  variables: number;
  /** Behind RAM, in the checked build. */
  guard: number;
  /** Reserved for the stack. */
  stack: number;
  total: number;
}

export interface Sizes {
  flash: Flash;
  ram: Ram;
}

export interface Firmware {
  readonly core: CortexM;
  readonly sizes: Sizes;
  /** Linked for a board's memory, with the clip in flash behind everything else: an ELF file. */
  elfFor(board: Board, clip: Int16Array): Uint8Array;
  /** Linked for the memory of the emulator, which prints the decision about the clip. */
  emulatedElf(clip: Int16Array): Uint8Array;
  /**
   * One decision under QEMU.
   * @param count instructions and cycles too; takes longer
   * @param lambda how much energy counts when a Bayesian router chooses
   * @throws QurioError the core's error; TRAPPED; EMULATION, TOOL_MISSING
   */
  run(input: Int16Array | Float32Array, seed?: number, count?: boolean, lambda?: number): ImageRun;
  /**
   * A stream under QEMU: what the audio has of whole windows.
   * @param settings of the stream record, in order
   * @param count instructions and cycles too; takes longer
   * @throws QurioError as run
   */
  stream(pcm: Int16Array, settings: Int32Array, seed?: number, count?: boolean): StreamRun;
  /** Removes its temporary folder. */
  close(): void;
}

/** @throws QurioError TOOL_MISSING, EMULATION */
export function buildFirmware(library: CLibrary, core: CortexM, checked: boolean): Firmware {
  const folder = mkdtempSync(join(tmpdir(), `qurio-firmware-${core}-`));
  const put = (name: string, data: string | Uint8Array) => writeFileSync(join(folder, name), data);
  const run = (tool: string, line: string) => runTool(folder, tool, line.split(" "));
  const close = () => rmSync(folder, { recursive: true, force: true });
  const gcc = `${CORTEX_M[core].cpu} ${FLAGS} -DQURIO_CHECKED=${checked ? 1 : 0}`;
  const link = (flash: Region, ram: Region, board: string, clip: string) => {
    const symbols = { FLASH_ADDRESS: flash.address, FLASH_BYTES: flash.bytes, RAM_ADDRESS: ram.address, RAM_BYTES: ram.bytes, STACK_BYTES };
    const defined = Object.entries(symbols).map(([name, value]) => `--defsym=${name}=${value}`);
    const options = `-nostdlib -nostartfiles -T ${libraryFolder}/image.ld -Wl,--gc-sections,-e,start,${defined.join(",")}`;
    run("arm-none-eabi-gcc", `${gcc} ${options} qurio.o qurio_model.o ${board} ${clip} -lgcc -o image.elf`);
    return readFileSync(join(folder, "image.elf"));
  };
  const clipObject = (clip: Int16Array) => {
    put("clip.c", clipSource(clip));
    run("arm-none-eabi-gcc", `${gcc} -c clip.c`);
    return "clip.o";
  };
  try {
    for (const [name, text] of Object.entries(library.files)) put(name, text);
    put("board.c", readFileSync(join(libraryFolder, "board.c")));
    for (const name of ["qurio", "qurio_model"]) run("arm-none-eabi-gcc", `${gcc} -c ${name}.c`);
    run("arm-none-eabi-gcc", `${gcc} -c board.c`);
    run("arm-none-eabi-gcc", `${gcc} -DQURIO_EMULATED -c board.c -o emulated.o`);
    link({ address: 0, bytes: 1 << 28 }, { address: 1 << 28, bytes: 1 << 28 }, "board.o", clipObject(new Int16Array(1)));
    const sizes = sizesOf(library, run("arm-none-eabi-size", "-A -d image.elf").stdout, run("arm-none-eabi-nm", "-S image.elf").stdout);
    let runnable: { begin: string; end: string } | undefined;
    const prepare = () => {
      const { flash, ram, clip } = EMULATED;
      if (sizes.flash.total > flash.bytes)
        throw emulationError(`at most ${flash.bytes} bytes of flash expected, ${sizes.flash.total} found`);
      link(flash, ram, "emulated.o", `-Wl,--defsym=clip=${clip}`);
      run("cp", "image.elf run.elf");
      const symbols = run("arm-none-eabi-nm", "run.elf").stdout;
      const address = (name: string) => symbols.match(new RegExp(`^(\\w+) \\w ${name}$`, "m"))![1];
      return { begin: address("region_begin"), end: address("region_end") };
    };
    const emulate = (clip: Uint8Array, count: boolean): Emulation => {
      runnable ??= prepare();
      put("clip.bin", clip);
      const device = `-device loader,file=clip.bin,addr=${EMULATED.clip},force-raw=on`;
      const options = `-M ${CORTEX_M[core].machine} -nographic -semihosting-config enable=on,target=native -kernel run.elf ${device}`;
      if (count) buildPlugin(folder);
      const plugin = count ? ` -plugin ./cycles.so,core=${core},begin=${runnable.begin},end=${runnable.end}` : "";
      const { stdout, stderr, code } = runTool(folder, "qemu-system-arm", `${options}${plugin}`.split(" "), [0, 1]);
      return { output: `${stdout}${stderr}`, code };
    };
    return {
      core,
      sizes,
      close,
      elfFor: (board, clip) => {
        const { flash, ram } = board.firmware;
        return link({ ...flash, bytes: flash.bytes + 2 * clip.length + 64 }, ram, "board.o", clipObject(clip));
      },
      emulatedElf: (clip) => link(EMULATED.flash, EMULATED.ram, "emulated.o", clipObject(clip)),
      run: (input, seed = 0, count = false, lambda = 0) => readRun(emulate(clipBytes(input, seed, undefined, lambda), count)),
      stream: (pcm, settings, seed = 0, count = false) => readStream(emulate(clipBytes(pcm, seed, settings), count)),
    };
  } catch (error) {
    close();
    throw error;
  }
}

function clipSource(clip: Int16Array): string {
  const text = clip.length > 0 ? clip.join(",") : "0";
  return `#include <stdint.h>
const struct { uint32_t count, seed, stream[${STREAM_SETTINGS}]; float lambda; int16_t samples[${Math.max(1, clip.length)}]; } clip __attribute__((section(".clip"))) =
  {${clip.length}, 0, {0}, 0, {${text}}};
`;
}

function clipBytes(
  input: Int16Array | Float32Array,
  seed: number,
  settings: ArrayLike<number> = new Int32Array(STREAM_SETTINGS),
  lambda = 0,
): Uint8Array {
  const pcm = input instanceof Int16Array && input.length === 0 ? new Int16Array(1) : input;
  const head = Int32Array.from([input instanceof Int16Array ? pcm.length : 0, seed, ...Array.from(settings)]);
  return Buffer.concat([
    new Uint8Array(head.buffer),
    new Uint8Array(Float32Array.of(lambda).buffer),
    new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength),
  ]);
}

function sizesOf(library: CLibrary, sections: string, symbols: string): Sizes {
  const section = (name: string) => Number(sections.match(new RegExp(`^\\.${name} +(\\d+)`, "m"))?.[1] ?? 0);
  const symbol = (name: string) => Number.parseInt(symbols.match(new RegExp(`^\\w+ (\\w+) \\w ${name}$`, "m"))?.[1] ?? "0", 16);
  const [code, tables, model, clip] = [
    section("vectors") + section("text"),
    section("rodata") + section("data"),
    section("model"),
    section("clip"),
  ];
  const ramArray = symbol("qurio_ram");
  const ram = {
    work: library.workBytes,
    static: library.staticBytes,
    variables: section("bss") + section("data") - ramArray,
    guard: ramArray - library.ramBytes,
    stack: section("stack"),
  };
  const ramTotal = ram.work + ram.static + ram.variables + ram.guard + ram.stack;
  return { flash: { code, tables, model, clip, total: code + tables + model }, ram: { ...ram, total: ramTotal } };
}
