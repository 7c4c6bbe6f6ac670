// `qurio bake --target cortex-m`: the C library of a model, and, where arm-none-eabi-gcc is, ELF files and what they take of a board.

import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Board, boardNamed, checkArithmetic, checkFits } from "../../firmware-sim/image/boards.ts";
import { CORES } from "../../firmware-sim/image/cores.ts";
import { buildFirmware, type ImageRun, type Sizes, STACK_BYTES } from "../../firmware-sim/image/firmware.ts";
import { type CLibrary, cLibrary } from "../../firmware-sim/image/library.ts";
import { HOW_TO_INSTALL, missingTool } from "../../firmware-sim/image/tools.ts";
import { toPcm16k } from "../audio/resample.ts";
import { readWav } from "../audio/wav.ts";
import { QurioError } from "../errors.ts";
import { packagePath, readInput, writeOutput } from "../files.ts";
import { formatTable } from "./output.ts";

export interface BakeFirmwareOptions {
  /** A folder. */
  output: string;
  device: string;
  checked?: boolean;
  json?: boolean;
}

/** The clip in the ELF files. */
const SAMPLE = "rain.wav";
const BUILDS = ["unchecked", "checked"] as const;
type Build = (typeof BUILDS)[number];

/** One build of the library, compiled and, if there is QEMU, run on the sample clip. */
interface Built {
  sizes: Sizes;
  run: ImageRun | null;
}

/** @throws QurioError BOARD, NO_FPU, IMAGE_TOO_LARGE; what is wrong with the model; OUTPUT_NO_FOLDER and its kin */
export async function bakeFirmware(path: string, { output, device, checked = false, json = false }: BakeFirmwareOptions): Promise<void> {
  const board = boardNamed(device);
  const library = await cLibrary(readInput(path), checked);
  checkArithmetic(board, library.isFixed);
  checkFits(board, { flash: library.model.length, ram: library.ramBytes + STACK_BYTES });
  const missing = missingTool(["arm-none-eabi-gcc"]);
  const elves: Record<string, Uint8Array> = {};
  const builds: Partial<Record<Build, Built>> = {};
  if (!missing) {
    const clip = await toPcm16k(readWav(readInput(packagePath("samples", SAMPLE)), SAMPLE));
    for (const build of BUILDS) {
      const firmware = buildFirmware(library, board.core, build === "checked");
      try {
        const { flash, ram } = firmware.sizes;
        checkFits(board, { flash: flash.total, ram: ram.total });
        builds[build] = { sizes: firmware.sizes, run: missingTool() ? null : firmware.run(clip, 0, true) };
        if (checked === (build === "checked")) {
          elves[`${board.name}.elf`] = firmware.elfFor(board, clip);
          elves["emulated.elf"] = firmware.emulatedElf(clip);
        }
      } finally {
        firmware.close();
      }
    }
  }
  writeAll(output, { ...library.files, ...elves });
  const note = missing ? `no ELF: ${missing} is not in PATH; ${HOW_TO_INSTALL}` : null;
  if (json)
    console.log(JSON.stringify({ folder: output, device: board.name, files: Object.keys({ ...library.files, ...elves }), note, builds }));
  else print(output, board, library, builds, note);
}

function writeAll(folder: string, files: Record<string, string | Uint8Array>): void {
  if (existsSync(folder) && !statSync(folder).isDirectory()) {
    throw new QurioError("OUTPUT_NOT_A_FOLDER", `cannot write ${folder}: it is a file, a folder expected`, "Name a folder with -o.");
  }
  if (!existsSync(folder)) {
    try {
      mkdirSync(folder);
    } catch {
      writeOutput(join(folder, "qurio.h"), ""); // says why not
    }
  }
  for (const [name, data] of Object.entries(files)) writeOutput(join(folder, name), data);
}

function print(folder: string, board: Board, library: CLibrary, builds: Partial<Record<Build, Built>>, note: string | null): void {
  const { model, ramBytes } = library;
  if (note) {
    const rows = [
      ["model in flash, code not counted", model.length, board.flash.bytes],
      ["RAM, stack and variables not counted", ramBytes, board.ram.bytes],
    ];
    console.log(formatTable(rows, { head: [folder, "bytes", board.name] }));
    console.log(`\n${note}`);
    return;
  }
  const [plain, sandbox] = BUILDS.map((build) => builds[build]!);
  const pair = (title: string, of: (sizes: Sizes) => number, there: number | string = "") => [
    title,
    of(plain.sizes),
    of(sandbox.sizes),
    there,
  ];
  const rows = [
    pair("flash", ({ flash }) => flash.total, board.flash.bytes),
    pair("  code", ({ flash }) => flash.code),
    pair("  tables", ({ flash }) => flash.tables),
    pair("  model", ({ flash }) => flash.model),
    pair("RAM", ({ ram }) => ram.total, board.ram.bytes),
    pair("  work memory", ({ ram }) => ram.work),
    pair("  static data", ({ ram }) => ram.static),
    pair("  variables", ({ ram }) => ram.variables),
    pair("  guard", ({ ram }) => ram.guard),
    pair("  stack, reserved", ({ ram }) => ram.stack),
    ...(plain.run && sandbox.run ? [["  stack, in use", plain.run.stackBytes, sandbox.run.stackBytes, ""]] : []),
  ];
  console.log(formatTable(rows, { head: [folder, ...BUILDS, board.name] }));
  if (!plain.run || !sandbox.run) {
    console.log(`\nnot run: ${missingTool()} is not in PATH; ${HOW_TO_INSTALL}`);
    return;
  }
  console.log(`\n${phaseTable(board, plain.run, sandbox.run)}`);
  console.log(`\nsamples/${SAMPLE}: ${plain.run.label}, record ${Buffer.from(plain.run.record).toString("hex")}`);
}

/** Instructions of one decision; loading happens once and is no part of it. */
function phaseTable(board: Board, plain: ImageRun, sandbox: ImageRun): string {
  const sum = ({ phases }: ImageRun, field: "instructions" | "cycles") =>
    phases.reduce((total, counts) => total + (counts.phase === "load" ? 0 : counts[field]), 0);
  const all = sum(plain, "cycles");
  const rows = plain.phases.map(({ phase, steps, instructions, cycles }, i) => {
    const share = phase === "load" ? "" : `${((100 * cycles) / all).toFixed(1)} %`;
    const factor = (sandbox.phases[i].instructions / instructions).toFixed(2);
    return [phase, steps, Math.round(instructions / steps), Math.round(cycles / steps), share, factor];
  });
  const factor = (sum(sandbox, "instructions") / sum(plain, "instructions")).toFixed(2);
  rows.push(["decision", 1, sum(plain, "instructions"), all, "100.0 %", factor]);
  const head = [
    `${CORES[board.core].title}, emulated`,
    "steps",
    "instructions a step",
    "modelled cycles",
    "share",
    "checked: instructions x",
  ];
  return formatTable(rows, { head });
}
