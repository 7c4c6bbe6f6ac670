// The core under the meter: same decisions as without it, exact counts per part, bounded overhead, and the arithmetic behind the counts.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as I from "../assembly/format/ids.ts";
import type { QurioError } from "../host/errors.ts";
import { addPartCounts, type Cost, costOf, costRows, cyclesOf, energyUjOf, noPartCounts, PARTS } from "../host/meter/cost.ts";
import { CounterReader, noCounts, totalOf } from "../host/meter/counts.ts";
import type { DeviceProfile } from "../host/meter/device.ts";
import { loadDevice } from "../host/meter/devices.ts";
import { instrument } from "../host/meter/instrument.ts";
import { Meter, ROOTS } from "../host/meter/meter.ts";
import { Core } from "../host/runtime/core.ts";
import { drain, pumpToEnd } from "../host/runtime/pump.ts";
import { CLASSES } from "../host/wasm/opcodes.ts";
import { randomModelFile, randomPcm } from "./harness/models.ts";

const scalar = new Uint8Array(readFileSync("build/qurio.wasm"));
const simd = new Uint8Array(readFileSync("build/qurio.simd.wasm"));
const nucleo = loadDevice("nucleo-l4r5zi");
const pcm = randomPcm(80000, 1);

async function plainDecision(file: Uint8Array, audio: Int16Array, seed: number): Promise<Uint8Array> {
  const core = await Core.create(scalar as BufferSource, false);
  core.load(file);
  core.reset(seed);
  core.push(audio);
  core.decide();
  return core.decisionBytes();
}

test("scalar and SIMD: the decision is the one without counters, every step has its part", async () => {
  const file = randomModelFile({ policy: I.POLICY_PROBE, escalate: [0, 0] });
  for (const [wasm, isSimd] of [
    [scalar, false],
    [simd, true],
  ] as const) {
    const meter = await Meter.create(wasm, isSimd);
    meter.core.load(file);
    const { steps, counts } = meter.decide({ pcm }, 5);
    assert.equal(meter.core.decisionBytes(), await plainDecision(file, pcm, 5));
    assert.equal(
      steps.map(({ part, times }) => `${part} ${times}`),
      ["frontEnd 498", "frontEnd 98", ...Array(3).fill("router 1"), ...Array(6).fill("expert 1")],
    );
    for (const part of PARTS) {
      const sum = steps.filter((step) => step.part === part).reduce((total, step) => total + totalOf(step.counts), 0);
      assert.is(totalOf(counts[part]), sum, part);
      assert.ok(sum > 1000, part);
    }
    assert.is(totalOf(counts.expert) > 0 && counts.expert.simd > 0, isSimd);
  }
});

test("parts add up to one counter per instruction over the whole decision", async () => {
  const file = randomModelFile({ policy: I.POLICY_BAYESIAN, samples: 3 });
  const meter = await Meter.create(scalar, false);
  meter.core.load(file);
  const { counts } = meter.decide({ pcm }, 9);
  const whole = noCounts();
  for (const part of PARTS) for (const kind of CLASSES) whole[kind] += counts[part][kind];

  const singly = instrument(scalar, { granularity: "instruction", roots: ROOTS });
  const core = await Core.create(singly.wasm, false);
  const reader = new CounterReader(core.exports as unknown as WebAssembly.Exports, singly);
  core.load(file);
  const expected = reader.during(() => {
    core.reset(9);
    core.push(pcm);
    drain(pumpToEnd(core));
  });
  // host calls between the steps differ between Meter.decide and this loop by calls of audioSpace and idle steps: below a thousandth
  const ratio = totalOf(whole) / totalOf(expected);
  assert.ok(Math.abs(ratio - 1) < 1e-3, `${totalOf(whole)} against ${totalOf(expected)}`);
  for (const kind of ["mul", "div", "floatMul", "floatDiv", "mul64", "truncate", "double"] as const)
    assert.is(whole[kind], expected[kind], kind);
});

test("the same input gives the same counts, and short audio is padded", async () => {
  const meter = await Meter.create(scalar, false);
  meter.core.load(randomModelFile());
  const first = meter.decide({ pcm: pcm.subarray(0, 30001) }, 3);
  meter.decide({ pcm }, 4);
  const again = meter.decide({ pcm: pcm.subarray(0, 30001) }, 3);
  assert.equal(again.counts, first.counts);
  assert.is(first.decision.framesSeen, 498);
});

test("feature vectors: no frames, so the front end is next to nothing", async () => {
  const meter = await Meter.create(scalar, false);
  meter.core.load(randomModelFile({ frontEnd: false, features: 50 }));
  const { counts, steps } = meter.decide({ features: Float32Array.from({ length: 50 }, (_, i) => i / 50) });
  assert.is(counts.frontEnd.floatMul, 0);
  assert.is(steps[0].part, "router");
  const features = Float32Array.from({ length: 50 }, () => Number.NaN);
  assert.throws(
    () => meter.decide({ features }),
    (error: QurioError) => error.code === "INPUT_NOT_FINITE",
  );
});

test("overhead: at most a quarter more bytes, at most twice the time", async () => {
  const file = randomModelFile();
  const instrumented = instrument(scalar, { roots: ROOTS });
  const bytes = instrumented.wasm.length / scalar.length;
  const cores = [await Core.create(scalar as BufferSource, false), await Core.create(instrumented.wasm, false)];
  const times = cores.map((): number[] => []);
  for (const core of cores) core.load(file);
  for (let run = 0; run < 60; run++) {
    for (const [i, core] of cores.entries()) {
      const start = performance.now();
      core.reset(1);
      core.push(pcm);
      core.decide();
      times[i].push(performance.now() - start);
    }
  }
  // the fastest run of each: what a busy machine adds is left out
  const [plain, counted] = times.map((list) => Math.min(...list));
  const time = counted / plain;
  console.log(`counters ${instrumented.counters.length}, bytes ${scalar.length} -> ${instrumented.wasm.length} (${bytes.toFixed(2)}x)`);
  console.log(`decision ${plain.toFixed(2)} -> ${counted.toFixed(2)} ms (${time.toFixed(2)}x)`);
  assert.ok(bytes <= 1.25, `bytes ${bytes}`);
  assert.ok(time <= 2, `time ${time}`);
});

/** load 2 cycles, mul 3, all else 0; 100 MHz; 50 pJ. */
function simpleDevice(): DeviceProfile {
  const constant = (value: number, unit: string) => ({ value, unit, source: "made up for this test" });
  const cyclesPerOp = Object.fromEntries(CLASSES.filter((kind) => !/simd|bulk/.test(kind)).map((kind) => [kind, constant(0, "cycles")]));
  cyclesPerOp["load"] = constant(2, "cycles");
  cyclesPerOp["mul"] = constant(3, "cycles");
  return {
    name: "simple",
    title: "simple",
    family: "paper",
    core: "paper",
    cyclesFrom: "paper",
    cyclesPerOp,
    firmware: null,
    runs: { how: "wasm2c", factor: { ...constant(1, "x"), low: 0.5, high: 2 } },
    clock: constant(100, "MHz"),
    supply: constant(1, "V"),
    supplyMin: constant(1, "V"),
    waitStates: constant(1, "x"),
    energy: { current: constant(50, "uA/MHz"), boardFactor: { ...constant(1, "x"), low: 0.8, high: 2 }, measured: null },
    energyPerCycle: { value: 50, low: 40, high: 100 },
    sleep: constant(1, "uA"),
    wake: constant(1, "us"),
    radio: null,
  };
}

test("cost: worked out by hand", () => {
  const counts = noPartCounts();
  Object.assign(counts.frontEnd, { load: 1_000_000, local: 5 });
  Object.assign(counts.router, { mul: 100_000 });
  Object.assign(counts.expert, { load: 200_000, mul: 100_000 });
  const expected: Cost = {
    kind: "modelled",
    device: "simple",
    ops: { total: 1_400_005, frontEnd: 1_000_005, router: 100_000, expert: 300_000 },
    cycles: { total: 3_000_000, frontEnd: 2_000_000, router: 300_000, expert: 700_000 },
    networkUj: 50, // 1,000,000 cycles of 50 pJ
    networkUjRange: [20, 200], // 40 to 100 pJ, 0.5 to 2 times as many cycles
    decisionUj: 150,
    decisionUjRange: [60, 600],
    networkMs: 10,
    timeMs: 30,
  };
  const cost = costOf(counts, simpleDevice());
  for (const key of ["networkUj", "decisionUj", "networkMs", "timeMs"] as const) {
    assert.ok(Math.abs(cost[key] - expected[key]) < 1e-9, `${key} ${cost[key]}`);
    cost[key] = expected[key];
  }
  for (const key of ["networkUjRange", "decisionUjRange"] as const) {
    for (const end of [0, 1]) assert.ok(Math.abs(cost[key][end] - expected[key][end]) < 1e-9, `${key} ${cost[key]}`);
    cost[key] = expected[key];
  }
  assert.equal(cost, expected);
  const twice = noPartCounts();
  addPartCounts(twice, counts);
  addPartCounts(twice, counts);
  assert.is(costOf(twice, simpleDevice()).cycles.total, 6_000_000);
});

test("cost rows: parts, the network alone and everything, worked out by hand", () => {
  const numbers = (frontEnd: number, router: number, expert: number) => ({ frontEnd, router, expert, total: frontEnd + router + expert });
  const device = simpleDevice();
  const rows = costRows({ ops: numbers(50, 20, 30), cycles: numbers(1000, 400, 600) }, device);
  assert.equal(
    rows.map(({ name, ops, cycles, share }) => [name, ops, cycles, share]),
    [
      ["front end", 50, 1000, 0.5],
      ["router", 20, 400, 0.2],
      ["expert", 30, 600, 0.3],
      ["network only", 50, 1000, 0.5],
      ["whole decision", 100, 2000, 1],
    ],
  );
  for (const { cycles, timeUs, energyUj } of rows) {
    assert.is(timeUs, cycles / device.clock.value);
    assert.equal(energyUj, energyUjOf(cycles, device));
  }
});

test("cost: an operation that the device cannot run is an error, not a zero", () => {
  assert.throws(
    () => cyclesOf({ ...noCounts(), simd: 7 }, nucleo),
    (error: QurioError) => error.code === "DEVICE_CANNOT" && error.message.includes("no cycles for simd operations, the module executed 7"),
  );
});

test("Nucleo-L4R5ZI: a whole decision costs more than its network", async () => {
  const meter = await Meter.create(scalar, false);
  meter.core.load(randomModelFile());
  const cost = costOf(meter.decide({ pcm }).counts, nucleo);
  assert.ok(cost.networkUj > 0 && cost.decisionUj > cost.networkUj);
  assert.is(cost.kind, "modelled");
  assert.ok(Math.abs(cost.decisionUj - (cost.cycles.total * 345) / 1e6) < 1e-6);
  assert.ok(Math.abs(cost.timeMs - cost.cycles.total / 120e3) < 1e-9);
});

test.run();
