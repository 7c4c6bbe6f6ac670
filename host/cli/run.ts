// `qurio run`: decides what is heard in WAV files, says how sure it is, who answered and why, and what that costs.

import { POLICY_PROBE } from "../../assembly/format/ids.ts";
import { toPcm16k } from "../audio/resample.ts";
import { readWav } from "../audio/wav.ts";
import type { Core } from "../engines/core.ts";
import { type Engine, openEngine } from "../engines/engine.ts";
import { QurioError } from "../errors.ts";
import { packagePath, readInput } from "../files.ts";
import { coreWasm, type Decision, loadModel, type Model, SAMPLE_RATE, WINDOW_SAMPLES } from "../index.ts";
import { type Cost, costOf } from "../meter/cost.ts";
import type { DeviceProfile } from "../meter/device.ts";
import { DEFAULT_DEVICE, loadDevice } from "../meter/devices.ts";
import { Meter } from "../meter/meter.ts";
import { windowStarts } from "../model.ts";
import { colors, formatBar, formatBytes, formatCount, formatDurationUs, formatEnergyUj, formatShare, formatTable } from "./output.ts";

export interface RunOptions {
  engine?: string;
  device?: string;
  json?: boolean;
}

const BUNDLED_MODEL = "esc10.qmoe";
const BUNDLED_SAMPLE = "clock_tick.wav";

interface Listener {
  /** For names and reasons; decisions are the engine's. */
  model: Model;
  engine: Engine;
  meter: Meter<Core>;
  device: DeviceProfile;
  modelName: string;
}

/** @param files a model (.qmoe) first, if any, then WAV files */
export async function run(files: string[], { engine = "node", device = DEFAULT_DEVICE, json = false }: RunOptions): Promise<void> {
  const hasModel = files[0]?.endsWith(".qmoe") === true;
  const modelPath = hasModel ? files[0] : packagePath("models", BUNDLED_MODEL);
  const given = hasModel ? files.slice(1) : files;
  const wavs = given.length > 0 ? given : [packagePath("samples", BUNDLED_SAMPLE)];
  const listener = await open(modelPath, loadDevice(device), engine);
  try {
    await runAll(listener, wavs, given.length > 0, json);
  } finally {
    await listener.engine.close();
  }
}

async function runAll(listener: Listener, wavs: string[], named: boolean, json: boolean): Promise<void> {
  for (const [i, path] of wavs.entries()) {
    const name = named ? path : `samples/${BUNDLED_SAMPLE}`;
    const pcm = await toPcm16k(readWav(readInput(path), name));
    if (!json && i > 0) console.log("");
    for (const start of windowStarts(pcm.length))
      await decideOne(listener, name, pcm.subarray(start, start + WINDOW_SAMPLES), start / SAMPLE_RATE, json);
  }
}

async function open(modelPath: string, device: DeviceProfile, engine: string): Promise<Listener> {
  const file = readInput(modelPath);
  const model = await loadModel(file);
  if (model.labels.length === 0)
    throw new QurioError("NO_NETWORK", `${modelPath} has no network that could decide`, "Pass a model that qurio export wrote.");
  // metered is the scalar module, which is what a Cortex-M runs
  const meter = await Meter.create(coreWasm(false), false);
  meter.core.load(file);
  return { model, engine: await openEngine(engine, file), meter, device, modelName: modelPath.replace(/^.*[/\\]/, "") };
}

async function decideOne(listener: Listener, file: string, pcm: Int16Array, startS: number, json: boolean): Promise<void> {
  const started = performance.now();
  const decision = await listener.engine.decide(pcm);
  const latencyUs = (performance.now() - started) * 1000;
  const cost = costOf(listener.meter.decide({ pcm }).counts, listener.device);
  if (json) console.log(JSON.stringify(jsonLine(file, startS, decision, listener.engine.name, latencyUs, cost)));
  else console.log(card(listener, file, startS, pcm.length, decision, latencyUs, cost));
}

/** Field names are a contract; absent values are null, entropies in nats, energy in microjoules. */
function jsonLine(file: string, startS: number, decision: Decision, engine: string, latencyUs: number, cost: Cost) {
  return {
    file,
    startS,
    label: decision.label,
    index: decision.index,
    probability: decision.probability,
    uncertainty: decision.uncertainty,
    expert: decision.expert,
    abstained: decision.abstained,
    engine,
    latencyUs: Math.round(latencyUs),
    meter: {
      ops: cost.ops.total,
      weightBytes: decision.weightBytesRead,
      cycles: Math.round(cost.cycles.total),
      networkUj: cost.networkUj,
      decisionUj: cost.decisionUj,
      device: cost.device,
      kind: cost.kind,
    },
  };
}

// ---- for people ----

function card(
  { model, engine, device, modelName }: Listener,
  file: string,
  startS: number,
  samples: number,
  decision: Decision,
  latencyUs: number,
  cost: Cost,
): string {
  const seconds = (at: number) => `${at.toFixed(1)} s`;
  const { label, probability, uncertainty } = decision;
  const verdict = decision.abstained ? `${colors.yellow("not sure")} (best guess: ${label})` : colors.bold(label);
  const rows: [string, string][] = [
    ["heard", verdict],
    ["probability", `${formatBar(probability)} ${formatShare(probability)}`],
    [
      "entropy",
      `${formatBar(uncertainty.entropy! / Math.log(model.labels.length))} ${uncertainty.entropy!.toFixed(3)} nat of at most ${Math.log(model.labels.length).toFixed(2)}`,
    ],
  ];
  if (uncertainty.mutualInformation !== null)
    rows.push(["mutual information", `${uncertainty.mutualInformation.toFixed(4)} nat, router's samples`]);
  rows.push(["answered by", whoAndWhy(model, decision)]);
  rows.push(["weights read", `${formatBytes(decision.weightBytesRead)} of ${formatBytes(allWeightBytes(model))}`]);
  const energy = (part: number) => formatEnergyUj((cost.decisionUj * part) / cost.cycles.total);
  const parts = (["frontEnd", "router", "expert"] as const).map((part) => [
    { frontEnd: "front end", router: "router", expert: "expert" }[part],
    formatCount(cost.ops[part]),
    formatCount(cost.cycles[part]),
    energy(cost.cycles[part]),
    formatBar(cost.cycles[part] / cost.cycles.total),
  ]);
  const network = cost.cycles.router + cost.cycles.expert;
  parts.push([
    "network only",
    formatCount(cost.ops.router + cost.ops.expert),
    formatCount(network),
    formatEnergyUj(cost.networkUj),
    formatBar(network / cost.cycles.total),
  ]);
  parts.push([
    "whole decision",
    formatCount(cost.ops.total),
    formatCount(cost.cycles.total),
    formatEnergyUj(cost.decisionUj),
    formatBar(1),
  ]);
  return [
    `${colors.bold(file)}  ${seconds(startS)} to ${seconds(startS + samples / SAMPLE_RATE)}  ${colors.dim(`model ${modelName}, engine ${engine.name}, ${formatDurationUs(latencyUs)} here`)}`,
    "",
    formatTable(rows),
    "",
    formatTable(parts, { head: ["cost", "wasm ops", "cycles", "energy", ""] }),
    colors.dim(`ops are counted exactly; cycles and energy are modelled for ${device.title}`),
  ].join("\n");
}

function whoAndWhy(model: Model, { expert, uncertainty }: Decision): string {
  const { policy } = model.packed;
  if (policy.kind !== POLICY_PROBE) return expert;
  const tier = model.answerers.indexOf(expert);
  const threshold = policy.escalate[tier];
  if (tier === model.answerers.length - 1)
    return `${expert}: ${tier > 0 ? `${model.answerers[tier - 1]} was unsure and handed on; ` : ""}the last word`;
  const before = tier > 0 ? `${model.answerers[tier - 1]} was unsure and handed on; ` : "";
  return `${expert}: ${before}entropy ${uncertainty.entropy!.toFixed(3)} is at most ${threshold.toFixed(3)}, sure enough`;
}

function allWeightBytes({ packed }: Model): number {
  const networks = packed.router ? [packed.router, ...packed.experts] : packed.experts;
  return networks.flatMap(({ layers }) => layers).reduce((sum, { weights, rows }) => sum + weights.length + 4 * rows, 0);
}
