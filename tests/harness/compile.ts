// Compiles an AssemblyScript entry under tests/assembly for one target, so that tests reach kernels that the core does not export.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const root = join(dirname(fileURLToPath(import.meta.url)), "..", "..");

export type Target = "scalar" | "simd";
export const TARGETS: readonly Target[] = ["scalar", "simd"];

function sourceHash(): string {
  const hash = createHash("sha256");
  for (const folder of ["assembly", "tests/assembly"]) {
    for (const name of (readdirSync(join(root, folder), { recursive: true }) as string[]).sort()) {
      if (name.endsWith(".ts")) hash.update(name).update(readFileSync(join(root, folder, name)));
    }
  }
  return hash
    .update(readFileSync(join(root, "asconfig.json")))
    .digest("hex")
    .slice(0, 16);
}

/** Bytes of tests/assembly/`name`.ts; compiled once per state of the sources. */
export async function compileEntry(name: string, target: Target): Promise<Uint8Array<ArrayBuffer>> {
  const file = join(root, "build", "tests", `${name}.${target}.${sourceHash()}.wasm`);
  if (existsSync(file)) return new Uint8Array(readFileSync(file));
  let wasm: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main(
    [`tests/assembly/${name}.ts`, "--config", "asconfig.json", "--target", target, "--outFile", "x.wasm"],
    {
      readFile: (path, base) => (existsSync(join(root, base, path)) ? readFileSync(join(root, base, path), "utf8") : null),
      writeFile: (path, data) => {
        if (path.endsWith(".wasm")) wasm = data as Uint8Array<ArrayBuffer>;
      },
      listFiles: () => [],
    },
  );
  if (error || !wasm) throw new Error(`tests/assembly/${name}.ts (${target}) does not compile\n${stderr}`);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.tmp`, wasm);
  renameSync(`${file}.tmp`, file);
  return wasm;
}

/** An instance with a bump allocator over its memory; `exports` are called as they are. */
export class Instance {
  private top: number;
  // biome-ignore lint/suspicious/noExplicitAny: exports differ per entry
  readonly exports: any;
  constructor(exports: WebAssembly.Exports) {
    this.exports = exports;
    this.top = 32768;
  }
  static async of(name: string, target: Target): Promise<Instance> {
    const { instance } = await WebAssembly.instantiate(await compileEntry(name, target), {});
    return new Instance(instance.exports);
  }
  /** Forgets all allocations; what was there is not cleared. */
  reset(): void {
    this.top = 32768;
  }
  alloc(bytes: number): number {
    const ptr = (this.top + 63) & ~63;
    this.top = ptr + bytes;
    const missing = this.top - this.exports.memory.buffer.byteLength;
    if (missing > 0) this.exports.memory.grow(Math.ceil(missing / 65536));
    return ptr;
  }
  put(data: ArrayBufferView): number {
    const ptr = this.alloc(data.byteLength);
    new Uint8Array(this.exports.memory.buffer).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), ptr);
    return ptr;
  }
  u8(ptr: number, length: number): Uint8Array {
    return new Uint8Array(this.exports.memory.buffer, ptr, length);
  }
  i32(ptr: number, length: number): Int32Array {
    return new Int32Array(this.exports.memory.buffer, ptr, length);
  }
  f32(ptr: number, length: number): Float32Array {
    return new Float32Array(this.exports.memory.buffer, ptr, length);
  }
}
