// What each part of a stream costs: exact wasm ops, modelled cycles. usage: npm run --silent bench:stream [-- --json]

import { formatCount, formatTable } from "../cli/output.ts";
import { packagePath, readInput } from "../host/files.ts";
import { cyclesOf } from "../host/meter/cost.ts";
import { addCounts, type Counts, noCounts, totalOf } from "../host/meter/counts.ts";
import { DEFAULT_DEVICE, loadDevice } from "../host/meter/devices.ts";
import { Meter } from "../host/meter/meter.ts";
import { type MeteredStream, meterStream, STREAM_PARTS } from "../host/meter/stream_meter.ts";
import { framingOf } from "../host/model-file/input_spec.ts";
import { decodeModel, encodeModel, type PackedModel } from "../host/model-file/model_file.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { streamSettings } from "../host/runtime/stream.ts";
import { soundParts } from "../tools/export/front_end_tables.ts";

const SECONDS = 30;
const MODEL = "esc10-tiny.qmoe";

const device = loadDevice(DEFAULT_DEVICE);
const model = decodeModel(readInput(packagePath("models", MODEL)));
const framing = framingOf(model.input)!;
const removing = { ...model, ...soundParts({ ...framing.frontEnd, removeDc: true }) };
const quiet = new Int16Array(SECONDS * framing.sampleRate);

async function metered(metered: PackedModel, settings: Int32Array): Promise<MeteredStream> {
  const meter = await Meter.create(coreWasm(false), false);
  meter.core.load(encodeModel(metered));
  return meterStream(meter, settings, quiet);
}

const single = await metered(model, new Int32Array(7));
const asleep = await metered(model, streamSettings({ hopS: 1, wakeDb: 6 }, framing));
const awake = await metered(model, streamSettings({ hopS: 1 }, framing));
const withoutOffset = await metered(removing, new Int32Array(7));

interface Row {
  what: string;
  ops: number;
  cycles: number;
}

const row = (what: string, counts: Counts, times: number): Row => ({
  what,
  ops: totalOf(counts) / times,
  cycles: cyclesOf(counts, device) / times,
});
const step = (stream: MeteredStream, part: (typeof STREAM_PARTS)[number]) => row(part, stream.counts[part], stream.steps[part]);
const over = (what: string, a: Row, b: Row): Row => ({ what, ops: a.ops - b.ops, cycles: a.cycles - b.cycles });
const second = (what: string, stream: MeteredStream): Row => {
  const all = noCounts();
  for (const part of STREAM_PARTS) addCounts(all, stream.counts[part]);
  return row(what, all, SECONDS);
};

const frame = step(single, "frames");
const features = step(awake, "features");
const rows: Row[] = [
  { ...frame, what: "a frame" },
  over("  the gate, a frame", step(asleep, "frames"), frame),
  over("  removal of an offset, a frame", step(withoutOffset, "frames"), frame),
  { what: "the features of a window", ops: 98 * features.ops, cycles: 98 * features.cycles },
  { ...step(asleep, "hops"), what: "moving on by 1 s" },
  second("a second asleep, hop 1 s", asleep),
  second("a second awake, hop 1 s", awake),
];

if (process.argv.includes("--json")) console.log(JSON.stringify({ device: device.name, model: MODEL, kind: "modelled", rows }));
else {
  const table = rows.map(({ what, ops, cycles }) => [what, formatCount(Math.round(ops)), formatCount(Math.round(cycles))]);
  console.log(formatTable(table, { head: [`silence, ${MODEL}`, "wasm ops", "cycles"] }));
  console.log(`ops are exact; cycles are modelled for ${device.title}`);
}
