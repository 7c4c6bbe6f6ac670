// Cycles on Cortex-M cores: every weight type at four shapes, LayerNorm, softmax and the phases of a decision, through wasm2c and gcc under
// QEMU. Instructions are exact, cycles modelled (firmware-sim/image/cycles.c). Each result is compared with the reference, bit for bit.
// usage: npm run --silent bench:cortex-m [-- --json] [--core cortex-m4,cortex-m33,cortex-m0plus]

import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { formulation } from "../assembly/format/layouts.ts";
import { RICH_FEATURES } from "../assembly/format/plan.ts";
import { formatTable } from "../cli/output.ts";
import { type Call, type CompiledModule, compileModule, type Emulated, MEMORY_BYTES_MAX } from "../firmware-sim/image/calls.ts";
import { CORTEX_M } from "../firmware-sim/image/cortex_m.ts";
import { type Counts, sumCounts } from "../firmware-sim/image/printed.ts";
import { HOW_TO_INSTALL, missingTool } from "../firmware-sim/image/tools.ts";
import { packagePath, readInput } from "../host/files.ts";
import type { CortexM } from "../host/meter/device.ts";
import { DEFAULT_FRONT_END } from "../host/model-file/front_end.ts";
import { decodePlan, encodeModel } from "../host/model-file/model_file.ts";
import { layoutFor } from "../host/model-file/pack.ts";
import { type WeightType, weightTypeBySpec } from "../host/model-file/weight_types.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { compileEntry } from "../tests/harness/compile.ts";
import { featuresModel } from "../tools/export/exporter.ts";
import { decisionCase, ENTRY, layerCase, vectorCase } from "./cortex_m_cases.ts";

const SHAPES = [
  { columns: RICH_FEATURES, rows: 640 },
  { columns: RICH_FEATURES, rows: 128 },
  { columns: 1536, rows: 640 },
  { columns: 320, rows: 50 },
];
const TYPES: readonly WeightType[] = ["1", "ternary5", "ternary", "popcount", "3", "4", "6", "8", "12", "16", "float32"];

/** What others reach, and how it was counted. None of it was measured by this command. */
const PUBLISHED = [
  {
    what: "CMSIS-NN, fully connected int8, 1536 -> 640",
    cyclesPerMac: { "cortex-m4": 2.35, "cortex-m33": 2.2, "cortex-m0plus": 8.4 },
    how: "its C code with its own flags, emulated and modelled in the same way in an earlier run; not repeated here",
  },
  {
    what: "CMSIS-NN, fully connected int4, 1536 -> 640",
    cyclesPerMac: { "cortex-m4": 5.67, "cortex-m33": 4.9, "cortex-m0plus": 9.2 },
    how: "the same",
  },
  {
    what: "MLPerf Tiny v1.3 closed/STMicroelectronics, Nucleo-L4R5ZI-P (M4), anomaly detection, int8",
    cyclesPerMac: { "cortex-m4": 2.18 },
    how: "measured on the board: 4.79 ms * 120 MHz / 264,192 MACs; a whole model, wait states and all",
  },
];

interface Row {
  core: CortexM;
  what: string;
  type: string | null;
  formulation: string | null;
  columns: number | null;
  rows: number | null;
  /** What cyclesPer and instructionsPer divide by: a MAC, an element, a frame, a step, the whole. */
  unit: string;
  cyclesPer: number;
  instructionsPer: number;
  instructions: number;
  classes: Emulated["classes"];
  cycles: number;
}

const { values } = parseArgs({ options: { json: { type: "boolean", default: false }, core: { type: "string" } } });
const cores = (values.core?.split(",") ?? Object.keys(CORTEX_M)) as CortexM[];
const unknown = cores.find((core) => !CORTEX_M[core]);
if (unknown !== undefined) {
  console.error(`--core ${unknown}: expected some of ${Object.keys(CORTEX_M).join(",")}`);
  process.exit(2);
}
const missing = missingTool();
if (missing) {
  console.log(`skipped: ${missing} is not in PATH; ${HOW_TO_INSTALL}`);
  process.exit(0);
}

const kernels = await compileEntry(ENTRY, "scalar");
const core = coreWasm(false);
const rows: Row[] = [];
for (const name of cores) rows.push(...(await layersOn(name)), ...(await decisionOn(name)));
if (values.json) console.log(JSON.stringify({ passport: passport(), published: PUBLISHED, rows }, null, 2));
else print();

function row(core: CortexM, what: string, unit: string, units: number, emulated: Counts): Row {
  const { instructions, classes, cycles } = emulated;
  const per = { unit, cyclesPer: cycles / units, instructionsPer: instructions / units };
  return { core, what, type: null, formulation: null, columns: null, rows: null, ...per, instructions, classes, cycles };
}

/** Runs a call and stops at the first wrong byte. */
function checked(module: CompiledModule, memory: Uint8Array, call: Call, expected: Uint8Array, what: string): Emulated {
  const [emulated] = module.run(memory, [call]);
  const wrong = expected.findIndex((byte, i) => byte !== emulated.result[i]);
  if (wrong >= 0) throw new Error(`${what}: byte ${wrong} is ${emulated.result[wrong]}, expected ${expected[wrong]}`);
  return emulated;
}

async function layersOn(core: CortexM): Promise<Row[]> {
  const module = compileModule(kernels, core);
  const found: Row[] = [];
  for (const spec of TYPES) {
    const type = weightTypeBySpec(spec);
    for (const shape of SHAPES) {
      const layer = await layerCase(type, shape.columns, shape.rows);
      if (layer.memory.length > MEMORY_BYTES_MAX) continue;
      const about = { type: type.name, formulation: formulation(layoutFor(type.id, "scalar", shape.rows, shape.columns)), ...shape };
      const named = `${type.name} ${shape.columns} -> ${shape.rows}`;
      const macs = shape.columns * shape.rows;
      const whole = checked(module, layer.memory, layer.layer, layer.expectedLayer, `${named}, layer`);
      if (layer.kernel) {
        const alone = checked(module, layer.memory, layer.kernel, layer.expectedKernel, `${named}, kernel`);
        found.push({ ...row(core, "kernel", "MAC", macs, alone), ...about });
      }
      found.push({ ...row(core, "layer", "MAC", macs, whole), ...about });
    }
  }
  for (const [name, count] of [
    ["layerNorm", 640],
    ["softmax", 50],
  ] as const) {
    const { memory, call, expected } = await vectorCase(name, count);
    found.push({ ...row(core, name, "element", count, checked(module, memory, call, expected, name)), columns: count });
  }
  module.close();
  return found;
}

async function decisionOn(name: CortexM): Promise<Row[]> {
  const module = compileModule(core, name);
  const found: Row[] = [];
  const models: [string, Uint8Array][] = [
    ["esc10-tiny", readInput(packagePath("models", "esc10-tiny.qmoe"))],
    ["front end, fixed point", encodeModel(featuresModel({ ...DEFAULT_FRONT_END, arithmetic: "fixed" }))],
  ];
  for (const [model, file] of models) {
    const { memory, steps, expected } = await decisionCase(core, file, decodePlan(file).workBytes);
    const emulated = module.run(
      memory,
      steps.map(({ call }) => call),
    );
    if (Buffer.compare(emulated.at(-1)!.result, expected) !== 0) throw new Error(`${model}: another decision than V8's`);
    const phases = [...new Set(steps.map(({ phase }) => phase))];
    for (const phase of phases) {
      const parts = emulated.filter((_, i) => steps[i].phase === phase);
      const units = steps.filter((step) => step.phase === phase).reduce((sum, step) => sum + step.units, 0);
      found.push(row(name, `${model}: ${phase}`, phase === "load" ? "file" : "step", units, sumCounts(parts)));
    }
    found.push(row(name, `${model}: decision`, "decision", 1, sumCounts(emulated.slice(1))));
  }
  module.close();
  return found;
}

function passport(): string[] {
  const first = (tool: string) => execFileSync(tool, ["--version"], { encoding: "utf8" }).split("\n")[0];
  const timings = cores.map((core) => `${CORTEX_M[core].title}: gcc ${CORTEX_M[core].cpu}; timings: ${CORTEX_M[core].timings}`);
  return [
    "npm run bench:cortex-m; modelled cycles at zero wait states, exact instructions",
    first("arm-none-eabi-gcc"),
    first("qemu-system-arm"),
    ...timings,
  ];
}

function print(): void {
  const cell = (what: string, { type, columns, rows: n }: Row, core: CortexM) => {
    const hit = rows.find((r) => r.core === core && r.what === what && r.type === type && r.columns === columns && r.rows === n);
    return hit ? `${hit.cyclesPer.toFixed(2)} (${hit.instructionsPer.toFixed(2)})` : "";
  };
  const layers = rows.filter(({ core, what }) => core === cores[0] && what === "layer");
  const head = ["type", "shape", "formulation", ...cores.flatMap((core) => [`${core} kernel`, `${core} layer`])];
  const lines = layers.map((layer) => [
    layer.type!,
    `${layer.columns}->${layer.rows}`,
    layer.formulation!,
    ...cores.flatMap((core) => [cell("kernel", layer, core), cell("layer", layer, core)]),
  ]);
  console.log("cycles a MAC (instructions a MAC); layer: absmax, codes, kernel, scale and bias\n");
  console.log(formatTable(lines, { head }));
  const others = rows.filter(({ core, type }) => core === cores[0] && type === null);
  const otherLines = others.map(({ what, unit }) => {
    const ofCore = (core: CortexM) => Math.round(rows.find((r) => r.core === core && r.what === what)!.cyclesPer).toLocaleString("en");
    return [what, unit, ...cores.map(ofCore)];
  });
  console.log(`\ncycles\n\n${formatTable(otherLines, { head: ["what", "per", ...cores] })}`);
  const published = PUBLISHED.map(({ what, cyclesPerMac, how }) => {
    const figures: Partial<Record<CortexM, number>> = cyclesPerMac;
    return [what, ...cores.map((core) => figures[core]?.toFixed(2) ?? ""), how];
  });
  console.log(`\npublished, cycles a MAC\n\n${formatTable(published, { head: ["what", ...cores, "how counted"] })}`);
  console.log(`\n${passport().join("\n")}`);
}
