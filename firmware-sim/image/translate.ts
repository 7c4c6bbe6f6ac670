// Node only. A module as C for a microcontroller: wasm2c's output, cut down to what library/wasm-rt.h gives it. Of the core library/api.c
// makes the C library, of any module calls.ts makes functions that a board calls.
//
//   wasm2c's preamble, wrappers of exports, type tables    dropped
//   i32_load_default32(&instance->w2c_memory, (u64)(p) + 4u)   ->  i32_load(p, 4u)
//   f(instance, …), instance->w2c_g7                           ->  f(…), core.w2c_g7: there is one instance
//   data segments                                              ->  core_start(), which copies them into RAM
//   an address of static data or work memory                   ->  RAM(offset), if the module was compiled for two places: then linear
//                                                                  memory may lie anywhere, and wasm addresses are the machine's

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { QurioError } from "../../host/errors.ts";

/** Two places for static data that the module is compiled for: what differs in the two by exactly their distance is an address. */
export const MEMORY_BASES = [0x20000000, 0x30000000] as const;

/** An export as it is called in C. */
export interface Export {
  name: string;
  result: string;
  parameters: string[];
}

export interface Translated {
  /** Globals, data and functions, all static; exports are named core_NAME, and core_start() sets globals and data. */
  source: string;
  exports: Export[];
}

/**
 * @param moved the same module compiled for the other of MEMORY_BASES; without it addresses stay the numbers that they are
 * @throws QurioError WASM2C when wasm2c is missing or writes what this does not know
 */
export function translate(wasm: Uint8Array, moved?: Uint8Array): Translated {
  const { source: given, header } = wasm2c(wasm);
  const source = moved ? relocatable(given, wasm2c(moved).source) : given.replaceAll("instance->w2c_memory.pages", "memory_pages");
  const globals = header.match(/typedef struct w2c_core \{([\s\S]*?) {2}wasm_rt_memory_t w2c_memory;\n\} w2c_core;/)?.[1];
  const starts = source.match(/static void init_globals\(w2c_core\* instance\) \{([\s\S]*?)\n\}/)?.[1] ?? "";
  const segments = [...source.matchAll(/LOAD_DATA\(instance->w2c_memory, (RAM\(-?\d+\)|\d+u), (\w+), (\d+)\);/g)];
  const data = [...source.matchAll(/^static const u8 data_segment_data_\w+\[\] = \{[\s\S]*?^\};\n/gm)].map(([text]) => text);
  const declarations = [...source.matchAll(/^static \w+ w2c_core_\w+\(w2c_core\*[^;{]*;$/gm)].map(([text]) => text);
  const functions = [...source.matchAll(/^\w+ w2c_core_(?:f\d+|\w+_0)\(w2c_core\* instance[^;{]*\) \{\n[\s\S]*?^\}\n/gm)].map(
    ([text]) => text,
  );
  // one function may be exported under several names
  const wrappers = [
    ...source.matchAll(
      /^\/\* export: '(\w+)' \*\/\n(\w+) w2c_core_\w+\(w2c_core\* instance(?:, )?([^)]*)\) \{[^}]*? (w2c_core_\w+)\(instance/gm,
    ),
  ];
  const exported = [...source.matchAll(/^\/\* export: '\w+' \*\/\n\w+ w2c_core_\w+\(/gm)];
  if (globals === undefined || segments.length !== data.length || functions.length !== declarations.length) throw unknown("its parts");
  if (wrappers.length !== exported.length) throw unknown(`${wrappers.length} of ${exported.length} exports`);
  const code = [
    `static struct {${globals.replaceAll(/^ {2}(\w+) w2c_/gm, "  $1 ")}} core;`,
    ...data.map((text) => text.replaceAll("data_segment_data_w2c_core_d", "data_").trimEnd()),
    declarations.join("\n"),
    `static void core_start(void) {${startValues(starts)}${segments.map(segmentCopy).join("")}\n}`,
    ...functions.map((text) => `static ${text.trimEnd()}`),
    wrappers.map(([, name, , , called]) => `#define core_${name} ${called}`).join("\n"),
  ];
  const exports = wrappers.map(([, name, result, parameters]) => ({
    name,
    result,
    parameters: parameters === "" ? [] : parameters.split(/,\s+/).map((text) => text.split(" ")[0]),
  }));
  return { source: `${adjust(code.join("\n\n"))}\n`, exports };
}

/** Numbers that moved with the memory base become RAM(offset). */
function relocatable(source: string, other: string): string {
  const pieces = [source, other].map((text) => text.split(/\b(\d{6,}u?)\b/));
  if (pieces[0].length !== pieces[1].length) throw unknown("two compilations that do not match");
  const [base, otherBase] = MEMORY_BASES;
  return pieces[0]
    .map((piece, i) => {
      const twin = pieces[1][i];
      if (piece === twin) return piece;
      const [at, twinAt] = [Number.parseInt(piece, 10), Number.parseInt(twin, 10)];
      if (i % 2 === 0 || twinAt - at !== otherBase - base) throw unknown(`${piece.slice(0, 80)} beside ${twin.slice(0, 80)}`);
      return `RAM(${at - base})`;
    })
    .join("");
}

/** Globals are cleared before core_start: only what does not start at zero is set. */
function startValues(assignments: string): string {
  return assignments.replaceAll(/\n {2}instance->w2c_g\d+ = 0u?;/g, "");
}

function segmentCopy([, at, name, bytes]: RegExpMatchArray): string {
  return `\n  memcpy(POINTER(${at}), ${name.replace("data_segment_data_w2c_core_d", "data_")}, ${bytes});`;
}

function adjust(source: string): string {
  const out = source
    .replaceAll(/(\w+)_default32\(&instance->w2c_memory, \(u64\)\((var_\w+)\)(?: \+ (\d+)u?)?/g, (_, name, base, offset = "0") => {
      return `${name}(${base}, ${offset}u`;
    })
    .replaceAll("instance->w2c_g", "core.g")
    .replaceAll(/(w2c_core_\w+\()instance(?:, |(?=\)))/g, "$1")
    .replaceAll(/\(w2c_core\*(?: instance)?\)/g, "(void)")
    .replaceAll(/\(w2c_core\*(?: instance)?, /g, "(")
    .replaceAll(/^ *FUNC_(?:PROLOGUE|EPILOGUE);\n/gm, "");
  const left = out.match(/.*(?:instance|w2c_memory|w2c_core\*|wasm_rt_|_default32).*/);
  if (left) throw unknown(left[0].trim());
  return out;
}

/** Of the package wabt, wherever npm has put it. */
function wasm2cPath(): string {
  return join(dirname(createRequire(import.meta.url).resolve("wabt")), "bin", "wasm2c");
}

function wasm2c(wasm: Uint8Array): { source: string; header: string } {
  const folder = mkdtempSync(join(tmpdir(), "qurio-wasm2c-"));
  const file = (name: string) => join(folder, name);
  try {
    writeFileSync(file("core.wasm"), wasm);
    execFileSync(process.execPath, [wasm2cPath(), "core.wasm", "-n", "core", "-o", "core.c"], {
      cwd: folder,
      stdio: "pipe",
    });
    return { source: readFileSync(file("core.c"), "utf8"), header: readFileSync(file("core.h"), "utf8") };
  } catch (error) {
    throw new QurioError("WASM2C", `wasm2c failed: ${error}`, "It comes with the package wabt: npm ci.");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function unknown(what: string): QurioError {
  return new QurioError("WASM2C", `wasm2c failed: unexpected output, ${what}`, "Use wabt 1.0.39: npm ci.");
}
