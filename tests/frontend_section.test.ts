// The front end section: what the exporter writes is right and accepted; whatever else lies there is refused or harmless.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { ERROR_FRONT_END, ERROR_NOT_FINITE } from "../assembly/format/errors.ts";
import * as F from "../assembly/format/file.ts";
import { frontEndSection } from "../tools/export/front_end_tables.ts";
import { Instance, TARGETS } from "./harness/compile.ts";
import { clips, random } from "./reference/audio.ts";
import { Device } from "./reference/device.ts";
import { hann, melBands } from "./reference/features.ts";

const SECTION = frontEndSection();
const WINDOW = new DataView(SECTION.buffer).getUint32(F.FRONT_END_WINDOW_OFFSET, true);
const MEL_BANDS = new DataView(SECTION.buffer).getUint32(F.FRONT_END_MEL_BANDS_OFFSET, true);
const MEL_WEIGHTS = new DataView(SECTION.buffer).getUint32(F.FRONT_END_MEL_WEIGHTS_OFFSET, true);

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

function changed(edit: (view: DataView) => void): Uint8Array {
  const section = SECTION.slice();
  edit(new DataView(section.buffer));
  return section;
}

test("tables hold what the reference computes", () => {
  const view = new DataView(SECTION.buffer);
  hann().forEach((w, i) => {
    assert.is(view.getFloat32(WINDOW + 4 * i, true), Math.fround(w / 32768));
  });
  let weight = MEL_WEIGHTS;
  melBands().forEach(({ first, weights }, m) => {
    assert.is(view.getUint16(MEL_BANDS + 4 * m, true), first, `band ${m}`);
    assert.is(view.getUint16(MEL_BANDS + 4 * m + 2, true), weights.length, `band ${m}`);
    for (const w of weights) {
      assert.ok(Math.abs(view.getFloat32(weight, true) - w) < 1e-6, `band ${m}`);
      weight += 4;
    }
  });
  assert.is(SECTION.length, 8480);
});

test("the exporter's sections are accepted", async () => {
  const validate = await validator();
  assert.is(validate(SECTION).code, 0);
  assert.is(validate(frontEndSection({ floor: 1e-3, origin: -7, step: 1.2 })).code, 0);
  assert.is(validate(frontEndSection({ floor: 1e-30, origin: -1024, step: 1e-3 })).code, 0);
});

test("the exporter refuses parameters that the device refuses", () => {
  for (const bad of [{ floor: 0 }, { floor: Number.NaN }, { origin: Infinity }, { origin: 2000 }, { step: 0 }, { step: -1 }]) {
    assert.throws(
      () => frontEndSection({ floor: 1e-6, origin: -13, step: 0.1, ...bad }),
      (error: Error) => /front end (floor|origin|step) must be/.test(error.message),
    );
  }
});

test("every wrong parameter is refused by its place", async () => {
  const validate = await validator();
  const fields = [
    F.FRONT_END_SAMPLE_RATE,
    F.FRONT_END_FRAME_SAMPLES,
    F.FRONT_END_HOP_SAMPLES,
    F.FRONT_END_FFT_POINTS,
    F.FRONT_END_BANDS,
    F.FRONT_END_FRAMES,
    F.FRONT_END_COEFFICIENTS,
    F.FRONT_END_MEL_WEIGHTS,
    F.FRONT_END_WINDOW_OFFSET,
    F.FRONT_END_TWIDDLE_OFFSET,
    F.FRONT_END_MEL_BANDS_OFFSET,
    F.FRONT_END_MEL_WEIGHTS_OFFSET,
    F.FRONT_END_DCT_OFFSET,
  ];
  for (const field of fields) {
    for (const value of [0, 7, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff]) {
      const { code, place } = validate(changed((view) => view.setUint32(field, value, true)));
      assert.equal({ code, place }, { code: ERROR_FRONT_END, place: field }, `field ${field} = ${value}`);
    }
  }
  const tables = fields.slice(8);
  for (const field of tables) {
    const { code } = validate(changed((view) => view.setUint32(field, view.getUint32(field, true) + 4, true)));
    assert.is(code, ERROR_FRONT_END, `field ${field} off alignment`);
  }
  for (const field of [F.FRONT_END_FLOOR, F.FRONT_END_ORIGIN, F.FRONT_END_STEP]) {
    for (const value of [Number.NaN, Infinity, -Infinity, -1e9, 1e9]) {
      const { code, place } = validate(changed((view) => view.setFloat32(field, value, true)));
      assert.equal({ code, place }, { code: ERROR_FRONT_END, place: field }, `field ${field} = ${value}`);
    }
  }
});

test("tables that are not finite or out of range are refused", async () => {
  const validate = await validator();
  for (const value of [Number.NaN, Infinity, 1.5, -1.5]) {
    for (const offset of [WINDOW, WINDOW + 1596, WINDOW + 1600, MEL_WEIGHTS]) {
      assert.is(validate(changed((view) => view.setFloat32(offset, value, true))).code, ERROR_NOT_FINITE, `${value} at ${offset}`);
    }
  }
  for (const [first, count] of [
    [250, 8],
    [256, 2],
    [65535, 65535],
    [2, 3],
  ]) {
    const section = changed((view) => {
      view.setUint16(MEL_BANDS, first, true);
      view.setUint16(MEL_BANDS + 2, count, true);
    });
    assert.is(validate(section).code, ERROR_FRONT_END, `band of ${count} bins from ${first}`);
  }
});

test("every truncation is refused without a read behind the section", async () => {
  const validate = await validator();
  for (let length = 0; length < SECTION.length; length += length < 128 ? 1 : 16) {
    assert.is(validate(SECTION.slice(0, length)).code, ERROR_FRONT_END, `${length} bytes`);
  }
});

test("random damage is refused, or runs in bounds with the same bytes in both builds", async () => {
  const next = random(21);
  const validate = await validator();
  const pcm = clips().get("beats")!;
  let accepted = 0;
  for (let round = 0; round < 400; round++) {
    const section = changed((view) => {
      for (let i = 0; i < 1 + 3 * next(); i++) view.setUint8(Math.floor(next() * SECTION.length), Math.floor(256 * next()));
    });
    if (validate(section).code !== 0 || accepted++ >= 12) continue;
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
  assert.ok(accepted > 12 && accepted < 400, `${accepted} of 400 accepted`);
});

test.run();
