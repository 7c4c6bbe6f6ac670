// A budget file against its model: what the model costs now, which limits that exceeds, and what has changed since figures were accepted.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { QurioError } from "../../host/errors.ts";
import { readInput } from "../../host/files.ts";
import { parseJson } from "../../host/json.ts";
import {
  type Accepted,
  type Budget,
  compareBudget,
  type Figure,
  type Figures,
  parseAccepted,
  parseBudget,
} from "../../host/meter/budget.ts";
import type { DeviceProfile } from "../../host/meter/device.ts";
import { loadDevice } from "../../host/meter/devices.ts";
import { isWasm } from "../../host/runtime/model.ts";
import { bake } from "../../tools/export/bake.ts";
import { type OpenData, openData } from "../../tools/train/datasets/open_data.ts";
import { parseScenario } from "../battery/parse_scenario.ts";
import { simulateScenario } from "../battery/simulate.ts";
import { isBoard } from "../image/boards.ts";
import { buildFirmware } from "../image/firmware.ts";
import { cLibrary } from "../image/library.ts";
import { HOW_TO_INSTALL, missingTool } from "../image/tools.ts";
import { type MeterResult, meterModel } from "./meter_model.ts";
import { meterScenario } from "./metered_scenario.ts";

export interface MeasuredBudget {
  now: Accepted;
  /** Figures of the file beside the budget; null where there is none. */
  accepted: Accepted | null;
  acceptedPath: string;
  compared: ReturnType<typeof compareBudget>;
  /** Names of the limits that are exceeded. */
  exceeded: Figure[];
  /** What to throw then; null when all limits hold. */
  problem: QurioError | null;
}

/** How data sets are opened, and who hears how far metering is. */
export interface Watching {
  open?: OpenData;
  progress?: (share: number) => void;
}

/** @throws QurioError INPUT_MISSING, BUDGET_FILE; TOOL_MISSING, BUDGET_BOARD where a limit cannot be measured here */
export async function measureBudget(path: string, watching: Watching = {}): Promise<MeasuredBudget> {
  if (!existsSync(path)) {
    const hint = "docs/guides/budget.md shows what one says; examples/budget/qurio.budget.json in a clone is one that holds.";
    throw new QurioError("INPUT_MISSING", `${path} does not exist`, hint);
  }
  const limits = parseBudget(readJson(path), path);
  checkHeard(limits, path);
  const beside = acceptedPath(path);
  const accepted = readAccepted(beside);
  const now = await measure(limits, path, watching);
  const compared = compareBudget(limits, now, accepted);
  const exceeded = compared.figures.filter((figure) => figure.exceeded).map(({ name }) => name);
  return { now, accepted, acceptedPath: beside, compared, exceeded, problem: problemOf(limits.model, path, exceeded) };
}

function problemOf(model: string, path: string, exceeded: string[]): QurioError | null {
  if (exceeded.length === 0) return null;
  const message = `${model} exceeds ${exceeded.length === 1 ? "a limit" : `${exceeded.length} limits`} of ${path}: ${exceeded.join(", ")}`;
  return new QurioError("BUDGET", message, "Make the layers above cheaper, or raise the limit where everybody sees it.");
}

/** qurio.budget.json -> qurio.budget.accepted.json */
function acceptedPath(path: string): string {
  return `${path.replace(/\.json$/, "")}.accepted.json`;
}

function readJson(path: string): unknown {
  return parseJson(readInput(path), { file: path, code: "BUDGET_FILE", hint: "Correct the file." });
}

function readAccepted(path: string): Accepted | null {
  try {
    return parseAccepted(readJson(path), path);
  } catch (error) {
    if (error instanceof QurioError && error.code === "INPUT_MISSING") return null;
    throw error;
  }
}

async function measure(limits: Budget, path: string, { open = openData, progress }: Watching): Promise<Accepted> {
  const device = loadDevice(limits.device);
  const beside = (file: string) => join(dirname(path), file);
  const model = beside(limits.model);
  const given = readInput(model);
  const wants = (...names: Figure[]) => names.some((name) => limits.limits[name] !== undefined);
  const sizes = wants("flashBytes", "ramBytes") ? await firmwareSizes(given, device, path) : {};
  const module = wants("wasmBytes")
    ? { wasmBytes: isWasm(given) ? given.length : (await bake(given, { target: "core" })).wasm.length }
    : {};
  const days = limits.scenario === undefined ? {} : { batteryDays: await batteryDays(beside(limits.scenario), model, limits.device, open) };
  const data = limits.data === undefined ? undefined : beside(limits.data);
  const result = await meterModel(model, device, { data, emulate: false, open, ...(progress && { progress }) });
  return {
    model: limits.model,
    device: limits.device,
    data: result.data,
    figures: { ...module, ...sizes, ...decisionFigures(result), ...days },
    layers: result.steps.map(({ network, what, ops, weightBytes, cycles }) => ({
      name: `${network ?? "front end"}: ${what}`,
      ops: ops.mean,
      weightBytes,
      cycles: cycles.mean,
    })),
  };
}

/** Means need sound; the worst case does not. */
function decisionFigures({ asStored: { cycles, energyUj }, paths }: MeterResult): Figures {
  return {
    ...(cycles && energyUj && { meanCycles: cycles.mean, energyUj: energyUj.high }),
    worstCycles: Math.max(...paths.map(({ mostCycles }) => mostCycles!)),
  };
}

/** Feature vectors say nothing about the front end, which is most of a decision. */
function checkHeard({ data, limits }: Budget, path: string): void {
  const wanted = (["meanCycles", "energyUj"] as const).find((name) => limits[name] !== undefined);
  if (!wanted || !data?.endsWith(".qfc")) return;
  const message = `${path}: limits.${wanted}: clips with sound expected, the feature vectors of ${data} found`;
  throw new QurioError("BUDGET_FILE", message, "Name a folder of recordings as data, or leave data out.");
}

/** The scenario's life, with this model on this device in the place of what it names. */
async function batteryDays(path: string, model: string, device: string, open: OpenData): Promise<number> {
  const scenario = readJson(path) as { inference?: object } | null;
  const inference = { ...scenario?.inference, model, device };
  return simulateScenario(parseScenario(await meterScenario({ ...scenario, inference }, path, open), path)).lifeDays;
}

/** What the unchecked firmware takes of the device's board. */
async function firmwareSizes(given: Uint8Array, device: DeviceProfile, path: string): Promise<Figures> {
  if (!isBoard(device) || isWasm(given)) {
    const what = isBoard(device) ? "a baked module" : `${device.name}, which is none`;
    const message = `${path}: limits.flashBytes and ramBytes need a model file and a board that firmware is made for, found ${what}`;
    throw new QurioError("BUDGET_BOARD", message, "Leave them out, or name another device or the model file.");
  }
  const missing = missingTool(["arm-none-eabi-gcc"]);
  if (missing) throw new QurioError("TOOL_MISSING", `${missing} is not in PATH`, HOW_TO_INSTALL);
  const firmware = buildFirmware(await cLibrary(given, false), device.core, false);
  try {
    return { flashBytes: firmware.sizes.flash.total, ramBytes: firmware.sizes.ram.total };
  } finally {
    firmware.close();
  }
}
