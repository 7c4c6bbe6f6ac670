// Kernels on emulated Cortex-M cores: results equal the reference bit for bit, counts add up, and modelled cycles keep their targets.

import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LAYOUT_TERNARY_SWAR, LAYOUT_TERNARY5_LUT } from "../assembly/format/layouts.ts";
import { decisionCase, ENTRY, layerCase } from "../bench/cortex_m_cases.ts";
import { type Call, type CompiledModule, compileModule } from "../firmware-sim/image/calls.ts";
import { CORTEX_M } from "../firmware-sim/image/cortex_m.ts";
import { INSTRUCTION_CLASSES } from "../firmware-sim/image/printed.ts";
import { HOW_TO_INSTALL, missingTool } from "../firmware-sim/image/tools.ts";
import type { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import type { CortexM } from "../host/meter/device.ts";
import { decodePlan } from "../host/model-file/model_file.ts";
import { layoutFor } from "../host/model-file/pack.ts";
import { type WeightType, weightTypeBySpec } from "../host/model-file/weight_types.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { compileEntry } from "./harness/compile.ts";
import { randomModelFile } from "./harness/models.ts";

const missing = missingTool();
if (missing) console.log(`skip cortex_m.test.ts: ${missing} is not in PATH; ${HOW_TO_INSTALL}`);
const emulated = missing ? test.skip : test;

/** Cycles a MAC on an M4, as issue and docs/how-it-works/cortex-m.md state them; the kernel alone, 969 columns. */
const TARGETS: [type: WeightType, rows: number, cyclesPerMac: number][] = [
  ["ternary5", 640, 1.35],
  ["ternary", 128, 1.9],
  ["4", 640, 1.85],
  ["4", 128, 2.1],
  ["1", 640, 0.85],
  ["8", 640, 2.5],
  ["popcount", 128, 1.35],
];
const TYPES: WeightType[] = ["1", "ternary5", "ternary", "popcount", "3", "4", "8", "16", "float32"];

async function onCore(core: CortexM, work: (module: CompiledModule) => Promise<void>): Promise<void> {
  const module = compileModule(await compileEntry(ENTRY, "scalar"), core);
  try {
    await work(module);
  } finally {
    module.close();
  }
}

for (const core of Object.keys(CORTEX_M) as CortexM[]) {
  emulated(`${core}: each weight type gives the reference's results, kernel and layer`, () =>
    onCore(core, async (module) => {
      for (const type of TYPES) {
        const { memory, layer, kernel, expectedLayer, expectedKernel } = await layerCase(weightTypeBySpec(type), 97, 11);
        const [whole, alone] = module.run(memory, kernel ? [layer, kernel] : [layer]);
        assert.equal(whole.result, expectedLayer, `${type}, layer`);
        if (alone) assert.equal(alone.result, expectedKernel, `${type}, kernel`);
        const total = INSTRUCTION_CLASSES.reduce((sum, kind) => sum + whole.classes[kind], 0);
        assert.is(total, whole.instructions);
        assert.ok(whole.cycles > whole.instructions && whole.cycles < 3 * whole.instructions, `${type}: ${whole.cycles} cycles`);
      }
    }),
  );
}

emulated("modelled cycles on an M4 keep the targets", () =>
  onCore("cortex-m4", async (module) => {
    for (const [type, rows, most] of TARGETS) {
      const { memory, kernel } = await layerCase(weightTypeBySpec(type), 969, rows);
      const cycles = module.run(memory, [kernel!])[0].cycles / (969 * rows);
      assert.ok(cycles <= most, `${type}, 969 -> ${rows}: ${cycles.toFixed(3)} cycles a MAC, at most ${most}`);
      assert.ok(cycles > 0.7 * most, `${type}, 969 -> ${rows}: ${cycles.toFixed(3)} cycles a MAC: lower the target of ${most}`);
    }
  }),
);

test("ternary layers get tables from the row on where they pay", () => {
  for (const type of ["ternary", "2"] as const) {
    const layout = (rows: number) => layoutFor(weightTypeBySpec(type).id, "scalar", rows, 969);
    assert.equal([layout(191), layout(192)], [LAYOUT_TERNARY_SWAR, LAYOUT_TERNARY5_LUT]);
  }
});

emulated("a whole decision of the core gives V8's record on ARMv6-M, byte for byte", async () => {
  const file = randomModelFile({});
  const module = compileModule(coreWasm(false), "cortex-m0plus");
  try {
    const { memory, steps, expected } = await decisionCase(coreWasm(false), file, decodePlan(file).workBytes);
    const calls: Call[] = steps.map(({ call }) => call);
    assert.equal(module.run(memory, calls).at(-1)!.result, expected);
  } finally {
    module.close();
  }
});

emulated("what QEMU cannot hold is refused by name", () =>
  onCore("cortex-m4", async (module) => {
    assert.throws(
      () => module.run(new Uint8Array(4 << 20), []),
      (error: QurioError) => error.code === "EMULATION" && /3145728 bytes of linear memory expected, 4194304 found/.test(error.message),
    );
  }),
);

test("without the tools the benchmark says so in one line", () => {
  const { status, stdout } = spawnSync(process.execPath, ["--import", "tsx", "bench/cortex_m.ts"], {
    cwd: packagePath(),
    env: { PATH: "" },
    encoding: "utf8",
  });
  assert.is(status, 0);
  assert.match(stdout, /^skipped: gcc is not in PATH; apt-get install .*gcc-arm-none-eabi.*\n$/);
});

test.run();
