// MLPerf Tiny's autoencoder: two estimates of its cycles, fitted on something else, agree. Weights that stand for any of its shape suffice for
// that. With QURIO_MLPERF_TINY=DIR the trained network's clip scores too.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { type EstimateRow, estimateRows, MACS, standInVariants } from "../firmware-sim/calibrate/autoencoder.ts";
import { autoencoderLines } from "../firmware-sim/calibrate/autoencoder_lines.ts";
import { trained } from "../firmware-sim/calibrate/autoencoder_trained.ts";
import { MACS as PUBLISHED_MACS } from "../firmware-sim/calibrate/energy_rows.ts";
import { HOW_TO_INSTALL, missingTool } from "../firmware-sim/image/tools.ts";
import type { QurioError } from "../host/errors.ts";
import { loadDevice } from "../host/meter/devices.ts";
import { randomLayers, writeTflite } from "./harness/tflite.ts";

const missing = missingTool();
if (missing) console.log(`skip autoencoder.test.ts: ${missing} is not in PATH; ${HOW_TO_INSTALL}`);
const emulated = missing ? test.skip : test;

const nucleo = loadDevice("nucleo-l4r5zi");

test("the network is the one that the published rows timed", () => assert.is(MACS, PUBLISHED_MACS));

for (const name of ["nucleo-l4r5zi", "nucleo-u575zi-q", "nucleo-g0b1re"]) {
  const device = loadDevice(name);
  emulated(`${name}: the estimates agree within 20 %, whatever the weights`, async () => {
    const rows = await estimateRows([device], standInVariants());
    assert.equal(
      rows.map(({ weights }) => weights),
      ["8-bit", "4-bit", "ternary"],
    );
    for (const { weights, opCycles, emulatedCycles, ops, instructions } of rows) {
      assert.ok(Math.abs(opCycles / emulatedCycles - 1) < 0.2, `${weights}: ${opCycles} of ops, ${emulatedCycles} emulated`);
      assert.ok(instructions < emulatedCycles, weights);
      // the layers alone: a kernel of 8 bits takes 2.3 cycles a MAC on an M4, 8.9 on an M0+
      assert.ok(
        ops > 4 * MACS && emulatedCycles > 2 * MACS && emulatedCycles < 18 * MACS,
        `${weights}: ${ops} ops, ${emulatedCycles} cycles`,
      );
    }
  });
}

test("devices without an emulated core have no row", async () => {
  assert.equal(await estimateRows([loadDevice("rpi-4")], standInVariants()), []);
});

test("the lines hold both estimates, the published rows beside them, and say that these are others' kernels", () => {
  const row: EstimateRow = {
    ...{ device: nucleo, core: "cortex-m4", weights: "8-bit", ops: 3e6, opCycles: 1.1e6 },
    ...{ instructions: 8e5, emulatedCycles: 1e6 },
  };
  const table = (rows: string[][]) => rows.map((cells) => cells.join("|")).join("\n");
  const text = autoencoderLines(null, [row], table).join("\n");
  assert.match(text, /nucleo-l4r5zi \(cortex-m4\)\|8-bit\|3,000,000\|1,100,000\|800,000\|1,000,000\|\+10\.0 %\|3\.79\n/);
  assert.match(text, /Nucleo-L4R5ZI\|TFLM reference\|10\.05 ms\|4\.56\|416\.3 uJ\|9\.17 ms\|8\.33 ms\|/);
  assert.match(text, /Nucleo-G0B1RE\|Bosch\|40\.9 ms\|9\.91\|\|\|\|\|/);
  assert.match(text, /of others' kernels/);
  assert.match(text, /no clip score/);
  const scores = [{ what: "int8", score: 10.5, published: 10, error: 0.25 }];
  assert.match(autoencoderLines(scores, [row], table).join("\n"), /int8\|10\.50000000\|10\.00000000\|\+5\.00000 %\|0\.2500/);
});

test("another network or another input in the folder is refused by name", async () => {
  const folder = mkdtempSync(join(tmpdir(), "qurio-mlperf-"));
  const refused = async () => {
    try {
      await trained(folder);
    } catch (error) {
      return `${(error as QurioError).code}: ${(error as QurioError).message}`;
    }
    return "nothing";
  };
  try {
    assert.match(await refused(), /^INPUT_MISSING: .*ad01_fp32\.tflite does not exist$/);
    const other = randomLayers([{ columns: 3, rows: 2, relu: false }], 1);
    for (const name of ["ad01_fp32.tflite", "ad01_int8.tflite"]) writeFileSync(join(folder, name), writeTflite(other));
    assert.match(await refused(), /^MLPERF_TINY: ad01_fp32\.tflite: a network of 640-128-.*-640 expected, 3-2 found$/);
    const widths = [640, 128, 128, 128, 128, 8, 128, 128, 128, 128, 640];
    const shapes = widths.slice(1).map((rows, i) => ({ columns: widths[i], rows, relu: i < 9 }));
    for (const name of ["ad01_fp32.tflite", "ad01_int8.tflite"]) writeFileSync(join(folder, name), writeTflite(randomLayers(shapes, 1)));
    writeFileSync(join(folder, "normal_id_01_00000000_hist_librosa.bin"), new Uint8Array(7));
    assert.match(await refused(), /^MLPERF_TINY: normal_id_01_00000000_hist_librosa\.bin: 102400 bytes expected, 7 found$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const data = process.env["QURIO_MLPERF_TINY"];
if (data) {
  test("the published clip scores come out, in float32 to 1e-6, in int8 to 5e-4, and on qurio's kernels to 1e-3", async () => {
    const { scores } = await trained(data);
    const ratios = scores.slice(0, 3).map(({ score, published }) => Math.abs(score / published! - 1));
    for (const [i, most] of [1e-6, 5e-4, 1e-3].entries()) assert.ok(ratios[i] < most, `${scores[i].what}: ${scores[i].score}`);
    assert.ok(scores[3].error > 1.5 * scores[2].error && scores[4].error > scores[3].error, "fewer bits lose accuracy");
  });
} else console.log("skip autoencoder.test.ts: the trained network is tested with QURIO_MLPERF_TINY=DIR only");

test.run();
