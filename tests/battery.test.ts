// The battery model against closed forms (within 1 %), conservation of energy, and figures that are well known of real batteries.

import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { batteryNames, loadBattery } from "../firmware-sim/battery/batteries.ts";
import { simulate } from "../firmware-sim/battery/index.ts";
import { ACCOUNTS } from "../firmware-sim/battery/operating_point.ts";
import { draw, noDraw, regulatorLossW } from "../firmware-sim/battery/state.ts";
import { sunHeight } from "../firmware-sim/battery/sun.ts";
import { fullScenario, plainBattery, plainScenario } from "./harness/scenarios.ts";

const constant = (value: number, unit: string) => ({ value, unit, source: "test" });
const curve = (unit: string, ...points: [number, number][]) => ({ unit, points, source: "test" });

function near(found: number, wanted: number, share = 0.01, what = "") {
  assert.ok(Math.abs(found - wanted) <= share * Math.abs(wanted), `${what} ${wanted} expected within ${100 * share} %, ${found} found`);
}

const noAnswer = [{ name: "all", share: 1, energyUj: 0, timeMs: 0 }];

test("a constant load lasts capacity / current", () => {
  for (const sleepUa of [10, 100, 5000, 200_000]) {
    const { lifeDays } = simulate(plainScenario({ processor: { sleepUa, wakeMa: 0, wakeTimeMs: 0 } }));
    near(lifeDays, 1e6 / sleepUa / 24, 0.01, `${sleepUa} uA`);
  }
});

test("rate and cold take their share of the capacity", () => {
  const battery = plainBattery({
    capacityByRate: curve("mA, share", [1, 1], [21, 0.5]),
    capacityByTemperature: curve("C, share", [-20, 0.5], [20, 1]),
    calendarLife: constant(100, "years"),
  });
  const at = (sleepUa: number, meanC: number) =>
    simulate(plainScenario({ battery, processor: { sleepUa, wakeMa: 0, wakeTimeMs: 0 }, temperature: { meanC, seasonC: 0, dayC: 0 } }));
  near(at(11_000, 20).lifeDays, (1000 * 0.75) / 11 / 24);
  near(at(1000, 0).lifeDays, (1000 * 0.75) / 1 / 24);
  near(at(1000, 0).chargeMah.left, 250);
});

test("a duty cycle lasts capacity / mean current", () => {
  // 100 ms at 20 mA, 36 times an hour: 0.1 % of the time
  const inference = { frontEnd: { energyUj: 20e-3 * 3 * 0.1 * 1e6, timeMs: 100 }, answers: noAnswer };
  const { lifeDays, meanCurrentUa, energyJ } = simulate(
    plainScenario({ processor: { sleepUa: 10, wakeMa: 0, wakeTimeMs: 0 }, decisions: { scheduledPerHour: 36 }, inference }),
  );
  const meanUa = 10 * 0.999 + 20_000 * 0.001;
  near(meanCurrentUa, meanUa, 1e-6);
  near(lifeDays, 1e6 / meanUa / 24);
  near(energyJ.frontEnd / energyJ.sleep, 20_000 / (10 * 999), 0.02);
});

test("self-discharge alone leaves (1 - p) ^ years, twice the rate at 10 C more", () => {
  const battery = plainBattery({ selfDischarge: constant(5, "%/year") });
  for (const [meanC, factor] of [
    [20, 1],
    [30, 2],
    [10, 0.5],
  ]) {
    const { chargeMah } = simulate(
      plainScenario({
        battery,
        years: 8,
        processor: { sleepUa: 0, wakeMa: 0, wakeTimeMs: 0 },
        temperature: { meanC, seasonC: 0, dayC: 0 },
      }),
    );
    near(chargeMah.left, 1000 * 0.95 ** (8 * factor), 1e-4, `${meanC} C`);
  }
});

test("a pulse browns out at the depth where OCV - I R = brown-out", () => {
  // 3.6 - 1.6 d - 0.2 A * 1 ohm = 2.6: d = 0.5
  const { chargeMah, end } = simulate(
    plainScenario({
      supply: { regulator: "none", supplyV: 3, brownOutV: 2.6 },
      decisions: { scheduledPerHour: 10 },
      processor: { sleepUa: 100, wakeMa: 200, wakeTimeMs: 5 },
    }),
  );
  assert.is(end.cause, "brown-out");
  assert.match(end.detail, /under wake/);
  near(chargeMah.used, 500);
});

test("resistance that settles with the pulse, grows in the cold and with depth", () => {
  const battery = plainBattery({
    fastShare: constant(0.4, "share"),
    resistanceByTemperature: curve("C, x", [0, 2], [20, 1]),
    resistanceByDepth: curve("depth, x", [0, 1], [1, 3]),
  });
  const { chargeMah } = simulate(
    plainScenario({
      battery,
      supply: { regulator: "none", supplyV: 3, brownOutV: 2.4 },
      temperature: { meanC: 0, seasonC: 0, dayC: 0 },
      decisions: { scheduledPerHour: 10 },
      processor: { sleepUa: 1, wakeMa: 200, wakeTimeMs: 50 },
    }),
  );
  // 3.6 - 1.6 d - 0.2 * 2 * (1 + 2 d) * share = 2.4
  const share = 0.4 + 0.6 * (1 - Math.exp(-0.5));
  near(chargeMah.used, (1000 * (1.2 - 0.4 * share)) / (1.6 + 0.8 * share));
});

test("a short pulse on top of a lasting load: only what is more meets less resistance", () => {
  const { chargeMah, end } = simulate(
    plainScenario({
      battery: plainBattery({ fastShare: constant(0.25, "share"), settling: constant(1e6, "ms") }),
      supply: { regulator: "none", supplyV: 3, brownOutV: 2.6 },
      microphone: { activeUa: 0, idleUa: 100_000, captureUa: 0, windowMs: 0 },
      decisions: { scheduledPerHour: 10 },
      processor: { sleepUa: 0, wakeMa: 400, wakeTimeMs: 5 },
    }),
  );
  // 3.6 - 1.6 d - 0.1 A * 1 ohm - 0.4 A * 0.25 ohm = 2.6
  assert.is(end.cause, "brown-out");
  near(chargeMah.used, 500);
});

test("regulators: an LDO draws what it gives, a buck its power over efficiency and voltage", () => {
  const out = noDraw();
  const ldo = { regulator: "ldo", supplyV: 1.8, quiescentUa: 5, efficiencyPercent: 100, brownOutV: 1 } as const;
  draw(ldo, 3, 10, 1000, out);
  near(out.currentUa, 1005, 1e-12);
  near(out.voltageV, 3 - 1005e-6 * 10, 1e-12);
  near(regulatorLossW(ldo, out, 1000), 1e-3 * (out.voltageV - 1.8) + out.voltageV * 5e-6, 1e-12);
  const buck = { ...ldo, regulator: "buck", efficiencyPercent: 80 } as const;
  draw(buck, 3, 10, 1000, out);
  near((out.currentUa - 5) * out.voltageV, (1000 * 1.8) / 0.8, 1e-9);
  near(out.voltageV, 3 - out.currentUa * 1e-6 * 10, 1e-12);
  // more than U^2 / 4R cannot be had
  assert.is(draw({ ...buck, regulator: "boost" }, 3, 10, 1e6, out).voltageV, 0);

  const scenario = (supply: object) => plainScenario({ supply: { supplyV: 1.8, brownOutV: 1.5, quiescentUa: 20, ...supply } });
  const flat = plainBattery({ openCircuit: curve("depth, V", [0, 3.001], [1, 3]) });
  near(simulate({ ...scenario({ regulator: "ldo" }), battery: flat }).lifeDays, 1e6 / 120 / 24);
  near(
    simulate({ ...scenario({ regulator: "buck", efficiencyPercent: 90 }), battery: flat }).lifeDays,
    1e6 / ((100 * 1.8) / 0.9 / 3 + 20) / 24,
  );
});

test("calendar life and the simulated time end what nothing else does", () => {
  const idle = { processor: { sleepUa: 0.1, wakeMa: 0, wakeTimeMs: 0 } };
  const old = simulate(plainScenario({ ...idle, battery: plainBattery({ calendarLife: constant(7, "years") }) }));
  assert.equal([old.end.cause, Math.round(old.lifeDays)], ["calendar", 2555]);
  const short = simulate(plainScenario({ ...idle, years: 2 }));
  assert.equal([short.end.cause, Math.round(short.lifeDays)], ["horizon", 730]);
});

test("policies by state of charge take over where they should", () => {
  const answer = (energyUj: number) => [{ name: "all", share: 1, energyUj, timeMs: 100 }];
  const policies = [
    { aboveCharge: 0.4, answers: answer(3e4) },
    { aboveCharge: 0, answers: answer(1e4) },
  ];
  const { lifeDays } = simulate(
    plainScenario({
      processor: { sleepUa: 0, wakeMa: 0, wakeTimeMs: 0 },
      decisions: { scheduledPerHour: 36 },
      inference: { frontEnd: { energyUj: 0, timeMs: 0 }, policies },
    }),
  );
  // 100 mA and 33.3 mA for 0.1 % of the time
  near(lifeDays, (600 / 0.1 + 400 / (0.1 / 3)) / 24);
});

test("sunlight: night, noon, solstices; a panel carries a load that the battery alone would not", () => {
  const day = 24;
  assert.is(sunHeight(50, 171 * day), 0);
  near(sunHeight(50, 171 * day + 12), Math.sin(((90 - 50 + 23.45) * Math.PI) / 180), 1e-3);
  near(sunHeight(50, 354 * day + 12), Math.sin(((90 - 50 - 23.45) * Math.PI) / 180), 1e-3);
  near(sunHeight(0, 80 * day + 12), 1, 1e-2);
  const charge = { maximum: constant(500, "mA"), lowestTemperature: constant(0, "C") };
  const scenario = plainScenario({ battery: plainBattery({ charge }), years: 2, processor: { sleepUa: 2000, wakeMa: 0, wakeTimeMs: 0 } });
  near(simulate(scenario).lifeDays, 500 / 24);
  const sunny = simulate({ ...scenario, sun: { panelMw: 200, latitudeDeg: 40, clearShare: 0.5, efficiencyPercent: 80 } });
  assert.is(sunny.end.cause, "horizon");
  assert.ok(sunny.chargeMah.charged > 10_000);
  const cold = { meanC: -5, seasonC: 0, dayC: 0 };
  const frozen = simulate({
    ...scenario,
    temperature: cold,
    sun: { panelMw: 200, latitudeDeg: 40, clearShare: 0.5, efficiencyPercent: 80 },
  });
  assert.is(frozen.chargeMah.charged, 0);
});

test("energy and charge are conserved, whatever the scenario", () => {
  const scenarios = fc.record({
    battery: fc.constantFrom(...batteryNames()),
    sleepUa: fc.double({ min: 0, max: 2000, noNaN: true }),
    wakeMa: fc.double({ min: 0, max: 20, noNaN: true }),
    scheduledPerHour: fc.double({ min: 0.1, max: 300, noNaN: true }),
    energyUj: fc.double({ min: 100, max: 8000, noNaN: true }),
    meanC: fc.double({ min: 0, max: 40, noNaN: true }),
    regulator: fc.constantFrom("none", "ldo", "buck", "boost"),
  });
  fc.assert(
    fc.property(scenarios, ({ battery, sleepUa, wakeMa, scheduledPerHour, energyUj, meanC, regulator }) => {
      const regulated = regulator === "none" ? {} : { quiescentUa: 1 };
      const efficiency = regulator === "buck" || regulator === "boost" ? { efficiencyPercent: 85 } : {};
      const scenario = fullScenario({
        battery,
        years: 1,
        temperature: { meanC, seasonC: 5, dayC: 5 },
        supply: { regulator, supplyV: regulator === "boost" ? 5 : 1.8, brownOutV: 1.65, ...regulated, ...efficiency },
        processor: { sleepUa, wakeMa, wakeTimeMs: 1 },
        decisions: { scheduledPerHour },
        inference: { frontEnd: { energyUj, timeMs: 280 }, answers: [{ name: "all", share: 1, energyUj: 45, timeMs: 2 }] },
        radio: { transmitMa: 8, onDetection: { share: 0.5, timeMs: 5 } },
      });
      const { energyJ, drawnJ, chargeMah, lifeDays } = simulate(scenario);
      const sum = ACCOUNTS.reduce((total, name) => total + energyJ[name], 0);
      assert.ok(lifeDays > 0 && drawnJ > 0);
      assert.ok(ACCOUNTS.every((name) => energyJ[name] >= 0));
      near(sum, drawnJ, 1e-9, "energy");
      near(chargeMah.drawn + chargeMah.selfDischarge, chargeMah.used, 1e-9, "charge");
    }),
    { numRuns: 40, seed: 7 },
  );
});

// ---- what is well known of real batteries ----

test("a CR2032 lasts some 2.5 years at 10 uA, and 50 mA are too much for it", () => {
  const scenario = (changes: object) =>
    plainScenario({ battery: "cr2032", years: 10, supply: { regulator: "none", supplyV: 3, brownOutV: 2.2 }, ...changes });
  const small = simulate(scenario({ processor: { sleepUa: 10, wakeMa: 0, wakeTimeMs: 0 } }));
  assert.ok(small.lifeDays / 365 > 2.3 && small.lifeDays / 365 < 2.6, `${small.lifeDays / 365} years`);
  const heavy = { processor: { sleepUa: 2, wakeMa: 50, wakeTimeMs: 20 }, decisions: { scheduledPerHour: 6 } };
  const { end, chargeMah } = simulate(scenario(heavy));
  assert.is(end.cause, "brown-out");
  assert.ok(chargeMah.left > 0.1 * 225, `${chargeMah.left} mAh left`);
  assert.throws(
    () => simulate(scenario({ ...heavy, supply: { regulator: "none", supplyV: 3, brownOutV: 2.7 } })),
    (error: { code: string }) => error.code === "BATTERY_CANNOT_START",
  );
});

test("AA alkaline loses 2 to 3 % a year, lithium thionyl chloride hardly any, a LiPo a fifth", () => {
  const lost = (battery: string) => {
    const idle = plainScenario({ battery, years: 1, processor: { sleepUa: 0, wakeMa: 0, wakeTimeMs: 0 } });
    return simulate(idle).chargeMah.selfDischarge / loadBattery(battery).capacity.value;
  };
  assert.ok(lost("aa-alkaline-2") > 0.02 && lost("aa-alkaline-2") < 0.03);
  assert.ok(lost("lisocl2-aa") <= 0.0101);
  assert.ok(lost("lipo-500") > 0.12 && lost("lipo-500") < 0.36);
});

test("well-known lives: AA at 100 uA some 3 years, an 18650 at 340 mA some 10 hours, a LiPo at 1 C short of one", () => {
  const life = (battery: string, sleepUa: number, years = 10) =>
    simulate(plainScenario({ battery, years, processor: { sleepUa, wakeMa: 0, wakeTimeMs: 0 } })).lifeDays;
  near(life("aa-alkaline-2", 100) / 365, 3.1, 0.05);
  near(life("li-ion-18650", 340_000) * 24, 9.5, 0.05);
  near(life("lipo-500", 500_000) * 24, 0.93, 0.05);
});

test("colder is shorter, for every battery", () => {
  for (const battery of batteryNames()) {
    const at = (meanC: number) =>
      simulate(
        plainScenario({
          battery,
          years: 1,
          temperature: { meanC, seasonC: 0, dayC: 0 },
          processor: { sleepUa: 3000, wakeMa: 0, wakeTimeMs: 0 },
        }),
      ).lifeDays;
    assert.ok(at(-10) < at(5) && at(5) < at(20), `${battery}: ${at(-10)} ${at(5)} ${at(20)}`);
  }
});

test("ten years take less than two seconds", () => {
  const scenario = fullScenario({ decisions: { scheduledPerHour: 0.2 } });
  const start = performance.now();
  const { lifeDays } = simulate(scenario);
  const seconds = (performance.now() - start) / 1000;
  console.log(`  ${(lifeDays / 365).toFixed(1)} years in ${seconds.toFixed(2)} s`);
  assert.ok(lifeDays / 365 > 9.9 && seconds < 2, `${lifeDays / 365} years, ${seconds} s`);
});

test.run();
