// Codes of 4 bits and the removal of an offset, against the float64 reference, in both builds and both arithmetics.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { ARITHMETICS, frontEndOf } from "../host/model-file/front_end.ts";
import { TARGETS } from "./harness/compile.ts";
import { clips } from "./reference/audio.ts";
import { Device, sectionsOf } from "./reference/device.ts";
import { fromCodes, logMel, richFeatures, toCodes } from "./reference/features.ts";

const NAMES = ["beats", "chirp", "0.1 s of noise", "silence"];
const CLIPS = new Map([...clips()].filter(([name]) => NAMES.includes(name)));
const { floor, origin, step } = frontEndOf(4);

/** Every frame alone loses its mean, towards zero, before the reference sees it. */
function withoutMeans(pcm: Int16Array): (t: number) => Int16Array {
  return (t) => {
    const frame = Int16Array.from({ length: 400 }, (_, i) => pcm[t * 160 + i] ?? 0);
    const mean = Math.trunc(frame.reduce((sum, x) => sum + x, 0) / 400);
    return frame.map((x) => x - mean);
  };
}

test("codes of 4 bits are the reference's, and features follow from them", async () => {
  for (const arithmetic of ARITHMETICS) {
    const [scalar, simd] = await Promise.all(TARGETS.map((target) => Device.of(target, sectionsOf(frontEndOf(4, arithmetic)))));
    for (const [name, pcm] of CLIPS) {
      const { codes, features } = scalar.classify(pcm);
      const other = simd.classify(pcm, () => 333);
      assert.equal(other.codes, codes, `${arithmetic}, ${name}: codes`);
      assert.equal(other.features, features, `${arithmetic}, ${name}: features`);
      const expected = toCodes(logMel(pcm, floor), origin, step, 15);
      assert.ok(codes.every((code) => code <= 15));
      const differing = codes.filter((code, i) => code !== expected[i]).length;
      assert.ok(differing <= 0.005 * codes.length, `${arithmetic}, ${name}: ${differing} codes differ`);
      const reference = richFeatures(fromCodes(codes, Math.fround(origin), Math.fround(step)));
      // MFCCs are rounded to 1/64 of a step, and a step is 12 times that of 8-bit codes
      for (const [from, to, most] of [
        [0, 869, 1e-3],
        [869, 969, 0.06],
      ]) {
        const worst = features.subarray(from, to).reduce((sum, value, i) => Math.max(sum, Math.abs(value - reference[from + i])), 0);
        assert.ok(worst < most, `${arithmetic}, ${name}: features ${from} to ${to} are ${worst} off`);
      }
    }
    for (const device of [scalar, simd]) assert.equal(device.brokenCanaries(), []);
  }
});

test("an offset is removed frame by frame: the same codes with it and without", async () => {
  const pcm = CLIPS.get("beats")!.map((x) => Math.max(-20000, Math.min(20000, x)));
  const shifted = pcm.map((x) => x + 9000);
  for (const arithmetic of ARITHMETICS) {
    for (const target of TARGETS) {
      const keeps = await Device.of(target, sectionsOf(frontEndOf(8, arithmetic)));
      const removes = await Device.of(target, sectionsOf(frontEndOf(8, arithmetic, true)));
      const [clean, same] = [removes.classify(pcm).codes, removes.classify(shifted).codes];
      const share = (a: Uint8Array, b: Uint8Array) => a.filter((code, i) => Math.abs(code - b[i]) > 1).length / a.length;
      // means are rounded towards zero, so the rest of an offset, below 1, may differ
      assert.ok(share(clean, same) < 0.002, `${arithmetic}, ${target}: ${share(clean, same)} of the codes differ by more than 1`);
      assert.ok(share(clean, keeps.classify(shifted).codes) > 0.01, `${arithmetic}, ${target}: an offset that stays changes codes`);
    }
  }
});

test("the mean that is removed is the frame's, towards zero", async () => {
  const pcm = CLIPS.get("chirp")!.map((x, i) => Math.max(-32768, Math.min(32767, x - 3001 - (i >> 6))));
  const frameOf = withoutMeans(pcm);
  for (const arithmetic of ARITHMETICS) {
    const removes = await Device.of("scalar", sectionsOf(frontEndOf(8, arithmetic, true)));
    const keeps = await Device.of("scalar", sectionsOf(frontEndOf(8, arithmetic)));
    const { codes } = removes.classify(pcm);
    for (const t of [0, 100, 321, 497]) {
      // the frame alone, as the first of a window
      const alone = keeps.classify(frameOf(t)).codes.subarray(0, 64);
      assert.equal(codes.subarray(64 * t, 64 * t + 64), alone, `${arithmetic}, frame ${t}`);
    }
  }
});

test("full-scale samples far from the mean saturate instead of wrapping", async () => {
  const pcm = Int16Array.from({ length: 80000 }, (_, i) => (i % 400 < 10 ? 32767 : -32768));
  const results = [];
  for (const arithmetic of ARITHMETICS) {
    const device = await Device.of("scalar", sectionsOf(frontEndOf(8, arithmetic, true)));
    results.push(device.classify(pcm).codes);
  }
  const [float, fixed] = results;
  // 63,900 above the mean in float32, 32,767 in integers: 2 ln(63,900 / 32,767) = 1.34 nat
  assert.ok(
    float.every((code, i) => Math.abs(code - fixed[i]) <= 14),
    "the two arithmetics tell of the same sound",
  );
});

test.run();
