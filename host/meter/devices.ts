// Node only. The device profiles that come with qurio, and those of the user's own.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { QurioError } from "../errors.ts";
import { packagePath } from "../files.ts";
import { type DeviceProfile, parseDevice } from "./device.ts";

const FOLDER = packagePath("host", "meter", "devices");

/** The board that commands model unless told otherwise: the one with measured energy rows (MLPerf Tiny). */
export const DEFAULT_DEVICE = "nucleo-l4r5zi";

export function deviceNames(): string[] {
  return readdirSync(FOLDER)
    .filter((file) => file.endsWith(".json"))
    .map((file) => file.slice(0, -5))
    .sort();
}

/** A profile by name, or by path when `device` ends in .json. Errors: DEVICE_UNKNOWN, DEVICE_PROFILE. */
export function loadDevice(device: string): DeviceProfile {
  const path = device.endsWith(".json") ? device : join(FOLDER, `${device}.json`);
  if (!existsSync(path) || (path !== device && !deviceNames().includes(device))) {
    throw new QurioError(
      "DEVICE_UNKNOWN",
      `no device profile ${device}`,
      `Known: ${deviceNames().join(", ")}; or the path of a .json file.`,
      2,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(path, "utf8"));
  } catch (error) {
    throw new QurioError(
      "DEVICE_PROFILE",
      `${device}: JSON expected, ${(error as Error).message}`,
      "Correct the file, or copy a bundled one.",
    );
  }
  return parseDevice(json, device);
}
