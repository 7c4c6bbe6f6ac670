// Node only (bundled batteries are files). What a simulation is told: device, battery, weather and how often something is to be decided.

import * as v from "valibot";
import { kinds, list, number, numberWanted, object, rule, text, wrong } from "../../host/schema.ts";
import { BATTERY, loadBattery } from "./batteries.ts";

const COLDEST_C = -60;
const HOTTEST_C = 85; // of industrial parts
const CURRENT_UA = { least: 0, most: 1e7 };
const CURRENT_MA = { least: 0, most: 1e4 };
const TIME_MS = { least: 0, most: 3.6e6 };
const ENERGY_UJ = { least: 0, most: 1e9 };
const PER_HOUR = { least: 0, most: 1e5 };
const SHARE = { least: 0, most: 1 };
const PERCENT = { least: 0, most: 100 };
const VOLT = { above: 0, most: 60 };

/** Left out, it is null; a scenario that was read already says so. */
const absent = <S extends v.GenericSchema<unknown, unknown>>(schema: S) => v.exactOptional(v.nullable(schema), null);

/** Each is plausible alone; together they must not leave what devices and batteries are made for. */
const temperature = v.pipe(
  object({
    meanC: number("mean over the year, C", { least: -40, most: 70 }),
    seasonC: number("half of the swing of the daily mean over the year, K", { least: 0, most: 40 }),
    dayC: number("half of the swing over a day, K", { least: 0, most: 30 }),
  }),
  rule(({ meanC, seasonC, dayC }) => {
    const [coldest, hottest] = [meanC - seasonC - dayC, meanC + seasonC + dayC];
    if (coldest >= COLDEST_C && hottest <= HOTTEST_C) return;
    return wrong([], `a year between ${COLDEST_C} and ${HOTTEST_C} C`, `${coldest} to ${hottest} C`);
  }),
);

const REGULATORS = ["none", "ldo", "buck", "boost"] as const;
const volts = {
  supplyV: number("what currents and energies are stated at, behind the regulator, V", VOLT),
  brownOutV: number("at the battery's terminals: below it, even for a moment, the device stops, V", VOLT),
};
const quiescentUa = number("what the regulator takes itself, uA", CURRENT_UA);
const beside = (value: number, regulator: string) => v.exactOptional(v.literal(value, `nothing beside regulator "${regulator}"`), value);
const supply = v.variant(
  "regulator",
  [
    object({ regulator: v.literal("none"), ...volts, quiescentUa: beside(0, "none"), efficiencyPercent: beside(100, "none") }),
    object({ regulator: v.literal("ldo"), ...volts, quiescentUa, efficiencyPercent: beside(100, "ldo") }),
    object({
      regulator: v.picklist(["buck", "boost"]),
      ...volts,
      quiescentUa,
      efficiencyPercent: number("power out over power in, %", { least: 1, most: 100 }),
    }),
  ],
  kinds(REGULATORS),
);

const wakesPerHour = number("windows with something to hear, an hour", PER_HOUR);
const comparator = object({
  kind: v.literal("comparator"),
  wakesPerHour,
  currentUa: number("what the microphone takes while it waits for sound, uA", CURRENT_UA),
});
const framesPerS = number("frames a second", { above: 0, most: 1000 });
const frameUj = number("energy of a frame, uJ", ENERGY_UJ);
const frameTimeMs = number("time of a frame, ms", TIME_MS);
const GATES = ["comparator", "log-mel"] as const;
const gate = v.variant(
  "kind",
  [comparator, object({ kind: v.literal("log-mel"), wakesPerHour, framesPerS, frameUj, frameTimeMs })],
  kinds(GATES),
);
export type Gate = v.InferOutput<typeof gate>;

const scheduledPerHour = v.exactOptional(number("decisions by the clock, an hour", PER_HOUR), 0);
const decisions = v.pipe(
  object({ scheduledPerHour, gate: absent(gate) }),
  rule(({ scheduledPerHour, gate }) =>
    scheduledPerHour === 0 && !gate ? wrong([], "scheduledPerHour above 0 or a gate", "neither") : undefined,
  ),
);

const workFields = { energyUj: number("energy at the supply, uJ", ENERGY_UJ), timeMs: number("time, ms", TIME_MS) };
/** Energy without time would be an endless current. */
const takesTime = ({ energyUj, timeMs }: { energyUj: number; timeMs: number }) =>
  energyUj > 0 && timeMs === 0 ? wrong(["timeMs"], `more than 0 for ${energyUj} uJ`, timeMs) : undefined;

/** What one step of a decision takes of the supply. */
const work = v.pipe(
  object(workFields),
  rule((step) => takesTime(step)),
);
export type Work = v.InferOutput<typeof work>;

/** A way to an answer and the share of decisions that take it; shares add up to 1. */
const answer = v.pipe(
  object({ name: text(), share: number("of decisions", SHARE), ...workFields }),
  rule((step) => takesTime(step)),
);
export type Answer = v.InferOutput<typeof answer>;

const answers = v.pipe(
  list(answer),
  rule((answers) => {
    const sum = answers.reduce((total, { share }) => total + share, 0);
    return Math.abs(sum - 1) > 1e-6 ? wrong([], "shares that add up to 1", sum) : undefined;
  }),
);

/** Holds while the state of charge (0..1) is above `aboveCharge`; the last one's is 0. */
const policy = object({ aboveCharge: number("state of charge above which the policy holds; 0 for the last", SHARE), answers });
export type Policy = v.InferOutput<typeof policy>;

const policies = v.pipe(
  list(policy),
  v.minLength(1, "at least one policy"),
  rule((policies) => {
    const back = policies.findIndex(({ aboveCharge }, i) => i > 0 && aboveCharge >= policies[i - 1].aboveCharge);
    if (back > 0)
      return wrong([back, "aboveCharge"], `less than the ${policies[back - 1].aboveCharge} before it`, policies[back].aboveCharge);
    const last = policies.length - 1;
    const { aboveCharge } = policies[last];
    return aboveCharge === 0 ? undefined : wrong([last, "aboveCharge"], numberWanted({ least: 0, most: 0 }), aboveCharge);
  }),
);

/** A decision: the front end, then one answer, which may depend on the state of charge. */
const inference = v.pipe(
  object({ frontEnd: work, answers: v.exactOptional(answers), policies: v.exactOptional(policies) }),
  rule(({ answers, policies }) => {
    if (answers && policies) return wrong(["answers"], "nothing beside inference.policies", answers);
    return answers || policies ? undefined : wrong(["answers"], "a list", undefined);
  }),
  v.transform(({ frontEnd, answers, policies }) => ({ frontEnd, policies: policies ?? [{ aboveCharge: 0, answers: answers! }] })),
);

/** Figures that metering gives in place of `model`, `device` and `data`. */
export interface InferenceCost {
  frontEnd: Work;
  answers: Answer[];
}

const timeMs = number("time, ms", TIME_MS);
const sending = object({ share: number("of decisions that send", SHARE), timeMs });
const radio = object({
  transmitMa: number("while it sends, mA at the supply", { above: 0, most: 1e4 }),
  onDetection: absent(sending),
  onUncertainty: absent(sending),
  onSchedule: absent(object({ perDay: number("times a day", { above: 0, most: 86_400 }), timeMs })),
});

const sun = v.pipe(
  object({
    panelMw: number("power of the panel at 1000 W/m2, mW", { above: 0, most: 1e6 }),
    latitudeDeg: number("north positive, degrees", { least: -66, most: 66 }),
    clearShare: number("of sunlight that clouds let through", SHARE),
    efficiencyPercent: number("of charging, %", { least: 1, most: 100 }),
  }),
  v.description("a panel lying flat"),
);

const deviation = (about: string, bounds: { least: number; most: number }) => v.exactOptional(number(about, bounds), 0);
const spread = v.pipe(
  object({
    wakesPercent: deviation("of a gate's wakes, %", PERCENT),
    temperatureC: deviation("of the mean temperature, K", { least: 0, most: 15 }),
    selfDischargePercent: deviation("of self-discharge, %", PERCENT),
    cloudPercent: deviation("of what clouds let through, %", PERCENT),
  }),
  v.description("standard deviations of what differs from device to device; for many devices"),
);

const fields = object({
  title: text(),
  battery: v.union([v.pipe(text("name of a bundled battery"), v.transform(loadBattery)), BATTERY], "a name or a profile"),
  years: number("simulated at most", { above: 0, most: 100 }),
  startDayOfYear: v.exactOptional(number("for season and sun; 1 is the first of January", { least: 1, most: 365 }), 1),
  temperature,
  supply,
  processor: object({
    sleepUa: number("asleep, uA at the supply", CURRENT_UA),
    wakeMa: number("while it wakes, mA at the supply", CURRENT_MA),
    wakeTimeMs: number("until code runs, ms", TIME_MS),
  }),
  microphone: object({
    activeUa: number("listening, uA at the supply", CURRENT_UA),
    idleUa: number("not listening, uA at the supply", CURRENT_UA),
    captureUa: number("what the processor takes while samples come in, uA at the supply", CURRENT_UA),
    windowMs: number("a decision listens so long, ms", TIME_MS),
  }),
  decisions,
  inference,
  radio: absent(radio),
  sun: absent(sun),
  spread: v.exactOptional(spread, {}),
  notes: v.exactOptional(v.pipe(list(text()), v.description("for whoever reads the file: where its numbers come from"))),
});

/** A scenario that states its energies. What comes out of it is a scenario again, with everything filled in that may be left out. */
export const SCENARIO = v.pipe(fields, rule(contradiction));
/** What a scenario may be given as. */
export type ScenarioInput = v.InferInput<typeof SCENARIO>;
export type Scenario = v.InferOutput<typeof SCENARIO>;

function contradiction({ battery, supply, sun }: v.InferOutput<typeof fields>) {
  const fullV = battery.openCircuit.points[0][1];
  const { regulator, supplyV } = supply;
  if (regulator === "buck" && supplyV >= fullV)
    return wrong(["supply", "supplyV"], `less than the ${fullV} V of the full battery, below a buck regulator`, supplyV);
  if (regulator === "boost" && supplyV <= fullV)
    return wrong(["supply", "supplyV"], `more than the ${fullV} V of the full battery, above a boost regulator`, supplyV);
  if (sun && !battery.charge) return wrong(["sun"], `nothing beside battery ${battery.name}, which cannot be charged`, "a panel");
}

/** What is to be metered: figures for `frontEnd`, `answers` and the frames of a log-mel gate. */
export const METERED = object({
  model: text("a .qmoe file, or the name of a bundled model"),
  device: text("device profile: a name that `qurio devices` lists, or the path of a .json file"),
  data: v.exactOptional(text("clips that shares of answers are counted on; the bundled features without it")),
});

/** A scenario file of `qurio simulate`: SCENARIO, or the same with a model to be metered. */
export const SCENARIO_FILE = object({
  ...fields.entries,
  decisions: object({
    scheduledPerHour,
    gate: absent(
      v.variant(
        "kind",
        [
          comparator,
          object({
            kind: v.literal("log-mel"),
            wakesPerHour,
            framesPerS: v.exactOptional(framesPerS),
            frameUj: v.exactOptional(frameUj),
            frameTimeMs: v.exactOptional(frameTimeMs),
          }),
        ],
        kinds(GATES),
      ),
    ),
  }),
  inference: v.union([inference, METERED], "figures, or a model and a device"),
});
