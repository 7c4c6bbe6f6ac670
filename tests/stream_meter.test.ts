// What the meter says about a stream, and what `qurio run --hop` prints.

import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { packagePath, readInput } from "../host/files.ts";
import { totalOf } from "../host/meter/counts.ts";
import { Meter } from "../host/meter/meter.ts";
import { meterStream } from "../host/meter/stream_meter.ts";
import { framingOf } from "../host/model-file/input_spec.ts";
import { decodeModel } from "../host/model-file/model_file.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { streamSettings } from "../host/runtime/stream.ts";
import { randomPcm } from "./harness/models.ts";

const MODEL = packagePath("models", "esc10-tiny.qmoe");
const file = readInput(MODEL);
const framing = framingOf(decodeModel(file).input)!;

async function meter(): Promise<Meter> {
  const made = await Meter.create(coreWasm(false), false);
  made.core.load(file);
  return made;
}

test("one window costs what a decision costs; a second one its hop", async () => {
  const made = await meter();
  const pcm = randomPcm(80000, 3);
  const { steps } = made.decide({ pcm });
  const opsOf = (phase: number) => steps.filter((step) => step.phase === phase).reduce((sum, { counts }) => sum + totalOf(counts), 0);
  const one = meterStream(made, streamSettings({ hopS: 4.98 }, framing), pcm);
  assert.is(totalOf(one.counts.features), opsOf(2));
  // the step that answers also counts the votes
  const votes = totalOf(one.counts.router) + totalOf(one.counts.expert) - opsOf(3) - opsOf(4);
  assert.ok(votes > 0 && votes < 400, `${votes} ops for the votes`);
  assert.equal([one.steps.frames, one.steps.features, one.steps.hops], [498, 98, 1]);
  const two = meterStream(made, streamSettings({ hopS: 0.5 }, framing), randomPcm(88000, 3));
  assert.equal([two.steps.frames, two.steps.features, two.steps.hops], [548, 196, 2]);
  const ratio = totalOf(two.counts.features) / 2 / totalOf(one.counts.features);
  assert.ok(Math.abs(ratio - 1) < 0.01, `features of a second window cost ${ratio} of the first`);
});

test("the gate costs little, and spares features and networks", async () => {
  const made = await meter();
  const silence = new Int16Array(160000);
  const plain = meterStream(made, new Int32Array(7), silence.subarray(0, 80000));
  const asleep = meterStream(made, streamSettings({ hopS: 1, wakeDb: 6 }, framing), silence);
  assert.equal([asleep.steps.features, asleep.steps.router, asleep.steps.expert, asleep.steps.hops], [0, 0, 0, 6]);
  const perFrame = (stream: typeof plain) => totalOf(stream.counts.frames) / stream.steps.frames;
  const share = perFrame(asleep) / perFrame(plain) - 1;
  console.log(`the gate adds ${(100 * share).toFixed(2)} % of wasm ops to a frame`);
  assert.ok(share > 0 && share < 0.02, `${share}`);
});

function qurio(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, ["bin/qurio.js", ...args], {
    cwd: packagePath(),
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
}

test("qurio run --hop prints a line a window and the cost of a second", () => {
  const { status, stdout } = qurio("run", MODEL, "samples/clock_tick.wav", "--hop", "1", "--votes", "1/1");
  assert.is(status, 0);
  assert.match(stdout, /^samples\/clock_tick.wav {2}5.0 s {2}1 windows? of 5 s/);
  assert.match(stdout, /^0\.00 s +\S+.*%/m);
  for (const part of ["frames", "features", "router", "hops", "all"]) assert.match(stdout, new RegExp(`^${part} `, "m"));
  const json = qurio("run", MODEL, "samples/clock_tick.wav", "--hop", "1", "--json");
  const lines = json.stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  assert.is(lines[0].decision.framesSeen, 498);
  assert.is(lines.at(-1).cost.parts.frames.steps, 498);
});

test("what cannot be streamed is refused by name", () => {
  const refused = (code: number, pattern: RegExp, ...args: string[]) => {
    const { status, stderr } = qurio("run", MODEL, ...args);
    assert.equal([status, pattern.test(stderr)], [code, true], stderr);
  };
  refused(2, /trained on windows of 5 s, --window 3 found \(WINDOW\)/, "--window", "3");
  refused(2, /hop of a stream must be from 0.01 to 4.98 s, found 7 \(STREAM\)/, "--hop", "7");
  refused(2, /as in 2\/3/, "--votes", "3");
  refused(2, /engine wasi decides about clips/, "--hop", "1", "--engine", "wasi");
});

test.run();
