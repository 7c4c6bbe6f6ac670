// The device's front end against the float64 reference, on synthetic audio: log-mel, codes, features, scalar = SIMD, any split.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { TARGETS, type Target } from "./harness/compile.ts";
import { clips, random } from "./reference/audio.ts";
import { Device } from "./reference/device.ts";
import { BANDS, FRAMES, fromCodes, hann, logMel, powerSpectrum, richFeatures, toCodes } from "./reference/features.ts";

const ORIGIN = Math.fround(Math.log(1e-6));
const STEP = Math.fround(0.1);
const CLIPS = clips();

/** Largest difference to the reference that a feature may have, in the feature's unit, given the same codes. */
const TOLERANCES: [name: string, from: number, to: number, tolerance: number][] = [
  ["band statistics", 0, 704, 5e-6],
  ["modulation", 704, 848, 5e-6],
  ["energy", 848, 855, 5e-5], // (max - mean) / (std + 0.01) magnifies rounding when the level is nearly constant
  ["flux", 855, 862, 5e-6],
  ["rhythm", 862, 868, 5e-7],
  ["active", 868, 869, 5e-8],
  ["MFCC 0", 869, 874, 0.02], // Q15 takes sqrt(2/64) 6.4e-5 too large, and c_0 reaches 200
  ["MFCC 1 to 19", 874, 969, 5e-3],
];

/** Reference log-mel of every clip. */
const REFERENCE = new Map([...CLIPS].map(([name, pcm]) => [name, logMel(pcm)]));

const devices = new Map<Target, Device>();
const results = new Map<string, Map<Target, { codes: Uint8Array; features: Float32Array }>>();
test.before(async () => {
  for (const target of TARGETS) devices.set(target, await Device.of(target));
  for (const [name, pcm] of CLIPS) results.set(name, new Map(TARGETS.map((target) => [target, devices.get(target)!.classify(pcm)])));
});

function frameAt(pcm: Int16Array, t: number): Int16Array {
  return Int16Array.from({ length: 400 }, (_, i) => pcm[t * 160 + i] ?? 0);
}

test("power of a frame equals the definition of the transform", () => {
  const pcm = frameAt(CLIPS.get("noise")!, 100);
  const window = hann();
  const expected = powerSpectrum(Float64Array.from(pcm, (x, i) => (x / 32768) * window[i]));
  const largest = Math.max(...expected);
  for (const [target, { instance }] of devices) {
    const got = instance.f32(instance.exports.framePower(instance.put(pcm)), 257);
    for (let k = 0; k < 257; k++) {
      assert.ok(Math.abs(got[k] - expected[k]) <= 1e-6 * largest, `${target}: bin ${k} is ${got[k]}, expected ${expected[k]}`);
    }
  }
});

test("log-mel is within 1e-4 nat, and in cells far below the frame's loudest within float32's reach", () => {
  // Half a ULP of the spectrum's largest amplitude moves a cell of amplitude a by that / a.
  for (const [name, pcm] of CLIPS) {
    const L = REFERENCE.get(name)!;
    for (const [target, { instance }] of devices) {
      const [pcmPtr, outPtr] = [instance.alloc(800), instance.alloc(4 * BANDS)];
      for (let t = 0; t < FRAMES; t += 5) {
        instance.u8(pcmPtr, 800).set(new Uint8Array(frameAt(pcm, t).buffer));
        instance.exports.frameLogMel(pcmPtr, outPtr);
        const expected = L.subarray(t * BANDS, (t + 1) * BANDS);
        const largest = Math.max(...instance.f32(instance.exports.framePower(pcmPtr), 257));
        instance.f32(outPtr, BANDS).forEach((got, m) => {
          const reach = 2 ** -24 * Math.sqrt(largest / Math.exp(expected[m]));
          const error = Math.abs(got - expected[m]);
          assert.ok(
            error <= Math.max(1e-4, reach),
            `${name}, ${target}, frame ${t}, band ${m}: ${got}, expected ${expected[m]}, reach ${reach}`,
          );
        });
      }
    }
  }
});

test("codes differ from the reference by at most 1, in at most 0.1 % of all cells and 0.2 % of any clip's", () => {
  let all = 0;
  for (const [name, L] of REFERENCE) {
    const expected = toCodes(L, ORIGIN, STEP);
    const { codes } = results.get(name)!.get("scalar")!;
    let differing = 0;
    codes.forEach((code, i) => {
      if (code === expected[i]) return;
      differing++;
      assert.ok(Math.abs(code - expected[i]) <= 1, `${name}, cell ${i}: code ${code}, expected ${expected[i]}`);
    });
    assert.ok(differing <= 0.002 * codes.length, `${name}: ${differing} of ${codes.length} codes differ`);
    all += differing;
  }
  assert.ok(all <= 0.001 * CLIPS.size * FRAMES * BANDS, `${all} codes differ`);
});

test("features of the device's codes equal the reference's within the stated tolerances", () => {
  const worst = TOLERANCES.map(() => 0);
  for (const name of CLIPS.keys()) {
    const { codes, features } = results.get(name)!.get("scalar")!;
    const expected = richFeatures(fromCodes(codes, ORIGIN, STEP));
    TOLERANCES.forEach(([block, from, to, tolerance], b) => {
      for (let i = from; i < to; i++) {
        const error = Math.abs(features[i] - expected[i]);
        assert.ok(error <= tolerance, `${name}, ${block}, feature ${i}: ${features[i]}, expected ${expected[i]}`);
        worst[b] = Math.max(worst[b], error);
      }
    });
  }
  TOLERANCES.forEach(([block, , , tolerance], b) => {
    console.log(`${block.padEnd(16)} worst ${worst[b].toExponential(1)}, tolerance ${tolerance.toExponential(0)}`);
  });
});

test("scalar and SIMD give the same bytes", () => {
  for (const [name, byTarget] of results) {
    const [scalar, simd] = TARGETS.map((target) => byTarget.get(target)!);
    assert.is(Buffer.compare(scalar.codes, simd.codes), 0, `${name}: codes`);
    assert.is(Buffer.compare(Buffer.from(scalar.features.buffer), Buffer.from(simd.features.buffer)), 0, `${name}: features`);
  }
});

test("any split of the PCM gives the same bytes", () => {
  const next = random(11);
  const splits: [string, () => number][] = [
    ["1", () => 1],
    ["7", () => 7],
    ["159", () => 159],
    ["160", () => 160],
    ["161", () => 161],
    ["random to 1024", () => 1 + Math.floor(1024 * next())],
  ];
  for (const name of ["beats", "0.1 s of noise", "6 s"]) {
    for (const [target, device] of devices) {
      const whole = results.get(name)!.get(target)!;
      for (const [split, piece] of splits) {
        const { codes, features } = device.classify(CLIPS.get(name)!, piece);
        assert.is(Buffer.compare(codes, whole.codes), 0, `${name}, ${target}: codes in pieces of ${split}`);
        assert.equal(features, whole.features, `${name}, ${target}: features in pieces of ${split}`);
      }
    }
  }
});

test("nothing is written outside ring, audio, scratch and features", () => {
  for (const device of devices.values()) assert.equal(device.brokenCanaries(), []);
});

test("steps: needs audio, then 498 frames, then 98 pieces, then ready for good", () => {
  const { exports } = devices.get("scalar")!.instance;
  exports.frontEndReset();
  assert.is(exports.frontEndStep(false), 0);
  assert.is(exports.audioFree(), 1024);
  exports.audioPush(399);
  assert.is(exports.frontEndStep(false), 0);
  exports.audioPush(1);
  assert.is(exports.frontEndStep(false), 1);
  assert.is(exports.framesSeen(), 1);
  assert.is(exports.frontEndStep(false), 0);
  for (let t = 1; t < FRAMES; t++) assert.is(exports.frontEndStep(true), 1);
  assert.is(exports.framesSeen(), FRAMES);
  assert.is(exports.audioFree(), 0);
  for (let i = 0; i < 98; i++) assert.is(exports.frontEndStep(true), 2);
  for (let i = 0; i < 3; i++) assert.is(exports.frontEndStep(true), 3);
});

test("a push of more samples than fit, or of a negative number, fills the buffer and no more", () => {
  for (const samples of [5000, -1]) {
    const { exports } = devices.get("scalar")!.instance;
    exports.frontEndReset();
    exports.audioPush(samples);
    assert.is(exports.audioFree(), 0);
    for (let frame = 0; frame < 4; frame++) assert.is(exports.frontEndStep(false), 1);
    assert.is(exports.frontEndStep(false), 0);
  }
});

test.run();
