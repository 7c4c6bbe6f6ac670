// `qurio devices`: the boards that cycles and energy are modelled for, and every constant of one with its source.

import { cyclesFactor, type DEVICE_PROFILE, type DeviceProfile, type Region } from "../host/meter/device.ts";
import { deviceNames, deviceParts, loadDevice } from "../host/meter/devices.ts";
import type { Constant, RangedConstant } from "../host/schema.ts";
import { colors, formatTable } from "./output.ts";
import { printJson } from "./print_json.ts";

export interface DevicesOptions {
  json?: boolean;
  markdown?: boolean;
}

/** @param name a bundled profile or the path of one; all bundled ones if left out */
export async function listDevices(name: string | undefined, options: DevicesOptions): Promise<void> {
  const devices = (name === undefined ? deviceNames() : [name]).map(loadDevice);
  if (options.json) for (const device of devices) printJson<typeof DEVICE_PROFILE>(device);
  else if (options.markdown) console.log(devicesMarkdown(devices));
  else if (name === undefined) console.log(deviceList(devices));
  else console.log(deviceCard(devices[0]));
}

const HEAD = ["name", "core", "cycles of", "clock", "wasm runs", "cycles x", "pJ a cycle", "sleep", "flash + RAM", "energy is"];

export function deviceList(devices: readonly DeviceProfile[]): string {
  return [
    formatTable(devices.map(row), { head: HEAD }),
    "",
    colors.dim("modelled: cycles of a core, times how wasm runs and wait states; `qurio devices NAME` has every constant and its source"),
  ].join("\n");
}

function row(device: DeviceProfile): string[] {
  const { name, core, cyclesFrom, clock, runs, energyPerCycle, sleep, firmware, energy } = device;
  const factor = cyclesFactor(device);
  const { low, high } = energyPerCycle;
  return [
    name,
    core,
    cyclesFrom,
    `${clock.value} MHz`,
    runs.how,
    factor.low === factor.high ? factor.value.toFixed(2) : `${factor.low.toFixed(2)} to ${factor.high.toFixed(2)}`,
    low === high ? digits(low) : `${digits(low)} to ${digits(high)}`,
    sleep.value >= 1000 ? `${digits(sleep.value / 1000)} mA` : `${digits(sleep.value)} uA`,
    firmware ? `${kib(firmware.flash)} + ${kib(firmware.ram)} KiB` : "",
    energy.measured ? "published for this board" : "a range",
  ];
}

const kib = ({ bytes }: Region) => bytes / 1024;

/** Three significant ones, without an exponent. */
function digits(value: number): string {
  return `${Number(value.toPrecision(3))}`;
}

export function deviceCard(device: DeviceProfile): string {
  const { low, value, high } = device.energyPerCycle;
  const range = low === high ? digits(value) : `${digits(value)} (${digits(low)} to ${digits(high)})`;
  const own = device.cyclesFrom === device.core;
  const lines = constants(device).map(([field, figure, source]) => `${field.padEnd(22)}${figure}\n  ${colors.dim(source)}`);
  return [
    colors.bold(device.title),
    "",
    formatTable([
      ["family", `${device.family}: ${deviceParts().families[device.family].title}`],
      ["core", device.core],
      ["cycles of", `${device.cyclesFrom}: ${deviceParts().cores[device.cyclesFrom].title}${own ? "" : `; no table for ${device.core}`}`],
      ["wasm runs", device.runs.how],
      ["pJ a cycle", range],
    ]),
    "",
    ...lines,
  ].join("\n");
}

/** Field, figure with unit, source. The core's cycles are in its own file. */
function constants({
  firmware,
  clock,
  supply,
  supplyMin,
  waitStates,
  runs,
  energy,
  sleep,
  wake,
  radio,
}: DeviceProfile): [string, string, string][] {
  const line = (field: string, { value, unit, source }: Constant): [string, string, string] => [field, `${value} ${unit}`, source];
  const ranged = (field: string, constant: RangedConstant): [string, string, string] => {
    const { value, low, high, unit, source } = constant;
    return [field, low === high ? `${value} ${unit}` : `${value} (${low} to ${high}) ${unit}`, source];
  };
  const region = (name: string, at: Region): [string, string, string] => [
    `firmware.${name}`,
    `${kib(at)} KiB at 0x${at.address.toString(16).padStart(8, "0")}`,
    firmware!.source,
  ];
  return [
    ...(firmware ? [region("flash", firmware.flash), region("ram", firmware.ram)] : []),
    line("clock", clock),
    line("supply", supply),
    line("supplyMin", supplyMin),
    ranged("runs.factor", runs.factor),
    line("waitStates", waitStates),
    line("energy.current", energy.current),
    ranged("board factor", energy.boardFactor),
    ...(energy.measured ? [line("energy.measured", energy.measured)] : []),
    line("sleep", sleep),
    line("wake", wake),
    ...(radio ? [line(`radio.transmit`, radio.transmit)] : []),
    ...(radio?.receive ? [line(`radio.receive`, radio.receive)] : []),
  ];
}

/** The tables of docs/reference/devices.md. */
export function devicesMarkdown(devices: readonly DeviceProfile[]): string {
  const table = (head: readonly string[], rows: readonly string[][]) =>
    [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
  const sections = devices.map(
    (device) => `### ${device.name}\n\n${device.title}\n\n${table(["constant", "", "source"], constants(device))}`,
  );
  return [table(HEAD, devices.map(row)), ...sections].join("\n\n");
}
