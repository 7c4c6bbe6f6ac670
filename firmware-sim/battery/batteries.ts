// Node only. Battery profiles (batteries/*.json): what a cell or pack holds and gives, each constant with its source.

import { readdirSync, readFileSync } from "node:fs";
import * as v from "valibot";
import { QurioError } from "../../host/errors.ts";
import { packagePath } from "../../host/files.ts";
import { checkJson, readJson } from "../../host/json.ts";
import { constant, object, rule, text, wrong } from "../../host/schema.ts";
import { curve, interpolate } from "./curve.ts";

const CELSIUS = { least: -60, most: 90 };
const SHARE = { above: 0, most: 1 };
const FACTOR = { above: 0, most: 100 };
const DEPTH = { least: 0, most: 1 };

const fields = object({
  name: text(),
  title: text(),
  capacity: constant("at 20 C and the lightest load of capacityByRate, down to the cutoff", "mAh", { above: 0, most: 1e6 }),
  capacityByTemperature: curve("share of capacity that can be taken at a temperature; 1 at 20 C", "C, share", CELSIUS, {
    above: 0,
    most: 1.5,
  }),
  capacityByRate: curve(
    "share of capacity that can be taken at a mean current; 1 at the lightest",
    "mA, share",
    { least: 0, most: 1e6 },
    SHARE,
    "falls",
  ),
  openCircuit: curve("voltage without a load", "depth, V", DEPTH, { above: 0, most: 60 }, "falls"),
  resistance: constant("full and at 20 C, for a load that lasts", "ohm", { above: 0, most: 1e4 }),
  resistanceByDepth: curve("times resistance; 1 when full", "depth, x", DEPTH, FACTOR, "rises"),
  resistanceByTemperature: curve("times resistance; 1 at 20 C", "C, x", CELSIUS, FACTOR),
  fastShare: constant("share of the resistance that a pulse meets at once", "share", { least: 0, most: 1 }),
  settling: constant("time constant with which the rest builds up", "ms", { above: 0, most: 1e6 }),
  selfDischarge: constant("of the charge that is left, lost in a year at 20 C", "%/year", { least: 0, most: 99 }),
  selfDischargeDoubling: constant("warming that doubles self-discharge", "K", { least: 1, most: 100 }),
  cutoff: constant("below it, under the lasting load, the battery counts as empty", "V", { above: 0, most: 60 }),
  calendarLife: constant("age at which it is no longer used", "years", { above: 0, most: 100 }),
  capacitySpread: constant("standard deviation of the capacity from one to the next", "%", { least: 0, most: 30 }),
  charge: v.pipe(
    v.exactOptional(
      object({
        maximum: constant("charging current at most", "mA", { above: 0, most: 1e6 }),
        lowestTemperature: constant("no charging below it", "C", CELSIUS),
      }),
    ),
    v.description("left out: not rechargeable"),
  ),
});

/** Values are those of the whole pack. Depth of discharge is 0 when full and 1 when nothing can be taken any more. */
export const BATTERY = v.pipe(fields, rule(contradiction));
export type BatteryProfile = v.InferOutput<typeof BATTERY>;

function contradiction(battery: v.InferOutput<typeof fields>) {
  const ends: [string, number, number][] = [
    ["capacityByTemperature at 20 C", interpolate(battery.capacityByTemperature, 20), 1],
    ["capacityByRate at its lightest load", battery.capacityByRate.points[0][1], 1],
    ["resistanceByDepth at depth 0", interpolate(battery.resistanceByDepth, 0), 1],
    ["resistanceByTemperature at 20 C", interpolate(battery.resistanceByTemperature, 20), 1],
    ["openCircuit: depth of its first point", battery.openCircuit.points[0][0], 0],
    ["openCircuit: depth of its last point", battery.openCircuit.points.at(-1)![0], 1],
  ];
  const off = ends.find(([, found, wanted]) => Math.abs(found - wanted) > 0.005);
  if (off) return wrong([off[0]], `${off[2]}`, off[1]);
  const fullV = battery.openCircuit.points[0][1];
  if (battery.cutoff.value < fullV) return;
  return wrong(["cutoff", "value"], `less than the ${fullV} V of a full battery`, battery.cutoff.value);
}

const FOLDER = packagePath("firmware-sim", "battery", "batteries");
const HINT =
  "Each constant is { value, unit, source }, each curve { unit, points, source }; firmware-sim/battery/batteries/cr2032.json shows them all.";
const CODE = "BATTERY_PROFILE";

/**
 * Checks a battery profile read from JSON. Errors: BATTERY_PROFILE, by the path of the field: missing, of another type or unit, out of range,
 * unknown, or contradicting another (a curve that is not 1 at its reference, a cutoff that a full battery does not reach).
 */
export function parseBattery(json: unknown, file = "battery profile"): BatteryProfile {
  return checkJson(BATTERY, json, { file, code: CODE, hint: HINT });
}

export function batteryNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -5))
    .sort();
}

/** A bundled profile. Errors: BATTERY_UNKNOWN. */
export function loadBattery(name: string): BatteryProfile {
  if (!batteryNames().includes(name))
    throw new QurioError(
      "BATTERY_UNKNOWN",
      `no battery ${name}`,
      `Known: ${batteryNames().join(", ")}; or the profile itself, as an object.`,
      2,
    );
  return readJson(BATTERY, readFileSync(`${FOLDER}/${name}.json`), { file: name, code: CODE, hint: HINT });
}
