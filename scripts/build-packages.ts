// Fills packages/qurio and packages/cli with what is published. Of the runtime (host/runtime, host/errors.ts and what they import) there is
// one copy: a minified module that browsers, Node's entry and @qurio/cli load. All other sources are the command's, compiled one by one.
// usage: npm run build [-- FOLDER]          FOLDER stands in for packages/

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { packagePath } from "../host/files.ts";

/** Folders of the two packages. */
interface Packages {
  qurio: string;
  cli: string;
}

/** Core modules, as scripts/build-wasm.js makes them. */
export const CORE_MODULES = ["qurio.wasm", "qurio.simd.wasm"];
/** Sources whose one copy is in package qurio: classes and the errors that they throw. */
const ONE_COPY = /^host\/(runtime\/|errors\.)/;
/** What @qurio/cli imports in their place. Not public. */
const INTERNAL = "qurio/internal";

/** What @qurio/cli has besides compiled sources and the data that lies among them. */
const CLI_FILES = [
  "ARCHITECTURE.md",
  "CHANGELOG.md",
  "CONTRIBUTING.md",
  "README.md",
  "asconfig.json",
  "assembly",
  "bin",
  "build/qurio-wasi.wasm",
  "docs",
  "examples",
  "models",
  "samples",
  "scripts/install-engines.sh",
  "wit",
];
/** Folders whose files other than TypeScript are read where they lie. */
const DATA_FOLDERS = ["host", "tools", "firmware-sim"];
const LEGAL = ["LICENSE", "NOTICE"];
/** Committed; everything else in a package's folder comes from here. */
const KEPT = ["package.json", ".attw.json", "README.md"];

/** Node's entry, and the other sources of the runtime. */
const NODE_ENTRY = "host/runtime/index.ts";
const shared = (): string[] => {
  const names = readdirSync(packagePath("host", "runtime")).map((name) => `host/runtime/${name}`);
  return [...names.filter((name) => name.endsWith(".ts") && name !== NODE_ENTRY).sort(), "host/errors.ts"];
};

/**
 * browser.js: the runtime with all that it imports, the wasm loader too, as one module that needs no import map. It looks for the core
 * modules beside itself. Besides the entry for browsers it exports what Node's entry and the command need of the runtime.
 */
export async function buildBrowser(outfile: string): Promise<void> {
  await build({
    stdin: {
      contents: shared()
        .map((source) => `export * from "./${source}";`)
        .join("\n"),
      resolveDir: packagePath(),
      loader: "ts",
    },
    outfile,
    bundle: true,
    platform: "browser",
    format: "esm",
    target: "es2022",
    minify: true,
    logLevel: "warning",
  });
}

/** Node's entry: reads files, and takes everything else from browser.js. */
async function buildNode({ qurio }: Packages): Promise<void> {
  const oneCopy: Plugin = {
    name: "one copy of the runtime",
    setup: ({ onResolve }) => {
      onResolve({ filter: /^\..*\.ts$/ }, ({ path, resolveDir }) =>
        ONE_COPY.test(relative(packagePath(), join(resolveDir, path))) ? { path: "../../build/browser.js", external: true } : undefined,
      );
    },
  };
  await build({
    entryPoints: [packagePath(NODE_ENTRY)],
    outfile: join(qurio, "dist", NODE_ENTRY.replace(/ts$/, "js")),
    bundle: true,
    platform: "node",
    format: "esm",
    target: "es2022",
    plugins: [oneCopy],
    logLevel: "warning",
  });
}

const SPECIFIER = /(\bfrom\s*|\bimport\s*\(?\s*)"(\.[^"]+)"/g;

/** Text of a compiled source of @qurio/cli, with imports of the runtime by its package's name. */
export function throughPackage(from: string, text: string): string {
  return text.replace(SPECIFIER, (_, keyword: string, specifier: string) => {
    const path = ONE_COPY.test(join(dirname(from), specifier)) ? INTERNAL : specifier.replace(/\.ts$/, ".js");
    return `${keyword}"${path}"`;
  });
}

function emptyPackage(folder: string): void {
  for (const name of readdirSync(folder)) if (!KEPT.includes(name)) rmSync(join(folder, name), { recursive: true });
}

/** Compiles all sources into @qurio/cli, and copies the types of the runtime. */
function compile({ qurio, cli }: Packages): void {
  const compiled = join(cli, "dist");
  const tsc = packagePath("node_modules", "typescript", "bin", "tsc");
  execFileSync(process.execPath, [tsc, "-p", packagePath("tsconfig.build.json"), "--outDir", compiled], { stdio: "inherit" });
  for (const name of [...shared(), NODE_ENTRY]) copyTypes(compiled, join(qurio, "dist"), name.replace(/ts$/, "d.ts"));
  for (const entry of readdirSync(compiled, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const name = relative(compiled, path);
    if (ONE_COPY.test(name)) rmSync(path);
    else writeFileSync(path, throughPackage(name, readFileSync(path, "utf8")));
  }
}

/** Copies declarations into package qurio: an entry's and those of what it imports. */
function copyTypes(compiled: string, folder: string, name: string): void {
  const target = join(folder, name);
  if (existsSync(target)) return;
  const text = readFileSync(join(compiled, name), "utf8").replace(SPECIFIER, (_, keyword, specifier: string) => {
    copyTypes(compiled, folder, join(dirname(name), specifier.replace(/\.(ts|js)$/, ".d.ts")));
    return `${keyword}"${specifier.replace(/\.ts$/, ".js")}"`;
  });
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
}

/** `qurio/internal`: what @qurio/cli imports of the runtime. */
function writeInternal({ qurio }: Packages): void {
  const folder = join(qurio, "dist");
  writeFileSync(
    join(folder, "internal.js"),
    'export * from "./build/browser.js";\nexport { coreWasm, loadModel } from "./host/runtime/index.js";\n',
  );
  const modules = [...shared().filter((name) => !name.endsWith("browser.ts")), NODE_ENTRY];
  writeFileSync(join(folder, "internal.d.ts"), modules.map((name) => `export * from "./${name.replace(/ts$/, "js")}";\n`).join(""));
}

function copyData({ qurio, cli }: Packages): void {
  const copy = (name: string, folder: string) => cpSync(packagePath(name), join(folder, name), { recursive: true });
  for (const name of CORE_MODULES) copy(join("build", name), join(qurio, "dist"));
  for (const name of CLI_FILES) copy(name, cli);
  for (const folder of DATA_FOLDERS) {
    cpSync(packagePath(folder), join(cli, folder), { recursive: true, filter: (path) => !/\.ts$|firmware-sim\/calibrate/.test(path) });
  }
  for (const name of LEGAL) for (const folder of [qurio, cli]) copy(name, folder);
}

async function main(root = packagePath("packages")): Promise<void> {
  const packages = { qurio: join(root, "qurio"), cli: join(root, "cli") };
  for (const folder of Object.values(packages)) emptyPackage(folder);
  execFileSync(process.execPath, [packagePath("scripts", "build-wasm.js")], { stdio: "inherit" });
  await buildBrowser(join(packages.qurio, "dist", "build", "browser.js"));
  await buildNode(packages);
  compile(packages);
  writeInternal(packages);
  copyData(packages);
  if (root === packagePath("packages")) cpSync(join(packages.qurio, "dist", "build", "browser.js"), packagePath("build", "browser.js"));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv[2]);
