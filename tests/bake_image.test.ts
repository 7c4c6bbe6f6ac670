// What `qurio bake --target cortex-m` makes and counts, called as functions: the library without a compiler, and what phases of a run cost.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bakeImage } from "../firmware-sim/image/bake_image.ts";
import { loadBoard } from "../firmware-sim/image/boards.ts";
import type { PhaseCounts } from "../firmware-sim/image/decided.ts";
import { type CountedRuns, phaseCosts } from "../firmware-sim/image/phase_costs.ts";
import { packagePath } from "../host/files.ts";

const { PATH } = process.env;
test.after.each(() => {
  process.env.PATH = PATH;
});

test("without a compiler the library comes alone, and says which program is missing", async () => {
  process.env.PATH = "";
  const { files, missing, builds, library } = await bakeImage(
    readFileSync(packagePath("models", "esc10-tiny.qmoe")),
    loadBoard("nrf52840"),
    true,
  );
  assert.equal([missing, builds], ["arm-none-eabi-gcc", {}]);
  assert.equal(Object.keys(files).sort(), ["README.md", "main.c", "qurio.c", "qurio.h", "qurio_model.c", "wasm-rt.h"]);
  assert.match(files["qurio.h"] as string, /#define QURIO_CHECKED 1/);
  assert.ok(library.ramBytes === library.workBytes + library.staticBytes);
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
