// Browser-safe. Board factors of energy: measured joules of a board over the datasheet's volts times amperes. One for all boards of a family.

import type * as v from "valibot";
import { checkJson } from "../json.ts";
import { dictionary, object, ranged, text } from "../schema.ts";

const BOARD_FACTOR = ranged("measured joules over the datasheet's volts times amperes", "x", { above: 0, most: 100 });

export const FAMILIES = dictionary(object({ title: text(), boardFactor: BOARD_FACTOR }));
export type Families = v.InferOutput<typeof FAMILIES>;

/** Errors: DEVICE_PROFILE. */
export function parseFamilies(json: unknown, file: string): Families {
  return checkJson(FAMILIES, json, { file, code: "DEVICE_PROFILE", hint: "host/meter/families.json shows the form." });
}
