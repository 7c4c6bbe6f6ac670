// Node only. The C library of one model: a folder of sources that any arm-none-eabi compiler, STM32Cube or Zephyr project takes as they are.
//
//   qurio.h          the interface          qurio.c         the core, translated, and the interface around it
//   wasm-rt.h        memory and operations  qurio_model.c   the model file, const
//   main.c           example: a microphone's DMA ring       README.md       how to add it

import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import * as F from "../../assembly/format/file.ts";
import { SECTION_LABELS, SECTION_PLAN } from "../../assembly/format/ids.ts";
import { QurioError } from "../../host/errors.ts";
import { decodePlan } from "../../tools/export/model_file.ts";
import { decisionStruct, errorEnum, phaseEnum } from "./c_header.ts";
import { translateCore } from "./translate.ts";

export interface CLibrary {
  /** File names and what is in them. */
  files: Record<string, string>;
  /** qurio_ram: static data and work memory, without guard bytes. */
  ramBytes: number;
  staticBytes: number;
  workBytes: number;
  modelBytes: number;
}

/** Bytes behind both windows that a constant offset may reach without its own comparison (library/wasm-rt.h); only in the checked build. */
export const GUARD_BYTES = 64;

const NUMBERS = {
  HEADER_BYTES: F.HEADER_BYTES,
  HEADER_SECTIONS: F.HEADER_SECTIONS,
  ENTRY_ID: F.ENTRY_ID,
  ENTRY_OFFSET: F.ENTRY_OFFSET,
  ENTRY_SIZE: F.ENTRY_SIZE,
  SECTION_PLAN,
  SECTION_LABELS,
  PLAN_WORK_BYTES: F.PLAN_WORK_BYTES,
  LABELS_COUNT: F.LABELS_COUNT,
  LABELS_OFFSETS: F.LABELS_OFFSETS,
};

/**
 * @param wasm a scalar core module with assembly/index.ts' exports, without weights, compiled for each of MEMORY_BASES
 * @param model a valid model file in the scalar build's layouts
 */
export function cLibrary(wasm: readonly [Uint8Array, Uint8Array], model: Uint8Array): CLibrary {
  const core = translateCore(wasm);
  const staticBytes = constantOf(core, "workPtr");
  const { workBytes } = decodePlan(model);
  const sizes = { ramBytes: staticBytes + workBytes, staticBytes, workBytes, modelBytes: model.length };
  const files = {
    "qurio.h": header(sizes.ramBytes, model.length),
    "qurio.c": source(core),
    "wasm-rt.h": template("wasm-rt.h"),
    "qurio_model.c": modelSource(model),
    "main.c": template("main.c"),
    "README.md": template("README.md"),
  };
  return { files, ...sizes };
}

/** The offset in RAM that a function of no arguments returns. */
function constantOf(core: string, name: string): number {
  const body = core.match(new RegExp(`^static u32 w2c_core_${name}_0\\(void\\) \\{\n([\\s\\S]*?)^\\}`, "m"))?.[1];
  const offset = body?.match(/= RAM\((\d+)\);/)?.[1];
  if (offset === undefined) throw new QurioError("WASM2C", `wasm2c failed: unexpected output, ${name}`, "Use wabt 1.0.39: npm ci.");
  return Number(offset);
}

export const libraryFolder = join(dirname(fileURLToPath(import.meta.url)), "library");

const template = (name: string) => readFileSync(join(libraryFolder, name), "utf8");

function header(ramBytes: number, modelBytes: number): string {
  const sizes = [
    "/* 1: every access to memory is compared with its bounds, and a trap gives QURIO_TRAPPED. 0: the model is validated once, in qurio_init. */",
    "#ifndef QURIO_CHECKED",
    "#define QURIO_CHECKED 0",
    "#endif",
    "",
    `#define QURIO_RAM_BYTES ${ramBytes}u   /* one static array in qurio.c */`,
    `#define QURIO_MODEL_BYTES ${modelBytes}u /* qurio_model.c, in flash */`,
    `#define QURIO_GUARD (QURIO_CHECKED ? ${GUARD_BYTES}u : 0u) /* more of both in the checked build */`,
  ];
  return template("qurio.h.in")
    .replace("@SIZES@", sizes.join("\n"))
    .replace("@DECISION@", decisionStruct())
    .replace("@PHASES@", phaseEnum())
    .replace("@ERRORS@", errorEnum());
}

function source(core: string): string {
  return `/* The core of qurio as C, by qurio bake: translated from WebAssembly with wasm2c (wabt 1.0.39), and the interface of qurio.h at the end. */

/* No fused multiply-add: a decision has the same bits on every board. clang and armclang take the first line, gcc the second. */
#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC optimize("O2", "fp-contract=off", "no-tree-reassoc", "no-math-errno", "no-tree-loop-distribute-patterns")
#endif
/* What the translation leaves over. */
#pragma GCC diagnostic ignored "-Wunused-variable"
#pragma GCC diagnostic ignored "-Wunused-but-set-variable"
#pragma GCC diagnostic ignored "-Wunused-label"
#pragma GCC diagnostic ignored "-Wunused-function"

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
  for (let i = 0; i < words.length; i += 12) lines.push(`${[...words.subarray(i, i + 12)].map((word) => `0x${word.toString(16)}`).join(",")},`);
  return `/* The model file, read in place: keep it const, so that it stays in flash. */
#include "qurio.h"

const uint32_t qurio_model[(QURIO_MODEL_BYTES + QURIO_GUARD + 3) / 4] __attribute__((aligned(16))) = {
${lines.join("\n")}
};
`;
}
