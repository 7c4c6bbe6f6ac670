// Policies: rules worked out by hand, energy in the paper's rule, and the command's result on the bundled answers.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { policiesReport } from "../cli/policies_report.ts";
import { loadBattery } from "../firmware-sim/battery/index.ts";
import { comparePolicies, timeInBands } from "../firmware-sim/costs/compare_policies.ts";
import { policiesChart } from "../firmware-sim/costs/policies_chart.ts";
import { scenarioOf } from "../firmware-sim/costs/policy_scenario.ts";
import type { QurioError } from "../host/errors.ts";
import { packagePath, readInput } from "../host/files.ts";
import { DEFAULT_DEVICE, loadDevice } from "../host/meter/devices.ts";
import { audioInput, framingOf } from "../host/model-file/input_spec.ts";
import { plotSvg } from "../host/plot.ts";
import type { Policy } from "../tools/import/checkpoint.ts";
import { decodeHeldOut } from "../tools/train/held_out_file.ts";
import { blend, estimate, judge, policiesOf } from "../tools/train/policies.ts";
import { Random } from "../tools/train/random.ts";
import { decideByGates } from "../tools/train/routing.ts";
import { heldOutExample } from "./harness/held_out.ts";

const close = (a: number, b: number, tolerance = 1e-9) => assert.ok(Math.abs(a - b) <= tolerance, `${a} is not ${b}`);
const shares = (paths: { networks: number[]; share: number }[]) => paths.map(({ networks, share }) => `${networks.join(">")} ${share}`);

test("worked by hand: alone, in turn, by gates", () => {
  const heldOut = heldOutExample();
  const probe = judge(heldOut, { kind: "order", networks: [0] });
  // both called class 0: F1 of class 0 is 2/3, of class 1 is 0
  close(probe.scores[0].f1, 1 / 3);
  assert.equal(shares(probe.paths), ["0 1"]);
  const precise = judge(heldOut, { kind: "order", networks: [2] });
  assert.is(precise.scores[1].f1, 1);
  // clip 0: entropy 0.20 is at most 0.5; clip 1: the probe's is 0.69, above 0.5, and ternary's 0.67 above 0.6
  assert.equal(shares(judge(heldOut, { kind: "order", networks: [0, 2] }).paths), ["0 0.5", "0>2 0.5"]);
  assert.equal(shares(judge(heldOut, { kind: "order", networks: [0, 1, 2] }).paths), ["0 0.5", "0>1>2 0.5"]);
  // clip 1: u = 0.5 / 0.25 = 2, 0.25 exp(2 alpha) > 0.75 when alpha > 0.55
  assert.equal(shares(judge(heldOut, { kind: "gates", alpha: 0, lambda: 0 }).paths), ["1 1"]);
  assert.equal(shares(judge(heldOut, { kind: "gates", alpha: 0.5, lambda: 0 }).paths), ["1 1"]);
  assert.equal(shares(judge(heldOut, { kind: "gates", alpha: 0.6, lambda: 0 }).paths), ["1 0.5", "2 0.5"]);
  assert.equal(shares(judge(heldOut, { kind: "gates", alpha: 0.6, lambda: 1 }).paths), ["1 1"]);
  assert.ok(judge(heldOut, { kind: "gates", alpha: 0, lambda: 0 }).paths[0].router);
});

test("differences are paired, and intervals are those of the folds", () => {
  const heldOut = heldOutExample();
  const [probe, precise] = [0, 2].map((network) => judge(heldOut, { kind: "order", networks: [network] }));
  const { mean, halfWidth } = estimate(probe.scores, precise.scores);
  close(mean, -2 / 3);
  close(halfWidth!, 0);
  const uneven = precise.scores.map((score, i) => ({ ...score, f1: 1 - 0.1 * i }));
  // two folds, 1 and 0.9: t(0.975, 1) = 12.706 times 0.05
  close(estimate(uneven).halfWidth!, 12.7062 * 0.05, 1e-4);
  assert.is(estimate(uneven.slice(0, 1)).halfWidth, null);
});

test("a network that is not there is refused", () => {
  assert.throws(
    () => judge(heldOutExample(), { kind: "order", networks: [7] }),
    (error: QurioError) => error.code === "HELD_OUT" && error.message === "network 7 expected, 3 networks found",
  );
});

test("blends weigh shares and F1", () => {
  const heldOut = heldOutExample();
  const [probe, precise] = [0, 2].map((network) => judge(heldOut, { kind: "order", networks: [network] }));
  const half = blend([probe, precise], [0.25, 0.75]);
  close(half.scores[0].f1, 0.25 / 3 + 0.75);
  assert.equal(shares(half.paths), ["0 0.25", "2 0.75"]);
});

test("energy in the rule: lambda 0 or no energies change nothing, and the chosen expert's energy never rises with lambda", () => {
  const random = new Random(3);
  const answers = Array.from({ length: 4 }, () => Float64Array.of(1, 0));
  for (let i = 0; i < 500; i++) {
    const draw = () => Array.from({ length: 4 }, () => random.uniform());
    const weights = draw();
    const gates = Float64Array.from(weights, (w) => w / weights.reduce((a, b) => a + b));
    const { beta, energy, variance } = { beta: draw(), energy: draw(), variance: 2 * random.uniform() };
    const plain: Policy = { kind: "bayesian", samples: 10, alpha: 1, varianceScale: 0.5, escalate: [], abstain: [0, 0, 0, 0], beta };
    const before = decideByGates(plain, gates, variance, answers).answerer;
    assert.is(decideByGates({ ...plain, energy }, gates, variance, answers).answerer, before, `case ${i}, lambda 0`);
    assert.is(decideByGates(plain, gates, variance, answers, 5).answerer, before, `case ${i}, no energies`);
    let spent = Number.POSITIVE_INFINITY;
    for (const lambda of [0, 0.5, 1, 2, 4, 8, 100]) {
      const now = energy[decideByGates({ ...plain, energy }, gates, variance, answers, lambda).answerer];
      assert.ok(now <= spent, `case ${i}: energy rises from ${spent} to ${now} at lambda ${lambda}`);
      spent = now;
    }
  }
});

test("time in bands of charge: the days between two points count for the charge at the first", () => {
  const history = [
    [0, 1],
    [3, 0.7],
    [4, 0.4],
    [8, 0],
  ].map(([day, charge]) => ({ day, charge, baseV: 3, lowestV: 3 }));
  const bands = [{ aboveCharge: 0.75 }, { aboveCharge: 0.5 }, { aboveCharge: 0 }];
  assert.equal(timeInBands({ history, lifeDays: 8 }, bands), [3 / 8, 1 / 8, 4 / 8]);
  assert.equal(timeInBands({ history: history.slice(0, 1), lifeDays: 0 }, bands), [1, 0, 0]);
});

const bundled = decodeHeldOut(readInput(packagePath("models", "esc10-held-out.qho")), "esc10-held-out.qho");
const device = loadDevice(DEFAULT_DEVICE);
const battery = loadBattery("aa-alkaline-2");
const compared = await comparePolicies(bundled, device, battery, 5, 0.05);

test("the comparison: every policy, the limit that none passes, and both gates", async () => {
  const { rows } = compared;
  const names = policiesOf(bundled).map(({ name }) => name);
  assert.equal(names.slice(-5), ["cascade", "probe-first", "plain router", "curiosity", "curiosity by charge"]);
  const schedule = rows.filter(({ listening }) => listening === "schedule");
  assert.equal(
    schedule.map(({ policy }) => policy),
    [...names, "free networks"],
  );
  const limit = schedule.at(-1)!;
  for (const row of schedule.slice(0, -1)) {
    assert.ok(row.lifeDays < limit.lifeDays, `${row.policy} outlives a device whose networks cost nothing`);
    close(
      row.answers.reduce((sum, { share }) => sum + share, 0),
      1,
    );
    close(row.decisionUj - row.networkUj, limit.decisionUj, 1e-6);
  }
  // less work, more days: whatever the figures are
  const byWork = schedule.slice(0, -2).sort((a, b) => a.networkUj - b.networkUj);
  for (let i = 1; i < byWork.length; i++) assert.ok(byWork[i].lifeDays < byWork[i - 1].lifeDays, byWork[i].policy);
  for (const kind of ["log-mel gate", "wake-on-sound"])
    for (const row of rows.filter(({ listening }) => listening === kind))
      assert.ok(row.lifeDays > limit.lifeDays, `${kind}, ${row.policy}: ${row.lifeDays} days, no policy has more than ${limit.lifeDays}`);
  const eight = rows[0];
  assert.is(eight.policy, "always 8-bit");
  assert.equal(eight.difference, { mean: 0, halfWidth: 0 });
});

test("the report names both figures and what they rest on; the chart is drawn from the same rows", async () => {
  const report = policiesReport(compared, device);
  for (const text of [
    "network only",
    "whole decision",
    "modelled",
    bundled.command,
    "the difference is paired",
    "wake-on-sound, probe-first",
  ])
    assert.ok(report.includes(text), text);
  const svg = await plotSvg(policiesChart(compared));
  assert.match(svg, /curiosity by charge/);
  assert.match(svg, /wake-on-sound/);
});

test("a window a minute needs no microphone in between; windows that abut need it always", () => {
  const frontEnd = { arithmetic: "float" as const, window: 43e6, features: 9e6, gatedFrame: 68e3, framing: framingOf(audioInput())! };
  const microphone = (everyS: number) => {
    const setting = { device, battery, everyS, soundShare: 0, frontEnd };
    const scenario = scenarioOf(setting, "schedule", [{ aboveCharge: 0, paths: [{ name: "x", share: 1, cycles: 1e6 }] }]);
    return (scenario as { microphone: { idleUa: number; windowMs: number } }).microphone;
  };
  assert.is(microphone(60).idleUa, 0);
  assert.is(microphone(60).windowMs, 5000);
  assert.ok(microphone(5).idleUa > 0);
  assert.is(microphone(5).windowMs, 0);
});

test("behind qurio's own gate a decision takes features and networks, its frames come all the time; lambda's bands become the scenario's", () => {
  const frontEnd = { arithmetic: "float" as const, window: 43e6, features: 9e6, gatedFrame: 68e3, framing: framingOf(audioInput())! };
  const setting = { device, battery, everyS: 20, soundShare: 0.1, frontEnd };
  const bands = [0.5, 0].map((aboveCharge) => ({ aboveCharge, paths: [{ name: "x", share: 1, cycles: 1e6 }] }));
  const of = (listening: "log-mel gate" | "wake-on-sound") =>
    scenarioOf(setting, listening, bands) as {
      decisions: { gate: { wakesPerHour: number; framesPerS: number; frameUj: number } };
      inference: { frontEnd: { energyUj: number; timeMs: number }; policies: { aboveCharge: number }[] };
    };
  const own = of("log-mel gate");
  const microphone = of("wake-on-sound");
  close(own.inference.frontEnd.energyUj / microphone.inference.frontEnd.energyUj, 9 / 43);
  close(own.inference.frontEnd.timeMs, 9e6 / (device.clock.value * 1e3));
  close(own.decisions.gate.frameUj / own.inference.frontEnd.energyUj, 68e3 / 9e6);
  assert.is(own.decisions.gate.framesPerS, 100);
  for (const { decisions } of [own, microphone]) close(decisions.gate.wakesPerHour, 72);
  assert.equal(
    own.inference.policies.map(({ aboveCharge }) => aboveCharge),
    [0.5, 0],
  );
});

test.run();
