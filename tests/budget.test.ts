// Budgets: wasm bytes, work memory and file bytes, so that growth is a decision in a diff.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { POLICY_BAYESIAN, POLICY_SINGLE } from "../assembly/format/ids.ts";
import { packagePath } from "../host/files.ts";
import { measure, modelSize, moduleSize } from "../scripts/size.ts";
import { type ModelOptions, randomModelFile } from "./harness/models.ts";

const KIB = 1024;

/** Limits that hold for good, and what the modules take now, rounded up to the next 512 bytes: raise it when a feature is worth it. */
const MODULES = [
  { name: "qurio.wasm", limit: 25 * KIB, budget: 50 * 512 },
  { name: "qurio.simd.wasm", limit: 33 * KIB, budget: 64 * 512 },
  { name: "qurio-wasi.wasm", limit: 36 * KIB, budget: 71 * 512 },
];

const read = (name: string) => new Uint8Array(readFileSync(packagePath("build", name)));

for (const { name, limit, budget } of MODULES) {
  test(`${name} fits its budget`, () => {
    const { sizeBytes } = moduleSize(name, read(name));
    assert.ok(budget <= limit, `budget ${budget} is above the limit ${limit}`);
    assert.ok(sizeBytes <= budget, `${sizeBytes} bytes, ${budget} budgeted: make it smaller, or raise the budget and say why`);
    assert.ok(sizeBytes > budget - 1024, `${sizeBytes} bytes, ${budget} budgeted: lower the budget, so that it holds what was won`);
  });
}

test("code bytes are those of the code section", () => {
  const { sizeBytes, codeBytes } = moduleSize(
    "empty",
    Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 4, 1, 2, 0, 11),
  );
  assert.equal([sizeBytes, codeBytes], [24, 4]);
  for (const { name } of MODULES) {
    const size = moduleSize(name, read(name));
    assert.ok(size.codeBytes > 0.7 * size.sizeBytes && size.codeBytes < size.sizeBytes, JSON.stringify(size));
  }
});

/** Exact: a byte more of work memory is a byte less on a board. */
const MODELS: [name: string, options: ModelOptions, expected: Record<string, number>][] = [
  ["audio, probe, 4-bit and 8-bit", {}, { arenaBytes: 12288, ringBytes: 31872, audioBytes: 2048, workBytes: 46208, sizeBytes: 61088 }],
  [
    "audio, bayesian, 10 samples",
    { policy: POLICY_BAYESIAN, experts: ["ternary", "4-bit", "8-bit"], samples: 10 },
    { arenaBytes: 12352, ringBytes: 31872, audioBytes: 2048, workBytes: 46272, sizeBytes: 68544 },
  ],
  [
    "audio, single, as wide as the bundled default",
    { policy: POLICY_SINGLE, experts: ["4-bit"], hidden: [640, 320] },
    { arenaBytes: 12288, ringBytes: 31872, audioBytes: 2048, workBytes: 46208, sizeBytes: 454928 },
  ],
  [
    "37 features, single ternary",
    { policy: POLICY_SINGLE, experts: ["ternary"], frontEnd: false },
    { arenaBytes: 880, ringBytes: 0, audioBytes: 0, workBytes: 880, sizeBytes: 2848 },
  ],
];

for (const [name, options, expected] of MODELS) {
  test(`${name}: arena, ring, audio and file bytes`, () => {
    const { sizeBytes, workBytes, arenaBytes, ringBytes, audioBytes } = modelSize(name, randomModelFile(options));
    assert.equal({ arenaBytes, ringBytes, audioBytes, workBytes, sizeBytes }, expected);
  });
}

const FILE_LIMITS: Record<string, number> = { "esc10-tiny.qmoe": 176 * KIB, "esc10-low-ram.qmoe": 176 * KIB };

test("bundled models fit, and their parts add up", () => {
  for (const { name, sizeBytes, workBytes, arenaBytes, ringBytes, audioBytes, sections } of measure().models) {
    const limit = FILE_LIMITS[name] ?? Number.POSITIVE_INFINITY;
    assert.ok(sizeBytes <= limit, `${name}: ${sizeBytes} bytes, at most ${limit}`);
    assert.is(arenaBytes + ringBytes + audioBytes, workBytes, name);
    const inSections = sections.reduce((sum, section) => sum + section.sizeBytes, 0);
    const beside = 32 + 16 * sections.length;
    assert.ok(sizeBytes >= inSections + beside && sizeBytes <= inSections + beside + 16 * sections.length, name);
  }
});

test.run();
