// Compiles an entry of assembly/ with asc, in process, with one source file replaced. The compiler loads only when this runs.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { QurioError } from "../../host/errors.ts";
import { packagePath } from "../../host/files.ts";

/**
 * @param entry name below assembly/, without its ending
 * @param uses text that assembly/uses.ts is replaced with
 * @param memoryBase address of static data, below 2^31, for modules that are not run as they are; the compiler's choice if absent
 * @throws QurioError COMPILE
 */
export async function compileCore(entry: string, simd: boolean, uses: string, memoryBase?: number): Promise<Uint8Array<ArrayBuffer>> {
  const asc = (await import("assemblyscript/asc")).default;
  const root = packagePath();
  let wasm: Uint8Array<ArrayBuffer> | undefined;
  const place = memoryBase === undefined ? [] : ["--memoryBase", `${memoryBase}`, "--initialMemory", "32768"];
  const { error, stderr } = await asc.main(
    [`assembly/${entry}.ts`, "--config", "asconfig.json", "--target", simd ? "simd" : "scalar", "--outFile", "baked.wasm", ...place],
    {
      readFile: (name, base) => {
        const path = join(root, base, name);
        if (path === join(root, "assembly", "uses.ts")) return uses;
        return existsSync(path) ? readFileSync(path, "utf8") : null;
      },
      writeFile: (name, data) => {
        if (name.endsWith(".wasm")) wasm = data as Uint8Array<ArrayBuffer>;
      },
      listFiles: () => [],
    },
  );
  if (error || !wasm) {
    throw new QurioError(
      "COMPILE",
      `assembly/${entry}.ts does not compile: ${firstError(stderr.toString())}`,
      "Install the package again: its sources and its compiler belong together.",
    );
  }
  return wasm;
}

function firstError(log: string): string {
  return log.split("\n").find((line) => /^(ERROR|FAILURE)/.test(line)) ?? "no reason given";
}
