// Browser-safe. Board factors of energy: measured joules of a board over the datasheet's volts times amperes. One for all boards of a family.

import { Check } from "../check.ts";
import { type RangedConstant, rangedConstant } from "./ranged.ts";

export interface Family {
  title: string;
  boardFactor: RangedConstant;
}

export type Families = Record<string, Family>;

const HINT = "host/meter/families.json shows the form.";

/** Errors: DEVICE_PROFILE. */
export function parseFamilies(json: unknown, file: string): Families {
  const check = new Check(file, "DEVICE_PROFILE", HINT);
  const families: Families = {};
  for (const [name, value] of Object.entries(check.object(json, "", Object.keys(Object(json))))) {
    const { title, boardFactor } = check.object(value, name, ["title", "boardFactor"]);
    families[name] = {
      title: check.text(title, `${name}.title`),
      boardFactor: rangedConstant(check, boardFactor, `${name}.boardFactor`, "x", { above: 0, most: 100 }),
    };
  }
  return families;
}
