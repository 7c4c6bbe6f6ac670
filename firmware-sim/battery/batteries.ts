// Node only. Battery profiles (batteries/*.json): what a cell or pack holds and gives, each constant with its source.

import { readdirSync, readFileSync } from "node:fs";
import { Check, type Constant } from "../../host/check.ts";
import { QurioError } from "../../host/errors.ts";
import { packagePath } from "../../host/files.ts";
import { type Curve, checkCurve, checkDirection, interpolate } from "./curve.ts";

/** Values are those of the whole pack. Depth of discharge is 0 when full and 1 when nothing can be taken any more. */
export interface BatteryProfile {
  name: string;
  title: string;
  /** mAh at 20 C and the lightest load of capacityByRate, down to the cutoff. */
  capacity: Constant;
  /** Share of `capacity` that can be taken at a temperature; 1 at 20 C. */
  capacityByTemperature: Curve;
  /** Share of `capacity` that can be taken at a mean current; 1 at the lightest. */
  capacityByRate: Curve;
  openCircuit: Curve;
  /** Ohm, full and at 20 C, for a load that lasts. */
  resistance: Constant;
  resistanceByDepth: Curve;
  resistanceByTemperature: Curve;
  /** Share of the resistance that a pulse meets at once; the rest builds up with the time constant `settling` (ms). */
  fastShare: Constant;
  settling: Constant;
  /** % of the charge that is left, lost in a year at 20 C; doubles every `selfDischargeDoubling` K. */
  selfDischarge: Constant;
  selfDischargeDoubling: Constant;
  /** V: below it, under the lasting load, the battery counts as empty. */
  cutoff: Constant;
  calendarLife: Constant;
  /** Standard deviation of the capacity from one to the next, %. */
  capacitySpread: Constant;
  /** Absent: not rechargeable. */
  charge?: { maximum: Constant; lowestTemperature: Constant };
}

const FOLDER = packagePath("firmware-sim", "battery", "batteries");
const HINT =
  "Each constant is { value, unit, source }, each curve { unit, points, source }; firmware-sim/battery/batteries/cr2032.json shows them all.";
const FIELDS = [
  "name",
  "title",
  "capacity",
  "capacityByTemperature",
  "capacityByRate",
  "openCircuit",
  "resistance",
  "resistanceByDepth",
  "resistanceByTemperature",
  "fastShare",
  "settling",
  "selfDischarge",
  "selfDischargeDoubling",
  "cutoff",
  "calendarLife",
  "capacitySpread",
  "charge",
];

const CELSIUS = { least: -60, most: 90 };

/**
 * Checks a battery profile read from JSON. Errors: BATTERY_PROFILE, by the path of the field: missing, of another type or unit, out of range,
 * unknown, or contradicting another (a curve that is not 1 at its reference, a cutoff that a full battery does not reach).
 */
export function parseBattery(json: unknown, file = "battery profile"): BatteryProfile {
  const check = new Check(file, "BATTERY_PROFILE", HINT);
  const fields = check.object(json, "", FIELDS);
  const constant = (name: string, unit: string, bounds: object) => check.constant(fields[name], name, unit, bounds);
  const curve = (name: string, unit: string, x: object, y: object) => checkCurve(check, fields[name], name, unit, x, y);
  const share = { above: 0, most: 1 };
  const factor = { above: 0, most: 100 };
  const battery: BatteryProfile = {
    name: check.text(fields["name"], "name"),
    title: check.text(fields["title"], "title"),
    capacity: constant("capacity", "mAh", { above: 0, most: 1e6 }),
    capacityByTemperature: curve("capacityByTemperature", "C, share", CELSIUS, { above: 0, most: 1.5 }),
    capacityByRate: curve("capacityByRate", "mA, share", { least: 0, most: 1e6 }, share),
    openCircuit: curve("openCircuit", "depth, V", { least: 0, most: 1 }, { above: 0, most: 60 }),
    resistance: constant("resistance", "ohm", { above: 0, most: 1e4 }),
    resistanceByDepth: curve("resistanceByDepth", "depth, x", { least: 0, most: 1 }, factor),
    resistanceByTemperature: curve("resistanceByTemperature", "C, x", CELSIUS, factor),
    fastShare: constant("fastShare", "share", { least: 0, most: 1 }),
    settling: constant("settling", "ms", { above: 0, most: 1e6 }),
    selfDischarge: constant("selfDischarge", "%/year", { least: 0, most: 99 }),
    selfDischargeDoubling: constant("selfDischargeDoubling", "K", { least: 1, most: 100 }),
    cutoff: constant("cutoff", "V", { above: 0, most: 60 }),
    calendarLife: constant("calendarLife", "years", { above: 0, most: 100 }),
    capacitySpread: constant("capacitySpread", "%", { least: 0, most: 30 }),
  };
  if (fields["charge"] !== undefined) {
    const charge = check.object(fields["charge"], "charge", ["maximum", "lowestTemperature"]);
    battery.charge = {
      maximum: check.constant(charge["maximum"], "charge.maximum", "mA", { above: 0, most: 1e6 }),
      lowestTemperature: check.constant(charge["lowestTemperature"], "charge.lowestTemperature", "C", CELSIUS),
    };
  }
  contradictions(check, battery);
  return battery;
}

function contradictions(check: Check, battery: BatteryProfile): void {
  checkDirection(check, battery.openCircuit, "openCircuit", "falls");
  checkDirection(check, battery.capacityByRate, "capacityByRate", "falls");
  checkDirection(check, battery.resistanceByDepth, "resistanceByDepth", "rises");
  const ends: [string, number, number][] = [
    ["capacityByTemperature at 20 C", interpolate(battery.capacityByTemperature, 20), 1],
    ["capacityByRate at its lightest load", battery.capacityByRate.points[0][1], 1],
    ["resistanceByDepth at depth 0", interpolate(battery.resistanceByDepth, 0), 1],
    ["resistanceByTemperature at 20 C", interpolate(battery.resistanceByTemperature, 20), 1],
    ["openCircuit: depth of its first point", battery.openCircuit.points[0][0], 0],
    ["openCircuit: depth of its last point", battery.openCircuit.points.at(-1)![0], 1],
  ];
  const wrong = ends.find(([, found, wanted]) => Math.abs(found - wanted) > 0.005);
  if (wrong) throw check.error(wrong[0], `${wrong[2]}`, wrong[1]);
  const fullV = battery.openCircuit.points[0][1];
  if (battery.cutoff.value >= fullV) throw check.error("cutoff.value", `less than the ${fullV} V of a full battery`, battery.cutoff.value);
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
  return parseBattery(JSON.parse(readFileSync(`${FOLDER}/${name}.json`, "utf8")), name);
}
