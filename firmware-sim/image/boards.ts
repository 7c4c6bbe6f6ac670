// Node only. The board that an image is made for, and what does not fit it.

import { QurioError } from "../../host/errors.ts";
import { BOARDS, type Board } from "../../host/meter/boards.ts";
import { CORES } from "./cores.ts";

export { BOARDS, type Board, type Region } from "../../host/meter/boards.ts";

/** @throws QurioError BOARD */
export function boardNamed(name: string): Board {
  const found = BOARDS.find((row) => row.name === name);
  if (found) return found;
  const names = BOARDS.map((row) => row.name).join(", ");
  throw new QurioError(
    "BOARD",
    `unknown device ${name}: one of ${names} expected`,
    "Name the board closest to yours: --device nrf52840. Profiles of `qurio devices` do too, if their board is a Cortex-M.",
    2,
  );
}

/**
 * Refuses what a board cannot hold or run.
 * @param needs what the image takes, clip not counted; a lower bound will do
 * @throws QurioError IMAGE_TOO_LARGE
 */
export function checkFits({ title, flash, ram }: Board, needs: { flash: number; ram: number }): void {
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
  if (CORES[core].hasFpu || isFixed) return;
  throw new QurioError(
    "NO_FPU",
    `${title} has no floating-point unit, and the model's front end computes in float32`,
    "Export the model with --front-end fixed.",
  );
}
