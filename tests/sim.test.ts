// `@qurio/cli/sim` as an application uses it: one typed scenario from parsing to the chart, and errors that can be told apart.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as sim from "../firmware-sim/battery/index.ts";
import { plotSvg } from "../host/plot.ts";

const text = JSON.stringify({
  $schema: "https://example.org/scenario.json",
  title: "a sensor",
  battery: "aa-alkaline-2",
  years: 2,
  temperature: { meanC: 15, seasonC: 5, dayC: 3 },
  supply: { regulator: "ldo", supplyV: 1.8, quiescentUa: 1, brownOutV: 1.9 },
  processor: { sleepUa: 5, wakeMa: 5, wakeTimeMs: 1 },
  microphone: { activeUa: 150, idleUa: 1, captureUa: 300, windowMs: 5000 },
  decisions: { scheduledPerHour: 12 },
  inference: { frontEnd: { energyUj: 6500, timeMs: 280 }, answers: [{ name: "all", share: 1, energyUj: 45, timeMs: 2 }] },
  spread: { temperatureC: 3 },
});

test("what parseScenario returns goes into every function, and comes out of parseScenario unchanged", async () => {
  const scenario: sim.Scenario = sim.parseScenario(JSON.parse(text), "sensor.json");
  assert.equal(sim.parseScenario(scenario), scenario);
  assert.equal(scenario.battery, sim.loadBattery("aa-alkaline-2"));
  assert.equal([scenario.startDayOfYear, scenario.radio, scenario.sun, scenario.decisions.gate], [1, null, null, null]);
  assert.equal(scenario.spread, { wakesPercent: 0, temperatureC: 3, selfDischargePercent: 0, cloudPercent: 0 });
  assert.is(scenario.supply.efficiencyPercent, 100);
  assert.is(scenario.inference.policies.length, 1);

  const result: sim.SimulationResult = sim.simulate(scenario);
  assert.equal(sim.simulate(JSON.parse(text)), result);
  const many: sim.MonteCarloResult = await sim.monteCarlo(scenario, { runs: 4, seed: 1, jobs: 1 });
  assert.equal(await sim.monteCarlo(JSON.parse(text), { runs: 4, seed: 1, jobs: 1 }), many);
  assert.ok(many.lifeDays.p10 <= result.lifeDays * 1.5 && many.lifeDays.p90 >= result.lifeDays / 1.5);
  assert.equal(sim.simulateEvents(scenario, 1), sim.simulateEvents(JSON.parse(text), 1));
  assert.match(await plotSvg(sim.lifeChart(scenario, result)), /a sensor/);
});

test("a scenario that is changed is checked again", () => {
  const scenario = sim.parseScenario(JSON.parse(text));
  const colder: sim.ScenarioInput = { ...scenario, temperature: { ...scenario.temperature, meanC: -300 } };
  for (const use of [() => sim.simulate(colder), () => sim.simulateEvents(colder, 1), () => sim.lifeChart(colder, sim.simulate(scenario))])
    assert.throws(use, (error: unknown) => error instanceof sim.QurioError && /temperature\.meanC: .* -300 found/.test(error.message));
});

test("errors are QurioErrors with a code and a hint", async () => {
  const codes: [change: object, code: string][] = [
    [{ years: 0 }, "SCENARIO"],
    [{ battery: "aaaa" }, "BATTERY_UNKNOWN"],
    [{ radio: { transmitMa: 9000, onSchedule: { perDay: 1, timeMs: 100 } } }, "BATTERY_CANNOT_START"],
  ];
  for (const [change, code] of codes) {
    const wrong = { ...JSON.parse(text), ...change };
    const rejected = await sim.monteCarlo(wrong, { runs: 2, seed: 1 }).catch((error: unknown) => error);
    assert.ok(rejected instanceof sim.QurioError && rejected.code === code && rejected.hint !== "", `${rejected}`);
  }
});

test("batteries by name are those of the folder", () => {
  for (const name of sim.batteryNames())
    assert.is(sim.parseBattery(JSON.parse(readFileSync(`firmware-sim/battery/batteries/${name}.json`, "utf8"))).name, name);
});

test.run();
