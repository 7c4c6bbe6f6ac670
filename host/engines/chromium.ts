// Engine "chromium": a headless page loads the browser entry and the core module from a small server on 127.0.0.1, asks it for work, and
// posts what came of it. No debugging protocol. What is installed serves package qurio's bundle; a clone serves its sources without their types.

import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { QurioError } from "../errors.ts";
import { readInput } from "../files.ts";
import { coreWasm } from "../runtime/index.ts";
import type { Input, Runner } from "./runner.ts";
import { CHROMIUM, needTool } from "./tools.ts";
import type { Trace } from "./trace.ts";

const START_MS = 60_000;
const CLOSE_MS = 3000;
const FLAGS =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --disable-dev-shm-usage --remote-debugging-pipe";
/** ".ts" in a clone, ".js" where it is installed: what the page loads is what runs here. */
const EXTENSION = extname(fileURLToPath(import.meta.url));
/** The folder that holds host/, assembly/ and tools/. */
const SOURCES = new URL("../../", import.meta.url);
/** The package that the page's modules import by name: a clone's sources the loader, others the runtime's bundle, which has it inside. */
const PACKAGE = EXTENSION === ".ts" ? "@assemblyscript/loader" : "qurio/browser";
const RUNTIME = EXTENSION === ".ts" ? "/host/runtime/browser.ts" : PACKAGE;

const PAGE = `<!doctype html><title>qurio</title>
<script type="importmap">{ "imports": { "${PACKAGE}": "/package.js", "qurio/internal": "/package.js" } }</script>
<script type="module">
import { loadModel } from "${RUNTIME}";
import { decideRecord, traceDecision } from "/host/engines/trace${EXTENSION}";
const bytes = async (path) => new Uint8Array(await (await fetch(path)).arrayBuffer());
const hex = (data) => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
let model;
async function work({ load, simd, input, kind, seed, trace }) {
  if (load) model = await loadModel(await bytes(load), { simd, wasm: { scalar: "/scalar.wasm", simd: "/simd.wasm" } });
  if (!input) return {};
  const { buffer } = await bytes(input);
  const values = kind === "features" ? new Float32Array(buffer) : new Int16Array(buffer);
  if (!trace) return { record: hex(decideRecord(model.core, values, seed)) };
  return Object.fromEntries(Object.entries(traceDecision(model.core, model.packed, values, seed)).map(([name, data]) => [name, hex(data)]));
}
for (let said = {}; ; ) {
  const job = await (await fetch("/next", { method: "POST", body: JSON.stringify(said) })).json();
  try { said = { result: await work(job) }; }
  catch (error) { said = { error: { code: error.code, message: error.message, hint: error.hint } }; }
}
</script>`;

interface Job {
  load?: string;
  simd?: boolean;
  input?: string;
  kind?: "pcm" | "features";
  seed?: number;
  trace?: boolean;
}

interface Said {
  result?: Record<string, string>;
  error?: { code?: string; message: string; hint?: string };
}

export async function openChromium(file: Uint8Array, simd: boolean): Promise<Runner> {
  const { program } = needTool(CHROMIUM);
  const page = await Page.open(program);
  try {
    page.files.set("/model", file);
    await page.ask({ load: "/model", simd });
  } catch (error) {
    await page.close();
    throw error;
  }
  let inputs = 0;
  const ask = async (input: Input, seed: number, trace: boolean) => {
    const path = `/input/${inputs++}`;
    page.files.set(path, new Uint8Array(input.buffer, input.byteOffset, input.byteLength));
    const said = await page.ask({ input: path, kind: input instanceof Float32Array ? "features" : "pcm", seed, trace });
    page.files.delete(path);
    return (name: keyof Trace) => new Uint8Array(Buffer.from(said[name], "hex"));
  };
  return {
    async decideRecords(inputs, seed = 0) {
      const records: Uint8Array[] = [];
      for (const input of inputs) records.push((await ask(input, seed, false))("record"));
      return records;
    },
    async trace(input, seed = 0) {
      const bytes = await ask(input, seed, true);
      return { codes: bytes("codes"), features: bytes("features"), router: bytes("router"), record: bytes("record") };
    },
    close: () => page.close(),
  };
}

/** A browser with one page that does one job after the other. */
class Page {
  /** What the server gives away, by path. */
  readonly files = new Map<string, Uint8Array>([
    ["/scalar.wasm", coreWasm(false)],
    ["/simd.wasm", coreWasm(true)],
  ]);
  private readonly server = createServer((request, response) => this.serve(request, response));
  private readonly profile = mkdtempSync(join(tmpdir(), "qurio-chromium-"));
  private browser: ChildProcess | undefined;
  private complaints = "";
  /** Where the page waits for its next job. */
  private waiting: ServerResponse | undefined;
  private last: Promise<unknown> = Promise.resolve();
  private heard: ((said: Said) => void) | undefined;
  private lost: ((why: string) => void) | undefined;

  static async open(program: string): Promise<Page> {
    const page = new Page();
    await new Promise<void>((resolve) => page.server.listen(0, "127.0.0.1", resolve));
    const { port } = page.server.address() as AddressInfo;
    const args = [...FLAGS.split(" "), `--user-data-dir=${page.profile}`, `http://127.0.0.1:${port}/`];
    // nobody talks through the two pipes of the debugging protocol, but the browser ends when they do, however this process ends
    page.browser = spawn(program, args, { stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"], detached: true });
    page.browser.stderr?.setEncoding("utf8").on("data", (text) => {
      page.complaints = `${page.complaints}${text}`.slice(-2000);
    });
    page.browser.once("exit", (code) => page.lost?.(`the browser ended with exit code ${code}`));
    process.once("exit", page.kill);
    // who forgets to close an engine must not wait for it
    page.browser.unref();
    for (const pipe of page.browser.stdio.slice(2)) (pipe as Socket).unref();
    page.server.unref().on("connection", (socket) => socket.unref());
    try {
      await page.answer();
    } catch (error) {
      await page.close();
      throw error;
    }
    return page;
  }

  /**
   * One job after the other, in the order of the calls.
   * @throws QurioError what the page threw; CHROMIUM when it does not answer
   */
  ask(job: Job): Promise<Record<string, string>> {
    const result = this.last.then(() => this.askNow(job));
    this.last = result.catch(() => {});
    return result;
  }

  private async askNow(job: Job): Promise<Record<string, string>> {
    const answer = this.answer();
    this.waiting?.end(JSON.stringify(job));
    const { result, error } = await answer;
    if (error?.code) throw new QurioError(error.code, error.message, error.hint ?? "");
    if (!result)
      throw new QurioError("CHROMIUM", `the page in chromium failed: ${error?.message}`, "This is a fault in qurio; please report it.");
    return result;
  }

  /** What the page posts next. */
  private answer(): Promise<Said> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.lost?.(`no answer in ${START_MS / 1000} s`), START_MS);
      this.heard = (said) => {
        clearTimeout(timer);
        resolve(said);
      };
      this.lost = (why) => {
        clearTimeout(timer);
        const said = this.complaints.trim().split("\n").at(-1);
        reject(
          new QurioError("CHROMIUM", `the page in chromium failed: ${why}`, `Does it start by itself? The last that it said: ${said}`),
        );
      };
    });
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", "http://x").pathname;
    if (path === "/next") {
      let body = "";
      for await (const chunk of request) body += chunk;
      this.waiting = response;
      this.heard?.(JSON.parse(body));
      return;
    }
    const found = await this.read(path).catch(() => undefined);
    if (!found) response.writeHead(404).end();
    else response.writeHead(200, { "content-type": found.type }).end(found.body);
  }

  private async read(path: string): Promise<{ type: string; body: string | Uint8Array } | undefined> {
    const file = this.files.get(path);
    if (file) return { type: "application/octet-stream", body: file };
    if (path === "/") return { type: "text/html", body: PAGE };
    const source = path === "/package.js" ? new URL(import.meta.resolve(PACKAGE)) : new URL(`.${path}`, SOURCES);
    if (path !== "/package.js" && (extname(path) !== EXTENSION || !source.href.startsWith(SOURCES.href))) return undefined;
    const text = Buffer.from(readInput(fileURLToPath(source))).toString();
    return { type: "text/javascript", body: EXTENSION === ".ts" && path !== "/package.js" ? await withoutTypes(text) : text };
  }

  private readonly kill = () => {
    try {
      if (this.browser?.pid) process.kill(-this.browser.pid, "SIGKILL"); // the whole group: a browser is many processes
    } catch {
      // it has ended
    }
  };

  async close(): Promise<void> {
    process.off("exit", this.kill);
    const { browser } = this;
    if (browser?.exitCode === null && browser.signalCode === null) {
      const ended = new Promise((resolve) => browser.once("exit", resolve));
      browser.kill("SIGTERM"); // it ends its own processes
      const timer = setTimeout(this.kill, CLOSE_MS);
      await ended;
      clearTimeout(timer);
    }
    this.kill();
    this.server.closeAllConnections();
    this.server.close();
    await rm(this.profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 50 });
  }
}

/** In a clone only, where esbuild is: it drops the types. */
async function withoutTypes(text: string): Promise<string> {
  const { transform } = await import("esbuild");
  return (await transform(text, { loader: "ts", target: "es2022" })).code;
}
