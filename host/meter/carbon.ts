// Browser-safe. Grams of CO2e of training and of deciding, from energy and the carbon intensity of the grid that gave it.
//
//   grams = joules / 3.6e6 * intensity (g/kWh)         deployment overtakes training at N = grams of training / grams of a decision
//
// Emissions of use only: what making the training machine, the board and its battery emitted (embodied emissions) is not in here.

import type * as v from "valibot";
import { checkJson } from "../json.ts";
import { constant, dictionary, type Estimate, object, ranged, text } from "../schema.ts";

export interface CarbonInput {
  trainingHours: number;
  /** W */
  trainingPower: Estimate;
  /** g/kWh where the model is trained, and where devices take their energy from. */
  trainingIntensity: number;
  deviceIntensity: number;
  /** uJ a decision, modelled. */
  networkUj: Estimate;
  decisionUj: Estimate;
  inferences: number;
}

/** What deployment emits, counted for one kind of energy. */
export interface Deployment {
  /** Of all inferences. */
  grams: Estimate;
  /** Deployment emits more than training from this number of inferences on. */
  overtakesAt: Estimate;
  /** Grams of all inferences over those of training. */
  ratio: Estimate;
}

export interface Carbon {
  training: { energyJ: Estimate; grams: Estimate };
  networkOnly: Deployment;
  wholeDecision: Deployment;
}

const JOULES_PER_KWH = 3.6e6;

/** g/kWh: from hydropower alone to lignite alone, with room. */
export const INTENSITY = { above: 0, most: 2000 };
export const HOURS = { above: 0, most: 1e7 };
export const POWER = { above: 0, most: 1e7 };

/** host/meter/carbon.json: grids by name; and of the bundled recipe the measured hours, and the power of a machine that trains. */
export const CARBON_TABLES = object({
  regions: dictionary(object({ title: text(), intensity: constant("CO2e of electricity", "g/kWh", INTENSITY) })),
  training: object({ hours: constant("time to train", "h", HOURS), power: ranged("drawn by the machine that trains", "W", POWER) }),
});
export type CarbonTables = v.InferOutput<typeof CARBON_TABLES>;

/** Errors: CARBON, naming the path of the field. */
export function parseCarbonTables(json: unknown, file: string): CarbonTables {
  return checkJson(CARBON_TABLES, json, { file, code: "CARBON", hint: "host/meter/carbon.json shows the form." });
}

/** Every figure with the range that power and energy leave it; low / high of a quotient are low / high over high / low. */
export function carbonOf(input: CarbonInput): Carbon {
  const energyJ = scale(input.trainingPower, 3600 * input.trainingHours);
  const grams = scale(energyJ, input.trainingIntensity / JOULES_PER_KWH);
  const deployment = (energyUj: Estimate): Deployment => {
    const each = scale(energyUj, (1e-6 * input.deviceIntensity) / JOULES_PER_KWH);
    const all = scale(each, input.inferences);
    return { grams: all, overtakesAt: over(grams, each), ratio: over(all, grams) };
  };
  return { training: { energyJ, grams }, networkOnly: deployment(input.networkUj), wholeDecision: deployment(input.decisionUj) };
}

function scale({ value, low, high }: Estimate, by: number): Estimate {
  return { value: value * by, low: low * by, high: high * by };
}

function over(a: Estimate, b: Estimate): Estimate {
  return { value: a.value / b.value, low: a.low / b.high, high: a.high / b.low };
}
