// The browser entry: bundles without anything of Node, stays small, and decides in a context that has no process, require or file system.

import vm from "node:vm";
import { build } from "esbuild";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { packagePath } from "../host/files.ts";
import { Core } from "../host/runtime/core.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { randomModelFile, randomPcm } from "./harness/models.ts";

const MAX_BUNDLE_BYTES = 32 * 1024;

const { outputFiles, metafile } = await build({
  entryPoints: [packagePath("host", "runtime", "browser.ts")],
  bundle: true,
  platform: "browser",
  format: "iife",
  globalName: "qurio",
  minify: true,
  metafile: true,
  write: false,
});
const bundle = outputFiles[0].text;

test("the bundle needs nothing of Node and stays within its budget", () => {
  const imports = Object.values(metafile.inputs).flatMap((input) => input.imports);
  assert.equal(
    imports.filter(({ path, external }) => external || path.startsWith("node:")),
    [],
  );
  assert.not.match(bundle, /node:|require\(/);
  const sizeBytes = outputFiles[0].contents.length;
  console.log(`browser bundle, minified: ${sizeBytes} bytes of ${MAX_BUNDLE_BYTES}`);
  assert.ok(sizeBytes <= MAX_BUNDLE_BYTES, `${sizeBytes} bytes, at most ${MAX_BUNDLE_BYTES} expected`);
});

/** What a browser has and the bundle may use; everything else is absent. */
function bareContext(fetch?: unknown): vm.Context {
  const { TextDecoder, TextEncoder, URL, WebAssembly } = globalThis;
  const context = vm.createContext({ TextDecoder, TextEncoder, URL, fetch, WebAssembly });
  vm.runInContext(bundle, context);
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

test("sources are fetched when they are URLs, and a failure to fetch is named", async () => {
  const file = randomModelFile();
  const pcm = randomPcm(1600, 2);
  const served: Record<string, Uint8Array> = { "/m.qmoe": file, "/qurio.wasm": coreWasm(false), "/qurio.simd.wasm": coreWasm(true) };
  const context = bareContext(async (url: string | URL) => {
    const body = served[new URL(url).pathname];
    return { ok: body !== undefined, status: body ? 200 : 404, arrayBuffer: async () => body.slice().buffer };
  });
  Object.assign(context, { pcm });
  const load = (url: string, options = `{ wasm: { scalar: new URL("http://x/qurio.wasm"), simd: "http://x/qurio.simd.wasm" } }`) =>
    vm.runInContext(
      `(async () => { const m = await qurio.loadModel("${url}", ${options}); m.decide(pcm, 3); return m.core.decisionBytes(); })()`,
      context,
    );
  assert.equal([...(await load("http://x/m.qmoe"))], await expectedBytes(file, pcm));
  const refusal = (url: string, options?: string) => load(url, options).then(assert.unreachable, (error: unknown) => error);
  const missing = await refusal("http://x/none.qmoe");
  assert.equal([missing.name, missing.code, missing.message], ["QurioError", "FETCH", "http://x/none.qmoe: HTTP 404"]);
  assert.is((await refusal("http://x/m.qmoe", "{}")).code, "NO_WASM");
});

test("a damaged model is the same named error as in Node", async () => {
  const context = bareContext();
  Object.assign(context, { file: randomModelFile().subarray(0, 99), options: { wasm: { scalar: coreWasm(false), simd: coreWasm(true) } } });
  const error = await vm.runInContext("qurio.loadModel(file, options)", context).then(assert.unreachable, (reason: unknown) => reason);
  assert.equal([error.name, error.code], ["QurioError", "TRUNCATED"]);
});

test.run();
