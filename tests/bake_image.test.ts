// What `qurio bake --target cortex-m` makes and counts, called as functions: the library without a compiler, and what phases of a run cost.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { bakeImage } from "../firmware-sim/image/bake_image.ts";
import { loadBoard } from "../firmware-sim/image/boards.ts";
import type { PhaseCounts } from "../firmware-sim/image/decided.ts";
import type { CLibrary } from "../firmware-sim/image/library.ts";
import { type CountedRuns, phaseCosts } from "../firmware-sim/image/phase_costs.ts";
import type { QurioError } from "../host/errors.ts";

const { PATH } = process.env;
test.after.each(() => {
  process.env.PATH = PATH;
});

const library: CLibrary = {
  files: { "qurio.c": "int x;", "qurio.h": "" },
  ramBytes: 50_000,
  staticBytes: 1000,
  workBytes: 49_000,
  model: new Uint8Array(100_000),
  isFixed: false,
};

test("without a compiler the library comes alone, and says which program is missing", async () => {
  process.env.PATH = "";
  const baked = await bakeImage(library, loadBoard("nrf52840"), true);
  assert.equal(baked, { files: library.files, missing: "arm-none-eabi-gcc", builds: {} });
});

test("a library that the board has no room or no arithmetic for is refused before anything is compiled", async () => {
  process.env.PATH = "";
  const codeOf = (given: CLibrary, board: string) =>
    bakeImage(given, loadBoard(board), false).then(
      () => "none",
      ({ code }: QurioError) => code,
    );
  assert.is(await codeOf({ ...library, model: new Uint8Array((1 << 20) + 1) }, "nrf52840"), "IMAGE_TOO_LARGE");
  assert.is(await codeOf({ ...library, ramBytes: (1 << 18) - 2047 }, "nrf52840"), "IMAGE_TOO_LARGE");
  assert.is(await codeOf(library, "rp2040"), "NO_FPU");
});

/** Counts of steps that each take so many instructions, and twice as many cycles. */
const counts = (phase: PhaseCounts["phase"], steps: number, each: number): PhaseCounts => ({
  phase,
  steps,
  instructions: steps * each,
  cycles: 2 * steps * each,
  classes: {} as PhaseCounts["classes"],
});

/** @param x by how much a build is slower */
const runs = (x: number): CountedRuns => ({
  run: { phases: [counts("load", 1, 5000), counts("frame", 3, 100 * x), counts("features", 1, 200 * x), counts("expert", 2, 250 * x)] },
  stream: {
    phases: [
      counts("load", 1, 5000),
      counts("frame", 4, 110 * x),
      counts("features", 1, 200 * x),
      counts("expert", 2, 250 * x),
      counts("hop", 1, 40 * x),
    ],
  },
});

test("phases cost what a step costs, a share of the decision, and a factor when checked; loading is no part of it", () => {
  const rows = phaseCosts(runs(1), runs(1.5)).map(({ name, ...cost }) => [name, ...Object.values(cost)]);
  assert.equal(rows, [
    ["load", 1, 5000, 10000, null, 1],
    ["frame", 3, 100, 200, 0.3, 1.5],
    ["features", 1, 200, 400, 0.2, 1.5],
    ["expert", 2, 250, 500, 0.5, 1.5],
    ["decision", 1, 1000, 2000, 1, 1.5],
    ["stream: frame", 4, 110, 220, null, 1.5],
    ["stream: hop", 1, 40, 80, null, 1.5],
    ["stream: decision behind its last frame", 1, 740, 1480, null, 1.5],
  ]);
});

test.run();
