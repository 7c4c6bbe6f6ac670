// The front end section: what the exporter writes is right and accepted; whatever else lies there is refused or harmless.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { ERROR_FRONT_END, ERROR_INPUT, ERROR_NOT_FINITE } from "../assembly/format/errors.ts";
import * as F from "../assembly/format/file.ts";
import { ARITHMETICS, DEFAULT_FRONT_END, frontEndOf } from "../host/model-file/front_end.ts";
import { Instance, TARGETS } from "./harness/compile.ts";
import { clips, random } from "./reference/audio.ts";
import { Device, type Sections, sectionsOf } from "./reference/device.ts";
import { hann, melBands } from "./reference/features.ts";

const BOTH = ARITHMETICS.map((arithmetic) => sectionsOf({ ...DEFAULT_FRONT_END, arithmetic }));
const SECTIONS = BOTH.map(({ tables }) => tables);
const [SECTION, FIXED] = SECTIONS;
const offsetIn = (section: Uint8Array, field: number) => new DataView(section.buffer).getUint32(field, true);

interface Verdict {
  code: number;
  place: number;
  expected: number;
  found: number;
}

/**
 * Validates tables at the very end of memory, where a read behind them traps, with the input spec of their arithmetic or another one;
 * returns the code and the failure record.
 */
async function validator(): Promise<(tables: Uint8Array, input?: Uint8Array) => Verdict> {
  const instance = await Instance.of("frontend", "scalar");
  const inputPtr = instance.alloc(256);
  instance.exports.memory.grow(1);
  const end = instance.exports.memory.buffer.byteLength;
  return (tables, input = inputOf(tables)) => {
    instance.u8(end - tables.length, tables.length).set(tables);
    instance.u8(inputPtr, input.length).set(input);
    const code = instance.exports.frontEndValidate(inputPtr, input.length, end - tables.length, tables.length);
    const [, place, expected, found] = instance.i32(instance.exports.failPtr(), 4);
    return { code, place, expected, found };
  };
}

/** Fixed-point tables are longer than all of float32. */
const inputOf = (tables: Uint8Array) => BOTH[tables.length > SECTION.length ? 1 : 0].input;

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
    assert.is(section.length, fixed ? 8640 : 8448);
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
  const accepted = ({ input, tables }: Sections) => assert.is(validate(tables, input).code, 0);
  for (const arithmetic of ARITHMETICS) {
    accepted(sectionsOf({ ...DEFAULT_FRONT_END, arithmetic }));
    accepted(sectionsOf(frontEndOf(4, arithmetic, true)));
    accepted(sectionsOf({ ...frontEndOf(8, arithmetic), floor: 1e-30, origin: -1024, step: 1e-3 }));
  }
});

test("every wrong offset and number of tables is refused by its place", async () => {
  const validate = await validator();
  const tables = [
    F.FRONT_END_WINDOW_OFFSET,
    F.FRONT_END_TWIDDLE_OFFSET,
    F.FRONT_END_MEL_BANDS_OFFSET,
    F.FRONT_END_MEL_WEIGHTS_OFFSET,
    F.FRONT_END_DCT_OFFSET,
  ];
  for (const section of SECTIONS) {
    const offsets = section === FIXED ? [...tables, F.FRONT_END_LOG_OFFSET] : tables;
    for (const field of [F.FRONT_END_MEL_WEIGHTS, ...offsets]) {
      for (const value of [0, 7, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff]) {
        const { code, place } = validate(
          changed(section, (view) => view.setUint32(field, value, true)),
          inputOf(section),
        );
        assert.equal({ code, place }, { code: ERROR_FRONT_END, place: field }, `field ${field} = ${value}`);
      }
    }
    for (const field of offsets) {
      const { code } = validate(changed(section, (view) => view.setUint32(field, view.getUint32(field, true) + 4, true)));
      assert.is(code, ERROR_FRONT_END, `field ${field} off alignment`);
    }
  }
});

test("every parameter of the input spec that the code is not compiled for is refused by its place", async () => {
  const validate = await validator();
  const fields = Object.entries(F).filter(([name, at]) => /^INPUT_(?!.*BYTES)/.test(name) && at < F.INPUT_ARITHMETIC);
  assert.is(fields.length, F.INPUT_ARITHMETIC / 4);
  for (const { input, tables } of BOTH) {
    const refused = (edit: (view: DataView) => void, at: number, what: string) => {
      const { code, place } = validate(tables, changed(input, edit));
      assert.equal({ code, place }, { code: ERROR_INPUT, place: at }, what);
    };
    for (const [name, at] of fields) {
      const good = new DataView(input.buffer).getUint32(at, true);
      for (const value of [0, 7, good - 1, good + 1, 0x80000000 + good, 0xffffffff])
        refused((view) => view.setUint32(at, value, true), at, `${name} = ${value}`);
    }
    for (const field of [F.INPUT_FLOOR, F.INPUT_ORIGIN, F.INPUT_STEP])
      for (const value of [Number.NaN, Infinity, -Infinity, -1e9, 1e9])
        refused((view) => view.setFloat32(field, value, true), field, `field ${field} = ${value}`);
    for (const [field, least] of [
      [F.INPUT_ARITHMETIC, 2],
      [F.INPUT_OPTIONS, 4],
    ])
      for (const value of [least, 0x80, 0xff]) refused((view) => view.setUint8(field, value), field, `field ${field} = ${value}`);
    for (const bytes of [0, 12, F.INPUT_BYTES - 4])
      assert.is(validate(tables, input.subarray(0, bytes)).code, ERROR_INPUT, `${bytes} bytes`);
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
    const original = BOTH[round % 2];
    const damaged = (bytes: Uint8Array) =>
      changed(bytes, (view) => {
        for (let i = 0; i < 1 + 3 * next(); i++) view.setUint8(Math.floor(next() * bytes.length), Math.floor(256 * next()));
      });
    const input = round % 5 === 0 ? damaged(original.input) : original.input;
    const section = { input, tables: damaged(original.tables) };
    if (validate(section.tables, input).code !== 0 || accepted++ >= 16) continue;
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
