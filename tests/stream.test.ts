// Streams: each window is what a clip at its place gives, whatever the pieces; the gate sleeps and wakes by its rule; events by vote.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { POLICY_BAYESIAN, POLICY_SINGLE } from "../assembly/format/ids.ts";
import * as S from "../assembly/format/stream.ts";
import type { QurioError } from "../host/errors.ts";
import { packagePath, readInput } from "../host/files.ts";
import { frontEndOf } from "../host/model-file/front_end.ts";
import { framingOf } from "../host/model-file/input_spec.ts";
import { decodeModel, encodeModel } from "../host/model-file/model_file.ts";
import { Core } from "../host/runtime/core.ts";
import { coreWasm, loadModel, type StreamOptions } from "../host/runtime/index.ts";
import { RawStream, type RawWindow, streamSettings } from "../host/runtime/stream.ts";
import { soundParts } from "../tools/export/front_end_tables.ts";
import { type ModelOptions, randomModel, randomModelFile, randomPcm } from "./harness/models.ts";

const WINDOW = 80000;
const FRAME = 160;

async function cores(file: Uint8Array): Promise<Core[]> {
  return Promise.all(
    [false, true].map(async (simd) => {
      const core = await Core.create(coreWasm(simd) as BufferSource, simd);
      core.load(file);
      return core;
    }),
  );
}

function windowsOf(core: Core, file: Uint8Array, pcm: Int16Array, options: StreamOptions, seed: number, piece: () => number): RawWindow[] {
  const stream = new RawStream(core, streamSettings(options, framingOf(decodeModel(file).input)!), seed);
  const windows: RawWindow[] = [];
  for (let at = 0; at < pcm.length; ) {
    const samples = piece();
    windows.push(...stream.push(pcm.subarray(at, at + samples)));
    at += samples;
  }
  stream.end();
  return windows;
}

const MODELS: [name: string, options: ModelOptions, hopS: number][] = [
  ["probe", {}, 0.5],
  ["bayesian, 5 samples", { policy: POLICY_BAYESIAN, samples: 5 }, 1],
  ["single, hop of one frame", { policy: POLICY_SINGLE, experts: ["ternary"] }, 0.01],
  ["single, hop of a window", { policy: POLICY_SINGLE, experts: ["8-bit"] }, 4.98],
];

for (const [name, modelOptions, hopS] of MODELS) {
  test(`${name}: each window is the clip that starts there, in both builds and any pieces`, async () => {
    const file = randomModelFile(modelOptions);
    const hop = Math.round(hopS * 100) * FRAME;
    const count = 4;
    // the last frame ends 400 samples behind its start, 80 short of 5 s
    const pcm = randomPcm(WINDOW - 80 + (count - 1) * hop, 7);
    let turn = 0;
    const pieces: (() => number)[] = [() => pcm.length, () => 1021, () => [1, 159, 160, 161, 5000][turn++ % 5]];
    const [scalar, simd] = await cores(file);
    for (const piece of pieces) {
      for (const core of [scalar, simd]) {
        const windows = windowsOf(core, file, pcm, { hopS }, 5, piece);
        assert.is(windows.length, count - 1 + (windows.length === count ? 1 : 0));
        for (const { startFrame, decision } of windows) {
          scalar.reset(5);
          scalar.push(pcm.subarray(startFrame * FRAME, startFrame * FRAME + WINDOW));
          assert.equal(decision, scalar.decide(), `window at frame ${startFrame}`);
        }
      }
    }
  });
}

test("codes of 4 bits stream too", async () => {
  const model = randomModel({});
  const file = encodeModel({ ...model, ...soundParts(frontEndOf(4, "fixed", true)) });
  const pcm = randomPcm(WINDOW + 8 * 8000, 3);
  const [scalar, simd] = await cores(file);
  const windows = windowsOf(simd, file, pcm, { hopS: 0.5 }, 0, () => 777);
  assert.is(windows.length, 9);
  for (const { startFrame, decision } of windows) {
    scalar.reset(0);
    scalar.push(pcm.subarray(startFrame * FRAME, startFrame * FRAME + WINDOW));
    assert.equal(decision, scalar.decide());
  }
});

/** A quiet hiss, with a loud tone from `from` s to `to` s. */
function toneIn(seconds: number, from: number, to: number): Int16Array {
  const hiss = randomPcm(seconds * 16000, 11).map((x) => x >> 9);
  return hiss.map((x, i) => (i >= from * 16000 && i < to * 16000 ? x + Math.round(9000 * Math.sin(i * 0.9)) : x));
}

/** The gate in plain numbers: docs/reference/format.md, the stream record. */
function gateReference(levels: number[], [, wake, sleep, hold]: Int32Array): boolean[] {
  let [background, left, awake] = [-1, 0, false];
  return levels.map((level) => {
    const rise = background < 0 ? 0 : level - Math.floor(background / 256);
    const step = level * 256 - background;
    background = background < 0 ? level * 256 : background + Math.floor(step / (step < 0 ? 8 : 1024));
    if (rise >= (awake ? sleep : wake)) [awake, left] = [true, hold];
    else if (--left < 0) awake = false;
    return awake;
  });
}

test("the gate wakes with the sound, stays for its hold, and decides about nothing else", async () => {
  const file = randomModelFile({ policy: POLICY_SINGLE, experts: ["4-bit"] });
  const pcm = toneIn(30, 12, 14);
  const options = { hopS: 1, wakeDb: 9, holdS: 1.5 };
  const settings = streamSettings(options, framingOf(decodeModel(file).input)!);
  for (const core of await cores(file)) {
    const stream = new RawStream(core, settings);
    const record = () => new Int32Array(core.exports.memory.buffer, core.exports.streamPtr(), S.STREAM_BYTES / 4);
    const [levels, awake]: [number[], boolean[]] = [[], []];
    const windows: RawWindow[] = [];
    // frame by frame: the first needs 400 samples
    for (let at = 0; at < pcm.length; at += FRAME) {
      windows.push(...stream.push(pcm.subarray(at, at + FRAME)));
      if (at + FRAME < 400) continue;
      levels.push(record()[S.STREAM_LEVEL / 4]);
      awake.push(record()[S.STREAM_AWAKE / 4] === 1);
    }
    assert.equal(awake, gateReference(levels, settings));
    const first = awake.indexOf(true);
    const last = awake.lastIndexOf(true);
    assert.ok(first >= 1196 && first <= 1202, `woke at frame ${first}`);
    assert.ok(last >= 1395 && last <= 1400 + 155, `slept from frame ${last}`);
    const decided = windows.filter(({ decision }) => decision !== null).map(({ startFrame }) => startFrame + 498);
    assert.ok(decided.length >= 2 && decided.length <= 5, `${decided}`);
    assert.ok(
      decided.every((end) => end > 1196 && end < 1700),
      `${decided}`,
    );
    assert.is(record()[S.STREAM_WINDOWS / 4], windows.length);
    stream.end();
  }
});

test("a steady sound becomes background, and the gate sleeps again", async () => {
  const file = randomModelFile({ policy: POLICY_SINGLE, experts: ["4-bit"] });
  const pcm = toneIn(60, 6, 60);
  const [core] = await cores(file);
  const windows = windowsOf(core, file, pcm, { hopS: 1, wakeDb: 20, holdS: 0.5 }, 0, () => 16000);
  const decided = windows.map(({ decision }) => decision !== null);
  assert.ok(decided.includes(true));
  assert.is(decided.at(-1), false);
});

/** Votes as documented, over labels (null: abstained or slept). */
function eventsReference(labels: (number | null)[], votes: number, start: number, stop: number): (number | null)[] {
  let event: number | null = null;
  return labels.map((label, i) => {
    const count = (of: number) => labels.slice(Math.max(0, i + 1 - votes), i + 1).filter((other) => other === of).length;
    if (event !== null && count(event) >= stop) return event;
    event = label !== null && count(label) >= start ? label : null;
    return event;
  });
}

test("events start and stop by vote, with hysteresis, and abstentions do not vote", async () => {
  const packed = decodeModel(readInput(packagePath("models", "esc10-tiny.qmoe")));
  const file = encodeModel({ ...packed, policy: { ...packed.policy, abstain: [0.7, 0.7] } });
  const samples = ["rain", "clock_tick", "crackling_fire", "helicopter"].map((name) => packagePath("samples", `${name}.wav`));
  const pcm = Int16Array.from(samples.flatMap((path) => [...new Int16Array(readInput(path).slice(44).buffer)]));
  for (const [votes, startVotes, stopVotes] of [
    [1, 1, 1],
    [3, 2, 1],
    [5, 3, 2],
    [16, 4, 4],
  ]) {
    for (const core of await cores(file)) {
      const windows = windowsOf(core, file, pcm, { hopS: 0.25, votes, startVotes, stopVotes }, 0, () => 4000);
      const labels = windows.map(({ decision }) => (decision!.abstained ? null : decision!.index));
      assert.ok(windows.length > 50 && labels.includes(null) && new Set(labels).size > 2, "a test needs changing labels");
      assert.equal(
        windows.map(({ event }) => event),
        eventsReference(labels, votes, startVotes, stopVotes),
        `${startVotes} of ${votes}, below ${stopVotes}`,
      );
    }
  }
});

test("the package's stream names labels, and a single decision follows it", async () => {
  const model = await loadModel("models/esc10-tiny.qmoe");
  const pcm = randomPcm(WINDOW + 16000, 5);
  const before = model.decide(pcm);
  const stream = model.stream({ hopS: 1, votes: 3 });
  const windows = stream.push(pcm);
  stream.end();
  assert.equal(
    windows.map(({ startS }) => startS),
    [0, 1],
  );
  assert.equal(windows[0].decision, before);
  assert.ok(windows.every(({ event }) => event === null || model.labels.includes(event)));
  assert.equal(model.decide(pcm), before);
});

test("what no stream can do is refused by name", async () => {
  const model = await loadModel("models/esc10-tiny.qmoe");
  const refused = (options: StreamOptions, pattern: RegExp) =>
    assert.throws(
      () => model.stream(options),
      (error: QurioError) => error.code === "STREAM" && pattern.test(error.message),
    );
  refused({ hopS: 0 }, /hop of a stream must be from 0.01 to 4.98 s, found 0/);
  refused({ hopS: 5 }, /hop/);
  refused({ hopS: Number.NaN }, /hop/);
  refused({ wakeDb: -1 }, /wake/);
  refused({ wakeDb: 3, sleepDb: 4 }, /sleep of a stream must be from 0 to 3 dB, found 4/);
  refused({ holdS: -1 }, /hold/);
  refused({ votes: 17 }, /votes of a stream must be a whole number from 1 to 16, found 17/);
  refused({ votes: 2, startVotes: 3 }, /start votes/);
  refused({ votes: 2.5 }, /votes/);
  refused({ votes: 3, startVotes: 1, stopVotes: 2 }, /stop votes/);
  const features = await loadModel(randomModelFile({ frontEnd: false }));
  assert.throws(
    () => features.stream(),
    (error: QurioError) => error.code === "NO_FRONT_END",
  );
});

test("settings out of range neither trap nor leave the ring", async () => {
  const file = randomModelFile({ policy: POLICY_SINGLE, experts: ["ternary"] });
  for (const core of await cores(file)) {
    for (const wild of [-1, 499, 0x7fffffff, -0x80000000]) {
      const stream = new RawStream(core, Int32Array.of(wild, 0, 0, wild, wild, wild, wild));
      const { exports } = core;
      for (let i = 0; i < 700; i++) {
        exports.audioPtr();
        const samples = Math.min(160, exports.audioSpace());
        assert.is(exports.pushAudio(samples), 0);
        for (let phase = exports.step(), steps = 0; phase !== 0 && phase !== 5; phase = exports.step()) assert.ok(steps++ < 400);
      }
      stream.end();
    }
    core.reset(0);
    assert.ok(core.decide().index !== null);
  }
});

test.run();
