// Networks as lists of ops over numbered buffers: what the loader refuses of their records, each check once, and that ops find their
// values wherever buffers lie.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as F from "../assembly/format/file.ts";
import { MAX_BUFFERS, MAX_OPS, MAX_WIDTH, POLICY_BAYESIAN, POLICY_SINGLE, SECTION_EXPERT, SECTION_PLAN } from "../assembly/format/ids.ts";
import { LINEAR_FLAGS } from "../assembly/format/linear.ts";
import { packagePath } from "../host/files.ts";
import { decodeContainer, encodeContainer } from "../host/model-file/container.ts";
import { encodeModel, type PackedModel } from "../host/model-file/model_file.ts";
import { chain, linearOps, type PackedNetwork } from "../host/model-file/network.ts";
import { repack } from "../host/model-file/repack.ts";
import { Core } from "../host/runtime/core.ts";
import { randomModel } from "./harness/models.ts";

const FEATURES = 37;
const coreOf = async (name: string) => Core.create(new WebAssembly.Module(readFileSync(packagePath("build", name))), name.includes("simd"));
const [scalar, simd] = [await coreOf("qurio.wasm"), await coreOf("qurio.simd.wasm")];

/** 37 -> 24 -> 17 -> 10, all buffers at 0. */
const single = randomModel({ frontEnd: false, features: FEATURES, policy: POLICY_SINGLE, experts: ["4-bit"] });
const sampling = randomModel({ frontEnd: false, features: FEATURES, policy: POLICY_BAYESIAN, experts: ["4-bit", "8-bit"], samples: 4 });
const vector = Float32Array.from({ length: FEATURES }, (_, i) => Math.sin(7 * i + 1));

const opAt = (index: number) => F.NETWORK_BYTES + index * F.OP_BYTES;
const bufferAt = (ops: number, number: number) => opAt(ops) + number * F.BUFFER_BYTES;

/** Error code and message of the file with words of a network's section changed. */
function refusal(model: PackedModel, sectionId: number, words: [at: number, value: number][]): string {
  const sections = decodeContainer(encodeModel(model)).map(({ id, bytes }) => ({ id, bytes: bytes.slice() }));
  const view = new DataView(sections.find(({ id }) => id === sectionId)!.bytes.buffer);
  for (const [at, value] of words) view.setUint32(at, value, true);
  try {
    scalar.load(encodeContainer(sections));
  } catch (error) {
    return `${(error as { code: string }).code}: ${(error as Error).message}`;
  }
  return "accepted";
}

const half = new Uint32Array(Float32Array.of(0.5).buffer)[0];

for (const [what, words, expected] of [
  ["no ops", [[F.NETWORK_OPS, 0]], /^NETWORK: network 1 /],
  ["too many ops", [[F.NETWORK_OPS, MAX_OPS + 1]], /^NETWORK: .* expected 16, found 17/],
  ["no buffers", [[F.NETWORK_BUFFERS, 0]], /^NETWORK: network 1 /],
  ["too many buffers", [[F.NETWORK_BUFFERS, MAX_BUFFERS + 1]], /^NETWORK: .* expected 32, found 33/],
  ["an unknown op", [[opAt(1) + F.OP_KIND, 2]], /^OP: op 1 of network 1 is of unknown kind 2/],
  ["an input that is not there", [[opAt(1) + F.OP_INPUT, 4]], /^BUFFER: op 1 of network 1 .*: 4/],
  ["an input far away", [[opAt(1) + F.OP_INPUT, 0xffffffff]], /^BUFFER: op 1 of network 1 .*: -1/],
  ["an input far below", [[opAt(0) + F.OP_INPUT, 0xffffffe0]], /^BUFFER: op 0 of network 1 .*: -32/],
  ["an input that nothing has written", [[opAt(1) + F.OP_INPUT, 2]], /^BUFFER: op 1 of network 1 .*: 2/],
  ["an input that was written over", [[opAt(1) + F.OP_INPUT, 0]], /^BUFFER: op 1 of network 1 .*: 0/],
  ["an output that is not there", [[opAt(2) + F.OP_OUTPUT, 4]], /^BUFFER: op 2 of network 1 .*: 4/],
  ["a buffer off the grid", [[bufferAt(3, 1) + F.BUFFER_OFFSET, 8]], /^BUFFER: op 0 of network 1 .*: 8/],
  ["an input elsewhere", [[bufferAt(3, 0) + F.BUFFER_OFFSET, 16]], /^BUFFER: op 0 of network 1 .*: 16/],
  ["a buffer too far", [[bufferAt(3, 3) + F.BUFFER_OFFSET, 4 * MAX_WIDTH + 16]], /^BUFFER: op 2 of network 1 .*: 32784/],
  ["a buffer before the start", [[bufferAt(3, 3) + F.BUFFER_OFFSET, 0x80000000]], /^BUFFER: op 2 of network 1 /],
  ["a buffer without values", [[bufferAt(3, 1) + F.BUFFER_VALUES, 0]], /^LAYER_SHAPE: op 0 of network 1 .* expected 8192, found 0/],
  ["a buffer with too many", [[bufferAt(3, 1) + F.BUFFER_VALUES, MAX_WIDTH + 1]], /^LAYER_SHAPE: op 0 /],
  ["another input than the plan's", [[bufferAt(3, 0) + F.BUFFER_VALUES, 36]], /^LAYER_SHAPE: op 0 .* expected 37, found 36/],
  ["other outputs than the plan's", [[opAt(2) + F.OP_OUTPUT, 2]], /^(LAYER_SHAPE|TENSOR_BOUNDS): op 2 /],
  ["dropout behind the last op", [[opAt(2) + F.OP_DROPOUT, half]], /^LAYER: op 2 /],
  ["a dropout of everything", [[opAt(1) + F.OP_DROPOUT, half + 0x00800000]], /^LAYER: op 1 /],
  ["an unknown flag", [[opAt(1) + LINEAR_FLAGS, 8]], /^LAYER: op 1 /],
  ["buffers that another plan needs", [[bufferAt(3, 3) + F.BUFFER_OFFSET, 1024]], /^PLAN: memory plan field 12 /],
] as [string, [number, number][], RegExp][]) {
  test(`${what}: refused by name`, () => assert.match(refusal(single, SECTION_EXPERT, words), expected));
}

test("a plan that says more than the networks need, in any field that load computes, is refused by that field", () => {
  const plan = decodeContainer(encodeModel(single)).find(({ id }) => id === SECTION_PLAN)!.bytes;
  const view = new DataView(plan.buffer, plan.byteOffset);
  for (let field = F.PLAN_BUFFER_BYTES; field < F.PLAN_BYTES; field += 4)
    assert.match(
      refusal(single, SECTION_PLAN, [[field, view.getUint32(field, true) + 16]]),
      new RegExp(`^PLAN: memory plan field ${field} is `),
    );
});

test("a sampling router must find in its second pass what it reads in the first", () => {
  // op 1 reads the network's input once more; op 2 writes to `offset`
  const [first, second, last] = linearOps(sampling.router!);
  const router = (offset: number): PackedNetwork => ({
    name: "router",
    buffers: [
      { offset: 0, values: FEATURES },
      { offset: 4096, values: first.rows },
      { offset: 8192, values: first.rows },
      { offset, values: second.rows },
      { offset: 12288, values: last.rows },
    ],
    ops: [first, { ...first, output: 2 }, { ...second, input: 2, output: 3 }, { ...last, input: 3, output: 4 }],
  });
  const load = (offset: number, samples: number) =>
    scalar.load(encodeModel({ ...sampling, router: router(offset), policy: { ...sampling.policy, samples } }));
  load(16384, 4);
  assert.throws(() => load(0, 4), /op 1 of network 0 has a buffer .*: 0/);
});

test("buffers side by side, in reverse and in place give the same decision, in both builds and in batches", () => {
  const [expert] = single.experts;
  const moved = (offsets: number[]): PackedModel => ({
    ...single,
    experts: [{ ...expert, buffers: expert.buffers.map((buffer, i) => ({ ...buffer, offset: offsets[i] })) }],
  });
  scalar.load(encodeModel(single));
  const expected = [scalar.decideFeatures(vector), [...scalar.probabilities()]];
  for (const offsets of [
    [0, 1024, 2048, 3072],
    [0, 6144, 4096, 2048],
    [0, 512, 0, 512],
    [0, 48, 16, 64],
  ]) {
    const file = encodeModel(moved(offsets));
    scalar.load(file);
    assert.equal([scalar.decideFeatures(vector), [...scalar.probabilities()]], expected, `${offsets}`);
    simd.load(repack(file, "simd"));
    assert.equal([simd.decideFeatures(vector), [...simd.probabilities()]], expected, `${offsets}, SIMD`);
    const three = Float32Array.from({ length: 3 * FEATURES }, (_, i) => vector[i % FEATURES]);
    const batch = simd.batch(1, three);
    for (const row of [0, 1, 2]) assert.equal([...batch.subarray(10 * row, 10 * row + 10)], expected[1], `${offsets}, batch`);
  }
});

test("two ops read one buffer: the later one's output is the network's", () => {
  const [expert] = single.experts;
  const [first, ...rest] = linearOps(expert);
  const wired: PackedNetwork = {
    ...expert,
    buffers: [...expert.buffers.map((buffer, i) => ({ ...buffer, offset: 1024 * i })), { offset: 8192, values: first.rows }],
    ops: [{ ...first, output: 4 }, first, ...rest],
  };
  scalar.load(encodeModel(single));
  scalar.decideFeatures(vector);
  const expected = [...scalar.probabilities()];
  scalar.load(encodeModel({ ...single, experts: [wired] }));
  scalar.decideFeatures(vector);
  assert.equal([...scalar.probabilities()], expected);
});

test("a chain reads and writes the same place", () => {
  const { buffers, ops } = chain("c", single.experts[0].ops);
  assert.equal(
    buffers,
    [FEATURES, 24, 17, 10].map((values) => ({ offset: 0, values })),
  );
  assert.equal(
    ops.map(({ input, output }) => [input, output]),
    [
      [0, 1],
      [1, 2],
      [2, 3],
    ],
  );
});

test.run();
