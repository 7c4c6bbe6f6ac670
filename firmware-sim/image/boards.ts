// Node only. The board that an image is made for, and what does not fit it.

import { QurioError } from "../../host/errors.ts";
import { type CortexM, type DeviceProfile, type FirmwareMemory, isCortexM } from "../../host/meter/device.ts";
import { deviceNames, loadDevice } from "../../host/meter/devices.ts";
import { CORTEX_M } from "./cortex_m.ts";

/** A device whose profile says what firmware needs. */
export type Board = DeviceProfile & { core: CortexM; firmware: FirmwareMemory };

export const isBoard = (device: DeviceProfile): device is Board => isCortexM(device.core) && device.firmware !== null;

/**
 * @param device a name of `qurio devices`, or the path of a profile
 * @throws QurioError DEVICE_UNKNOWN, DEVICE_PROFILE; NO_FIRMWARE for a board that images are not made for
 */
export function loadBoard(device: string): Board {
  const profile = loadDevice(device);
  if (isBoard(profile)) return profile;
  const names = deviceNames().filter((name) => isBoard(loadDevice(name)));
  throw new QurioError(
    "NO_FIRMWARE",
    `no firmware for ${profile.name}: flash and RAM of a Cortex-M expected in its profile, none found`,
    `Name the board closest to yours: ${names.join(", ")}. Or write a profile: docs/guides/add-a-device.md.`,
    2,
  );
}

/**
 * Refuses what a board cannot hold or run.
 * @param needs what the image takes, clip not counted; a lower bound will do
 * @throws QurioError IMAGE_TOO_LARGE
 */
export function checkFits({ title, firmware: { flash, ram } }: Board, needs: { flash: number; ram: number }): void {
  for (const [kind, there, needed] of [
    ["flash", flash.bytes, needs.flash],
    ["RAM", ram.bytes, needs.ram],
  ] as const) {
    if (needed <= there) continue;
    throw new QurioError(
      "IMAGE_TOO_LARGE",
      `the image does not fit ${title}: ${needed} bytes of ${kind} needed, ${there} there`,
      "Choose a larger board, or a model with fewer or narrower weights: `qurio inspect` lists them.",
    );
  }
}

/**
 * Refuses a float32 front end on a core without a floating-point unit, where a decision takes seven times as long (docs/how-it-works/cortex-m.md).
 * @throws QurioError NO_FPU
 */
export function checkArithmetic({ title, core }: Board, isFixed: boolean): void {
  if (CORTEX_M[core].hasFpu || isFixed) return;
  throw new QurioError(
    "NO_FPU",
    `${title} has no floating-point unit, and the model's front end computes in float32`,
    "Export the model with --front-end fixed.",
  );
}
