// Files of held-out answers: round trip, damage and contradictions refused by name; the bundled file; collecting them.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { crc32 } from "../host/model-file/crc32.ts";
import { decodeFeatureCodes } from "../tools/import/feature_codes.ts";
import type { TrainingDataset } from "../tools/train/feature_table.ts";
import { collectHeldOut, type HeldOut } from "../tools/train/held_out.ts";
import { decodeHeldOut, encodeHeldOut } from "../tools/train/held_out_file.ts";
import { Random } from "../tools/train/random.ts";
import { heldOutExample } from "./harness/held_out.ts";

function refused(bytes: Uint8Array, message: RegExp): void {
  try {
    decodeHeldOut(bytes, "a.qho");
  } catch (error) {
    assert.instance(error, QurioError, `${error}`);
    assert.is((error as QurioError).code, "HELD_OUT");
    assert.match((error as QurioError).message, message);
    return;
  }
  assert.unreachable(`${message}`);
}

/** The example with something changed, in a file whose checksum is right. */
function changed(change: (heldOut: HeldOut) => void): Uint8Array {
  const heldOut = heldOutExample();
  change(heldOut);
  return encodeHeldOut(heldOut);
}

test("what is written is read again, and the same answers give the same bytes", () => {
  const bytes = encodeHeldOut(heldOutExample());
  assert.equal(decodeHeldOut(bytes, "a.qho"), heldOutExample());
  assert.equal(encodeHeldOut(decodeHeldOut(bytes, "a.qho")), bytes);
});

test("damage is refused: any flipped bit, any missing byte", () => {
  const bytes = encodeHeldOut(heldOutExample());
  refused(new Uint8Array(0), /truncated: at least 32 bytes expected, 0 found/);
  refused(new TextEncoder().encode("RIFF".repeat(10)), /does not start with QHLD/);
  const random = new Random(5);
  for (let i = 0; i < 200; i++) {
    const flipped = bytes.slice();
    flipped[random.below(bytes.length)] ^= 1 << random.below(8);
    refused(flipped, /a\.qho: /);
    refused(bytes.subarray(0, random.below(bytes.length)), /a\.qho: /);
  }
  const later = bytes.slice();
  later[4] = 2;
  refused(later, /version 2 is not supported, 1 expected/);
});

test("a file that contradicts itself is refused by the path of the field", () => {
  refused(
    changed((h) => (h.clips[1].label = 2)),
    /clips\[1\]\.label: a number of at least 0 and at most 1 expected, 2 found/,
  );
  refused(
    changed((h) => (h.runs[1].fold = 3)),
    /runs\[1\]\.fold: a fold that has clips expected, 3 found/,
  );
  refused(
    changed((h) => h.beta.pop()),
    /beta: 2 entries expected, 1 found/,
  );
  refused(
    changed((h) => (h.runs[0].entropies[2] = [0.1])),
    /runs\[0\]\.entropies\[2\]: 2 entries expected, 1 found/,
  );
  refused(
    changed((h) => (h.runs[0].varianceScale = 0)),
    /runs\[0\]\.varianceScale: a number above 0 expected, 0 found/,
  );
  refused(
    changed((h) => (h.runs[0].variance[1] = Number.NaN)),
    /value at byte \d+: 0 to 1 expected, NaN found/,
  );
  refused(
    changed((h) => (h.runs = [])),
    /runs: at least one expected, 0 found/,
  );
  const longer = new Uint8Array([...encodeHeldOut(heldOutExample()), 0, 0, 0, 0]);
  new DataView(longer.buffer).setUint32(16, 0, true);
  new DataView(longer.buffer).setUint32(16, crc32(longer), true);
  refused(longer, /length differs from its description/);
});

test("the bundled file: of the same recordings as the bundled features, every fold with three seeds, small", () => {
  const bytes = readFileSync(packagePath("models", "esc10-held-out.qho"));
  const heldOut = decodeHeldOut(bytes, "esc10-held-out.qho");
  const codes = decodeFeatureCodes(readFileSync(packagePath("models", "esc10-features.qfc")), "esc10-features.qfc");
  assert.is(heldOut.data.sha256, codes.sha256);
  assert.equal(heldOut.labels, codes.labels);
  assert.equal(
    heldOut.clips,
    codes.clips.map(({ label, fold }) => ({ label, fold })),
  );
  assert.equal(
    heldOut.runs.map(({ seed, fold }) => `${seed}/${fold}`),
    [1, 2, 3].flatMap((seed) => [1, 2, 3, 4].map((fold) => `${seed}/${fold}`)),
  );
  assert.ok(bytes.length < 200_000, `${bytes.length} bytes`);
  const { labels, networks, runs } = heldOut;
  for (const { probabilities } of runs)
    for (let at = 0; at < probabilities.length; at += labels.length) {
      const sum = probabilities.subarray(at, at + labels.length).reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(sum - 1) < 1e-5, `probabilities add up to ${sum}`);
    }
  assert.is(runs[0].probabilities.length, 80 * networks.length * labels.length);
});

test("collecting: every clip of every fold once a seed, written after each; a seed's runs do not depend on the others", async () => {
  const random = new Random(11);
  const clips = Array.from({ length: 27 }, (_, i) => {
    const label = i % 3;
    const features = Float32Array.from({ length: 10 }, (_, k) => 3 * Math.cos(k * (label + 1)) + 0.9 * random.normal());
    return { name: `${i}`, label, fold: 1 + Math.floor(i / 9), features };
  });
  const dataset: TrainingDataset = { name: "made up", sha256: "00", labels: ["a", "b", "c"], clips };
  const collect = async (seeds: number[]) => {
    const seen: HeldOut[] = [];
    const options = {
      command: (done: number[]) => `seeds ${done}`,
      versions: {},
      experts: ["ternary" as const, "8" as const],
      hidden: [8],
    };
    await collectHeldOut(
      { ...options, seeds, epochs: 6, jobs: 1, extract: () => new Float32Array(0), copies: 1, stress: false },
      dataset,
      (sofar) => seen.push(structuredClone(sofar)),
    );
    return seen;
  };
  const both = await collect([1, 2]);
  assert.equal(
    both.map(({ command, runs }) => `${command}: ${runs.length}`),
    ["seeds 1: 3", "seeds 1,2: 6"],
  );
  const last = both[1];
  assert.equal(last.runs.slice(0, 3), both[0].runs);
  assert.equal(
    last.networks.map(({ name, hidden }) => `${name} ${hidden}`),
    ["probe 128,64", "ternary 8", "8-bit 8"],
  );
  for (const { probabilities, gates, variance } of last.runs) {
    assert.equal([probabilities.length, gates.length, variance.length], [9 * 3 * 3, 9 * 2, 9]);
    assert.ok(variance.every((u) => u >= 0) && variance.some((u) => u > 0));
  }
  assert.equal(decodeHeldOut(encodeHeldOut(last), "a.qho"), last);
  const [alone] = await collect([2]);
  assert.equal(alone.runs, last.runs.slice(3));
});

test.run();
