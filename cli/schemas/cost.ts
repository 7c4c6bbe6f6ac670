// `--json` of what costs are about: meter, budget, devices, carbon.

import * as v from "valibot";
import { ACCEPTED, FIGURES, type Figure } from "../../host/meter/budget.ts";
import { PARTS } from "../../host/meter/cost.ts";
import { estimate, flag, list, number, object, oneOf, text } from "../../host/schema.ts";
import { amount, count, deviceName, modelled, opsByClass, share, uj } from "./words.ts";

const spread = (about: string) =>
  v.pipe(
    object({
      mean: amount("over the clips"),
      deviation: amount("standard deviation over the clips; 0 for one"),
      worst: amount("of the clips"),
    }),
    v.description(about),
  );

const step = object({
  part: v.pipe(oneOf(PARTS), v.description("of a decision")),
  network: v.nullable(text("null for the front end")),
  what: text("what the step does"),
  weightType: v.nullable(text("of the layer")),
  kernel: v.nullable(text("of the layer")),
  times: count("times in a decision"),
  ops: spread("wasm operations, exact"),
  opsByClass: v.pipe(opsByClass, v.description("mean over the clips, exact")),
  weightBytes: count("packed weights and scales, as the decision record counts them"),
  loadBytes: amount("bytes that loads read, mean over the clips"),
  modelBytes: v.nullable(amount("of those from the model file; null without bounds or where inputs differ")),
  ramBytes: v.nullable(amount("of those from RAM")),
  storeBytes: amount("bytes that stores write, mean over the clips"),
  cycles: spread("modelled"),
  timeMs: amount("ms, modelled, mean over the clips"),
  energyUj: uj("mean over the clips"),
  mostOps: v.nullable(amount("operations, worst case over any input; null without bounds")),
  mostCycles: v.nullable(amount("cycles, worst case over any input, modelled")),
  constant: v.nullable(v.pipe(flag(), v.description("every input executes the same operations; null without bounds"))),
});

const path = object({
  name: text("who answers"),
  share: v.nullable(share("of the clips that the model, left to itself, answers so; null for a part alone")),
  networkCycles: spread("router and experts, modelled"),
  cycles: v.nullable(spread("the whole decision, modelled; null where clips are feature vectors")),
  timeMs: v.nullable(amount("ms, modelled")),
  energyUj: v.nullable(uj("the whole decision")),
  networkUj: uj("router and experts"),
  mostNetworkCycles: v.nullable(amount("cycles, worst case over any input, modelled; null without bounds")),
  mostCycles: v.nullable(amount("cycles, worst case over any input, front end included, modelled")),
  mostTimeMs: v.nullable(amount("ms, worst case over any input, modelled")),
  mostUj: v.nullable(uj("worst case over any input")),
});

const estimates = object({
  part: oneOf([...PARTS, "total"]),
  instructions: count("executed by the emulated core, exact"),
  emulatedCycles: amount("published timings of those, wait states included, modelled"),
  countedCycles: amount("from counts of wasm operations, modelled"),
  difference: number("counted over emulated, less 1"),
});

export const METER = object({
  model: text("as given"),
  data: text("what the clips are"),
  device: deviceName,
  clips: count("clips"),
  steps: list(step),
  alone: v.pipe(list(path), v.description("the front end and each network by itself")),
  paths: v.pipe(list(path), v.description("ways to an answer")),
  asStored: v.pipe(path, v.description("as the model decides")),
  bounds: v.nullable(
    object({ cutFunctions: count("functions that the proof takes as a whole"), forks: count("branches followed both ways") }),
  ),
  estimates: v.nullable(object({ core: text("emulated"), parts: list(estimates) })),
});

const figureNames = Object.keys(FIGURES) as Figure[];
const layer = v.nullable(ACCEPTED.entries.layers.item);

export const BUDGET_RESULT = object({
  model: text("as the budget names it"),
  device: deviceName,
  data: text("what means are taken over"),
  figures: list(
    object({
      name: oneOf(figureNames),
      now: amount("the figure"),
      limit: v.nullable(amount("of the budget")),
      accepted: v.nullable(amount("last accepted")),
      exceeded: flag(),
    }),
  ),
  layers: v.pipe(
    list(object({ name: text(), now: layer, accepted: layer })),
    v.description("that are not what was accepted; null: added, or gone"),
  ),
  exceeded: list(oneOf(figureNames)),
});

const deployment = (about: string) =>
  v.pipe(
    object({
      grams: v.pipe(estimate("g"), v.description("CO2e of all inferences")),
      overtakesAt: v.pipe(estimate("inferences"), v.description("from which on deployment emits more than training")),
      ratio: v.pipe(estimate("x"), v.description("grams of all inferences over those of training")),
    }),
    v.description(about),
  );

export const CARBON = object({
  kind: modelled,
  device: deviceName,
  trainingHours: amount("h"),
  trainingPower: object({
    ...estimate("W").entries,
    unit: v.exactOptional(text("W")),
    source: v.exactOptional(text("of the bundled figure; with --train-watts nothing")),
  }),
  trainingIntensity: amount("where the model is trained, g/kWh"),
  deviceIntensity: amount("where devices take their energy from, g/kWh"),
  networkUj: uj("router and experts, a decision"),
  decisionUj: uj("a decision"),
  inferences: amount("that grams are counted for"),
  training: object({ energyJ: estimate("J"), grams: estimate("g of CO2e") }),
  networkOnly: deployment("counting router and experts"),
  wholeDecision: deployment("counting the front end too"),
});
