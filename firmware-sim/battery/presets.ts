// Node only. Scenarios that come with qurio (presets/*.json), to run or to start from. Their model may have to be metered first.

import { readdirSync, readFileSync } from "node:fs";
import { QurioError } from "../../host/errors.ts";
import { packagePath } from "../../host/files.ts";

const FOLDER = packagePath("firmware-sim", "battery", "presets");

export function presetNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -5))
    .sort();
}

/** What each preset is about. */
export function presetList(): { name: string; battery: string; title: string }[] {
  return presetNames().map((name) => {
    const { title, battery } = JSON.parse(presetText(name));
    return { name, battery, title };
  });
}

/** A preset's JSON as text. Errors: PRESET_UNKNOWN. */
export function presetText(name: string): string {
  if (!presetNames().includes(name)) throw new QurioError("PRESET_UNKNOWN", `no preset ${name}`, `Known: ${presetNames().join(", ")}.`, 2);
  return readFileSync(`${FOLDER}/${name}.json`, "utf8");
}
