// Applications of strangers: five lines that import the packed package, as bundlers build them, in a page and a worker of a browser, and as
// they are in other runtimes. All give the decision of the sources. Slow, so only with QURIO_PACK=1 or CI=true.

import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CHROMIUM, needTool } from "../host/engines/tools.ts";
import type { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { coreWasm, type Decision, loadModel } from "../host/runtime/index.ts";
import { randomModelFile } from "./harness/models.ts";
import { openPage } from "./harness/page.ts";
import { output, pack, type Strangers } from "./harness/strangers.ts";

const wanted = process.env["QURIO_PACK"] === "1" || process.env["CI"] === "true";
const able = process.platform === "linux" && process.arch === "x64";
if (!wanted) console.log("skip applications.test.ts: installs bundlers and runtimes, which takes a while; QURIO_PACK=1 runs it");
else if (!able) console.log("skip applications.test.ts: its runtimes are for x64 Linux");
const slow = wanted && able ? test : test.skip;

let program = "";
try {
  program = needTool(CHROMIUM).program;
} catch (error) {
  if (wanted) console.log(`skip applications.test.ts, pages: ${(error as QurioError).message}; ${(error as QurioError).hint}`);
}
const inBrowser = program ? slow : test.skip;

/** Until a page has decided, on a busy machine. */
const PATIENCE_MS = 30_000;
const SOURCES = packagePath("tests", "applications");

let strangers: Strangers;
let application: string;
let tools: string;
let expected: Decision;
const ends: (() => void)[] = [];

if (wanted && able) {
  test.before(async () => {
    strangers = pack();
    ends.push(strangers.end);
    application = strangers.folder("application", strangers.tarballs.qurio);
    const file = randomModelFile();
    for (const name of readdirSync(SOURCES).filter((name) => !name.startsWith("package")))
      cpSync(join(SOURCES, name), join(application, name));
    writeFileSync(join(application, "model.qmoe"), file);
    const pcm = Int16Array.from({ length: 80000 }, (_, i) => ((i * i) % 20011) - 10005);
    expected = (await loadModel(file)).decide(pcm);
    tools = join(strangers.root, "tools");
    mkdirSync(tools);
    for (const name of ["package.json", "package-lock.json"]) cpSync(join(SOURCES, name), join(tools, name));
    output(tools, "npm", "ci", "--prefer-offline", "--no-audit", "--no-fund");
  });
  test.after(() => {
    for (const end of ends.reverse()) end();
  });
}

const tool = (...path: string[]) => join(tools, "node_modules", ...path);

/** A web server of a folder, and the paths that it was asked for. */
async function serve(folder: string): Promise<{ url: string; asked: string[] }> {
  const types: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
  const asked: string[] = [];
  const server: Server = createServer(({ url = "/" }, response) => {
    const path = url === "/" ? "/index.html" : url;
    asked.push(path);
    try {
      const body = readFileSync(join(folder, path));
      response.writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, asked };
}

/** What the page and its worker decide. */
async function answers(url: string): Promise<unknown> {
  const page = await openPage(program, url, []);
  try {
    const end = Date.now() + PATIENCE_MS;
    for (;;) {
      const said = await page.evaluate("JSON.stringify([globalThis.answer ?? null, globalThis.workerAnswer ?? null])");
      const found = JSON.parse(said as string) as unknown[];
      if (!found.includes(null) || Date.now() > end) return found;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await page.close();
  }
}

/** A built page decides as the sources do, and asks for one build of the core, in page and worker. */
async function decides(folder: string): Promise<void> {
  cpSync(join(application, "model.qmoe"), join(folder, "model.qmoe"));
  const { url, asked } = await serve(folder);
  assert.equal(await answers(url), [expected, expected]);
  const wasm = [...new Set(asked.filter((path) => path.endsWith(".wasm")))];
  assert.is(wasm.length, 1, `${wasm}`);
  assert.ok(readFileSync(join(folder, wasm[0])).equals(coreWasm(true)), `${wasm} is not the SIMD build`);
}

inBrowser("built by Vite, without a setting", async () => {
  output(application, process.execPath, tool("vite", "bin", "vite.js"), "build", "--outDir", "vite");
  await decides(join(application, "vite"));
});

inBrowser("served by Vite's development server, without a setting", async () => {
  assert.equal(await answers(await viteServer()), [expected, expected]);
});

function viteServer(): Promise<string> {
  const server: ChildProcess = spawn(process.execPath, [tool("vite", "bin", "vite.js"), "--host", "127.0.0.1"], {
    cwd: application,
    env: { ...process.env, NO_COLOR: "1" },
  });
  ends.push(() => server.kill());
  let said = "";
  return new Promise((resolve, reject) => {
    server.stdout!.setEncoding("utf8").on("data", (text) => {
      said += text;
      const url = /http:\/\/127\.0\.0\.1:\d+\//.exec(said);
      if (url) resolve(url[0]);
    });
    server.once("exit", () => reject(new Error(`vite ended: ${said}`)));
  });
}

inBrowser("built by webpack 5, without a setting", async () => {
  output(application, process.execPath, "webpack.js", tool("webpack"), application);
  writeFileSync(join(application, "webpack", "index.html"), '<!doctype html><script src="main.js"></script>');
  await decides(join(application, "webpack"));
});

inBrowser("built by esbuild, with the documented line", async () => {
  output(
    application,
    packagePath("node_modules", ".bin", "esbuild"),
    "main.js",
    "worker.js",
    "--bundle",
    "--format=esm",
    "--outdir=esbuild",
  );
  const [, line] = /`(cp node_modules\/qurio\/.*? OUT\/)`/.exec(API)!;
  output(application, "sh", "-c", line.replace("OUT/", "esbuild/"));
  cpSync(join(application, "index.html"), join(application, "esbuild", "index.html"));
  await decides(join(application, "esbuild"));
});

const API = readFileSync(packagePath("docs", "reference", "api.md"), "utf8");

const RUNTIMES: [string, () => string[]][] = [
  ["this Node", () => [process.execPath]],
  ["Node 22", () => [tool("node-22", "bin", "node")]],
  ["Node 24", () => [tool("node-24", "bin", "node")]],
  ["Bun", () => [tool("bun", "bin", "bun.exe")]],
  ["Deno", () => [tool(".bin", "deno"), "run", "--allow-read"]],
];

for (const [name, runtime] of RUNTIMES) {
  slow(`as it is in ${name}, and in a worker thread there`, () => {
    const [command, ...args] = runtime();
    for (const script of ["app.js", "thread.js"]) assert.equal(JSON.parse(output(application, command, ...args, script)), expected, script);
  });
}

for (const name of ["qurio", "cli"] as const) {
  slow(`publint and attw have nothing against packages/${name}`, () => {
    const folder = packagePath("packages", name);
    output(folder, process.execPath, tool("publint", "src", "cli.js"), "--strict", strangers.tarballs[name]);
    output(folder, process.execPath, tool("@arethetypeswrong", "cli", "dist", "index.js"), strangers.tarballs[name]);
  });
}

test.run();
