// Engine "wasm3": the scalar core module in the wasm3 interpreter, driven by drive_wasm3.py through PyPI's pywasm3, which has no WASI.

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deviceError, QurioError } from "../errors.ts";
import { packagePath } from "../files.ts";
import { decodePlan } from "../model-file/model_file.ts";
import { repack } from "../model-file/repack.ts";
import { Core } from "../runtime/core.ts";
import { coreWasm } from "../runtime/index.ts";
import { leb } from "../wasm/leb.ts";
import { joinSections, readSections, SECTION_MEMORY } from "../wasm/sections.ts";
import type { Runner } from "./runner.ts";
import { needTool, PYTHON_WASM3 } from "./tools.ts";

const PAGE = 65536;
const align = (bytes: number) => Math.ceil(bytes / 16) * 16;

type Answer = { ok: string } | { error: [code: number, place: number, expected: number, found: number] };

export async function openWasm3(file: Uint8Array): Promise<Runner> {
  const { program } = needTool(PYTHON_WASM3);
  const folder = mkdtempSync(join(tmpdir(), "qurio-wasm3-"));
  const wasm = coreWasm(false);
  const workPtr = align((await Core.create(wasm as BufferSource, false)).exports.workPtr());
  const put = (name: string, data: Uint8Array) => writeFileSync(join(folder, name), data);
  /** Places a model and asks; the answer about the model itself is not in what is returned. */
  const ask = (verb: "validate" | "load", model: Uint8Array, modelPtr: number, lines: readonly string[]): Uint8Array[] => {
    put("core.wasm", withPages(wasm, Math.ceil((modelPtr + model.length) / PAGE)));
    put("model.qmoe", model);
    const args = [packagePath("host", "engines", "drive_wasm3.py"), "core.wasm", "model.qmoe", `${modelPtr}`, verb];
    const { stdout, stderr } = spawnSync(program, args, { cwd: folder, input: lines.join("\n"), encoding: "utf8", maxBuffer: 1 << 26 });
    const answers = stdout
      .split("\n")
      .filter((line) => line !== "")
      .map((line): Answer => JSON.parse(line));
    const records = answers.map((answer) => {
      if ("ok" in answer) return new Uint8Array(Buffer.from(answer.ok, "hex"));
      const [code, place, expected, found] = answer.error;
      throw deviceError({ code, place, expected, found });
    });
    if (records.length !== lines.length + 1)
      throw new QurioError("WASM3", `wasm3 failed: ${stderr.trim()}`, "Its own message; is the model very large?");
    return records.slice(1);
  };
  const close = async () => rmSync(folder, { recursive: true, force: true });
  try {
    ask("validate", file, workPtr, []);
    const packed = repack(file, "scalar");
    const modelPtr = align(workPtr + decodePlan(packed).workBytes);
    ask("load", packed, modelPtr, []);
    return {
      async decideRecords(inputs, seed = 0) {
        const lines = inputs.map((input, i) => {
          put(`${i}`, new Uint8Array(input.buffer, input.byteOffset, input.byteLength));
          return `${input instanceof Float32Array ? "features" : "pcm"} ${seed >>> 0} ${i}`;
        });
        return ask("load", packed, modelPtr, lines);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The module with this many pages of memory from the start and no bound, because its package cannot grow it. */
function withPages(wasm: Uint8Array, pages: number): Uint8Array {
  return joinSections(readSections(wasm), new Map([[SECTION_MEMORY, [1, 0, ...leb(pages)]]]));
}
