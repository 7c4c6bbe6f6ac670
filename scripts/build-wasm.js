// Compiles the core module (scalar, SIMD) and the WASI command into build/, when sources are newer than what is there.
// Plain JavaScript: npm start must be able to run it before anything else exists.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const MODULES = [
  { out: "qurio.wasm", entry: "assembly/index.ts", target: "scalar" },
  { out: "qurio.simd.wasm", entry: "assembly/index.simd.ts", target: "simd" },
  { out: "qurio-wasi.wasm", entry: "assembly/wasi.ts", target: "scalar" },
];

export const CORE_MODULES = ["qurio.wasm", "qurio.simd.wasm"];

function sourceHash() {
  const hash = createHash("sha256");
  const files = readdirSync(join(root, "assembly"), { recursive: true })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join("assembly", name));
  for (const file of [...files.sort(), "asconfig.json", "package.json", "packages/cli/package.json", "scripts/build-wasm.js"]) {
    hash.update(file).update(readFileSync(join(root, file)));
  }
  return hash.digest("hex");
}

/** @param {string[]} names which modules; all when left out. A command needs the core, and only `--engine wasi` the rest. */
export async function buildWasm(names = MODULES.map(({ out }) => out)) {
  const hash = sourceHash();
  const stale = MODULES.filter(({ out }) => names.includes(out) && !isFresh(out, hash));
  if (stale.length === 0) return;
  const asc = (await import("assemblyscript/asc")).default;
  mkdirSync(join(root, "build"), { recursive: true });
  for (const { out, entry, target } of stale) {
    const { error, stderr } = await asc.main([entry, "--config", "asconfig.json", "--target", target, "--outFile", `build/${out}.tmp`], {
      readFile: (name, base) => read(join(root, base === "." ? "" : base, name)),
      writeFile: (name, data) => writeFileSync(join(root, name), data),
      listFiles: () => [],
    });
    if (error) {
      console.error(`build: ${entry} (${target}) does not compile\n${stderr.toString()}`);
      process.exit(1);
    }
    const path = join(root, "build", out);
    writeFileSync(`${path}.tmp`, await squeezed(readFileSync(`${path}.tmp`), target === "simd"));
    renameSync(`${path}.tmp`, path);
    writeFileSync(stampOf(out), hash);
  }
}

/** One more round of asc's passes, which now also put functions with a single caller into it, except kernels: 2 % fewer bytes. */
async function squeezed(wasm, simd) {
  const binaryen = (await import("binaryen")).default;
  const module = binaryen.readBinary(wasm);
  module.setFeatures(simd ? binaryen.Features.SIMD128 : binaryen.Features.MVP);
  binaryen.setOptimizeLevel(2);
  binaryen.setShrinkLevel(2);
  binaryen.setOneCallerInlineMaxSize(250); // bytes; asc has 80, and a kernel more
  module.optimize();
  const bytes = module.emitBinary();
  module.dispose();
  return bytes;
}

const stampOf = (out) => join(root, "build", `${out}.stamp`);

function isFresh(out, hash) {
  return existsSync(stampOf(out)) && readFileSync(stampOf(out), "utf8") === hash && existsSync(join(root, "build", out));
}

function read(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : null;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildWasm();
