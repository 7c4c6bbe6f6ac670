// Browser-safe. The boards that firmware can be baked for: core, and where flash and RAM lie and how much there is.

/** Cortex-M cores that firmware is made and emulated for: firmware-sim/image/cores.ts. */
export type CoreName = "m4" | "m33" | "m0plus";

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
