// The WASI command on standard input: the same windows, digits and events as the package's stream, in any pieces, in constant memory.

import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { packagePath } from "../host/files.ts";
import { loadModel, type StreamOptions, type StreamWindow } from "../host/runtime/index.ts";
import { decisionText } from "./harness/decision_text.ts";

const MODEL = "models/esc10-tiny.qmoe";

/** A runtime of its own, so that standard input is a pipe; it says how much memory the command has at the end. */
const RUNTIME = `
const { WASI } = require("node:wasi");
const wasi = new WASI({ version: "preview1", args: ["qurio", ...process.argv.slice(1)], preopens: { ".": "." }, returnOnExit: true });
WebAssembly.compile(require("node:fs").readFileSync("build/qurio-wasi.wasm")).then(async (module) => {
  const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
  const code = wasi.start(instance);
  process.stderr.write("pages " + instance.exports.memory.buffer.byteLength / 65536 + "\\n");
  process.exit(code);
});`;

interface Outcome {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the command and writes `bytes` to it, `piece` at a time. */
async function run(args: string[], bytes: Uint8Array, piece = bytes.length): Promise<Outcome> {
  const child = spawn(process.execPath, ["--no-warnings", "-e", RUNTIME, "--", ...args], { cwd: packagePath() });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  child.stdin.on("error", () => {}); // it may end before it has read everything
  const closed = new Promise<number | null>((resolve) => {
    child.on("close", resolve);
  });
  for (let at = 0; at < bytes.length; at += piece) {
    if (!child.stdin.write(bytes.subarray(at, at + piece))) await new Promise((resolve) => setTimeout(resolve, 1));
  }
  child.stdin.end();
  return { status: await closed, stdout, stderr };
}

/** Two recordings with hiss around them, as raw samples. */
function recording(): Int16Array {
  const sample = (name: string) => new Int16Array(readFileSync(packagePath("samples", `${name}.wav`)).buffer.slice(-160000));
  const hiss = (seconds: number) => Int16Array.from({ length: seconds * 16000 }, (_, i) => ((i * 7919) % 17) - 8);
  return Int16Array.from([hiss(6), sample("rain"), hiss(7), sample("clock_tick")].flatMap((part) => [...part]));
}

const PCM = recording();
const BYTES = new Uint8Array(PCM.buffer);

async function expectedLines(options: StreamOptions): Promise<string[]> {
  const stream = (await loadModel(packagePath(MODEL))).stream(options);
  const json = (value: string | null) => JSON.stringify(value);
  let before: string | null = null;
  return stream.push(PCM).flatMap(({ startS, decision, event }: StreamWindow) => {
    const head = `{"startS":${startS.toFixed(2)},"event":${json(event)}`;
    const changed = event !== before;
    before = event;
    if (!decision) return changed ? [`${head},"asleep":true}`] : [];
    return [`${head},${decisionText(decision)}}`];
  });
}

test("the same windows and events as the package, whatever the pieces", async () => {
  const cases: [string[], StreamOptions, number][] = [
    [[], {}, BYTES.length],
    [["--hop", "0.5", "--votes", "2/3"], { hopS: 0.5, startVotes: 2, votes: 3 }, 4001],
    [["--hop", "1", "--wake", "6", "--votes", "2/3"], { hopS: 1, wakeDb: 6, startVotes: 2, votes: 3 }, 999],
  ];
  for (const [args, options, piece] of cases) {
    const expected = await expectedLines(options);
    assert.ok(expected.length > 5, `${expected.length} lines`);
    const { status, stdout, stderr } = await run([...args, MODEL, "-"], BYTES, piece);
    assert.is(status, 0, stderr);
    assert.equal(stdout.trimEnd().split("\n"), expected, args.join(" "));
    // 1 MiB beside the model at most
    const pages = Number(/pages (\d+)/.exec(stderr)![1]);
    assert.ok(pages * 65536 - readFileSync(packagePath(MODEL)).length <= 1 << 20, `${pages} pages`);
  }
});

test("an ended event is told while the gate sleeps", async () => {
  const lines = await expectedLines({ hopS: 1, wakeDb: 6, startVotes: 2, votes: 3 });
  assert.ok(lines.some((line) => line.endsWith('"event":null,"asleep":true}')));
});

test("what no stream is, is refused in two lines", async () => {
  const refused = async (pattern: RegExp, status: number, args: string[], bytes: Uint8Array) => {
    const result = await run([...args, "-"], bytes);
    assert.is(result.stdout, "");
    assert.match(result.stderr, pattern);
    assert.is(result.status, status);
  };
  await refused(/^qurio: -: 500 samples and one byte came .* \(STREAM_TRUNCATED\)\n.*arecord/, 1, [MODEL], new Uint8Array(1001));
  await refused(/^qurio: -: 79919 samples came before it ended, a window takes 79920 \(STREAM_SHORT\)/, 1, [MODEL], new Uint8Array(159838));
  await refused(/^qurio: -: 0 samples/, 1, [MODEL], new Uint8Array(0));
  for (const wrong of [
    ["--hop", "0"],
    ["--hop", "5"],
    ["--hop", "1.005"],
    ["--hop", "x"],
    ["--hop"],
    ["--wake", "0"],
    ["--votes", "3"],
    ["--votes", "3/2"],
    ["--votes", "1/17"],
    ["--votes", "0/2"],
  ]) {
    await refused(/\(USAGE\)/, 2, [...wrong, MODEL], new Uint8Array(0));
  }
});

test("79,920 samples are one window", async () => {
  const { status, stdout } = await run([MODEL, "-"], BYTES.subarray(0, 159840));
  assert.is(status, 0);
  assert.match(stdout, /^\{"startS":0\.00,.*\}\n$/);
});

test.run();
