// `qurio bake --target cortex-m`: the C library of a model, and, where arm-none-eabi-gcc is, ELF files and what they take of a board.

import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type BakedImage, BUILDS, type BuiltImage, bakeImage, SAMPLE } from "../firmware-sim/image/bake_image.ts";
import { type Board, loadBoard } from "../firmware-sim/image/boards.ts";
import { CORTEX_M } from "../firmware-sim/image/cortex_m.ts";
import type { Sizes } from "../firmware-sim/image/firmware.ts";
import { type CLibrary, cLibrary } from "../firmware-sim/image/library.ts";
import { type CountedRuns, phaseCosts } from "../firmware-sim/image/phase_costs.ts";
import { HOW_TO_INSTALL, missingTool } from "../firmware-sim/image/tools.ts";
import { QurioError } from "../host/errors.ts";
import { checkOutput, readInput, writeOutput } from "../host/files.ts";
import { DEFAULT_DEVICE } from "../host/meter/devices.ts";
import { formatTable } from "./output.ts";
import { printJson } from "./print_json.ts";
import type { BAKE_FIRMWARE } from "./schemas/model.ts";

export interface BakeFirmwareOptions {
  /** A folder. */
  output: string;
  device?: string;
  checked?: boolean;
  json?: boolean;
}

/** @throws QurioError DEVICE_UNKNOWN, NO_FIRMWARE, NO_FPU, IMAGE_TOO_LARGE; what is wrong with the model; OUTPUT_NO_FOLDER and its kin */
export async function bakeFirmware(
  path: string,
  { output, device = DEFAULT_DEVICE, checked = false, json = false }: BakeFirmwareOptions,
): Promise<void> {
  const board = loadBoard(device);
  checkFolder(output);
  const library = await cLibrary(readInput(path), checked);
  const { files, missing, builds } = await bakeImage(library, board, checked);
  writeAll(output, files);
  const note = missing ? `no ELF: ${missing} is not in PATH; ${HOW_TO_INSTALL}` : null;
  if (json)
    printJson<typeof BAKE_FIRMWARE>({
      folder: output,
      device: board.name,
      files: Object.keys(files),
      note,
      builds: Object.fromEntries(Object.entries(builds).map(([build, built]) => [build, withHex(built)])),
    });
  else print(output, board, library, builds, note);
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Records as hexadecimal digits. */
function withHex({ sizes, run, stream }: BuiltImage) {
  return {
    sizes,
    run: run && { ...run, record: hex(run.record) },
    stream: stream && {
      ...stream,
      windows: stream.windows.map(({ record, state }) => ({ record: record && hex(record), state: hex(state) })),
    },
  };
}

/** Before the work: the folder is there, or can be made. */
function checkFolder(folder: string): void {
  if (!existsSync(folder)) checkOutput(folder);
  else if (!statSync(folder).isDirectory())
    throw new QurioError("OUTPUT_NOT_A_FOLDER", `cannot write ${folder}: it is a file, a folder expected`, "Name a folder with -o.");
}

function writeAll(folder: string, files: Record<string, string | Uint8Array>): void {
  if (!existsSync(folder)) {
    try {
      mkdirSync(folder);
    } catch {
      writeOutput(join(folder, "qurio.h"), ""); // says why not
    }
  }
  for (const [name, data] of Object.entries(files)) writeOutput(join(folder, name), data);
}

function print(folder: string, board: Board, library: CLibrary, builds: BakedImage["builds"], note: string | null): void {
  if (note) {
    const rows = [
      ["model in flash, code not counted", library.model.length, board.firmware.flash.bytes],
      ["RAM, stack and variables not counted", library.ramBytes, board.firmware.ram.bytes],
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
    pair("flash", ({ flash }) => flash.total, board.firmware.flash.bytes),
    pair("  code", ({ flash }) => flash.code),
    pair("  tables", ({ flash }) => flash.tables),
    pair("  model", ({ flash }) => flash.model),
    pair("RAM", ({ ram }) => ram.total, board.firmware.ram.bytes),
    pair("  work memory", ({ ram }) => ram.work),
    pair("  static data", ({ ram }) => ram.static),
    pair("  variables", ({ ram }) => ram.variables),
    pair("  guard", ({ ram }) => ram.guard),
    pair("  stack, reserved", ({ ram }) => ram.stack),
    ...(plain.run && sandbox.run ? [["  stack, in use", plain.run.stackBytes, sandbox.run.stackBytes, ""]] : []),
  ];
  console.log(formatTable(rows, { head: [folder, ...BUILDS, board.name] }));
  const [unchecked, checked] = [countedOf(plain), countedOf(sandbox)];
  if (!unchecked || !checked) {
    console.log(`\nnot run: ${missingTool()} is not in PATH; ${HOW_TO_INSTALL}`);
    return;
  }
  console.log(`\n${phaseTable(board, unchecked, checked)}`);
  console.log(`\nsamples/${SAMPLE}: ${plain.run!.label}, record ${hex(plain.run!.record)}`);
}

const countedOf = ({ run, stream }: BuiltImage): CountedRuns | null => run && stream && { run, stream };

function phaseTable(board: Board, unchecked: CountedRuns, checked: CountedRuns): string {
  const rows = phaseCosts(unchecked, checked).map(({ name, steps, instructions, cycles, share, checkedFactor }) => [
    name,
    steps,
    Math.round(instructions),
    Math.round(cycles),
    share === null ? "" : `${(100 * share).toFixed(1)} %`,
    checkedFactor.toFixed(2),
  ]);
  const head = [
    `${CORTEX_M[board.core].title}, emulated`,
    "steps",
    "instructions a step",
    "modelled cycles",
    "share",
    "checked: instructions x",
  ];
  return formatTable(rows, { head });
}
