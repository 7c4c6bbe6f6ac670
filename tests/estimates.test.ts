// Two estimates of the cycles of a decision: the emulated core is called as the meter calls its own, step by step, and decides the same.

import { test } from "uvu";
import * as assert from "uvu/assert";
import * as I from "../assembly/format/ids.ts";
import { emulatedDecision, emulatedOf, openEmulatedMeter } from "../firmware-sim/estimates/emulated.ts";
import { HOW_TO_INSTALL, missingTool } from "../firmware-sim/image/tools.ts";
import { packagePath, readInput } from "../host/files.ts";
import { cyclesOf } from "../host/meter/cost.ts";
import { totalOf } from "../host/meter/counts.ts";
import { loadDevice } from "../host/meter/devices.ts";
import { Meter } from "../host/meter/meter.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { randomModelFile, randomPcm } from "./harness/models.ts";

const missing = missingTool();
if (missing) console.log(`skip estimates.test.ts: ${missing} is not in PATH; ${HOW_TO_INSTALL}`);
const emulated = missing ? test.skip : test;

const nucleo = loadDevice("nucleo-l4r5zi");

emulated("esc10-tiny: the estimates agree within 20 % about each part, and ops are those of the meter alone", async () => {
  const file = readInput(packagePath("models", "esc10-tiny.qmoe"));
  const pcm = randomPcm(80000, 3);
  const decided = await emulatedDecision(file, { pcm }, "cortex-m4");
  const meter = await Meter.create(coreWasm(false), false);
  meter.core.load(file);
  const alone = meter.decide({ pcm });
  assert.equal(
    decided.steps.map(({ emulated: _, ...step }) => step),
    alone.steps,
  );
  for (const part of ["frontEnd", "router"] as const) {
    const ratio = cyclesOf(alone.counts[part], nucleo) / emulatedOf(decided, part).cycles;
    assert.ok(Math.abs(ratio - 1) < 0.2, `${part}: ${ratio}`);
  }
  for (const {
    part,
    counts,
    emulated: { instructions, cycles },
  } of decided.steps) {
    assert.ok(instructions > 0.2 * totalOf(counts) && instructions < totalOf(counts), `${part}: ${instructions} instructions`);
    assert.ok(cycles > instructions);
  }
  const all = emulatedOf(decided);
  assert.is(
    all.cycles,
    decided.steps.reduce((sum, step) => sum + step.emulated.cycles, 0),
  );
});

emulated("a compiled core takes one decision after another: short and long sound, samples of a router, features", async () => {
  const meter = await openEmulatedMeter("cortex-m4");
  try {
    const bayesian = randomModelFile({ policy: I.POLICY_BAYESIAN, samples: 3 });
    const kinds = (pcm: Int16Array) => meter.decide(bayesian, { pcm }, 7).steps.map(({ part, times }) => `${part} ${times}`);
    const expected = ["frontEnd 498", "frontEnd 98", ...Array(4).fill("router 1"), ...Array(3).fill("expert 1")];
    assert.equal(kinds(randomPcm(90000, 2)), expected);
    assert.equal(kinds(randomPcm(777, 2)), expected);
    const single = randomModelFile({ frontEnd: false, policy: I.POLICY_SINGLE });
    const { steps, decision } = meter.decide(single, { features: new Float32Array(37).fill(0.5) });
    assert.equal(
      steps.map(({ part }) => part),
      ["expert", "expert", "expert"],
    );
    assert.is(decision.answerer, 0);
  } finally {
    meter.close();
  }
});

test.run();
