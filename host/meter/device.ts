// Browser-safe. A device profile: what a board's clock, energy and operations cost, each constant with its source.

import { type Bounds, Check, type Constant } from "../check.ts";
import type { OpClass } from "../wasm/opcodes.ts";
import { BOARDS } from "./boards.ts";
import type { CoreCycles, CyclesPerOp } from "./core_cycles.ts";
import type { Families } from "./families.ts";
import { type Estimate, type RangedConstant, rangedConstant } from "./ranged.ts";

/** How wasm becomes machine work. */
export const ROADS = ["wasm2c", "aot", "interpreter"] as const;
export type Road = (typeof ROADS)[number];

/** Cores of firmware-sim/image, whose emulation is the second road to cycles. */
export const EMULATED = ["m4", "m33", "m0plus"] as const;
/** Whose cycles they are: the two roads of a profile are about one core. */
const EMULATION: Record<string, (typeof EMULATED)[number]> = { "cortex-m4": "m4", "cortex-m33": "m33", "cortex-m0plus": "m0plus" };

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
  /** host/meter/cores/CORE.json: cycles of each operation class by way of wasm2c. */
  core: string;
  /** The core's, times runs.factor and waitStates: what a decision costs here. */
  cyclesPerOp: CyclesPerOp;
  emulated: (typeof EMULATED)[number] | null;
  /** Its name in `qurio bake --device`, if firmware can be made for it. */
  board: string | null;
  /** Cycles over those of wasm2c. */
  runs: { how: Road; factor: RangedConstant };
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
const FIELDS = ["name", "title", "family", "core", "emulated", "board", "runs", "clock", "supply", "supplyMin", "waitStates"];
const MORE_FIELDS = ["energy", "sleep", "wake", "radio"];

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
 * another unit, unknown, or another core's (emulated, board).
 */
export function parseDevice(json: unknown, { cores, families }: DeviceParts, file = "device profile"): DeviceProfile {
  const check = new Check(file, "DEVICE_PROFILE", HINT);
  const profile = check.object(json, "", [...FIELDS, ...MORE_FIELDS]);
  const constant = (name: string, unit: string, bounds: Bounds) => check.constant(profile[name], name, unit, bounds);
  const family = check.oneOf(profile["family"], "family", Object.keys(families));
  const core = check.oneOf(profile["core"], "core", Object.keys(cores));
  const emulation = EMULATED.filter((name) => name === EMULATION[core]);
  const boards = BOARDS.filter((board) => board.core === EMULATION[core]).map(({ name }) => name);
  const way = check.object(profile["runs"], "runs", ["how", "factor"]);
  const runs = {
    how: check.oneOf(way["how"], "runs.how", ROADS),
    factor: rangedConstant(check, way["factor"], "runs.factor", "x", FACTOR),
  };
  const supply = constant("supply", "V", SUPPLY_V);
  const waitStates = constant("waitStates", "x", WAIT);
  const energy = readEnergy(check, profile["energy"], families[family].boardFactor);
  return {
    name: check.text(profile["name"], "name"),
    title: check.text(profile["title"], "title"),
    family,
    core,
    cyclesPerOp: scaled(cores[core].cyclesPerOp, runs.factor.value * waitStates.value),
    emulated: profile["emulated"] === null ? null : check.oneOf(profile["emulated"], "emulated", emulation),
    board: profile["board"] === null ? null : check.oneOf(profile["board"], "board", boards),
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
