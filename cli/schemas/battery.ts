// `--json` of simulate and policies.

import * as v from "valibot";
import { ACCOUNTS } from "../../firmware-sim/battery/operating_point.ts";
import { END_CAUSES } from "../../firmware-sim/battery/simulate.ts";
import { LISTENING } from "../../firmware-sim/costs/policy_scenario.ts";
import { list, number, object, oneOf, text } from "../../host/schema.ts";
import { amount, count, deviceName, fieldsOf, modelled, name, share } from "./words.ts";

const energyJ = v.pipe(
  fieldsOf(ACCOUNTS, (account) => amount(`${account}, J`)),
  v.description("joules that left the battery, by cause and as losses"),
);
const cause = oneOf(END_CAUSES);
const days = (about: string) => amount(`${about}, days`);
const mah = (about: string) => number(`${about}, mAh`);

const life = {
  kind: modelled,
  lifeDays: days("how long it lasts"),
  end: object({ cause, detail: text() }),
  energyJ,
  drawnJ: amount("sum of energyJ, J"),
  chargeMah: object({
    drawn: mah("by the device"),
    selfDischarge: mah("lost"),
    charged: mah("by the sun"),
    used: mah("drawn + selfDischarge - charged"),
    left: mah("out of reach at the end"),
  }),
  meanCurrentUa: amount("of the battery, over the life, uA"),
  naiveDays: days("capacity over mean current"),
  history: v.pipe(
    list(
      object({
        day: days("since the start"),
        charge: share("state of charge"),
        baseV: amount("under the lasting load, V"),
        lowestV: amount("under the heaviest pulse, V"),
      }),
    ),
    v.description("the course; empty beside --events"),
  ),
};

const monteCarlo = object({
  kind: modelled,
  runs: count("devices"),
  seed: count("of the random numbers"),
  lifeDays: object({ p10: days("a tenth last less than"), p50: days("half last less than"), p90: days("nine tenths last less than") }),
  endShare: fieldsOf(END_CAUSES, (cause) => share(`devices that end by ${cause}`)),
  energyShare: fieldsOf(ACCOUNTS, (account) => share(`${account}, of the energy, mean over the devices`)),
});

const scenario = text("title of the scenario");

/** One device, and many with `--runs`. */
export const SIMULATE = object({ scenario, battery: text("name"), ...life, monteCarlo: v.nullable(monteCarlo) });

/** `--events`: event by event beside duty cycles. */
export const SIMULATE_EVENTS = object({
  scenario,
  events: object({
    days: days("simulated"),
    decisions: count("made"),
    end: v.nullable(v.pipe(cause, v.description("null: still running"))),
    energyJ,
    drawnJ: amount("sum of energyJ, J"),
    chargeMah: object({ drawn: mah("by the device"), selfDischarge: mah("lost"), used: mah("sum of both") }),
    lowestV: amount("of any moment, V"),
  }),
  aggregated: object(life),
});

/** `--list`: a bundled scenario. */
export const SIMULATE_LIST = object({ name: text(), battery: text(), title: text() });

const interval = v.nullable(
  object({ mean: number("over folds and seeds"), halfWidth: v.nullable(amount("of the 95 % interval; null for a single fold")) }),
);

export const POLICIES = object({
  kind: modelled,
  device: deviceName,
  battery: text("name"),
  everyS: amount("from window to window, s"),
  soundShare: share("windows that have something to hear"),
  heldOut: object({ command: text(), clips: count("clips"), folds: count("folds"), seeds: count("seeds") }),
  frontEnd: v.pipe(oneOf(["float", "fixed"]), v.description("the cheaper on this device")),
  routerUj: amount("of the Bayesian router with all its samples, uJ"),
  rows: list(
    object({
      policy: text(),
      listening: oneOf(LISTENING),
      f1: interval,
      difference: v.pipe(interval, v.description("of F1 to that of the dearest network alone")),
      answers: v.pipe(
        list(object({ name: name("networks that ran"), share: share("of the answers") })),
        v.description("over the whole life"),
      ),
      networkUj: amount("uJ a decision"),
      decisionUj: amount("uJ a decision"),
      lifeDays: days("how long the battery lasts"),
      end: cause,
    }),
  ),
});
