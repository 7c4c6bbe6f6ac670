// The worst case over any input: walked code on paper, and no decision of a real core outside of its bounds, whatever it hears.

import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { POLICY_BAYESIAN, POLICY_SINGLE } from "../assembly/format/ids.ts";
import { WINDOW_SAMPLES } from "../assembly/format/input_spec.ts";
import type { QurioError } from "../host/errors.ts";
import { type BoundStep, type Bounds, boundsOf } from "../host/meter/bound/bound.ts";
import { KnownMemory } from "../host/meter/bound/memory.ts";
import { BOUND_COLUMNS, readProgram } from "../host/meter/bound/program.ts";
import { ANY } from "../host/meter/bound/values.ts";
import { MOST_TURNS, Walker } from "../host/meter/bound/walk.ts";
import { COLUMNS, LOAD_BYTES, STORE_BYTES } from "../host/meter/columns.ts";
import { type Counts, countsOf, totalOf } from "../host/meter/counts.ts";
import { Meter, type MeterInput } from "../host/meter/meter.ts";
import { pathsOf, takePath } from "../host/meter/paths.ts";
import { DEFAULT_FRONT_END } from "../host/model-file/front_end.ts";
import { decodeModel, encodeModel } from "../host/model-file/model_file.ts";
import { WEIGHT_TYPES } from "../host/model-file/weight_types.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { CLASSES } from "../host/wasm/opcodes.ts";
import { soundParts } from "../tools/export/front_end_tables.ts";
import { randomModel, randomPcm, type TypeName } from "./harness/models.ts";

const scalar = coreWasm(false);

// ---- on paper ----

/** A module of one function f and a memory; global 0 is an i32. */
function moduleOf(body: number[]): Uint8Array {
  const code = [1, 2, 0x7f, ...body, 0x0b];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 5, 3, 1, 0, 1],
    ...[6, 6, 1, 0x7f, 1, 0x41, 0, 0x0b, 7, 5, 1, 1, 0x66, 0, 0, 10, code.length + 2, 1, code.length, ...code],
  ]);
}

/** Byte 16 of memory and global 0 are unknown; a failure is a store at 1024. */
function walk(body: number[]) {
  const memory = new KnownMemory(65536);
  memory.forget(16, 20);
  const walker = new Walker(readProgram(moduleOf(body)), memory, 1024, 2048, 4096);
  walker.globals.push(ANY);
  const counted = walker.run("f");
  return { walker, counted, most: counted && countsOf(counted.most), least: counted && countsOf(counted.least) };
}

const UNKNOWN = [0x41, 16, 0x2d, 0, 0]; //                     i32.const 16, i32.load8_u
const COUNT = [0x20, 0, 0x41, 1, 0x6a, 0x21, 0]; //            local 0 += 1

test("a known number of turns is walked as often; nothing is unknown, so most is least", () => {
  const { most, least, walker } = walk([0x03, 0x40, ...COUNT, 0x20, 0, 0x41, 7, 0x48, 0x0d, 0, 0x0b]);
  assert.equal(most, least);
  assert.is(most!.compare, 7);
  assert.is(most!.branch, 7);
  assert.is(walker.forks, 0);
});

test("an unknown condition: the larger and the smaller arm of each class, and both for what follows", () => {
  const loop = [0x03, 0x40, ...COUNT, 0x20, 0, 0x41, 3, 0x48, 0x0d, 0, 0x0b];
  const { most, least } = walk([...UNKNOWN, 0x04, 0x40, ...COUNT, ...COUNT, 0x05, 0x41, 2, 0x21, 1, 0x0b, ...loop]);
  // local 0 is 0 or 2 before the loop: 3 turns or 1, and the walk goes on until neither can
  assert.is(most!.alu, 2 + 3);
  assert.is(least!.alu, 0 + 1);
  assert.is(most!.branch, 1 + 3);
});

test("a loop whose end is unknown is walked MOST_TURNS times and noted", () => {
  const { most, least, walker } = walk([0x02, 0x40, 0x03, 0x40, ...UNKNOWN, 0x0d, 1, ...COUNT, 0x0c, 0, 0x0b, 0x0b]);
  assert.is(most!.load, MOST_TURNS);
  assert.is(least!.load, 1);
  assert.is(walker.cut.size, 1);
});

test("a way that reports a failure does not count, and one that always does has no bound", () => {
  const fail = [0x41, 0x80, 8, 0x41, 9, 0x36, 2, 0]; // i32.store 1024
  const { most } = walk([...UNKNOWN, 0x04, 0x40, ...COUNT, ...fail, 0x0b]);
  assert.is(most!.alu, 0);
  assert.is(walk(fail).counted, null);
});

test("what one of two ways stored is unknown behind them; what the model holds is counted apart", () => {
  const store = (address: number, value: number) => [0x41, address, 0x41, value, 0x3a, 0, 0];
  const turns = [0x03, 0x40, ...COUNT, 0x20, 0, 0x41, 32, 0x2d, 0, 0, 0x48, 0x0d, 0, 0x0b];
  const known = walk([...store(32, 5), ...turns]);
  assert.equal([known.most!.compare, known.least!.compare], [5, 5]);
  const unknown = walk([...UNKNOWN, 0x04, 0x40, ...store(32, 5), 0x0b, ...turns]);
  // a byte is at most 255, so the walk knows that the 255th turn is the last
  assert.equal([unknown.most!.compare, unknown.least!.compare, unknown.walker.cut.size], [255, 1, 0]);
  const model = walk([0x41, 0x80, 0x10, 0x28, 2, 4, 0x1a, 0x41, 8, 0x28, 2, 4, 0x1a]);
  assert.is(model.counted!.most[COLUMNS], 4);
});

test("modules that cannot be walked are refused", () => {
  const table = [...UNKNOWN, 0x0e, 0, 0];
  assert.throws(
    () => readProgram(moduleOf(table)),
    (error: QurioError) => error.code === "WASM_MALFORMED" && error.message.includes("no br_table"),
  );
  assert.throws(
    () => walk([0x23, 0, 0x41, 1, 0x36, 2, 0]), // a store at an unknown address
    (error: QurioError) => error.code === "BOUND",
  );
  assert.throws(
    () => walk([0x03, 0x40, 0x0c, 0, 0x0b]), // for ever
    (error: QurioError) => error.code === "BOUND" && error.message.includes("does not end"),
  );
});

// ---- on the core ----

const POSITIONS = CLASSES.map((kind, c) => [kind, c] as const);

/** Every step of a decision within its bounds, class by class and byte by byte. */
async function holds(model: ReturnType<typeof randomModel>, inputs: MeterInput[], arbitrary?: fc.Arbitrary<MeterInput>): Promise<Bounds> {
  const file = encodeModel(model);
  const packed = decodeModel(file);
  const bounds = await boundsOf(scalar, file, packed);
  const meter = await Meter.create(scalar, false);
  meter.core.load(file);
  const check = (input: MeterInput) => {
    for (const [i, path] of pathsOf(packed).entries()) {
      const undo = takePath(meter.core, packed, path);
      const { steps, decision } = meter.decide(input, 77);
      undo();
      assert.is(decision.answerer, path.answerer);
      assert.is(steps.length, bounds.paths[i].length, path.name);
      for (const [s, { counts, traffic, phase, times }] of steps.entries()) {
        const { most, least, ...about } = bounds.paths[i][s];
        assert.equal([about.phase, about.times], [phase, times]);
        within(counts, most, least, `${path.name}, step ${s}`);
        assert.ok(traffic.loadBytes <= most[LOAD_BYTES] && traffic.loadBytes >= least[LOAD_BYTES], `${path.name}, step ${s}: bytes loaded`);
        assert.ok(
          traffic.storeBytes <= most[STORE_BYTES] && traffic.storeBytes >= least[STORE_BYTES],
          `${path.name}, step ${s}: bytes stored`,
        );
      }
    }
  };
  for (const input of inputs) check(input);
  if (arbitrary) fc.assert(fc.property(arbitrary, check), { seed: 5, numRuns: 25 });
  return bounds;
}

function within(counts: Counts, most: Float64Array, least: Float64Array, where: string): void {
  for (const [kind, c] of POSITIONS) {
    assert.ok(counts[kind] <= most[c], `${where}: ${counts[kind]} ${kind}, at most ${most[c]} proven`);
    assert.ok(counts[kind] >= least[c], `${where}: ${counts[kind]} ${kind}, at least ${least[c]} proven`);
  }
}

const window = (sample: (i: number) => number): MeterInput => ({ pcm: Int16Array.from({ length: WINDOW_SAMPLES }, (_, i) => sample(i)) });
/** Sounds that push each branch on data to one side: floors, ceilings, single values, extremes in a row. */
const SOUNDS: MeterInput[] = [
  window(() => 0),
  window(() => -32768),
  window((i) => (i % 2 === 0 ? 32767 : -32768)),
  window((i) => (Math.floor(i / 8) % 2 === 0 ? 32767 : -32768)),
  window((i) => (i === 40000 ? 32767 : 0)),
  window((i) => (i < 40000 ? 0 : (i * 7919) % 65536) - (i < 40000 ? 0 : 32768)),
  window((i) => Math.round((32767 * i) / WINDOW_SAMPLES)),
  window((i) => Math.round(32767 * Math.sin(i * i * 1e-5))),
  { pcm: randomPcm(WINDOW_SAMPLES, 3) },
];
/** Segments of silence, noise, tones and steps, at any loudness. */
const sound = fc
  .array(
    fc.tuple(fc.constantFrom("silence", "noise", "tone", "level"), fc.integer({ min: 0, max: 32767 }), fc.integer({ min: 1, max: 400 })),
    {
      minLength: 1,
      maxLength: 6,
    },
  )
  .map((segments) =>
    window((i) => {
      const [kind, loudness, period] = segments[Math.floor((i * segments.length) / WINDOW_SAMPLES)];
      if (kind === "silence") return 0;
      if (kind === "level") return Math.floor(i / period) % 2 === 0 ? loudness : -loudness;
      if (kind === "tone") return Math.round(loudness * Math.sin((2 * Math.PI * i) / period));
      return Math.round(loudness * (((i * 2654435761) % 4294967296) / 2147483648 - 1));
    }),
  );

const share = (steps: readonly BoundStep[]) => {
  const sum = (of: (step: BoundStep) => Float64Array) => steps.reduce((all, step) => all + totalOf(countsOf(of(step))), 0);
  return sum(({ most }) => most) / sum(({ least }) => least);
};

for (const arithmetic of ["float", "fixed"] as const) {
  test(`${arithmetic} front end: no sound leaves the bounds, and they are narrow`, async () => {
    const parts = soundParts({ ...DEFAULT_FRONT_END, arithmetic });
    const bounds = await holds({ ...randomModel({ experts: ["8-bit"] }), ...parts }, SOUNDS, sound);
    const steps = bounds.paths.at(-1)!;
    const frontEndSteps = steps.filter(({ part }) => part === "frontEnd");
    assert.is(bounds.cutFunctions, 1); // seriesDigit
    assert.ok(share(frontEndSteps) < 1.15, `front end ${share(frontEndSteps)}`);
    assert.ok(share(steps) < 1.15, `all ${share(steps)}`);
  });
}

const FEATURES = 45;
const vector = (of: (i: number) => number): MeterInput => ({ features: Float32Array.from({ length: FEATURES }, (_, i) => of(i)) });
const VECTORS = [vector(() => 0), vector(() => 1e30), vector((i) => (i % 2 === 0 ? -1e9 : 1e9)), vector((i) => (i === 7 ? 1e-30 : 0))];
const features = fc
  .array(fc.float({ noNaN: true, noDefaultInfinity: true, min: Math.fround(-1e20), max: Math.fround(1e20) }), {
    minLength: FEATURES,
    maxLength: FEATURES,
  })
  .map((values): MeterInput => ({ features: Float32Array.from(values) }));

const types = WEIGHT_TYPES.map(({ name }) => name) as TypeName[];

test("every weight type, everybody asked: no vector leaves the bounds", async () => {
  for (let from = 0; from < types.length; from += 7) {
    const experts = types.slice(from, from + 7);
    await holds(randomModel({ experts, frontEnd: false, features: FEATURES, hidden: [40, 17], seed: from }), VECTORS, features);
  }
});

test("single and bayesian with samples: each way has its own bounds", async () => {
  await holds(randomModel({ policy: POLICY_SINGLE, experts: ["popcount"], frontEnd: false, features: FEATURES }), VECTORS, features);
  const model = randomModel({
    policy: POLICY_BAYESIAN,
    experts: ["ternary", "4-bit", "8-bit"],
    samples: 5,
    frontEnd: false,
    features: FEATURES,
  });
  const { paths } = await holds(model, VECTORS, features);
  assert.is(paths.length, 3);
});

test("kernels do the same whatever they multiply: a layer without ReLU and norm is constant but for its quantization", async () => {
  const model = randomModel({ policy: POLICY_SINGLE, experts: ["8-bit"], frontEnd: false, features: FEATURES, hidden: [40] });
  const { paths } = await holds(model, VECTORS);
  for (const [c] of POSITIONS.map(([, c]) => [c])) {
    const [{ most, least }] = paths[0];
    if (CLASSES[c] === "mul" || CLASSES[c] === "load64" || CLASSES[c] === "div") assert.is(most[c], least[c], CLASSES[c]);
  }
  assert.is(paths[0][0].most.length, BOUND_COLUMNS);
});

test.run();
