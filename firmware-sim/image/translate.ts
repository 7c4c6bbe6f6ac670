// Node only. The core module as C for a microcontroller: wasm2c's output, cut down to what library/wasm-rt.h and library/api.c build on.
//
//   wasm2c's preamble, wrappers of exports, type tables    dropped
//   i32_load_default32(&instance->w2c_memory, (u64)(p) + 4u)   ->  i32_load(p, 4u)
//   f(instance, …), instance->w2c_g7                           ->  f(…), core.w2c_g7: there is one instance
//   data segments                                              ->  core_start(), which copies them into RAM

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { QurioError } from "../../host/errors.ts";
import { packagePath } from "../../host/files.ts";

export interface TranslatedCore {
  /** Globals, data and functions, static all. Exports are functions named w2c_core_NAME_0. */
  code: string;
  /** Wasm address of the first byte that is ever used: where static data begin. */
  firstByte: number;
}

/** @throws QurioError WASM2C when wasm2c is missing or writes what this does not know */
export function translateCore(wasm: Uint8Array): TranslatedCore {
  const { source, header } = wasm2c(wasm);
  const globals = header.match(/typedef struct w2c_core \{([\s\S]*?) {2}wasm_rt_memory_t w2c_memory;\n\} w2c_core;/)?.[1];
  const starts = source.match(/static void init_globals\(w2c_core\* instance\) \{([\s\S]*?)\n\}/)?.[1] ?? "";
  const segments = [...source.matchAll(/LOAD_DATA\(instance->w2c_memory, (\d+)u, (\w+), (\d+)\);/g)];
  const data = [...source.matchAll(/^static const u8 data_segment_data_\w+\[\] = \{[\s\S]*?^\};\n/gm)].map(([text]) => text);
  const declarations = [...source.matchAll(/^static \w+ w2c_core_\w+\(w2c_core\*[^;{]*;$/gm)].map(([text]) => text);
  const functions = [...source.matchAll(/^\w+ w2c_core_(?:f\d+|\w+_0)\(w2c_core\* instance[^;{]*\) \{\n[\s\S]*?^\}\n/gm)].map(([text]) => text);
  if (globals === undefined || segments.length !== data.length || functions.length !== declarations.length) throw unknown("its parts");
  const code = [
    `static struct {\n${globals.replaceAll(/^ {2}(\w+) w2c_/gm, "  $1 ")}} core;`,
    ...data.map((text) => text.replaceAll("data_segment_data_w2c_core_d", "data_").trimEnd()),
    declarations.join("\n"),
    `static void core_start(void) {${startValues(starts)}${segments.map(segmentCopy).join("")}\n}`,
    ...functions.map((text) => `static ${text.trimEnd()}`),
  ];
  const adjusted = adjust(code.join("\n\n"));
  return { code: `${adjusted}\n`, firstByte: Math.min(...segments.map(([, at]) => Number(at))) & ~15 };
}

/** Globals are cleared before core_start: only what does not start at zero is set. */
function startValues(assignments: string): string {
  return assignments.replaceAll(/\n {2}instance->w2c_g\d+ = 0u?;/g, "");
}

function segmentCopy([, at, name, bytes]: RegExpMatchArray): string {
  return `\n  memcpy((u8*)(uintptr_t)(RAM_BASE + ${at}u), ${name.replace("data_segment_data_w2c_core_d", "data_")}, ${bytes});`;
}

function adjust(source: string): string {
  const out = source
    .replaceAll(/(\w+)_default32\(&instance->w2c_memory, \(u64\)\((var_\w+)\)(?: \+ (\d+)u?)?/g, (_, name, base, offset = "0") => {
      return `${name}(${base}, ${offset}u`;
    })
    .replaceAll("instance->w2c_memory.pages", "MEMORY_PAGES")
    .replaceAll("instance->w2c_g", "core.g")
    .replaceAll(/(w2c_core_\w+\()instance(?:, |(?=\)))/g, "$1")
    .replaceAll(/\(w2c_core\*(?: instance)?\)/g, "(void)")
    .replaceAll(/\(w2c_core\*(?: instance)?, /g, "(")
    .replaceAll(/^ *FUNC_(?:PROLOGUE|EPILOGUE);\n/gm, "");
  const left = out.match(/.*(?:instance|w2c_memory|w2c_core\*|wasm_rt_|_default32).*/);
  if (left) throw unknown(left[0].trim());
  return out;
}

function wasm2c(wasm: Uint8Array): { source: string; header: string } {
  const folder = mkdtempSync(join(tmpdir(), "qurio-wasm2c-"));
  const file = (name: string) => join(folder, name);
  try {
    writeFileSync(file("core.wasm"), wasm);
    execFileSync(process.execPath, [packagePath("node_modules", "wabt", "bin", "wasm2c"), "core.wasm", "-n", "core", "-o", "core.c"], {
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
