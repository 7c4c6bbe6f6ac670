// `qurio run --hop`: a recording as one stream: a line for each window, the event that goes on, and what a second of sound costs.

import { toPcm } from "../host/audio/resample.ts";
import { readWav } from "../host/audio/wav.ts";
import { QurioError } from "../host/errors.ts";
import { readInput } from "../host/files.ts";
import { cyclesOf, energyUjOf } from "../host/meter/cost.ts";
import { totalOf } from "../host/meter/counts.ts";
import type { DeviceProfile } from "../host/meter/device.ts";
import { Meter } from "../host/meter/meter.ts";
import { type MeteredStream, meterStream, STREAM_PARTS } from "../host/meter/stream_meter.ts";
import { framingOf } from "../host/model-file/input_spec.ts";
import { coreWasm, loadModel, type Model, type StreamOptions, type StreamWindow } from "../host/runtime/index.ts";
import { streamSettings } from "../host/runtime/stream.ts";
import { colors, formatBar, formatCount, formatDurationUs, formatEnergyRange, formatShare, formatTable } from "./output.ts";
import { printJson } from "./print_json.ts";
import type { RUN_STREAM, RUN_STREAM_COST } from "./schemas/run.ts";

/** Several files are one stream each; one bad file does not keep the others from being heard. */
export async function runStream(
  modelPath: string,
  files: string[],
  names: string[],
  stream: StreamOptions,
  device: DeviceProfile,
  json: boolean,
): Promise<void> {
  const model = await loadModel(modelPath);
  const framing = framingOf(model.packed.input);
  if (framing === null) model.stream(stream);
  const settings = streamSettings(stream, framing!);
  const meter = await Meter.create(coreWasm(false), false);
  meter.core.load(readInput(modelPath));
  for (const [i, path] of files.entries()) {
    const name = names[i];
    try {
      const pcm = await toPcm(readWav(readInput(path), name), model.sampleRate);
      const opened = model.stream(stream);
      const windows = opened.push(pcm);
      opened.end();
      if (windows.length === 0) {
        const message = `${name} is ${(pcm.length / model.sampleRate).toFixed(1)} s long, a stream's first window takes ${model.windowS} s`;
        throw new QurioError("STREAM_SHORT", message, "Leave --hop out: what is missing of the window then counts as silence.");
      }
      const metered = meterStream(meter, settings, pcm);
      if (json) {
        for (const window of windows) printJson<typeof RUN_STREAM>({ file: name, ...window, asleep: window.decision === null });
        printJson<typeof RUN_STREAM_COST>({ file: name, cost: costJson(metered, pcm.length / model.sampleRate, device) });
      } else {
        if (i > 0) console.log("");
        console.log(report(model, name, windows, metered, pcm.length / model.sampleRate, device));
      }
    } catch (error) {
      if (files.length === 1 || !(error instanceof QurioError)) throw error;
      process.stderr.write(`qurio: ${error.message} (${error.code})\n${error.hint}\n`);
      process.exitCode = 1;
    }
  }
}

function report(
  model: Model,
  name: string,
  windows: StreamWindow[],
  metered: MeteredStream,
  seconds: number,
  device: DeviceProfile,
): string {
  const slept = windows.filter(({ decision }) => decision === null).length;
  const gate = slept > 0 ? `, the gate slept through ${slept}` : "";
  return [
    `${colors.bold(name)}  ${seconds.toFixed(1)} s  ${colors.dim(`${windows.length} window${windows.length === 1 ? "" : "s"} of ${model.windowS} s${gate}`)}`,
    "",
    formatTable(windows.map(row), { head: ["from", "heard", "probability", "entropy", "answered by", "event"] }),
    "",
    formatTable(costRows(metered, seconds, device), { head: ["a second of sound", "steps", "wasm ops", "cycles", "time", "energy"] }),
    colors.dim(`mean over this recording; ops are counted exactly, the rest is modelled for ${device.title}`),
  ].join("\n");

  function row({ startS, decision, event }: StreamWindow): string[] {
    const from = `${startS.toFixed(2)} s`;
    if (!decision) return [from, colors.dim("asleep"), "", "", "", event ?? ""];
    const { label, probability, uncertainty, answerer, abstained } = decision;
    const heard = abstained ? colors.yellow(`not sure (${label})`) : label!;
    const entropy = uncertainty.entropy!;
    const sure = `${formatBar(probability!, 10)} ${formatShare(probability!)}`;
    return [from, heard, sure, `${formatBar(entropy / Math.log(model.labels.length), 5)} ${entropy.toFixed(3)}`, answerer!, event ?? ""];
  }
}

function costRows({ counts, steps }: MeteredStream, seconds: number, device: DeviceProfile): string[][] {
  const line = (name: string, count: number | null, ops: number, cycles: number) => [
    name,
    count === null ? "" : (count / seconds).toFixed(1),
    formatCount(ops / seconds),
    formatCount(cycles / seconds),
    formatDurationUs(cycles / seconds / device.clock.value),
    formatEnergyRange(energyUjOf(cycles / seconds, device)),
  ];
  const parts = STREAM_PARTS.map((part) => ({ part, ops: totalOf(counts[part]), cycles: cyclesOf(counts[part], device) }));
  const sum = (of: "ops" | "cycles") => parts.reduce((total, row) => total + row[of], 0);
  return [...parts.map(({ part, ops, cycles }) => line(part, steps[part], ops, cycles)), line("all", null, sum("ops"), sum("cycles"))];
}

function costJson({ counts, steps }: MeteredStream, seconds: number, device: DeviceProfile) {
  const parts = STREAM_PARTS.map((part) => {
    const cycles = Math.round(cyclesOf(counts[part], device));
    const { value, low, high } = energyUjOf(cycles, device);
    return [part, { steps: steps[part], ops: totalOf(counts[part]), cycles, energyUj: value, energyUjRange: [low, high] }];
  });
  return { seconds, parts: Object.fromEntries(parts), device: device.name, kind: "modelled" as const };
}
