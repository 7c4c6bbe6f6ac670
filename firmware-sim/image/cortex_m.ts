// Node only. The Cortex-M cores that firmware is emulated for: compiler flags, QEMU machine, and whose timings cycles.c applies.

import type { CortexM } from "../../host/meter/device.ts";

export interface CortexMCore {
  title: string;
  /** arm-none-eabi-gcc's choice of core and floating point. */
  cpu: string;
  hasFpu: boolean;
  /** QEMU machine; instruction counts do not depend on it, as long as it runs the code. */
  machine: string;
  /** Where the cycle model comes from. */
  timings: string;
}

export const CORTEX_M: Readonly<Record<CortexM, CortexMCore>> = {
  "cortex-m4": {
    title: "Cortex-M4F",
    hasFpu: true,
    cpu: "-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16",
    machine: "mps2-an386",
    timings: "Arm Cortex-M4 Technical Reference Manual, DDI 0439, tables 3-1 and 7-1",
  },
  // ARMv8-M Mainline code without its security instructions is ARMv7E-M code; the M7 board has the same floating-point unit (FPv5)
  // and no secure world to set up.
  "cortex-m33": {
    title: "Cortex-M33",
    hasFpu: true,
    cpu: "-mcpu=cortex-m33 -mthumb -mfloat-abi=hard -mfpu=fpv5-sp-d16",
    machine: "mps2-an500",
    timings:
      "measured on an RP2350 by github.com/jnk0le/random, pipeline cycle test/doc/cortex_m33.md (Arm publishes none); dual issue not counted",
  },
  // ARMv6-M code on the M3 board: there is no larger board of that core in QEMU.
  "cortex-m0plus": {
    title: "Cortex-M0+ (ARMv6-M)",
    hasFpu: false,
    cpu: "-mcpu=cortex-m0plus -mthumb -mfloat-abi=soft",
    machine: "mps2-an385",
    timings: "Arm Cortex-M0+ Technical Reference Manual, DDI 0484, table 3-1, single-cycle multiplier",
  },
};
