// The pump of the core: every phase passes once and in order, whoever looks may stop between two steps, and nobody else pumps.

import { readdirSync, readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PHASE_DONE, PHASE_EXPERT, PHASE_FEATURES, PHASE_FRAME, PHASE_HOP, PHASE_IDLE, POLICY_SINGLE } from "../assembly/format/ids.ts";
import type { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { Core } from "../host/runtime/core.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { drain, pumpDecision, pumpSound, pumpToEnd, putFeatures } from "../host/runtime/pump.ts";
import { RawStream } from "../host/runtime/stream.ts";
import { randomModelFile, randomPcm } from "./harness/models.ts";

const FILE = randomModelFile({ policy: POLICY_SINGLE, experts: ["ternary"] });

async function loaded(file = FILE): Promise<Core> {
  const core = await Core.create(coreWasm(false) as BufferSource, false);
  core.load(file);
  return core;
}

/** How often each phase passed. */
function tally(phases: Iterable<number>): Map<number, number> {
  const times = new Map<number, number>();
  for (const phase of phases) times.set(phase, (times.get(phase) ?? 0) + 1);
  return times;
}

test("a full window: all frames, all pieces of the features, a step a layer, and done once", async () => {
  const core = await loaded();
  const times = tally(pumpDecision(core, randomPcm(90000, 1)));
  assert.equal(
    [PHASE_FRAME, PHASE_FEATURES, PHASE_DONE].map((phase) => times.get(phase)),
    [498, 98, 1],
  );
  assert.ok(times.get(PHASE_EXPERT)! > 0);
  assert.is(core.decision().framesSeen, 498);
});

test("silence follows what is missing; the record is that of one push and decide", async () => {
  const [stepped, whole] = [await loaded(), await loaded()];
  for (const samples of [0, 1, 399, 400, 41234, 79999, 80000, 80001]) {
    const pcm = randomPcm(samples, samples);
    drain(pumpDecision(stepped, pcm, 3));
    whole.reset(3);
    whole.push(pcm);
    whole.decide();
    assert.equal(stepped.decisionBytes(), whole.decisionBytes(), `${samples} samples`);
  }
});

test("idle ends each piece of sound; what is taken is said in the end", async () => {
  const core = await loaded();
  core.reset();
  const passed: number[] = [];
  const steps = pumpSound(core, randomPcm(400, 2));
  let step = steps.next();
  for (; !step.done; step = steps.next()) passed.push(step.value);
  assert.equal(passed, [PHASE_FRAME, PHASE_IDLE]);
  assert.is(step.value, 400);
  assert.is(core.push(new Int16Array(0)), 0);
  assert.equal(tally(pumpToEnd(core)).get(PHASE_FRAME), 497);
});

test("a stream takes everything, and moves on behind each decision", async () => {
  const core = await loaded();
  const stream = new RawStream(core, Int32Array.of(100, 0, 0, 0, 1, 1, 1));
  const times = tally(pumpSound(core, randomPcm(80000 + 3 * 16000, 4)));
  assert.equal(
    [PHASE_DONE, PHASE_HOP].map((phase) => times.get(phase)),
    [4, 4],
  );
  stream.end();
});

test("who stops between two steps can go on with another pump", async () => {
  const core = await loaded();
  const pcm = randomPcm(80000, 5);
  drain(pumpDecision(core, pcm));
  const expected = core.decisionBytes();
  for (const phase of pumpDecision(core, pcm)) if (phase === PHASE_FEATURES) break;
  drain(pumpToEnd(core));
  assert.equal(core.decisionBytes(), expected);
});

test("what the core refuses is thrown, not passed on", async () => {
  const core = await loaded(randomModelFile({ frontEnd: false }));
  const code = (run: () => void) => {
    try {
      run();
    } catch (error) {
      return (error as QurioError).code;
    }
    return "";
  };
  assert.is(
    code(() => drain(pumpDecision(core, new Int16Array(1)))),
    "NO_FRONT_END",
  );
  core.reset();
  assert.is(
    code(() => putFeatures(core, new Float32Array(969).fill(Number.NaN))),
    "INPUT_NOT_FINITE",
  );
});

test("nobody else pumps", () => {
  const folders = ["bench", "cli", "firmware-sim", "host", "scripts", "tools"];
  const callers = folders
    .flatMap((folder) => (readdirSync(packagePath(folder), { recursive: true }) as string[]).map((name) => `${folder}/${name}`))
    .filter((path) => path.endsWith(".ts") && /\.pushAudio\(/.test(readFileSync(packagePath(path), "utf8")));
  // the recorder of the emulated core stands before a core's exports and passes calls on
  assert.equal(callers.sort(), ["firmware-sim/estimates/emulated.ts", "host/runtime/pump.ts"]);
});

test.run();
