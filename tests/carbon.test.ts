// Carbon: worked on paper, ranges in the right direction, tables checked field by field, the command's two figures.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { carbonOf, parseCarbonTables } from "../host/meter/carbon.ts";
import { DEFAULT_DEVICE, loadDevice } from "../host/meter/devices.ts";
import { modelCarbon } from "../host/meter/model_carbon.ts";

const MODEL = packagePath("models", "esc10-tiny.qmoe");
const device = loadDevice(DEFAULT_DEVICE);

const exact = (value: number) => ({ value, low: value, high: value });
const close = (a: number, b: number) => assert.ok(Math.abs(a / b - 1) < 1e-9, `${a} is not ${b}`);

test("worked on paper: an hour at 100 W and 500 g/kWh is 50 g; a decision of 36 mJ is 5 ug, so 10 million weigh as much", () => {
  const { training, networkOnly, wholeDecision } = carbonOf({
    trainingHours: 1,
    trainingPower: exact(100),
    trainingIntensity: 500,
    deviceIntensity: 500,
    networkUj: exact(360),
    decisionUj: exact(36_000),
    inferences: 1000,
  });
  close(training.energyJ.value, 360_000);
  close(training.grams.value, 50);
  close(wholeDecision.grams.value, 0.005);
  close(wholeDecision.overtakesAt.value, 1e7);
  close(wholeDecision.ratio.value, 1e-4);
  close(networkOnly.overtakesAt.value, 1e9);
});

test("ranges: more watts overtake later, more joules earlier; grids on both sides count apart", () => {
  const { wholeDecision } = carbonOf({
    trainingHours: 1,
    trainingPower: { value: 100, low: 50, high: 200 },
    trainingIntensity: 100,
    deviceIntensity: 400,
    networkUj: exact(1),
    decisionUj: { value: 1e6, low: 0.5e6, high: 4e6 },
    inferences: 1,
  });
  close(wholeDecision.overtakesAt.value, 360_000 / 4);
  close(wholeDecision.overtakesAt.low, 180_000 / 4 / 4);
  close(wholeDecision.overtakesAt.high, 720_000 / 4 / 0.5);
  close(wholeDecision.ratio.high, 1 / wholeDecision.overtakesAt.low);
});

const tables = () => JSON.parse(readFileSync(packagePath("host", "meter", "carbon.json"), "utf8"));

test("the bundled tables are valid; a wrong field is named by its path", () => {
  const { regions } = parseCarbonTables(tables(), "carbon.json");
  assert.ok(regions["world"] && regions["FR"] && regions["PL"]);
  const wrong: [(json: ReturnType<typeof tables>) => void, string][] = [
    [(json) => (json.regions.FR.intensity.value = -1), "regions.FR.intensity.value: a number above 0 and at most 2000 expected, -1 found"],
    [(json) => (json.regions.FR.intensity.unit = "kg/kWh"), 'regions.FR.intensity.unit: "g/kWh" expected, "kg/kWh" found'],
    [(json) => delete json.training.hours, "training.hours: an object expected, nothing found"],
    [(json) => (json.training.power.low = 1000), "training.power.low: a number above 0 and at most 65 expected, 1000 found"],
  ];
  for (const [change, message] of wrong) {
    const json = tables();
    change(json);
    assert.throws(
      () => parseCarbonTables(json, "carbon.json"),
      (error: QurioError) => error.code === "CARBON" && error.message === `carbon.json: ${message}`,
      message,
    );
  }
});

test("a model: energies of the device, watts and hours as given; the same grid on both sides cancels", async () => {
  const options = { trainWatts: 50, trainHours: 2, region: "fr", inferences: 1000 };
  const { input, result, claim } = await modelCarbon(MODEL, device, options);
  assert.is(input.deviceIntensity, 56);
  assert.ok(input.networkUj.value < input.decisionUj.value);
  close(result.wholeDecision.overtakesAt.value, (2 * 50 * 3600) / (input.decisionUj.value * 1e-6));
  close(result.networkOnly.overtakesAt.value, (2 * 50 * 3600) / (input.networkUj.value * 1e-6));
  close(claim.mostRatio, result.wholeDecision.ratio.high);
  assert.is(claim.holds, claim.mostRatio >= 10_000);
  // ten times the decisions say the same of a thousand
  close((await modelCarbon(MODEL, device, { ...options, inferences: 10_000 })).claim.mostRatio, claim.mostRatio);
});

test("an unknown region is refused with those that are known", async () => {
  for (const region of ["mars", "-5", "0", "3000", ""]) {
    const error: QurioError = await modelCarbon(MODEL, device, { region, inferences: 1 }).then(
      () => assert.unreachable(region),
      (reason) => reason,
    );
    assert.is(error.code, "CARBON_REGION");
    assert.is(error.exitCode, 2);
    assert.is(error.message, `region ${region} is neither known nor a number of g/kWh above 0 and at most 2000`);
    assert.match(error.hint, "world, EU, US");
  }
});

test.run();
