// Browser-safe. Grams of CO2e of training and of deciding, from energy and the carbon intensity of the grid that gave it.
//
//   grams = joules / 3.6e6 * intensity (g/kWh)         deployment overtakes training at N = grams of training / grams of a decision
//
// Emissions of use only: what making the training machine, the board and its battery emitted (embodied emissions) is not in here.

import { Check, type Constant } from "../check.ts";
import { type Estimate, type RangedConstant, rangedConstant } from "./ranged.ts";

export interface Region {
  title: string;
  /** g of CO2e a kWh. */
  intensity: Constant;
}

export interface CarbonTables {
  regions: Record<string, Region>;
  /** Of the bundled recipe: measured hours, and the power of a machine that trains. */
  training: { hours: Constant; power: RangedConstant };
}

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
const HINT = "host/meter/carbon.json shows the form.";

/** g/kWh: from hydropower alone to lignite alone, with room. */
export const INTENSITY = { above: 0, most: 2000 };
export const HOURS = { above: 0, most: 1e7 };
export const POWER = { above: 0, most: 1e7 };

/** Errors: CARBON, naming the path of the field. */
export function parseCarbonTables(json: unknown, file: string): CarbonTables {
  const check = new Check(file, "CARBON", HINT);
  const { regions, training } = check.object(json, "", ["regions", "training"]);
  const table: Record<string, Region> = {};
  for (const [name, value] of Object.entries(check.object(regions, "regions", Object.keys(Object(regions))))) {
    const { title, intensity } = check.object(value, `regions.${name}`, ["title", "intensity"]);
    table[name] = {
      title: check.text(title, `regions.${name}.title`),
      intensity: check.constant(intensity, `regions.${name}.intensity`, "g/kWh", INTENSITY),
    };
  }
  const { hours, power } = check.object(training, "training", ["hours", "power"]);
  return {
    regions: table,
    training: {
      hours: check.constant(hours, "training.hours", "h", HOURS),
      power: rangedConstant(check, power, "training.power", "W", POWER),
    },
  };
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
