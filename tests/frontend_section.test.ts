// The front end section: what the exporter writes is right and accepted; whatever else lies there is refused or harmless.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { ERROR_FRONT_END, ERROR_NOT_FINITE } from "../assembly/format/errors.ts";
import * as F from "../assembly/format/file.ts";
import { ARITHMETICS, DEFAULT_FRONT_END, frontEndOf, frontEndSection } from "../tools/export/front_end_tables.ts";
import { Instance, TARGETS } from "./harness/compile.ts";
import { clips, random } from "./reference/audio.ts";
import { Device } from "./reference/device.ts";
import { hann, melBands } from "./reference/features.ts";

const SECTIONS = ARITHMETICS.map((arithmetic) => frontEndSection({ ...DEFAULT_FRONT_END, arithmetic }));
const [SECTION, FIXED] = SECTIONS;
const offsetIn = (section: Uint8Array, field: number) => new DataView(section.buffer).getUint32(field, true);

/** Validates `section` at the very end of memory, where a read behind it traps; returns the code and the failure record. */
async function validator(): Promise<(section: Uint8Array) => { code: number; place: number; expected: number; found: number }> {
  const instance = await Instance.of("frontend", "scalar");
  instance.exports.memory.grow(1);
  const end = instance.exports.memory.buffer.byteLength;
  return (section) => {
    instance.u8(end - section.length, section.length).set(section);
    const code = instance.exports.frontEndValidate(end - section.length, section.length);
    const [, place, expected, found] = instance.i32(instance.exports.failPtr(), 4);
    return { code, place, expected, found };
  };
}

function changed(original: Uint8Array, edit: (view: DataView) => void): Uint8Array {
  const section = original.slice();
  edit(new DataView(section.buffer));
  return section;
}

test("tables hold what the reference computes", () => {
  for (const [i, section] of SECTIONS.entries()) {
    const fixed = ARITHMETICS[i] === "fixed";
    const view = new DataView(section.buffer);
    const at = (field: number) => view.getUint32(field, true);
    /** Entry i of a table of high and low halves. */
    const parts = (field: number, i: number) =>
      view.getInt16(at(field) + 4 * i, true) / 2 ** 15 + view.getInt16(at(field) + 4 * i + 2, true) / 2 ** 30;
    hann().forEach((w, i) => {
      if (fixed) assert.ok(Math.abs(parts(F.FRONT_END_WINDOW_OFFSET, i) - w) <= 2 ** -30, `window ${i}`);
      else assert.is(view.getFloat32(at(F.FRONT_END_WINDOW_OFFSET) + 4 * i, true), Math.fround(w / 32768));
    });
    for (let k = 1; k < (fixed ? 384 : 256); k++) {
      for (const [part, value] of [Math.cos((Math.PI * k) / 256), -Math.sin((Math.PI * k) / 256)].entries()) {
        const entry = 2 * k + part;
        if (fixed) assert.ok(Math.abs(parts(F.FRONT_END_TWIDDLE_OFFSET, entry) - value) <= 2 ** -30, `factor ${k}`);
        else assert.is(view.getFloat32(at(F.FRONT_END_TWIDDLE_OFFSET) + 4 * entry, true), Math.fround(value));
      }
    }
    let weight = at(F.FRONT_END_MEL_WEIGHTS_OFFSET);
    melBands().forEach(({ first, weights }, m) => {
      const band = at(F.FRONT_END_MEL_BANDS_OFFSET) + 4 * m;
      assert.is(view.getUint16(band, true), first, `band ${m}`);
      assert.is(view.getUint16(band + 2, true), weights.length, `band ${m}`);
      for (const w of weights) {
        const got = fixed ? view.getUint16(weight, true) / 32768 : view.getFloat32(weight, true);
        assert.ok(Math.abs(got - w) < (fixed ? 2 ** -16 + 1e-9 : 1e-6), `band ${m}`);
        weight += fixed ? 2 : 4;
      }
    });
    for (let i = 0; fixed && i <= 64; i++)
      assert.is(view.getUint16(at(F.FRONT_END_LOG_OFFSET) + 2 * i, true), Math.round(32768 * Math.log2(1 + i / 64)), `log2 ${i}`);
    assert.is(section.length, fixed ? 8688 : 8480);
  }
});

test("sums of 32 bits cannot overflow: what fixed_fft.ts relies on holds for the tables", () => {
  const view = new DataView(FIXED.buffer);
  const half = (field: number, i: number) => view.getInt16(offsetIn(FIXED, field) + 2 * i, true);
  const high = Array.from({ length: 400 }, (_, i) => half(F.FRONT_END_WINDOW_OFFSET, 2 * i));
  assert.ok(high.reduce((sum, w) => sum + Math.abs(w), 0) <= 208 * 32768);
  for (let k = 1; k < 384; k++) {
    const [c, cLow, s, sLow] = [0, 1, 2, 3].map((part) => half(F.FRONT_END_TWIDDLE_OFFSET, 4 * k + part));
    const largest = 32767 * (Math.abs(c) + Math.abs(s)) + 1.625 * 2 ** 14 * Math.hypot(cLow, sLow) + 2 ** 15;
    assert.ok(largest < 2 ** 31, `factor ${k}: ${largest}`);
    assert.ok(Math.hypot(c, s) <= 32769, `factor ${k} is longer than 1`);
  }
});

test("the exporter's sections are accepted", async () => {
  const validate = await validator();
  for (const arithmetic of ARITHMETICS) {
    assert.is(validate(frontEndSection({ ...DEFAULT_FRONT_END, arithmetic })).code, 0);
    assert.is(validate(frontEndSection(frontEndOf(4, arithmetic, true))).code, 0);
    assert.is(validate(frontEndSection({ ...frontEndOf(8, arithmetic), floor: 1e-30, origin: -1024, step: 1e-3 })).code, 0);
  }
});

test("the exporter refuses parameters that the device refuses", () => {
  for (const bad of [{ floor: 0 }, { floor: Number.NaN }, { origin: Infinity }, { origin: 2000 }, { step: 0 }, { step: -1 }]) {
    assert.throws(
      () => frontEndSection({ ...DEFAULT_FRONT_END, ...bad }),
      (error: Error) => /front end (floor|origin|step) must be/.test(error.message),
    );
  }
});

test("every wrong parameter is refused by its place", async () => {
  const validate = await validator();
  const tables = [
    F.FRONT_END_WINDOW_OFFSET,
    F.FRONT_END_TWIDDLE_OFFSET,
    F.FRONT_END_MEL_BANDS_OFFSET,
    F.FRONT_END_MEL_WEIGHTS_OFFSET,
    F.FRONT_END_DCT_OFFSET,
  ];
  const fields = [
    F.FRONT_END_SAMPLE_RATE,
    F.FRONT_END_FRAME_SAMPLES,
    F.FRONT_END_HOP_SAMPLES,
    F.FRONT_END_FFT_POINTS,
    F.FRONT_END_BANDS,
    F.FRONT_END_FRAMES,
    F.FRONT_END_COEFFICIENTS,
    F.FRONT_END_MEL_WEIGHTS,
  ];
  for (const section of SECTIONS) {
    const offsets = section === FIXED ? [...tables, F.FRONT_END_LOG_OFFSET] : tables;
    for (const field of [...fields, ...offsets]) {
      for (const value of [0, 7, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff]) {
        const { code, place } = validate(changed(section, (view) => view.setUint32(field, value, true)));
        assert.equal({ code, place }, { code: ERROR_FRONT_END, place: field }, `field ${field} = ${value}`);
      }
    }
    for (const field of offsets) {
      const { code } = validate(changed(section, (view) => view.setUint32(field, view.getUint32(field, true) + 4, true)));
      assert.is(code, ERROR_FRONT_END, `field ${field} off alignment`);
    }
    for (const field of [F.FRONT_END_FLOOR, F.FRONT_END_ORIGIN, F.FRONT_END_STEP]) {
      for (const value of [Number.NaN, Infinity, -Infinity, -1e9, 1e9]) {
        const { code, place } = validate(changed(section, (view) => view.setFloat32(field, value, true)));
        assert.equal({ code, place }, { code: ERROR_FRONT_END, place: field }, `field ${field} = ${value}`);
      }
    }
    for (const [field, least] of [
      [F.FRONT_END_ARITHMETIC, 2],
      [F.FRONT_END_OPTIONS, 4],
    ]) {
      for (const value of [least, 0x80, 0xff]) {
        const { code, place, found } = validate(changed(section, (view) => view.setUint8(field, value)));
        assert.equal([code, place, found], [ERROR_FRONT_END, field, value], `field ${field} = ${value}`);
      }
    }
  }
});

test("a window that could overflow the integer transform is refused", async () => {
  const validate = await validator();
  const window = offsetIn(FIXED, F.FRONT_END_WINDOW_OFFSET);
  for (const value of [17040, -17041, 32767, -32768]) {
    const section = changed(FIXED, (view) => {
      for (let i = 0; i < 400; i++) view.setInt16(window + 4 * i, value, true);
    });
    const { code, place, found } = validate(section);
    assert.equal([code, place, found], [ERROR_FRONT_END, F.FRONT_END_WINDOW_OFFSET, 400 * Math.abs(value)], `window of ${value}`);
  }
});

test("tables that are not finite or out of range are refused", async () => {
  const validate = await validator();
  const window = offsetIn(SECTION, F.FRONT_END_WINDOW_OFFSET);
  const weights = offsetIn(SECTION, F.FRONT_END_MEL_WEIGHTS_OFFSET);
  for (const value of [Number.NaN, Infinity, 1.5, -1.5]) {
    for (const offset of [window, window + 1596, window + 1600, weights]) {
      assert.is(validate(changed(SECTION, (view) => view.setFloat32(offset, value, true))).code, ERROR_NOT_FINITE, `${value} at ${offset}`);
    }
  }
  for (const [first, count] of [
    [250, 8],
    [256, 2],
    [65535, 65535],
    [2, 3],
  ]) {
    for (const section of SECTIONS) {
      const bands = offsetIn(section, F.FRONT_END_MEL_BANDS_OFFSET);
      const wrong = changed(section, (view) => {
        view.setUint16(bands, first, true);
        view.setUint16(bands + 2, count, true);
      });
      assert.is(validate(wrong).code, ERROR_FRONT_END, `band of ${count} bins from ${first}`);
    }
  }
});

test("every truncation is refused without a read behind the section", async () => {
  const validate = await validator();
  for (const section of SECTIONS) {
    for (let length = 0; length < section.length; length += length < 128 ? 1 : 16) {
      assert.is(validate(section.slice(0, length)).code, ERROR_FRONT_END, `${length} bytes`);
    }
  }
});

test("random damage is refused, or runs in bounds with the same bytes in both builds", async () => {
  const next = random(21);
  const validate = await validator();
  const pcm = clips().get("beats")!;
  let accepted = 0;
  for (let round = 0; round < 400; round++) {
    const original = SECTIONS[round % 2];
    const section = changed(original, (view) => {
      for (let i = 0; i < 1 + 3 * next(); i++) view.setUint8(Math.floor(next() * original.length), Math.floor(256 * next()));
    });
    if (validate(section).code !== 0 || accepted++ >= 16) continue;
    const runs = [];
    for (const target of TARGETS) {
      const device = await Device.of(target, section);
      runs.push(device.classify(pcm));
      assert.equal(device.brokenCanaries(), [], `round ${round}`);
    }
    assert.is(Buffer.compare(runs[0].codes, runs[1].codes), 0, `round ${round}: codes`);
    assert.equal(runs[0].features, runs[1].features, `round ${round}: features`);
    assert.ok(runs[0].features.every(Number.isFinite), `round ${round}: features are finite`);
  }
  assert.ok(accepted > 16 && accepted < 400, `${accepted} of 400 accepted`);
});

test.run();
