// `qurio run`: decides what is heard in WAV files, says how sure it is, who answered and why, and what that costs.

import { openEngine } from "../firmware-sim/engines/engines.ts";
import { toPcm } from "../host/audio/resample.ts";
import { readWav } from "../host/audio/wav.ts";
import type { Engine } from "../host/engines/engine.ts";
import { QurioError } from "../host/errors.ts";
import { packagePath, readInput } from "../host/files.ts";
import { type Cost, costOf } from "../host/meter/cost.ts";
import type { DeviceProfile } from "../host/meter/device.ts";
import { DEFAULT_DEVICE, loadDevice } from "../host/meter/devices.ts";
import { Meter } from "../host/meter/meter.ts";
import type { Core } from "../host/runtime/core.ts";
import { coreWasm, type Decision, loadModel, type Model, type StreamOptions } from "../host/runtime/index.ts";
import { isWasm } from "../host/runtime/model.ts";
import { printJson } from "./print_json.ts";
import { decisionCard } from "./run_card.ts";
import { runStream } from "./run_stream.ts";
import type { RUN } from "./schemas/run.ts";

export interface RunOptions {
  engine?: string;
  device?: string;
  json?: boolean;
  /** Seconds of a window, which must be what the model was trained on. */
  window?: number;
  /** Any of these makes the recording a stream. */
  hop?: number;
  wake?: number;
  votes?: { startVotes: number; votes: number };
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
export async function run(files: string[], options: RunOptions): Promise<void> {
  const { engine = "node", device = DEFAULT_DEVICE, json = false } = options;
  const hasModel = files[0] !== undefined && isModel(files[0]);
  const modelPath = hasModel ? files[0] : packagePath("models", BUNDLED_MODEL);
  const given = hasModel ? files.slice(1) : files;
  const misplaced = given.find(isModel);
  if (misplaced)
    throw new QurioError("USAGE", `${misplaced} is a model: one is expected, before the WAV files`, "qurio run MODEL a.wav b.wav", 2);
  const wavs = given.length > 0 ? given : [packagePath("samples", BUNDLED_SAMPLE)];
  const stream = streamOptions(options);
  if (stream) {
    if (engine !== "node") {
      const message = `engine ${engine} decides about clips, --hop, --wake and --votes need engine node`;
      throw new QurioError("ENGINE_STREAM", message, "Leave --engine out; qurio-wasi.wasm streams by itself.", 2);
    }
    const names = given.length > 0 ? given : [`samples/${BUNDLED_SAMPLE}`];
    await runStream(modelPath, wavs, names, stream, loadDevice(device), json);
    return;
  }
  const listener = await open(modelPath, loadDevice(device), engine);
  try {
    checkWindow(options.window, listener.model);
    await runAll(listener, wavs, given.length > 0, json);
  } finally {
    await listener.engine.close();
  }
}

/** A model file or a baked module. */
function isModel(path: string): boolean {
  return /\.(qmoe|wasm)$/.test(path);
}

export function checkWindow(seconds: number | undefined, { windowS }: Model): void {
  if (seconds === undefined || seconds === windowS) return;
  const message = `the model was trained on windows of ${windowS} s, --window ${seconds} found`;
  throw new QurioError("WINDOW", message, "Leave --window out; --hop sets how far windows lie apart.", 2);
}

function streamOptions({ hop, wake, votes }: RunOptions): StreamOptions | null {
  if (hop === undefined && wake === undefined && votes === undefined) return null;
  return { hopS: hop ?? 1, ...(wake !== undefined && { wakeDb: wake }), ...votes };
}

async function runAll(listener: Listener, wavs: string[], named: boolean, json: boolean): Promise<void> {
  for (const [i, path] of wavs.entries()) {
    const name = named ? path : `samples/${BUNDLED_SAMPLE}`;
    try {
      const { model } = listener;
      const pcm = await toPcm(readWav(readInput(path), name), model.sampleRate);
      for (const start of model.windowStarts(pcm.length)) {
        if (!json && i + start > 0) console.log("");
        await decideOne(listener, name, pcm.subarray(start, start + model.windowSamples), start / model.sampleRate, json);
      }
    } catch (error) {
      // one bad file does not keep the others from being decided
      if (wavs.length === 1 || !(error instanceof QurioError)) throw error;
      process.stderr.write(`qurio: ${error.message} (${error.code})\n${error.hint}\n`);
      process.exitCode = 1;
    }
  }
}

async function open(modelPath: string, device: DeviceProfile, engine: string): Promise<Listener> {
  const file = readInput(modelPath);
  const model = await loadModel(modelPath);
  if (model.labels.length === 0)
    throw new QurioError("NO_NETWORK", `${modelPath} has no network that could decide`, "Pass a model that qurio export wrote.");
  // metered is the scalar module, which is what a Cortex-M runs, or the baked one
  const baked = isWasm(file);
  const meter = await Meter.create(baked ? file : coreWasm(false), false);
  if (baked) meter.core.open();
  else meter.core.load(file);
  return { model, engine: await openEngine(engine, file), meter, device, modelName: modelPath.replace(/^.*[/\\]/, "") };
}

async function decideOne(listener: Listener, file: string, pcm: Int16Array, startS: number, json: boolean): Promise<void> {
  const started = performance.now();
  const decision = await listener.engine.decide(pcm);
  const latencyUs = (performance.now() - started) * 1000;
  const cost = costOf(listener.meter.decide({ pcm }).counts, listener.device);
  if (json) printJson<typeof RUN>(jsonLine(file, startS, decision, listener.engine.name, latencyUs, cost));
  else
    console.log(decisionCard({ ...listener, engine: listener.engine.name, file, startS, samples: pcm.length, decision, latencyUs, cost }));
}

/** Field names are a contract; absent values are null, entropies in nats, energy in microjoules. */
function jsonLine(file: string, startS: number, decision: Decision, engine: string, latencyUs: number, cost: Cost) {
  return {
    file,
    startS,
    ...decision,
    engine,
    latencyUs: Math.round(latencyUs),
    meter: {
      ops: cost.ops.total,
      weightBytes: decision.weightBytesRead,
      cycles: Math.round(cost.cycles.total),
      networkUj: cost.networkUj,
      networkUjRange: cost.networkUjRange,
      decisionUj: cost.decisionUj,
      decisionUjRange: cost.decisionUjRange,
      device: cost.device,
      kind: cost.kind,
    },
  };
}
