// Node only. `qurio bake --target cortex-m`: the C library of a model and, where there is a compiler, both builds of it for a board, sized and run.

import { SAMPLE_RATE } from "../../assembly/format/input_spec.ts";
import { FRAMES_A_SECOND } from "../../assembly/format/plan.ts";
import { toPcm } from "../../host/audio/resample.ts";
import { readWav } from "../../host/audio/wav.ts";
import { packagePath, readInput } from "../../host/files.ts";
import { type Board, checkArithmetic, checkFits } from "./boards.ts";
import type { ImageRun, StreamRun } from "./decided.ts";
import { buildFirmware, type Sizes, STACK_BYTES } from "./firmware.ts";
import type { CLibrary } from "./library.ts";
import { missingTool } from "./tools.ts";

/** The clip in the ELF files, of samples/. */
export const SAMPLE = "rain.wav";
export const BUILDS = ["unchecked", "checked"] as const;
export type BuildName = (typeof BUILDS)[number];

/** The sample clip as a stream, hop 1 s, no gate, 2 of 3 votes: one window, and the hop behind it. */
const STREAM = Int32Array.of(FRAMES_A_SECOND, 0, 0, 0, 3, 2, 1);

/** One build of the library, compiled and, if there is QEMU, run on the sample clip: as a single window, and as a stream. */
export interface BuiltImage {
  sizes: Sizes;
  run: ImageRun | null;
  stream: StreamRun | null;
}

export interface BakedImage {
  /** Names and contents: the library's sources; ELF files of the chosen build if they could be made. */
  files: Record<string, string | Uint8Array>;
  /** The compiler that is not in PATH, so that nothing was built; or null. */
  missing: string | null;
  builds: Partial<Record<BuildName, BuiltImage>>;
}

/**
 * @param checked the ELF files are those of the checked build
 * @throws QurioError NO_FPU, IMAGE_TOO_LARGE
 */
export async function bakeImage(library: CLibrary, board: Board, checked: boolean): Promise<BakedImage> {
  checkArithmetic(board, library.isFixed);
  checkFits(board, { flash: library.model.length, ram: library.ramBytes + STACK_BYTES });
  const missing = missingTool(["arm-none-eabi-gcc"]);
  if (missing) return { files: library.files, missing, builds: {} };
  const clip = await toPcm(readWav(readInput(packagePath("samples", SAMPLE)), SAMPLE), SAMPLE_RATE);
  const elves: Record<string, Uint8Array> = {};
  const builds: BakedImage["builds"] = {};
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
  return { files: { ...library.files, ...elves }, missing, builds };
}
