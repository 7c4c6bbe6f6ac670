// Node only. A C library of library.ts as firmware: compiled for a board's core, linked for its memory or for QEMU's, sized, and run.

import { STREAM_AWAKE } from "../../assembly/format/stream.ts";
import type { CortexM } from "../../host/meter/device.ts";
import type { Board } from "./boards.ts";
import { type Build, boardFolder, type Layout, openBuild } from "./build.ts";
import { type ImageRun, readRun, readStream, type StreamRun } from "./decided.ts";
import type { CLibrary } from "./library.ts";
import { emulationError } from "./tools.ts";

export const STACK_BYTES = 2048;

/** QEMU's mps2 boards, and where a clip is put that is not linked in. */
const EMULATED: Layout = {
  flash: { address: 0, bytes: 0x3c0000 },
  ram: { address: 0x20000000, bytes: 0x400000 },
  stackBytes: STACK_BYTES,
};
const CLIP = 0x3c0000;
/** Room for whatever is to be measured. */
const ROOMY: Layout = { flash: { address: 0, bytes: 1 << 28 }, ram: { address: 1 << 28, bytes: 1 << 28 }, stackBytes: STACK_BYTES };

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
  const build = openBuild(core, `-DQURIO_CHECKED=${checked ? 1 : 0}`);
  const objects = ["qurio.o", "qurio_model.o"];
  const withClip = (elf: string, board: string, clip: Int16Array, layout: Layout) => {
    build.put("clip.c", clipSource(clip));
    build.compile("clip.c", "clip.o");
    return build.link(elf, [...objects, board, "clip.o"], layout);
  };
  try {
    for (const [name, text] of Object.entries(library.files)) build.put(name, text);
    for (const name of ["qurio", "qurio_model"]) build.compile(`${name}.c`, `${name}.o`);
    build.compile(`${boardFolder}/decide.c`, "board.o");
    build.compile(`${boardFolder}/decide.c`, "emulated.o", "-DQURIO_EMULATED");
    withClip("sized.elf", "board.o", new Int16Array(1), ROOMY);
    const sizes = sizesOf(library, build, "sized.elf");
    let linked = false;
    const emulate = (clip: Uint8Array, count: boolean) => {
      const { bytes } = EMULATED.flash;
      if (sizes.flash.total > bytes) throw emulationError(`at most ${bytes} bytes of flash expected, ${sizes.flash.total} found`);
      if (!linked) build.link("run.elf", [...objects, "emulated.o"], EMULATED, { clip: CLIP });
      linked = true;
      return build.emulate("run.elf", { bytes: clip, address: CLIP }, count);
    };
    return {
      core,
      sizes,
      close: build.close,
      elfFor: (board, clip) => {
        const { flash, ram } = board.firmware;
        const room = { ...flash, bytes: flash.bytes + 2 * clip.length + 64 };
        return withClip("board.elf", "board.o", clip, { flash: room, ram, stackBytes: STACK_BYTES });
      },
      emulatedElf: (clip) => withClip("emulated.elf", "emulated.o", clip, EMULATED),
      run: (input, seed = 0, count = false, lambda = 0) => readRun(emulate(clipBytes(input, seed, undefined, lambda), count)),
      stream: (pcm, settings, seed = 0, count = false) => readStream(emulate(clipBytes(pcm, seed, settings), count)),
    };
  } catch (error) {
    build.close();
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

function sizesOf(library: CLibrary, build: Build, elf: string): Sizes {
  const sections = build.sections(elf);
  const section = (name: string) => sections.get(name) ?? 0;
  const [code, tables, model, clip] = [
    section("vectors") + section("text"),
    section("rodata") + section("data"),
    section("model"),
    section("clip"),
  ];
  const ramArray = build.symbols(elf).get("qurio_ram")?.bytes ?? 0;
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
