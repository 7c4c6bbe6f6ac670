// `qurio bake --target cortex-m`: the C library of a model, and, where arm-none-eabi-gcc is, ELF files and what they take of a board.

import { existsSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { SAMPLE_RATE } from "../assembly/format/input_spec.ts";
import { FRAMES_A_SECOND } from "../assembly/format/plan.ts";
import { type Board, checkArithmetic, checkFits, loadBoard } from "../firmware-sim/image/boards.ts";
import { CORTEX_M } from "../firmware-sim/image/cortex_m.ts";
import type { ImageRun, PhaseCounts, StreamRun } from "../firmware-sim/image/decided.ts";
import { buildFirmware, type Sizes, STACK_BYTES } from "../firmware-sim/image/firmware.ts";
import { type CLibrary, cLibrary } from "../firmware-sim/image/library.ts";
import { HOW_TO_INSTALL, missingTool } from "../firmware-sim/image/tools.ts";
import { toPcm } from "../host/audio/resample.ts";
import { readWav } from "../host/audio/wav.ts";
import { QurioError } from "../host/errors.ts";
import { checkOutput, packagePath, readInput, writeOutput } from "../host/files.ts";
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

/** The clip in the ELF files. */
const SAMPLE = "rain.wav";
const BUILDS = ["unchecked", "checked"] as const;
type Build = (typeof BUILDS)[number];

/** The sample clip as a stream, hop 1 s, no gate, 2 of 3 votes: one window, and the hop behind it. */
const STREAM = Int32Array.of(FRAMES_A_SECOND, 0, 0, 0, 3, 2, 1);

/** One build of the library, compiled and, if there is QEMU, run on the sample clip: as a single window, and as a stream. */
interface Built {
  sizes: Sizes;
  run: ImageRun | null;
  stream: StreamRun | null;
}

/** @throws QurioError DEVICE_UNKNOWN, NO_FIRMWARE, NO_FPU, IMAGE_TOO_LARGE; what is wrong with the model; OUTPUT_NO_FOLDER and its kin */
export async function bakeFirmware(
  path: string,
  { output, device = DEFAULT_DEVICE, checked = false, json = false }: BakeFirmwareOptions,
): Promise<void> {
  const board = loadBoard(device);
  checkFolder(output);
  const library = await cLibrary(readInput(path), checked);
  checkArithmetic(board, library.isFixed);
  checkFits(board, { flash: library.model.length, ram: library.ramBytes + STACK_BYTES });
  const missing = missingTool(["arm-none-eabi-gcc"]);
  const elves: Record<string, Uint8Array> = {};
  const builds: Partial<Record<Build, Built>> = {};
  if (!missing) {
    const clip = await toPcm(readWav(readInput(packagePath("samples", SAMPLE)), SAMPLE), SAMPLE_RATE);
    for (const build of BUILDS) {
      const firmware = buildFirmware(library, board.core, build === "checked");
      try {
        const { flash, ram } = firmware.sizes;
        checkFits(board, { flash: flash.total, ram: ram.total });
        const runs = !missingTool();
        builds[build] = {
          sizes: firmware.sizes,
          run: runs ? firmware.run(clip, 0, true) : null,
          stream: runs ? firmware.stream(clip, STREAM, 0, true) : null,
        };
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
    printJson<typeof BAKE_FIRMWARE>({
      folder: output,
      device: board.name,
      files: Object.keys({ ...library.files, ...elves }),
      note,
      builds: Object.fromEntries(Object.entries(builds).map(([build, built]) => [build, withHex(built)])),
    });
  else print(output, board, library, builds, note);
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Records as hexadecimal digits. */
function withHex({ sizes, run, stream }: Built) {
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

function print(folder: string, board: Board, library: CLibrary, builds: Partial<Record<Build, Built>>, note: string | null): void {
  const { model, ramBytes } = library;
  if (note) {
    const rows = [
      ["model in flash, code not counted", model.length, board.firmware.flash.bytes],
      ["RAM, stack and variables not counted", ramBytes, board.firmware.ram.bytes],
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
  if (!plain.run || !sandbox.run) {
    console.log(`\nnot run: ${missingTool()} is not in PATH; ${HOW_TO_INSTALL}`);
    return;
  }
  console.log(`\n${phaseTable(board, plain, sandbox)}`);
  console.log(`\nsamples/${SAMPLE}: ${plain.run.label}, record ${hex(plain.run.record)}`);
}

/** Instructions of one decision, then what a stream adds; loading happens once and is no part of either. */
function phaseTable(board: Board, plain: Built, sandbox: Built): string {
  const sums = (phases: PhaseCounts[], of: (counts: PhaseCounts) => boolean) => {
    const total = { steps: 0, instructions: 0, cycles: 0 };
    for (const counts of phases.filter(of)) {
      total.steps += counts.steps;
      total.instructions += counts.instructions;
      total.cycles += counts.cycles;
    }
    return total;
  };
  const all = ({ phase }: PhaseCounts) => phase !== "load";
  const decision = sums(plain.run!.phases, all);
  const row = (name: string, runs: (ImageRun | StreamRun)[], of: (counts: PhaseCounts) => boolean, steps?: number, hasShare = true) => {
    const [unchecked, checked] = runs.map(({ phases }) => sums(phases, of));
    const n = steps ?? unchecked.steps;
    const share = hasShare ? `${((100 * unchecked.cycles) / decision.cycles).toFixed(1)} %` : "";
    const factor = (checked.instructions / unchecked.instructions).toFixed(2);
    return [name, n, Math.round(unchecked.instructions / n), Math.round(unchecked.cycles / n), share, factor];
  };
  const runs = [plain.run!, sandbox.run!];
  const streams = [plain.stream!, sandbox.stream!];
  const isBehindFrames = ({ phase }: PhaseCounts) => ["features", "router", "expert", "hop"].includes(phase);
  const rows = [
    ...plain.run!.phases.map(({ phase }) => row(phase, runs, (counts) => counts.phase === phase, undefined, phase !== "load")),
    row("decision", runs, all, 1),
    row("stream: frame", streams, ({ phase }) => phase === "frame", undefined, false),
    row("stream: hop", streams, ({ phase }) => phase === "hop", undefined, false),
    row("stream: decision behind its last frame", streams, isBehindFrames, 1, false),
  ];
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
