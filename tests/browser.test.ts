// The bundle for browsers: imports nothing, stays small, finds its core modules, and decides in a context that has no process, require or
// file system.

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import vm from "node:vm";
import { transform } from "esbuild";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { QurioError } from "../host/errors.ts";
import { Core } from "../host/runtime/core.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { buildBrowser } from "../scripts/build-packages.ts";
import { randomModelFile, randomPcm } from "./harness/models.ts";

const MAX_BUNDLE_BYTES = 40 * 1024;

const folder = mkdtempSync(join(tmpdir(), "qurio-test-bundle-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
await buildBrowser(join(folder, "browser.js"));
const bundle = readFileSync(join(folder, "browser.js"), "utf8");
/** The same as a script, which a vm context can run: global qurio has its exports, and it was loaded from http://x/lib/. */
const { code } = await transform(bundle, {
  format: "iife",
  globalName: "qurio",
  define: { "import.meta.url": '"http://x/lib/browser.js"' },
});

test("the bundle imports nothing, names its core modules as bundlers expect, and stays within its budget", () => {
  assert.not.match(bundle, /\bimport\b(?!\.meta)|\bfrom"|node:|require\(/);
  for (const name of ["qurio.wasm", "qurio.simd.wasm"]) assert.ok(bundle.includes(`new URL("./${name}",import.meta.url)`), name);
  console.log(`browser bundle, minified: ${bundle.length} bytes of ${MAX_BUNDLE_BYTES}`);
  assert.ok(bundle.length <= MAX_BUNDLE_BYTES, `${bundle.length} bytes, at most ${MAX_BUNDLE_BYTES} expected`);
});

/** What a browser has and the bundle may use; everything else is absent. */
function bareContext(fetch?: unknown): vm.Context {
  const { TextDecoder, TextEncoder, URL, WebAssembly } = globalThis;
  const context = vm.createContext({ TextDecoder, TextEncoder, URL, fetch, WebAssembly });
  vm.runInContext(code, context);
  return context;
}

async function expectedBytes(file: Uint8Array, pcm: Int16Array): Promise<number[]> {
  const core = await Core.create(coreWasm(false) as BufferSource, false);
  core.load(file);
  core.reset(3);
  core.push(pcm);
  core.decide();
  return [...core.decisionBytes()];
}

test("the bundle decides in a bare context, scalar and SIMD, to the same bytes", async () => {
  const file = randomModelFile({ samples: 4 });
  const pcm = randomPcm(50000, 1);
  const expected = await expectedBytes(file, pcm);
  for (const simd of [false, true, undefined]) {
    const context = bareContext();
    Object.assign(context, {
      file,
      pcm,
      options: { wasm: { scalar: coreWasm(false), simd: coreWasm(true) }, ...(simd !== undefined && { simd }) },
    });
    const { globals, bytes, label, used } = await vm.runInContext(
      `(async () => {
        const model = await qurio.loadModel(file, options);
        const { label } = model.decide(pcm, 3);
        return { globals: [typeof process, typeof require, typeof Buffer], bytes: [...model.core.decisionBytes()], label, used: model.core.simd };
      })()`,
      context,
    );
    assert.equal([...globals], ["undefined", "undefined", "undefined"]);
    assert.equal([...bytes], expected);
    assert.match(label, /^class \d$/);
    assert.is(used, simd ?? true);
  }
});

/** Serves files by path, and notes what was asked for. */
function server(served: Record<string, Uint8Array>): { fetch: (url: string) => Promise<unknown>; asked: string[] } {
  const asked: string[] = [];
  const fetch = async (url: string) => {
    const { pathname } = new URL(url);
    asked.push(pathname);
    if (pathname === "/offline") throw new TypeError("Failed to fetch");
    const body = served[pathname];
    return { ok: body !== undefined, status: body ? 200 : 404, arrayBuffer: async () => body.slice().buffer };
  };
  return { fetch, asked };
}

const file = randomModelFile();
const pcm = randomPcm(1600, 2);
const MODULES = { "qurio.wasm": coreWasm(false), "qurio.simd.wasm": coreWasm(true) };
const at = (folder: string) => Object.fromEntries(Object.entries(MODULES).map(([name, wasm]) => [`${folder}/${name}`, wasm]));

/** Decision bytes of a model that is fetched, or the error. */
function load(fetch: unknown, url: string, options: string): Promise<Uint8Array> {
  const context = bareContext(fetch);
  Object.assign(context, { pcm });
  return vm.runInContext(
    `(async () => { const m = await qurio.loadModel("${url}"${options && `, ${options}`}); m.decide(pcm, 3); return m.core.decisionBytes(); })()`,
    context,
  );
}

test("without options the build that is used is fetched from beside the bundle, and the other is not", async () => {
  const expected = await expectedBytes(file, pcm);
  for (const [options, name] of [
    ["", "qurio.simd.wasm"],
    ["{ simd: false }", "qurio.wasm"],
  ]) {
    const { fetch, asked } = server({ "/m.qmoe": file, ...at("/lib") });
    assert.equal([...(await load(fetch, "http://x/m.qmoe", options))], expected);
    assert.equal(asked, ["/m.qmoe", `/lib/${name}`]);
  }
});

test("option wasm says where the modules are; a failure to fetch, and what is no module, is named", async () => {
  const { fetch } = server({ "/m.qmoe": file, ...at("/elsewhere"), "/page": new TextEncoder().encode("<!doctype html>") });
  const wasm = (path: string) => `{ wasm: { scalar: "http://x${path}/qurio.wasm", simd: new URL("http://x${path}/qurio.simd.wasm") } }`;
  assert.equal([...(await load(fetch, "http://x/m.qmoe", wasm("/elsewhere")))], await expectedBytes(file, pcm));
  const refusal = async (url: string, options = "") => {
    const error = await load(fetch, url, options).catch((reason: unknown) => reason);
    const { name, code, message } = error as QurioError;
    return [name, code, message];
  };
  assert.equal(await refusal("http://x/none.qmoe"), ["QurioError", "FETCH", "http://x/none.qmoe: HTTP 404"]);
  assert.equal(await refusal("http://x/offline"), ["QurioError", "FETCH", "http://x/offline: Failed to fetch"]);
  assert.equal(await refusal("http://x/m.qmoe", wasm("/none")), ["QurioError", "FETCH", "http://x/none/qurio.simd.wasm: HTTP 404"]);
  assert.equal(await refusal("http://x/m.qmoe", '{ wasm: { scalar: "http://x/page", simd: "http://x/page" } }'), [
    "QurioError",
    "NO_WASM",
    "http://x/page is not the core module: no WebAssembly in it",
  ]);
});

test("a damaged model is the same named error as in Node", async () => {
  const context = bareContext();
  Object.assign(context, { file: randomModelFile().subarray(0, 99), options: { wasm: { scalar: coreWasm(false), simd: coreWasm(true) } } });
  const error = await vm.runInContext("qurio.loadModel(file, options)", context).then(assert.unreachable, (reason: unknown) => reason);
  assert.equal([error.name, error.code], ["QurioError", "TRUNCATED"]);
});

test.run();
