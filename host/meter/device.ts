// Browser-safe. A device profile: one board, its core and memory, and what its clock, energy and operations cost, each constant with its source.

import { type Bounds, Check, type Constant } from "../check.ts";
import type { OpClass } from "../wasm/opcodes.ts";
import type { CoreCycles, CyclesPerOp } from "./core_cycles.ts";
import type { Families } from "./families.ts";
import { type Estimate, type RangedConstant, rangedConstant } from "./ranged.ts";

/** How wasm becomes machine work. */
export const EXECUTIONS = ["wasm2c", "aot", "interpreter"] as const;
export type Execution = (typeof EXECUTIONS)[number];

/** Cores that firmware is made and emulated for: firmware-sim/image/cortex_m.ts. */
export const CORTEX_M_NAMES = ["cortex-m4", "cortex-m33", "cortex-m0plus"] as const;
export type CortexM = (typeof CORTEX_M_NAMES)[number];

export const isCortexM = (core: string): core is CortexM => (CORTEX_M_NAMES as readonly string[]).includes(core);

export interface Region {
  address: number;
  bytes: number;
}

/** Where an image is linked to. */
export interface FirmwareMemory {
  flash: Region;
  ram: Region;
  /** Where sizes and addresses come from. */
  source: string;
}

export interface Radio {
  name: string;
  /** mA at the supply. */
  transmit: Constant;
  receive: Constant | null;
}

export interface DeviceProfile {
  name: string;
  title: string;
  /** Boards of a family share one board factor of energy: host/meter/families.json. */
  family: string;
  /** The core that the board has. */
  core: string;
  /** host/meter/cores/NAME.json: cycles of each operation class by way of wasm2c; another core's where there is no table for this one. */
  cyclesFrom: string;
  /** That table's, times runs.factor and waitStates: what a decision costs here. */
  cyclesPerOp: CyclesPerOp;
  /** For Cortex-M cores: what `qurio bake --target cortex-m` links for. */
  firmware: FirmwareMemory | null;
  /** Cycles over those of wasm2c. */
  runs: { how: Execution; factor: RangedConstant };
  clock: Constant;
  supply: Constant;
  /** Brown-out. */
  supplyMin: Constant;
  /** Cycles with the flash's wait states over cycles without. */
  waitStates: Constant;
  energy: {
    /** The datasheet's, code running; uA/MHz times V is pJ a cycle. */
    current: Constant;
    boardFactor: RangedConstant;
    /** Of this very board at this clock and supply, pJ a cycle; null: nobody has published any. */
    measured: Constant | null;
  };
  /** pJ. Measured, or the datasheet's times the family's board factor, with its range. */
  energyPerCycle: Estimate;
  /** uA at the supply, RAM kept, real-time clock on; a Linux board's idle current. */
  sleep: Constant;
  /** us until code runs. */
  wake: Constant;
  radio: Radio | null;
}

/** What profiles refer to by name. */
export interface DeviceParts {
  cores: Record<string, CoreCycles>;
  families: Families;
}

const HINT = "Each constant is { value, unit, source }; host/meter/devices/nucleo-l4r5zi.json shows them all.";
const FIELDS = ["name", "title", "family", "core", "cyclesFrom", "firmware", "runs", "clock", "supply", "supplyMin", "waitStates"];
const MORE_FIELDS = ["energy", "sleep", "wake", "radio"];
/** Names become names of files. */
const NAME = /^[a-z0-9][a-z0-9-]*$/;
const ADDRESS = /^0x[0-9a-f]{8}$/;
const REGION_KIB: Bounds = { least: 1, most: 1 << 20 };

const CLOCK_MHZ: Bounds = { least: 0.01, most: 10_000 };
const SUPPLY_V: Bounds = { least: 0.5, most: 60 };
const FACTOR: Bounds = { least: 0.01, most: 1000 };
const WAIT: Bounds = { least: 1, most: 20 };
const CURRENT_UA_PER_MHZ: Bounds = { above: 0, most: 100_000 };
const CYCLE_PJ: Bounds = { above: 0, most: 1_000_000 };
const SLEEP_UA: Bounds = { least: 0, most: 10_000_000 };
const WAKE_US: Bounds = { least: 0, most: 600_000_000 };
const RADIO_MA: Bounds = { above: 0, most: 10_000 };

/**
 * Checks a profile read from JSON and resolves what it refers to. Errors: DEVICE_PROFILE, naming the path of the field with what was
 * expected and found: something missing, of the wrong type, not finite, out of its range (supplyMin above supply, low above high), in
 * another unit, unknown, or not the core's (cyclesFrom, firmware).
 */
export function parseDevice(json: unknown, { cores, families }: DeviceParts, file = "device profile"): DeviceProfile {
  const check = new Check(file, "DEVICE_PROFILE", HINT);
  const profile = check.object(json, "", [...FIELDS, ...MORE_FIELDS]);
  const constant = (name: string, unit: string, bounds: Bounds) => check.constant(profile[name], name, unit, bounds);
  const family = check.oneOf(profile["family"], "family", Object.keys(families));
  const core = check.text(profile["core"], "core");
  const cyclesFrom = check.oneOf(profile["cyclesFrom"], "cyclesFrom", core in cores ? [core] : Object.keys(cores));
  const way = check.object(profile["runs"], "runs", ["how", "factor"]);
  const runs = {
    how: check.oneOf(way["how"], "runs.how", EXECUTIONS),
    factor: rangedConstant(check, way["factor"], "runs.factor", "x", FACTOR),
  };
  const supply = constant("supply", "V", SUPPLY_V);
  const waitStates = constant("waitStates", "x", WAIT);
  const energy = readEnergy(check, profile["energy"], families[family].boardFactor);
  return {
    name: matching(check, profile["name"], "name", NAME, "lower-case letters, digits and -"),
    title: check.text(profile["title"], "title"),
    family,
    core,
    cyclesFrom,
    cyclesPerOp: scaled(cores[cyclesFrom].cyclesPerOp, runs.factor.value * waitStates.value),
    firmware: profile["firmware"] === null ? null : readFirmware(check, profile["firmware"], core),
    runs,
    clock: constant("clock", "MHz", CLOCK_MHZ),
    supply,
    supplyMin: constant("supplyMin", "V", { ...SUPPLY_V, most: supply.value }),
    waitStates,
    energy,
    energyPerCycle: energyPerCycle(energy, supply.value),
    sleep: constant("sleep", "uA", SLEEP_UA),
    wake: constant("wake", "us", WAKE_US),
    radio: profile["radio"] === null ? null : readRadio(check, profile["radio"]),
  };
}

function matching(check: Check, json: unknown, path: string, pattern: RegExp, expected: string): string {
  if (typeof json !== "string" || !pattern.test(json)) throw check.error(path, expected, json);
  return json;
}

function whole(check: Check, json: unknown, path: string, bounds: Bounds): number {
  if (!Number.isInteger(check.number(json, path, bounds))) throw check.error(path, "a whole number", json);
  return json as number;
}

function readFirmware(check: Check, json: unknown, core: string): FirmwareMemory {
  if (!isCortexM(core)) throw check.error("firmware", `null, as ${core} is none of ${CORTEX_M_NAMES.join(", ")},`, json);
  const firmware = check.object(json, "firmware", ["flash", "ram", "source"]);
  const region = (name: string): Region => {
    const path = `firmware.${name}`;
    const { address, kib } = check.object(firmware[name], path, ["address", "kib"]);
    return {
      address: Number(matching(check, address, `${path}.address`, ADDRESS, "0x and 8 hexadecimal digits")),
      bytes: 1024 * whole(check, kib, `${path}.kib`, REGION_KIB),
    };
  };
  return { flash: region("flash"), ram: region("ram"), source: check.text(firmware["source"], "firmware.source") };
}

function readEnergy(check: Check, json: unknown, boardFactor: RangedConstant): DeviceProfile["energy"] {
  const { current, measured } = check.object(json, "energy", ["current", "measured"]);
  return {
    current: check.constant(current, "energy.current", "uA/MHz", CURRENT_UA_PER_MHZ),
    boardFactor,
    measured: measured === null ? null : check.constant(measured, "energy.measured", "pJ", CYCLE_PJ),
  };
}

function readRadio(check: Check, json: unknown): Radio {
  const radio = check.object(json, "radio", ["name", "transmit", "receive"]);
  const current = (name: string) => check.constant(radio[name], `radio.${name}`, "mA", RADIO_MA);
  return {
    name: check.text(radio["name"], "radio.name"),
    transmit: current("transmit"),
    receive: radio["receive"] === null ? null : current("receive"),
  };
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
