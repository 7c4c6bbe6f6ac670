// Node only. The device profiles that come with qurio, and those of the user's own.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { QurioError } from "../errors.ts";
import { packagePath } from "../files.ts";
import { parseJson } from "../json.ts";
import { parseCore } from "./core_cycles.ts";
import { type DeviceParts, type DeviceProfile, parseDevice } from "./device.ts";
import { parseFamilies } from "./families.ts";

const FOLDER = packagePath("host", "meter", "devices");
export const CORES_FOLDER = packagePath("host", "meter", "cores");
const FAMILIES = packagePath("host", "meter", "families.json");

/** The board that commands model unless told otherwise: the one with measured energy rows (MLPerf Tiny). */
export const DEFAULT_DEVICE = "nucleo-l4r5zi";

export function deviceNames(): string[] {
  return jsonNames(FOLDER);
}

/** A profile by name, or by path when `device` ends in .json. Errors: DEVICE_UNKNOWN, DEVICE_PROFILE. */
export function loadDevice(device: string): DeviceProfile {
  const path = device.endsWith(".json") ? device : join(FOLDER, `${device}.json`);
  if (!existsSync(path) || (path !== device && !deviceNames().includes(device))) {
    const named = deviceNames().find((name) => loadDevice(name).title.toLowerCase().includes(device.toLowerCase()));
    const hint = named && device.length > 2 ? `Did you mean ${named}?` : `Known: ${deviceNames().join(", ")}.`;
    throw new QurioError("DEVICE_UNKNOWN", `no device profile ${device}`, `${hint} Or pass the path of a .json file.`, 2);
  }
  return parseDevice(readJson(path, device), deviceParts(), device);
}

/** The bundled cores and families, which every profile refers to. */
export function deviceParts(): DeviceParts {
  const cores = jsonNames(CORES_FOLDER).map((name) => {
    const file = `${name}.json`;
    return [name, parseCore(readJson(join(CORES_FOLDER, file), file), file)];
  });
  return { cores: Object.fromEntries(cores), families: parseFamilies(readJson(FAMILIES, "families.json"), "families.json") };
}

function jsonNames(folder: string): string[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -5))
    .sort();
}

function readJson(path: string, file: string): unknown {
  return parseJson(readFileSync(path), { file, code: "DEVICE_PROFILE", hint: "Correct the file, or copy a bundled one." });
}
