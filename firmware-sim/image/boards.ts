// Node only. The boards that firmware can be baked for: core, and where flash and RAM lie and how much there is.

import { QurioError } from "../../host/errors.ts";
import { CORES, type CoreName } from "./cores.ts";

export interface Region {
  address: number;
  bytes: number;
}

export interface Board {
  name: string;
  title: string;
  core: CoreName;
  flash: Region;
  ram: Region;
  /** Where sizes and addresses come from. */
  source: string;
}

const KIB = 1024;

const board = (name: string, title: string, core: CoreName, flash: [number, number], ram: [number, number], source: string): Board => ({
  name,
  title,
  core,
  flash: { address: flash[0], bytes: flash[1] * KIB },
  ram: { address: ram[0], bytes: ram[1] * KIB },
  source,
});

export const BOARDS: readonly Board[] = [
  board(
    "nrf52840",
    "Nordic nRF52840",
    "m4",
    [0, 1024],
    [0x20000000, 256],
    "nRF52840 Product Specification, Memory: 1 MB flash at 0, 256 KB RAM",
  ),
  board(
    "stm32f411",
    "STM32F411xE",
    "m4",
    [0x08000000, 512],
    [0x20000000, 128],
    "ST DS10314 (STM32F411xC/xE), memory mapping: 512 KB flash, 128 KB SRAM",
  ),
  board(
    "stm32l4r5",
    "STM32L4R5xI",
    "m4",
    [0x08000000, 2048],
    [0x20000000, 640],
    "ST DS12023 (STM32L4R5xx), memory mapping: 2 MB flash, 640 KB SRAM1 to 3, contiguous",
  ),
  board(
    "stm32u575",
    "STM32U575xI",
    "m33",
    [0x08000000, 2048],
    [0x20000000, 768],
    "ST DS13737 (STM32U575xx), memory mapping: 2 MB flash; 786 KB SRAM, of which SRAM1 to 3, 768 KB, are contiguous",
  ),
  board(
    "rp2350",
    "Raspberry Pi RP2350, Arm cores",
    "m33",
    [0x10000000, 4096],
    [0x20000000, 520],
    "RP2350 datasheet, address map: XIP at 0x10000000, 520 KB SRAM; 4 MB is the flash of a Pico 2",
  ),
  board(
    "rp2040",
    "Raspberry Pi RP2040",
    "m0plus",
    [0x10000000, 2048],
    [0x20000000, 264],
    "RP2040 datasheet, address map: XIP at 0x10000000, 264 KB SRAM; 2 MB is the flash of a Pico",
  ),
  board(
    "stm32g0b1",
    "STM32G0B1xE",
    "m0plus",
    [0x08000000, 512],
    [0x20000000, 144],
    "ST DS13560 (STM32G0B1xx), memory mapping: 512 KB flash, 144 KB SRAM (128 KB with parity check)",
  ),
];

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
 * Refuses a float32 front end on a core without a floating-point unit, where a decision takes seven times as long (docs/cortex-m.md).
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
