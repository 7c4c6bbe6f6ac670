// `--json` of run: a line for each window, and behind each stream what it cost.

import * as v from "valibot";
import { STREAM_PARTS } from "../../host/meter/stream_meter.ts";
import type { Decision } from "../../host/runtime/decision.ts";
import { flag, number, object, text } from "../../host/schema.ts";
import { amount, count, deviceName, fieldsOf, modelled, share, ujRange } from "./words.ts";

const file = text("the recording, as given");
const startS = amount("where the window starts, s");

/** A model without networks only computes features: then label, index, probability and answerer are null. */
const decision = object({
  label: v.nullable(text("the most probable one, also when abstained")),
  index: v.nullable(count("of the label")),
  probability: v.nullable(share("of the label")),
  uncertainty: object({
    entropy: v.nullable(number("predictive entropy of the network that answered, nats; null where the policy does not compute it")),
    mutualInformation: v.nullable(number("over the router's Monte Carlo samples, nats; null without")),
    routerVariance: v.nullable(number("of its sampled softmaxes; null without")),
  }),
  answerer: v.nullable(text("name of the network that answered")),
  abstained: v.pipe(flag(), v.description("the probability is below the calibrated threshold: treat the label as not sure")),
  framesSeen: count("log-mel frames computed; 0 for a decision from features"),
  weightBytesRead: count("packed weights and scales, the router included"),
}) satisfies v.GenericSchema<unknown, Decision>;

/** A window of a recording. */
export const RUN = object({
  file,
  startS,
  ...decision.entries,
  engine: text("that decided"),
  latencyUs: count("measured here, us"),
  meter: object({
    ops: count("wasm operations, exact"),
    weightBytes: count("packed weights and scales, exact"),
    cycles: count("modelled"),
    networkUj: amount("router and experts, uJ, modelled"),
    networkUjRange: ujRange,
    decisionUj: amount("uJ, modelled"),
    decisionUjRange: ujRange,
    device: deviceName,
    kind: modelled,
  }),
});

/** A window of a stream. */
export const RUN_STREAM = object({
  file,
  startS,
  decision: v.nullable(decision),
  event: v.nullable(text("label of the event that goes on")),
  asleep: v.pipe(flag(), v.description("the gate slept through the window")),
});

/** What a stream cost: its last line. */
export const RUN_STREAM_COST = object({
  file,
  cost: object({
    seconds: amount("of sound"),
    parts: fieldsOf(STREAM_PARTS, (part) =>
      v.pipe(
        object({
          steps: count("steps"),
          ops: count("wasm operations, exact"),
          cycles: count("modelled"),
          energyUj: amount("uJ, modelled"),
          energyUjRange: ujRange,
        }),
        v.description(part),
      ),
    ),
    device: deviceName,
    kind: modelled,
  }),
});
