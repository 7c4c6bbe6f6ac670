// Node only (bundled batteries are files). A scenario from JSON: every field checked, with its unit in its name and its range.

import { type Bounds, Check } from "../../host/check.ts";
import { type BatteryProfile, loadBattery, parseBattery } from "./batteries.ts";
import { type Answer, type Policy, REGULATORS, type Scenario, type Work } from "./scenario.ts";
import { cannotStart } from "./start.ts";

const HINT =
  "`qurio simulate --show wildlife-recorder` prints a scenario to start from; docs/guides/simulate.md has every field with its range.";
const FIELDS = [
  "title",
  "battery",
  "years",
  "startDayOfYear",
  "temperature",
  "supply",
  "processor",
  "microphone",
  "decisions",
  "inference",
];
const MORE_FIELDS = ["radio", "sun", "spread", "notes"];

const COLDEST_C = -60;
const HOTTEST_C = 85; // of industrial parts
const YEARS: Bounds = { above: 0, most: 100 };
const CURRENT_UA: Bounds = { least: 0, most: 1e7 };
const CURRENT_MA: Bounds = { least: 0, most: 1e4 };
const TIME_MS: Bounds = { least: 0, most: 3.6e6 };
const ENERGY_UJ: Bounds = { least: 0, most: 1e9 };
const PER_HOUR: Bounds = { least: 0, most: 1e5 };
const SHARE: Bounds = { least: 0, most: 1 };
const PERCENT: Bounds = { least: 0, most: 100 };
const VOLT: Bounds = { above: 0, most: 60 };

type Fields = Record<string, unknown>;

/** Reads the numbers of one object by name, each within its bounds. */
function numbers<T extends string>(check: Check, json: unknown, path: string, bounds: Record<T, Bounds>): Record<T, number> {
  const names = Object.keys(bounds) as T[];
  const fields = check.object(json, path, names);
  return Object.fromEntries(names.map((name) => [name, check.number(fields[name], `${path}.${name}`, bounds[name])])) as Record<T, number>;
}

/**
 * Checks a scenario. Errors: SCENARIO by the field's path with the accepted range (missing, of another type, out of range, unknown, or
 * contradicting another field), BATTERY_UNKNOWN, BATTERY_PROFILE, BATTERY_CANNOT_START.
 */
export function parseScenario(json: unknown, file = "scenario"): Scenario {
  const check = new Check(file, "SCENARIO", HINT);
  const fields = check.object(json, "", [...FIELDS, ...MORE_FIELDS]);
  const scenario: Scenario = {
    title: check.text(fields["title"], "title"),
    battery: readBattery(check, fields["battery"], file),
    years: check.number(fields["years"], "years", YEARS),
    startDayOfYear:
      fields["startDayOfYear"] === undefined ? 1 : check.number(fields["startDayOfYear"], "startDayOfYear", { least: 1, most: 365 }),
    temperature: readTemperature(check, fields["temperature"]),
    supply: readSupply(check, fields["supply"]),
    processor: numbers(check, fields["processor"], "processor", { sleepUa: CURRENT_UA, wakeMa: CURRENT_MA, wakeTimeMs: TIME_MS }),
    microphone: numbers(check, fields["microphone"], "microphone", {
      activeUa: CURRENT_UA,
      idleUa: CURRENT_UA,
      captureUa: CURRENT_UA,
      windowMs: TIME_MS,
    }),
    decisions: readDecisions(check, fields["decisions"]),
    ...readInference(check, fields["inference"]),
    radio: fields["radio"] === undefined ? null : readRadio(check, fields["radio"]),
    sun: fields["sun"] === undefined ? null : readSun(check, fields["sun"]),
    spread: readSpread(check, fields["spread"]),
  };
  // for whoever reads the file: where its numbers come from
  if (fields["notes"] !== undefined)
    for (const [i, note] of check.list(fields["notes"], "notes").entries()) check.text(note, `notes[${i}]`);
  contradictions(check, scenario);
  cannotStart(scenario, file);
  return scenario;
}

function readBattery(check: Check, json: unknown, file: string): BatteryProfile {
  if (typeof json === "string") return loadBattery(json);
  if (typeof json !== "object" || json === null || Array.isArray(json)) throw check.error("battery", "a name or a profile", json);
  return parseBattery(json, `${file}: battery`);
}

/** Each is plausible alone; together they must not leave what devices and batteries are made for. */
function readTemperature(check: Check, json: unknown): Scenario["temperature"] {
  const temperature = numbers(check, json, "temperature", {
    meanC: { least: -40, most: 70 },
    seasonC: { least: 0, most: 40 },
    dayC: { least: 0, most: 30 },
  });
  const { meanC, seasonC, dayC } = temperature;
  const [coldest, hottest] = [meanC - seasonC - dayC, meanC + seasonC + dayC];
  if (coldest < COLDEST_C || hottest > HOTTEST_C)
    throw check.error("temperature", `a year between ${COLDEST_C} and ${HOTTEST_C} C`, `${coldest} to ${hottest} C`);
  return temperature;
}

function readSupply(check: Check, json: unknown): Scenario["supply"] {
  const fields = check.object(json, "supply", ["regulator", "supplyV", "quiescentUa", "efficiencyPercent", "brownOutV"]);
  const regulator = check.oneOf(fields["regulator"], "supply.regulator", REGULATORS);
  const number = (name: string, bounds: Bounds) => check.number(fields[name], `supply.${name}`, bounds);
  const switching = regulator === "buck" || regulator === "boost";
  for (const [name, used] of [
    ["quiescentUa", regulator !== "none"],
    ["efficiencyPercent", switching],
  ] as const)
    if (!used && fields[name] !== undefined) throw check.error(`supply.${name}`, `nothing beside regulator "${regulator}"`, fields[name]);
  return {
    regulator,
    supplyV: number("supplyV", VOLT),
    quiescentUa: regulator === "none" ? 0 : number("quiescentUa", CURRENT_UA),
    efficiencyPercent: switching ? number("efficiencyPercent", { least: 1, most: 100 }) : 100,
    brownOutV: number("brownOutV", VOLT),
  };
}

function readDecisions(check: Check, json: unknown): Scenario["decisions"] {
  const fields = check.object(json, "decisions", ["scheduledPerHour", "gate"]);
  const scheduled = fields["scheduledPerHour"] ?? 0;
  const scheduledPerHour = check.number(scheduled, "decisions.scheduledPerHour", PER_HOUR);
  if (fields["gate"] === undefined) return { scheduledPerHour, gate: null };
  const path = "decisions.gate";
  const { kind, ...rest } = check.object(fields["gate"], path, [
    "kind",
    "wakesPerHour",
    "currentUa",
    "framesPerS",
    "frameUj",
    "frameTimeMs",
  ]);
  if (check.oneOf(kind, `${path}.kind`, ["comparator", "log-mel"]) === "comparator")
    return {
      scheduledPerHour,
      gate: { kind: "comparator", ...numbers(check, rest, path, { wakesPerHour: PER_HOUR, currentUa: CURRENT_UA }) },
    };
  const bounds = { wakesPerHour: PER_HOUR, framesPerS: { above: 0, most: 1000 }, frameUj: ENERGY_UJ, frameTimeMs: TIME_MS };
  return { scheduledPerHour, gate: { kind: "log-mel", ...numbers(check, rest, path, bounds) } };
}

function readInference(check: Check, json: unknown): Pick<Scenario, "frontEnd" | "policies"> {
  const fields = check.object(json, "inference", ["frontEnd", "answers", "policies"]);
  const frontEnd = numbers(check, fields["frontEnd"], "inference.frontEnd", { energyUj: ENERGY_UJ, timeMs: TIME_MS });
  sameSign(check, frontEnd, "inference.frontEnd");
  if (fields["policies"] === undefined)
    return { frontEnd, policies: [{ aboveCharge: 0, answers: readAnswers(check, fields["answers"], "inference.answers") }] };
  if (fields["answers"] !== undefined) throw check.error("inference.answers", "nothing beside inference.policies", fields["answers"]);
  const list = check.list(fields["policies"], "inference.policies");
  const policies = list.map((json, i): Policy => {
    const path = `inference.policies[${i}]`;
    const policy = check.object(json, path, ["aboveCharge", "answers"]);
    const last = i === list.length - 1;
    const bounds = { least: 0, most: 1 };
    const aboveCharge = check.number(policy["aboveCharge"], `${path}.aboveCharge`, last ? { least: 0, most: 0 } : bounds);
    return { aboveCharge, answers: readAnswers(check, policy["answers"], `${path}.answers`) };
  });
  if (policies.length === 0) throw check.error("inference.policies", "at least one policy", list);
  const wrong = policies.findIndex(({ aboveCharge }, i) => i > 0 && aboveCharge >= policies[i - 1].aboveCharge);
  if (wrong > 0)
    throw check.error(
      `inference.policies[${wrong}].aboveCharge`,
      `less than the ${policies[wrong - 1].aboveCharge} before it`,
      policies[wrong].aboveCharge,
    );
  return { frontEnd, policies };
}

function readAnswers(check: Check, json: unknown, path: string): Answer[] {
  const answers = check.list(json, path).map((answer, i): Answer => {
    const at = `${path}[${i}]`;
    const { name, ...rest } = check.object(answer, at, ["name", "share", "energyUj", "timeMs"]);
    const work = numbers(check, rest, at, { share: SHARE, energyUj: ENERGY_UJ, timeMs: TIME_MS });
    sameSign(check, work, at);
    return { name: check.text(name, `${at}.name`), ...work };
  });
  const sum = answers.reduce((total, { share }) => total + share, 0);
  if (Math.abs(sum - 1) > 1e-6) throw check.error(path, "shares that add up to 1", sum);
  return answers;
}

/** Energy without time would be an endless current. */
function sameSign(check: Check, { energyUj, timeMs }: Work, path: string): void {
  if (energyUj > 0 && timeMs === 0) throw check.error(`${path}.timeMs`, `more than 0 for ${energyUj} uJ`, timeMs);
}

function readRadio(check: Check, json: unknown): Scenario["radio"] {
  const fields = check.object(json, "radio", ["transmitMa", "onDetection", "onUncertainty", "onSchedule"]);
  const sending = (name: string) =>
    fields[name] === undefined ? null : numbers(check, fields[name], `radio.${name}`, { share: SHARE, timeMs: TIME_MS });
  return {
    transmitMa: check.number(fields["transmitMa"], "radio.transmitMa", { above: 0, most: 1e4 }),
    onDetection: sending("onDetection"),
    onUncertainty: sending("onUncertainty"),
    onSchedule:
      fields["onSchedule"] === undefined
        ? null
        : numbers(check, fields["onSchedule"], "radio.onSchedule", { perDay: { above: 0, most: 86_400 }, timeMs: TIME_MS }),
  };
}

function readSun(check: Check, json: unknown): Scenario["sun"] {
  return numbers(check, json, "sun", {
    panelMw: { above: 0, most: 1e6 },
    latitudeDeg: { least: -66, most: 66 },
    clearShare: SHARE,
    efficiencyPercent: { least: 1, most: 100 },
  });
}

function readSpread(check: Check, json: unknown = {}): Scenario["spread"] {
  const none = { wakesPercent: 0, temperatureC: 0, selfDischargePercent: 0, cloudPercent: 0 };
  const fields: Fields = { ...none, ...check.object(json, "spread", Object.keys(none)) };
  return numbers(check, fields, "spread", {
    wakesPercent: PERCENT,
    temperatureC: { least: 0, most: 15 },
    selfDischargePercent: PERCENT,
    cloudPercent: PERCENT,
  });
}

function contradictions(check: Check, { battery, supply, sun, decisions }: Scenario): void {
  const fullV = battery.openCircuit.points[0][1];
  if (supply.regulator === "buck" && supply.supplyV >= fullV)
    throw check.error("supply.supplyV", `less than the ${fullV} V of the full battery, below a buck regulator`, supply.supplyV);
  if (supply.regulator === "boost" && supply.supplyV <= fullV)
    throw check.error("supply.supplyV", `more than the ${fullV} V of the full battery, above a boost regulator`, supply.supplyV);
  if (sun && !battery.charge) throw check.error("sun", `nothing beside battery ${battery.name}, which cannot be charged`, "a panel");
  if (decisions.scheduledPerHour === 0 && !decisions.gate) throw check.error("decisions", "scheduledPerHour above 0 or a gate", "neither");
}
