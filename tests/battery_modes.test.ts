// Event by event against duty cycles; many devices, whatever the number of threads; the package's entry.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { simulateEvents } from "../firmware-sim/battery/events.ts";
import { monteCarlo, parseScenario } from "../firmware-sim/battery/index.ts";
import { ACCOUNTS } from "../firmware-sim/battery/operating_point.ts";
import { simulateScenario } from "../firmware-sim/battery/simulate.ts";
import { variationOf } from "../firmware-sim/battery/variation.ts";
import { packagePath } from "../host/files.ts";
import { fullScenario } from "./harness/scenarios.ts";

const frames = { kind: "log-mel", wakesPerHour: 20, framesPerS: 100, frameUj: 10, frameTimeMs: 0.4 };
const weeks: [string, Record<string, unknown>][] = [
  ["everything at once", {}],
  ["an LDO on a CR2032", { battery: "cr2032", supply: { regulator: "ldo", supplyV: 1.8, quiescentUa: 1, brownOutV: 1.9 } }],
  ["qurio's own gate", { decisions: { gate: frames } }],
  [
    "a decision a minute, half of the battery in a week",
    { battery: "cr2032", decisions: { scheduledPerHour: 400 }, temperature: { meanC: 25, seasonC: 0, dayC: 5 } },
  ],
];

for (const [name, changes] of weeks) {
  test(`a week event by event agrees within 0.5 %: ${name}`, () => {
    const scenario = parseScenario(fullScenario(changes));
    const events = simulateEvents(scenario, 7);
    const duty = simulateScenario({ ...scenario, years: events.days / 365 });
    assert.ok(events.decisions > 3000, `${events.decisions} decisions`);
    const pairs: [string, number, number][] = [
      ["drawn mAh", events.chargeMah.drawn, duty.chargeMah.drawn],
      ["drawn J", events.drawnJ, duty.drawnJ],
      ...ACCOUNTS.map((account): [string, number, number] => [account, events.energyJ[account], duty.energyJ[account]]),
    ];
    for (const [what, found, wanted] of pairs)
      assert.ok(Math.abs(found - wanted) <= 0.005 * wanted, `${what}: ${wanted} in duty cycles, ${found} event by event`);
  });
}

test("a battery that browns out in the week does so event by event too, after as long", () => {
  const scenario = parseScenario(
    fullScenario({
      battery: "cr2032",
      temperature: { meanC: 20, seasonC: 0, dayC: 0 },
      decisions: { scheduledPerHour: 600 },
      microphone: { activeUa: 150, idleUa: 1, captureUa: 300, windowMs: 1000 },
    }),
  );
  const [events, duty] = [simulateEvents(scenario, 31), simulateScenario(scenario)];
  assert.equal([events.end, duty.end.cause], ["brown-out", "brown-out"]);
  assert.ok(Math.abs(events.days / duty.lifeDays - 1) < 0.01, `${events.days} and ${duty.lifeDays} days`);
});

test("runs depend on the seed and not on the threads; percentiles are in order and enclose the scenario", async () => {
  const scenario = fullScenario({ battery: "cr2032" });
  const one = await monteCarlo(scenario, { runs: 45, seed: 3, jobs: 1 });
  const seen: number[] = [];
  const start = performance.now();
  const two = await monteCarlo(scenario, { runs: 45, seed: 3, jobs: 2, progress: (done) => seen.push(done) });
  assert.equal(two, one);
  assert.is(seen.at(-1), 45);
  const other = await monteCarlo(scenario, { runs: 45, seed: 4, jobs: 1 });
  assert.not.equal(other.lifeDays, one.lifeDays);
  const { p10, p50, p90 } = one.lifeDays;
  assert.ok(p10 < p50 && p50 < p90);
  const { lifeDays } = simulateScenario(parseScenario(scenario));
  assert.ok(p10 < lifeDays && lifeDays < p90, `${p10} ${lifeDays} ${p90}`);
  const sum = (shares: Record<string, number>) => Object.values(shares).reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(sum(one.endShare) - 1) < 1e-9 && Math.abs(sum(one.energyShare) - 1) < 1e-9);
  console.log(`  45 runs on 2 threads in ${((performance.now() - start) / 1000).toFixed(1)} s`);
});

test("what differs from device to device has the medians and deviations that the scenario states", () => {
  const scenario = parseScenario(fullScenario());
  const runs = Array.from({ length: 4000 }, (_, run) => variationOf(scenario, 1, run));
  const moments = (of: (variation: (typeof runs)[number]) => number) => {
    const mean = runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
    return [mean, Math.sqrt(runs.reduce((sum, run) => sum + (of(run) - mean) ** 2, 0) / runs.length)];
  };
  const [capacity, capacityDeviation] = moments((run) => run.capacity);
  assert.ok(Math.abs(capacity - 1) < 0.003 && Math.abs(capacityDeviation - 0.04) < 0.002, `${capacity} ${capacityDeviation}`);
  const [temperature, temperatureDeviation] = moments((run) => run.temperatureC);
  assert.ok(Math.abs(temperature) < 0.2 && Math.abs(temperatureDeviation - 3) < 0.15, `${temperature} ${temperatureDeviation}`);
  const [wakes, wakesDeviation] = moments((run) => Math.log(run.wakes));
  assert.ok(Math.abs(wakes) < 0.03 && Math.abs(wakesDeviation - Math.log(1.5)) < 0.02, `${wakes} ${wakesDeviation}`);
});

test("@qurio/cli/sim is exported and loads no package but the schema library; many devices load what they need in their threads", () => {
  const { exports } = JSON.parse(readFileSync(packagePath("packages", "cli", "package.json"), "utf8"));
  assert.equal(Object.values(exports["./sim"]), ["./dist/firmware-sim/battery/index.d.ts", "./dist/firmware-sim/battery/index.js"]);
  const seen = new Set<string>();
  const packages: string[] = [];
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const [line, from] of readFileSync(packagePath(path), "utf8").matchAll(/^(?:import|export) [^;]*?from "([^"]+)";/gms)) {
      if (/^(?:import|export) type /.test(line)) continue;
      if (from.startsWith(".")) visit(new URL(from, `file:///${path}`).pathname.slice(1));
      else if (!from.startsWith("node:") && from !== "valibot") packages.push(`${path}: ${from}`);
    }
  };
  visit("firmware-sim/battery/index.ts");
  assert.ok(seen.size > 10);
  assert.equal(packages, []);
});

test.run();
