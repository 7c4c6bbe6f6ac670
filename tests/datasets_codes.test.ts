// Feature code files: round trip, rounding, and damage refused by name.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { QurioError } from "../host/errors.ts";
import { crc32 } from "../host/model-file/crc32.ts";
import { decodeFeatureCodes, encodeFeatureCodes, type FeatureCodes, featuresOf, quantizeFeatures } from "../tools/import/feature_codes.ts";

const FEATURES = 5;
const CLIPS = 3;
const values = Float32Array.from({ length: CLIPS * FEATURES }, (_, i) => Math.fround(Math.sin(i * 1.7) * 10 ** (i % FEATURES)));
for (let clip = 0; clip < CLIPS; clip++) values[clip * FEATURES + 2] = 7.5;

const example = (): FeatureCodes => ({
  name: "esc10",
  sha256: "00ff",
  attribution: "K. J. Piczak … CC BY",
  labels: ["dog", "räin"],
  clips: [
    { name: "a.wav", label: 0, fold: 1 },
    { name: "b.wav", label: 1, fold: 1 },
    { name: "c.wav", label: 1, fold: 2 },
  ],
  ...quantizeFeatures(values, FEATURES),
});

function refused(text: RegExp, bytes: Uint8Array) {
  try {
    decodeFeatureCodes(bytes, "a.qfc");
  } catch (error) {
    assert.instance(error, QurioError, `${error}`);
    assert.is((error as QurioError).code, "FEATURE_CODES");
    assert.match((error as QurioError).message, text);
    return;
  }
  assert.unreachable(`accepted, ${text} expected`);
}

/** The example with another description, lengths and checksum repaired. */
function described(change: (head: Record<string, unknown>) => unknown): Uint8Array {
  const { codes, ...head } = example();
  const json = new TextEncoder().encode(JSON.stringify(change(head)));
  const bytes = new Uint8Array(32 + json.length + codes.length);
  const view = new DataView(bytes.buffer);
  [0x4f434651, 1, CLIPS, FEATURES, json.length].forEach((value, i) => {
    view.setUint32(4 * i, value, true);
  });
  bytes.set(json, 32);
  bytes.set(codes, 32 + json.length);
  view.setUint32(20, crc32(bytes), true);
  return bytes;
}

test("crc32 of the check string, in one piece and in two", () => {
  const bytes = new TextEncoder().encode("123456789");
  assert.is(crc32(bytes), 0xcbf43926);
  assert.is(crc32(bytes.subarray(4), crc32(bytes.subarray(0, 4))), 0xcbf43926);
});

test("what is written is what is read", () => {
  assert.equal(decodeFeatureCodes(encodeFeatureCodes(example()), "a.qfc"), example());
  assert.equal(encodeFeatureCodes(example()), encodeFeatureCodes(example()));
});

test("features come back within half a step, constant ones exactly", () => {
  const codes = example();
  const back = featuresOf(codes);
  for (let i = 0; i < values.length; i++) {
    const step = codes.step[i % FEATURES];
    assert.ok(Math.abs(back[i] - values[i]) <= step * 0.5001, `value ${i}: ${back[i]}, ${values[i]} expected, step ${step}`);
  }
  assert.is(back[2], 7.5);
  assert.is(Math.max(...codes.codes), 255);
});

test("refused: every truncation and every changed byte", () => {
  const bytes = encodeFeatureCodes(example());
  for (let length = 0; length < bytes.length; length++) refused(/truncated|length differs/, bytes.subarray(0, length));
  for (let at = 0; at < bytes.length; at++) {
    const changed = bytes.slice();
    changed[at] ^= 1 << (at % 8);
    refused(/./, changed);
  }
  refused(
    /checksum/,
    bytes.map((byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte)),
  );
  refused(
    /version 2/,
    bytes.map((byte, at) => (at === 4 ? 2 : byte)),
  );
  refused(/does not start with QFCO/, new Uint8Array(100));
});

test("refused: descriptions that contradict, checksum repaired", () => {
  assert.equal(
    decodeFeatureCodes(
      described((head) => head),
      "a.qfc",
    ),
    example(),
  );
  refused(
    /not valid JSON/,
    described(() => null),
  );
  refused(
    /not valid JSON/,
    described(() => 3),
  );
  refused(
    /5 finite origins/,
    described((head) => ({ ...head, origin: [1] })),
  );
  refused(
    /5 finite origins/,
    described((head) => ({ ...head, step: [1, 2, 3, 4, null] })),
  );
  refused(
    /labels and 3 clips/,
    described((head) => ({ ...head, clips: [] })),
  );
  refused(
    /labels and 3 clips/,
    described((head) => ({ ...head, labels: 5 })),
  );
  refused(
    /clip 1 has an unknown label/,
    described((head) => ({ ...head, clips: [{ label: 0, fold: 1 }, null, {}] })),
  );
  refused(
    /clip 0 has an unknown label/,
    described((head) => ({ ...head, clips: [{ label: 9, fold: 1 }, {}, {}] })),
  );
});

test.run();
