// Node only. The C library of one model: a folder of sources that any arm-none-eabi compiler, STM32Cube or Zephyr project takes as they are.
//
//   qurio.h          the interface          qurio.c         the core, translated, and the interface around it
//   wasm-rt.h        memory and operations  qurio_model.c   the model file, const
//   main.c           example: a microphone's stream         README.md       how to add it

import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as F from "../../assembly/format/file.ts";
import { SECTION_LABELS, SECTION_PLAN } from "../../assembly/format/ids.ts";
import { align16 } from "../../assembly/format/plan.ts";
import { NATS_PER_DB, STREAM_LAMBDA } from "../../assembly/format/stream.ts";
import { QurioError } from "../../host/errors.ts";
import { packagePath } from "../../host/files.ts";
import { type Framing, framingOf } from "../../host/model-file/input_spec.ts";
import { decodeModel, decodePlan } from "../../host/model-file/model_file.ts";
import { modelToBake, validate } from "../../tools/export/bake.ts";
import { compileCore } from "../../tools/export/compile.ts";
import { bakedUses, usedBy } from "../../tools/export/uses.ts";
import { decisionStruct, errorEnum, phaseEnum, streamStructs } from "./c_header.ts";
import { MEMORY_BASES, translate } from "./translate.ts";

export interface CLibrary {
  /** File names and what is in them. */
  files: Record<string, string>;
  /** qurio_ram: static data and work memory, without guard bytes. */
  ramBytes: number;
  staticBytes: number;
  workBytes: number;
  /** The model file as it lies in qurio_model.c. */
  model: Uint8Array;
  /** Its front end computes in integers; or it has none. */
  isFixed: boolean;
}

const NUMBERS = {
  HEADER_BYTES: F.HEADER_BYTES,
  HEADER_SECTIONS: F.HEADER_SECTIONS,
  ENTRY_ID: F.ENTRY_ID,
  ENTRY_OFFSET: F.ENTRY_OFFSET,
  ENTRY_SIZE: F.ENTRY_SIZE,
  SECTION_PLAN,
  SECTION_LABELS,
  PLAN_WORK_BYTES: F.PLAN_WORK_BYTES,
  STREAM_LAMBDA,
  LABELS_COUNT: F.LABELS_COUNT,
  LABELS_OFFSETS: F.LABELS_OFFSETS,
};

/**
 * @param file a `.qmoe` file in the layouts of either build
 * @param checked what QURIO_CHECKED is unless the compiler is told otherwise
 * @throws QurioError what is wrong with the file; COMPILE, WASM2C
 */
export async function cLibrary(file: Uint8Array, checked = false): Promise<CLibrary> {
  await validate(file);
  const model = modelToBake(file, false);
  const uses = bakedUses(readFileSync(packagePath("assembly", "uses.ts"), "utf8"), model, false, true);
  const [first, second] = [
    await compileCore("index", false, uses, MEMORY_BASES[0]),
    await compileCore("index", false, uses, MEMORY_BASES[1]),
  ];
  const { source: core } = translate(first, second);
  const { workBytes, features } = decodePlan(model);
  const staticBytes = constantOf(core, "workPtr");
  const ramBytes = staticBytes + workBytes;
  const framing = framingOf(decodeModel(model).input);
  const files = {
    "qurio.h": header({ checked, ramBytes, modelBytes: model.length, guardBytes: guardFor(core), features, framing }),
    "qurio.c": source(core),
    "wasm-rt.h": template("wasm-rt.h"),
    "qurio_model.c": modelSource(model),
    "main.c": template("main.c"),
    "README.md": template("README.md"),
  };
  const isFixed = !usedBy(model).has("USES_FLOAT_FRONT_END");
  return { files, model, isFixed, ramBytes, staticBytes, workBytes };
}

/** How far constant offsets of loads and stores reach. */
function guardFor(core: string): number {
  const offsets = [...core.matchAll(/_(?:load|store)\w*\(var_\w+, (\d+)u/g)].map(([, offset]) => Number(offset));
  return align16(Math.max(...offsets) + 8);
}

/** Not below `bytes`, and a number that an instruction of Thumb-2 can compare with: eight bits, shifted. */
function window(bytes: number): number {
  const unit = Math.max(16, 2 ** (Math.floor(Math.log2(bytes)) - 7));
  return Math.ceil(bytes / unit) * unit;
}

/** The offset in RAM that an export without arguments returns. */
function constantOf(core: string, name: string): number {
  const called = core.match(new RegExp(`^#define core_${name} (\\w+)$`, "m"))?.[1];
  const body = core.match(new RegExp(`^static u32 ${called}\\(void\\) \\{\n([\\s\\S]*?)^\\}`, "m"))?.[1];
  const offset = body?.match(/= RAM\((\d+)\);/)?.[1];
  if (offset === undefined) throw new QurioError("WASM2C", `wasm2c failed: unexpected output, ${name}`, "Use wabt 1.0.39: npm ci.");
  return Number(offset);
}

export const libraryFolder = packagePath("firmware-sim", "image", "library");

const template = (name: string) => readFileSync(join(libraryFolder, name), "utf8");

interface HeaderValues {
  checked: boolean;
  ramBytes: number;
  modelBytes: number;
  guardBytes: number;
  features: number;
  framing: Framing | null;
}

function header({ checked, ramBytes, modelBytes, guardBytes, features, framing }: HeaderValues): string {
  const levelPerDb = framing ? NATS_PER_DB / framing.frontEnd.step : 0;
  const sizes = [
    "/* 1: every access to memory is compared with its bounds, and a trap gives QURIO_TRAPPED. 0: the model is validated once, in qurio_init. */",
    "#ifndef QURIO_CHECKED",
    `#define QURIO_CHECKED ${checked ? 1 : 0}`,
    "#endif",
    "",
    `#define QURIO_RAM_BYTES ${ramBytes}u   /* one static array in qurio.c */`,
    `#define QURIO_MODEL_BYTES ${modelBytes}u /* qurio_model.c, in flash */`,
    `#define QURIO_FEATURE_COUNT ${features}u   /* length of a feature vector */`,
    "",
    "/* Of the sound that it takes, Hz, and from frame to frame; 0 if it takes feature vectors. */",
    `#define QURIO_SAMPLE_RATE ${framing?.sampleRate ?? 0}`,
    `#define QURIO_HOP_SAMPLES ${framing?.frontEnd.hopSamples ?? 0}`,
    "",
    "/* Decibels as a difference of levels: what this model's front end makes of them. */",
    `#define QURIO_LEVEL(decibels) ((int32_t)((decibels) * ${levelPerDb.toFixed(4)}f + 0.5f))`,
    "",
    "/* The checked build's windows: rounded up to what one instruction compares with, and behind each what a constant offset may reach. */",
    `#define QURIO_RAM_WINDOW (QURIO_CHECKED ? ${window(ramBytes)}u : QURIO_RAM_BYTES)`,
    `#define QURIO_MODEL_WINDOW (QURIO_CHECKED ? ${window(modelBytes)}u : QURIO_MODEL_BYTES)`,
    `#define QURIO_GUARD (QURIO_CHECKED ? ${guardBytes}u : 0u)`,
  ];
  return template("qurio.h.in")
    .replace("@SIZES@", sizes.join("\n"))
    .replace("@DECISION@", decisionStruct())
    .replace("@STREAM@", streamStructs())
    .replace("@PHASES@", phaseEnum())
    .replace("@ERRORS@", errorEnum());
}

function source(core: string): string {
  return `/* The core of qurio as C, by qurio bake: translated from WebAssembly with wasm2c (wabt 1.0.39), and the interface of qurio.h at the end. */

#include "qurio.h"

${Object.entries(NUMBERS)
  .map(([name, value]) => `#define ${name} ${value}u`)
  .join("\n")}

#include "wasm-rt.h"

${core}${template("api.c")}`;
}

/** 32-bit words, so that the file stays short and the array aligned. */
function modelSource(model: Uint8Array): string {
  const padded = new Uint8Array((model.length + 3) & ~3);
  padded.set(model);
  const words = new Uint32Array(padded.buffer);
  const lines: string[] = [];
  for (let i = 0; i < words.length; i += 12)
    lines.push(`${[...words.subarray(i, i + 12)].map((word) => `0x${word.toString(16)}`).join(",")},`);
  return `/* The model file, read in place: keep it const, so that it stays in flash. */
#include "qurio.h"

const uint32_t qurio_model[(QURIO_MODEL_WINDOW + QURIO_GUARD + 3) / 4] __attribute__((aligned(16))) = {
${lines.join("\n")}
};
`;
}
