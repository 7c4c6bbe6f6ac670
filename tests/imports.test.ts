// Imports run one way (ARCHITECTURE.md): every relative import of the sources is checked against the levels below, and no files
// import each other in a circle, not even by types. What a browser loads reaches no node: module and no package but the wasm loader.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { packagePath } from "../host/files.ts";

const HOST = ["format", "errors", "json", "model file", "runtime", "wasm", "audio", "engines", "meter"];

/** Where the arrow may go: a level's sources may import its own and these. The first level whose pattern fits a path is its level. */
const LEVELS: { name: string; paths: RegExp; mayImport: string[] }[] = [
  { name: "format", paths: /^assembly\/(format\/|uses\.ts$)/, mayImport: [] },
  { name: "kernels", paths: /^assembly\/kernels\//, mayImport: ["format"] },
  { name: "frontend", paths: /^assembly\/frontend\//, mayImport: ["format", "kernels"] },
  { name: "layers", paths: /^assembly\/layers\//, mayImport: ["format", "kernels"] },
  { name: "router", paths: /^assembly\/router\//, mayImport: ["format", "kernels", "layers"] },
  { name: "ops", paths: /^assembly\/ops\//, mayImport: ["format", "kernels", "layers"] },
  { name: "model", paths: /^assembly\/model\//, mayImport: ["format", "kernels", "frontend", "layers", "ops", "router"] },
  { name: "device entry", paths: /^assembly\//, mayImport: ["format", "kernels", "frontend", "layers", "ops", "router", "model"] },

  // what an application loads; JSON comes first, since its schema library is no part of that
  { name: "json", paths: /^host\/(json|schema)\.ts$/, mayImport: ["errors"] },
  { name: "errors", paths: /^host\/(errors|files|read_input|plot)\.ts$/, mayImport: ["format"] },
  { name: "model file", paths: /^host\/model-file\//, mayImport: ["format", "errors"] },
  { name: "runtime", paths: /^host\/runtime\//, mayImport: ["format", "errors", "model file"] },

  // the rest of the host: what a decision is made of, in which engine, at what cost
  { name: "wasm", paths: /^host\/wasm\//, mayImport: ["errors"] },
  { name: "audio", paths: /^host\/audio\//, mayImport: ["errors"] },
  { name: "engines", paths: /^host\/engines\//, mayImport: ["format", "errors", "model file", "runtime", "wasm"] },
  { name: "meter", paths: /^host\/meter\//, mayImport: ["format", "errors", "json", "model file", "runtime", "wasm", "audio", "engines"] },
  { name: "picture", paths: /^host\/picture\//, mayImport: [] },

  // what makes models
  { name: "graph", paths: /^tools\/graph\//, mayImport: HOST },
  { name: "import", paths: /^tools\/import\//, mayImport: [...HOST, "graph"] },
  { name: "export", paths: /^tools\/export\//, mayImport: [...HOST, "graph", "import"] },
  { name: "train", paths: /^tools\/train\//, mayImport: [...HOST, "graph", "import", "export"] },
  { name: "terminal", paths: /^tools\/terminal\//, mayImport: [...HOST, "train"] },
  { name: "study", paths: /^tools\/study\//, mayImport: [...HOST, "graph", "import", "export", "train"] },

  // what becomes of a model on a board
  { name: "image", paths: /^firmware-sim\/image\//, mayImport: [...HOST, "export"] },
  { name: "all engines", paths: /^firmware-sim\/engines\//, mayImport: [...HOST, "export", "image"] },
  { name: "estimates", paths: /^firmware-sim\/estimates\//, mayImport: [...HOST, "export", "image"] },
  { name: "battery", paths: /^firmware-sim\/battery\//, mayImport: HOST },
  {
    name: "costs",
    paths: /^firmware-sim\/costs\//,
    mayImport: [...HOST, "export", "train", "image", "estimates", "battery"],
  },
  { name: "calibrate", paths: /^firmware-sim\/calibrate\//, mayImport: [...HOST, "graph", "import", "export", "image", "estimates"] },

  {
    name: "cli",
    paths: /^cli\//,
    mayImport: [
      ...HOST,
      "graph",
      "import",
      "export",
      "train",
      "study",
      "image",
      "all engines",
      "estimates",
      "battery",
      "terminal",
      "costs",
    ],
  },
];

const FOLDERS = ["assembly", "host", "tools", "firmware-sim", "cli"];

interface Import {
  from: string;
  /** A path of this repository, or a package or node: module. */
  to: string;
  relative: boolean;
  /** Only types: nothing is loaded. */
  typeOnly: boolean;
}

const sources = FOLDERS.filter((folder) => existsSync(packagePath(folder))).flatMap((folder) =>
  (readdirSync(packagePath(folder), { recursive: true }) as string[])
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
    .map((name) => join(folder, name)),
);

/** import … from "x", export … from "x", import "x", import("x") and new URL("x", import.meta.url) of a TypeScript source. */
const SPECIFIERS =
  /^\s*(?:import|export)\s+(type\s)?[^;"']*?from\s*["']([^"']+)["']|^\s*import\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']|new URL\(\s*["']([^"']+\.ts)["']/gm;

function importsOf(from: string): Import[] {
  const text = readFileSync(packagePath(from), "utf8").replace(/^\s*(\/\/|\*|\/\*).*$/gm, "");
  return [...text.matchAll(SPECIFIERS)].map(([, type, named, bare, dynamic, url]) => {
    const specifier = (named ?? bare ?? dynamic ?? url)!;
    const relative = specifier.startsWith(".");
    const path = normalize(join(dirname(from), specifier));
    // asc takes no extension behind `export … from`
    const to = existsSync(packagePath(`${path}.ts`)) ? `${path}.ts` : path;
    return { from, to: relative ? to : specifier, relative, typeOnly: type !== undefined };
  });
}

const imports = new Map(sources.map((source) => [source, importsOf(source)]));
const levelOf = (path: string) => LEVELS.find(({ paths }) => paths.test(path));

/** What is wrong with one import, or null. */
function complaint({ from, to, relative }: Import): string | null {
  if (!relative) return null;
  const [own, other] = [levelOf(from), levelOf(to)];
  if (!own) return `${from} is in no level of tests/imports.test.ts: add it`;
  if (!existsSync(packagePath(to))) return to.startsWith("build/") ? null : `${from} imports ${to}: there is no such file`;
  if (!other) return `${from} imports ${to}: not allowed, sources import sources only`;
  if (other === own || own.mayImport.includes(other.name)) return null;
  return `${from} imports ${to}: not allowed, ${own.name} may import ${own.mayImport.join(", ") || "nothing else"}, not ${other.name}`;
}

test("imports run one way", () => {
  assert.ok(sources.length > 60, `${sources.length} sources found`);
  const found = [...imports.values()].flat();
  assert.ok(found.length > 200, `${found.length} imports found`);
  assert.equal(
    found.map(complaint).filter((line) => line !== null),
    [],
  );
});

test("no file imports itself through others, types included", () => {
  const done = new Set<string>();
  const visit = (path: string, trail: string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) assert.unreachable(`circle: ${[...trail.slice(at), path].join(" -> ")}`);
    if (done.has(path)) return;
    for (const { to, relative } of imports.get(path) ?? []) if (relative) visit(to, [...trail, path]);
    done.add(path);
  };
  for (const source of sources) visit(source, []);
});

/** Everything that loading `entry` loads, packages included; not what waits behind import(). */
function reachable(entry: string): Import[] {
  const seen = new Set<string>();
  const found: Import[] = [];
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const edge of imports.get(path) ?? []) {
      if (edge.typeOnly) continue;
      found.push(edge);
      if (edge.relative) visit(edge.to);
    }
  };
  visit(entry);
  return found;
}

test("the browser's entry reaches no node: module and no package but the wasm loader", () => {
  const outside = reachable("host/runtime/browser.ts").filter(({ relative, to }) => !relative && to !== "@assemblyscript/loader");
  assert.equal(
    outside.map(({ from, to }) => `${from} imports ${to}: not allowed, host/runtime/browser.ts reaches it`),
    [],
  );
});

test("the package's Node entry loads no package but the wasm loader", () => {
  const light = ["@assemblyscript/loader"];
  const heavy = reachable("host/runtime/index.ts").filter(
    ({ relative, to }) => !relative && !to.startsWith("node:") && !light.includes(to),
  );
  assert.equal(
    heavy.map(({ from, to }) => `${from} imports ${to}: not allowed, host/runtime/index.ts reaches it`),
    [],
  );
});

test("the check itself notices a wrong arrow, an unknown place and a missing file", () => {
  const edge = (from: string, to: string): Import => ({ from, to, relative: true, typeOnly: false });
  const said = (from: string, to: string) => complaint(edge(from, to)) ?? "nothing";
  assert.match(said("assembly/kernels/linear.ts", "assembly/model/load.ts"), /not allowed, kernels may import format, not model/);
  assert.match(said("host/model-file/pack.ts", "host/runtime/core.ts"), /not allowed, model file may import/);
  assert.match(said("host/elsewhere/x.ts", "host/errors.ts"), /in no level/);
  assert.match(said("host/runtime/model.ts", "host/nothing.ts"), /no such file/);
  assert.is(said("cli/run.ts", "host/runtime/model.ts"), "nothing");
});

test.run();
