// Browser-safe. A device profile: one board, its core and memory, and what its clock, energy and operations cost, each constant with its source.

import * as v from "valibot";
import { checkJson, wrongField } from "../json.ts";
import {
  type Bounds,
  type Constant,
  constant,
  type Estimate,
  estimate,
  numberWanted,
  object,
  oneOf,
  ranged,
  rule,
  text,
  whole,
  wrong,
} from "../schema.ts";
import type { OpClass } from "../wasm/opcodes.ts";
import { CORE, type CoreCycles, type CyclesPerOp } from "./core_cycles.ts";
import type { Families } from "./families.ts";

/** How wasm becomes machine work. */
export const EXECUTIONS = ["wasm2c", "aot", "interpreter"] as const;
export type Execution = (typeof EXECUTIONS)[number];

/** Cores that firmware is made and emulated for: firmware-sim/image/cortex_m.ts. */
export const CORTEX_M_NAMES = ["cortex-m4", "cortex-m33", "cortex-m0plus"] as const;
export type CortexM = (typeof CORTEX_M_NAMES)[number];

export const isCortexM = (core: string): core is CortexM => (CORTEX_M_NAMES as readonly string[]).includes(core);

const CLOCK_MHZ: Bounds = { least: 0.01, most: 10_000 };
const SUPPLY_V: Bounds = { least: 0.5, most: 60 };
const FACTOR: Bounds = { least: 0.01, most: 1000 };
const WAIT: Bounds = { least: 1, most: 20 };
const CURRENT_UA_PER_MHZ: Bounds = { above: 0, most: 100_000 };
const CYCLE_PJ: Bounds = { above: 0, most: 1_000_000 };
const SLEEP_UA: Bounds = { least: 0, most: 10_000_000 };
const WAKE_US: Bounds = { least: 0, most: 600_000_000 };
const RADIO_MA: Bounds = { above: 0, most: 10_000 };
const REGION_KIB: Bounds = { least: 1, most: 1 << 20 };

const matching = (about: string, pattern: RegExp, expected: string) =>
  v.pipe(v.string(expected), v.regex(pattern, expected), v.description(about));

const region = v.pipe(
  object({
    address: matching("of the first byte", /^0x[0-9a-f]{8}$/, "0x and 8 hexadecimal digits"),
    kib: whole("size, KiB", REGION_KIB),
  }),
  v.transform(({ address, kib }) => ({ address: Number(address), bytes: 1024 * kib })),
);
const firmware = v.pipe(
  object({ flash: region, ram: region, source: text("where sizes and addresses come from") }),
  v.description("for Cortex-M cores: what `qurio bake --target cortex-m` links for"),
);
/** Where an image is linked to. */
export type FirmwareMemory = v.InferOutput<typeof firmware>;

const energy = {
  current: constant("the datasheet's, code running; times V it is pJ a cycle", "uA/MHz", CURRENT_UA_PER_MHZ),
  measured: v.nullable(constant("of this very board at this clock and supply, a cycle; null: nobody has published any", "pJ", CYCLE_PJ)),
};

const fields = {
  name: matching("what commands call it, and its file", /^[a-z0-9][a-z0-9-]*$/, "lower-case letters, digits and -"),
  title: text(),
  family: text("boards of a family share one board factor of energy: host/meter/families.json"),
  core: text("the core that the board has"),
  cyclesFrom: text(
    "host/meter/cores/NAME.json: cycles of each operation class by way of wasm2c; another core's where there is no table for this one",
  ),
  runs: object({
    how: v.pipe(oneOf(EXECUTIONS), v.description("how wasm becomes machine work")),
    factor: ranged("cycles over those of wasm2c", "x", FACTOR),
  }),
  clock: constant("of the core", "MHz", CLOCK_MHZ),
  supply: constant("at which currents are stated", "V", SUPPLY_V),
  supplyMin: constant("brown-out", "V", SUPPLY_V),
  waitStates: constant("cycles with the flash's wait states over cycles without", "x", WAIT),
  sleep: constant("at the supply, RAM kept, real-time clock on; a Linux board's idle current", "uA", SLEEP_UA),
  wake: constant("until code runs", "us", WAKE_US),
  radio: v.nullable(
    object({
      name: text(),
      transmit: constant("at the supply", "mA", RADIO_MA),
      receive: v.nullable(constant("at the supply", "mA", RADIO_MA)),
    }),
  ),
};

/** A profile's file. */
export const DEVICE = v.pipe(
  object({ ...fields, firmware: v.nullable(firmware), energy: object(energy) }),
  rule(({ supply, supplyMin }) =>
    supplyMin.value > supply.value
      ? wrong(["supplyMin", "value"], numberWanted({ ...SUPPLY_V, most: supply.value }), supplyMin.value)
      : undefined,
  ),
);

/** A stretch of memory. */
const linked = object({ address: whole("of the first byte"), bytes: whole("size, bytes") });

export type Region = v.InferOutput<typeof linked>;

/** A profile with what it refers to: what everything behind it is modelled from. */
export const DEVICE_PROFILE = object({
  ...fields,
  cyclesPerOp: v.pipe(CORE.entries.cyclesPerOp, v.description("the table's, times runs.factor and waitStates: what a decision costs here")),
  firmware: v.nullable(object({ ...firmware.entries, flash: linked, ram: linked })),
  energy: object({ ...energy, boardFactor: ranged("the family's: measured joules over the datasheet's volts times amperes", "x") }),
  energyPerCycle: v.pipe(estimate("pJ"), v.description("measured, or the datasheet's times the family's board factor")),
});
export type DeviceProfile = v.InferOutput<typeof DEVICE_PROFILE>;

/** What profiles refer to by name. */
export interface DeviceParts {
  cores: Record<string, CoreCycles>;
  families: Families;
}

const HINT = "Each constant is { value, unit, source }; host/meter/devices/nucleo-l4r5zi.json shows them all.";

/**
 * Checks a profile read from JSON and resolves what it refers to. Errors: DEVICE_PROFILE, naming the path of the field with what was
 * expected and found: something missing, of the wrong type, not finite, out of its range (supplyMin above supply, low above high), in
 * another unit, unknown, or not the core's (cyclesFrom, firmware).
 */
export function parseDevice(json: unknown, { cores, families }: DeviceParts, file = "device profile"): DeviceProfile {
  const source = { file, code: "DEVICE_PROFILE", hint: HINT };
  const profile = checkJson(DEVICE, json, source);
  const { family, core, cyclesFrom, supply } = profile;
  const known = (path: string, name: string, names: readonly string[]) => {
    if (!names.includes(name)) throw wrongField(source, path, `one of ${names.join(", ")}`, name);
  };
  known("family", family, Object.keys(families));
  known("cyclesFrom", cyclesFrom, core in cores ? [core] : Object.keys(cores));
  if (profile.firmware && !isCortexM(core))
    throw wrongField(source, "firmware", `null, as ${core} is none of ${CORTEX_M_NAMES.join(", ")},`, profile.firmware);
  const energy = { ...profile.energy, boardFactor: families[family].boardFactor };
  return {
    ...profile,
    cyclesPerOp: scaled(cores[cyclesFrom].cyclesPerOp, cyclesFactor(profile).value),
    energy,
    energyPerCycle: energyPerCycle(energy, supply.value),
  };
}

/** By how much the table of a core's cycles is multiplied on this board: how wasm runs there, and wait states of its flash. */
export function cyclesFactor({ runs: { factor }, waitStates }: Pick<DeviceProfile, "runs" | "waitStates">): Estimate {
  const times = (x: number) => x * waitStates.value;
  return { value: times(factor.value), low: times(factor.low), high: times(factor.high) };
}

/** Says whose cycles stand in for the core's own; null where none do. */
export function standInNote({ core, cyclesFrom }: DeviceProfile): string | null {
  return cyclesFrom === core ? null : `cycles as on ${cyclesFrom}: no table for ${core}`;
}

/** The measured figure, or the datasheet's (uA/MHz * V = pJ) times the board factor. */
function energyPerCycle({ current, boardFactor, measured }: DeviceProfile["energy"], supplyV: number): Estimate {
  if (measured) return { value: measured.value, low: measured.value, high: measured.value };
  const datasheet = current.value * supplyV;
  return { value: datasheet * boardFactor.value, low: datasheet * boardFactor.low, high: datasheet * boardFactor.high };
}

function scaled(cyclesPerOp: CyclesPerOp, factor: number): CyclesPerOp {
  const entries = Object.entries(cyclesPerOp) as [OpClass, Constant][];
  return Object.fromEntries(entries.map(([kind, constant]) => [kind, { ...constant, value: constant.value * factor }]));
}
