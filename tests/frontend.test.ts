// The device's front end against the float64 reference, on synthetic audio: log-mel, codes, features, scalar = SIMD, any split.
// Every test runs on both arithmetics.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { ARITHMETICS, type Arithmetic, DEFAULT_FRONT_END } from "../host/model-file/front_end.ts";
import { TARGETS, type Target } from "./harness/compile.ts";
import { clips, random } from "./reference/audio.ts";
import { Device, sectionsOf } from "./reference/device.ts";
import { BANDS, FRAMES, fromCodes, hann, logMel, melBands, powerSpectrum, richFeatures, toCodes } from "./reference/features.ts";

const ORIGIN = Math.fround(Math.log(1e-6));
const STEP = Math.fround(0.1);
const CLIPS = clips();

/** Largest differences to the reference: power in shares of the spectrum's largest, log-mel in nats, codes in shares of cells. */
const BOUNDS: Record<Arithmetic, { power: number; logMel: number; codes: number; codesOfClip: number; modulation: number }> = {
  float: { power: 1e-6, logMel: 1e-4, codes: 0.001, codesOfClip: 0.002, modulation: 5e-6 },
  fixed: { power: 1e-6, logMel: 1e-4, codes: 0.005, codesOfClip: 0.01, modulation: 3e-4 },
};

/** Units of the integer spectrum, real or imaginary: what rounding adds to an amplitude, twice since power is squared. */
const NOISE = 64;

/** Largest difference to the reference that a feature may have, in the feature's unit, given the same codes. */
const TOLERANCES = (arithmetic: Arithmetic): [name: string, from: number, to: number, tolerance: number][] => [
  ["band statistics", 0, 704, 5e-6],
  ["modulation", 704, 848, BOUNDS[arithmetic].modulation],
  ["energy", 848, 855, 5e-5], // (max - mean) / (std + 0.01) magnifies rounding when the level is nearly constant
  ["flux", 855, 862, 5e-6],
  ["rhythm", 862, 868, 5e-7],
  ["active", 868, 869, 5e-8],
  ["MFCC 0", 869, 874, 0.02], // Q15 takes sqrt(2/64) 6.4e-5 too large, and c_0 reaches 200
  ["MFCC 1 to 19", 874, 969, 5e-3],
];

/** Reference log-mel of every clip. */
const REFERENCE = new Map([...CLIPS].map(([name, pcm]) => [name, logMel(pcm)]));

interface Run {
  codes: Uint8Array;
  features: Float32Array;
}
const devices: { arithmetic: Arithmetic; target: Target; device: Device; results: Map<string, Run> }[] = [];
test.before(async () => {
  for (const arithmetic of ARITHMETICS) {
    for (const target of TARGETS) {
      const device = await Device.of(target, sectionsOf({ ...DEFAULT_FRONT_END, arithmetic }));
      const results = new Map([...CLIPS].map(([name, pcm]) => [name, device.classify(pcm)]));
      devices.push({ arithmetic, target, device, results });
    }
  }
});

/** The scalar device of each arithmetic; the SIMD one gives the same bytes. */
const scalars = () => devices.filter(({ target }) => target === "scalar");

function frameAt(pcm: Int16Array, t: number): Int16Array {
  return Int16Array.from({ length: 400 }, (_, i) => pcm[t * 160 + i] ?? 0);
}

/** Power of a frame's spectrum. */
function powerOf({ instance }: Device, pcm: Int16Array): Float64Array {
  const [pcmPtr, outPtr] = [instance.put(pcm), instance.alloc(8 * 257)];
  instance.exports.framePower(pcmPtr, outPtr);
  return new Float64Array(instance.exports.memory.buffer, outPtr, 257).slice();
}

test("power of a frame equals the definition of the transform", () => {
  const pcm = frameAt(CLIPS.get("noise")!, 100);
  const window = hann();
  const expected = powerSpectrum(Float64Array.from(pcm, (x, i) => (x / 32768) * window[i]));
  const largest = Math.max(...expected);
  for (const { arithmetic, target, device } of devices) {
    powerOf(device, pcm).forEach((got, k) => {
      assert.ok(
        Math.abs(got - expected[k]) <= BOUNDS[arithmetic].power * largest,
        `${arithmetic}, ${target}: bin ${k} is ${got}, expected ${expected[k]}`,
      );
    });
  }
});
test("log-mel is within its bound, and in cells far below the loudest within the arithmetic's reach", () => {
  // float: half a ULP of the spectrum's largest amplitude moves a cell of amplitude a by that / a.
  // fixed: so do NOISE units of the spectrum's integers, 2^(exponent / 2) each, set by the frame's loudest sample. And the largest bin of
  // a band leaves all of its bins 14 bits: parts are cut off by up to a unit, 2 sqrt(2) * 2^-14 of the largest power, powers rounded by 2^-14.
  const bands = melBands();
  for (const [name, pcm] of CLIPS) {
    const L = REFERENCE.get(name)!;
    for (const { arithmetic, target, device } of devices) {
      const { instance } = device;
      const [pcmPtr, outPtr, powerPtr] = [instance.alloc(800), instance.alloc(4 * BANDS), instance.alloc(8 * 257)];
      for (let t = 0; t < FRAMES; t += 5) {
        instance.u8(pcmPtr, 800).set(new Uint8Array(frameAt(pcm, t).buffer));
        instance.exports.frameLogMel(pcmPtr, outPtr);
        const logs = instance.f32(outPtr, BANDS).slice();
        instance.exports.framePower(pcmPtr, powerPtr);
        const power = new Float64Array(instance.exports.memory.buffer, powerPtr, 257);
        const unit = 2 ** (instance.exports.spectrumExponent() / 2);
        bands.forEach(({ first, weights }, m) => {
          const expected = L[t * BANDS + m];
          const mel = Math.exp(expected);
          const loudest = Math.max(...power.subarray(first, first + weights.length));
          const reach =
            arithmetic === "float"
              ? (2 ** -24 * Math.sqrt(Math.max(...power))) / Math.sqrt(mel)
              : (NOISE * unit) / Math.sqrt(mel) + (2 ** -12 * loudest * weights.reduce((sum, w) => sum + w)) / mel;
          assert.ok(
            Math.abs(logs[m] - expected) <= Math.max(BOUNDS[arithmetic].logMel, reach),
            `${arithmetic}, ${name}, ${target}, frame ${t}, band ${m}: ${logs[m]}, expected ${expected}, reach ${reach}`,
          );
        });
      }
    }
  }
});

test("codes differ from the reference by at most 1, and in as few cells as stated", () => {
  for (const { arithmetic, results } of scalars()) {
    let [all, worst] = [0, 0];
    for (const [name, L] of REFERENCE) {
      const expected = toCodes(L, ORIGIN, STEP);
      const { codes } = results.get(name)!;
      let differing = 0;
      codes.forEach((code, i) => {
        if (code === expected[i]) return;
        differing++;
        assert.ok(Math.abs(code - expected[i]) <= 1, `${arithmetic}, ${name}, cell ${i}: code ${code}, expected ${expected[i]}`);
      });
      const most = BOUNDS[arithmetic].codesOfClip * codes.length;
      assert.ok(differing <= most, `${arithmetic}, ${name}: ${differing} of ${codes.length} codes differ`);
      all += differing;
      worst = Math.max(worst, differing / codes.length);
    }
    const cells = CLIPS.size * FRAMES * BANDS;
    console.log(`${arithmetic}: ${((100 * all) / cells).toFixed(3)} % of codes differ, ${(100 * worst).toFixed(2)} % in the worst clip`);
    assert.ok(all <= BOUNDS[arithmetic].codes * cells, `${arithmetic}: ${all} codes differ`);
  }
});

test("features of the device's codes equal the reference's within the stated tolerances", () => {
  for (const { arithmetic, results } of scalars()) {
    const tolerances = TOLERANCES(arithmetic);
    const worst = tolerances.map(() => 0);
    for (const [name, { codes, features }] of results) {
      const expected = richFeatures(fromCodes(codes, ORIGIN, STEP));
      tolerances.forEach(([block, from, to, tolerance], b) => {
        for (let i = from; i < to; i++) {
          const error = Math.abs(features[i] - expected[i]);
          assert.ok(error <= tolerance, `${arithmetic}, ${name}, ${block}, feature ${i}: ${features[i]}, expected ${expected[i]}`);
          worst[b] = Math.max(worst[b], error);
        }
      });
    }
    tolerances.forEach(([block, , , tolerance], b) => {
      console.log(`${arithmetic} ${block.padEnd(16)} worst ${worst[b].toExponential(1)}, tolerance ${tolerance.toExponential(0)}`);
    });
  }
});

test("scalar and SIMD give the same bytes", () => {
  for (const { arithmetic, results } of scalars()) {
    const simd = devices.find((other) => other.arithmetic === arithmetic && other.target === "simd")!;
    for (const [name, { codes, features }] of results) {
      const other = simd.results.get(name)!;
      assert.is(Buffer.compare(codes, other.codes), 0, `${arithmetic}, ${name}: codes`);
      assert.is(Buffer.compare(Buffer.from(features.buffer), Buffer.from(other.features.buffer)), 0, `${arithmetic}, ${name}: features`);
    }
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
    for (const { arithmetic, target, device, results } of devices) {
      const whole = results.get(name)!;
      for (const [split, piece] of splits) {
        const { codes, features } = device.classify(CLIPS.get(name)!, piece);
        assert.is(Buffer.compare(codes, whole.codes), 0, `${arithmetic}, ${name}, ${target}: codes in pieces of ${split}`);
        assert.equal(features, whole.features, `${arithmetic}, ${name}, ${target}: features in pieces of ${split}`);
      }
    }
  }
});

test("nothing is written outside ring, audio, scratch and features", () => {
  for (const { device } of devices) assert.equal(device.brokenCanaries(), []);
});

test("steps: needs audio, then 498 frames, then 98 pieces, then ready for good", () => {
  const { exports } = devices[0].device.instance;
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
    const { exports } = devices[0].device.instance;
    exports.frontEndReset();
    exports.audioPush(samples);
    assert.is(exports.audioFree(), 0);
    for (let frame = 0; frame < 4; frame++) assert.is(exports.frontEndStep(false), 1);
    assert.is(exports.frontEndStep(false), 0);
  }
});

test.run();
