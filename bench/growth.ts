// How time and wasm instructions grow with columns, rows, bits and batch: four SVG plots, cost per MAC on the vertical axes, and whether
// it stays flat from 256 to 4096 columns.
// usage: npm run --silent bench:growth [-- DIR]        DIR: docs/how-it-works/growth by default

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { formatTable } from "../cli/output.ts";
import { packagePath, writeOutput } from "../host/files.ts";
import { CounterReader, totalOf } from "../host/meter/counts.ts";
import { instrument } from "../host/meter/instrument.ts";
import { compileEntry, Instance, type Target } from "../tests/harness/compile.ts";
import { batchCandidate, type LayerCandidate, layerCandidate, type MakeInstance, typeOf } from "./ours.ts";
import { plotSvg, type Series } from "./plot.ts";
import { type Candidate, interleave } from "./timing.ts";

const ROUNDS = 30;
const COLUMNS = [256, 512, 768, 1024, 1536, 2048, 3072, 4096];
const ROWS = [32, 64, 128, 256, 512, 1024];
const BATCHES = [1, 2, 4, 8, 16, 32, 64];
const SPECS = ["1", "ternary", "4", "8", "16", "float32"];
const BATCH_SPECS = ["1", "ternary", "4", "8"];
const BITS = Array.from({ length: 16 }, (_, i) => `${i + 1}`);

interface Point {
  series: string;
  x: number;
  macs: number;
  make: (make?: MakeInstance) => Promise<LayerCandidate>;
}

/** Wasm instructions of one call, exactly. */
async function opsOf(make: Point["make"]): Promise<number> {
  let reader: CounterReader | null = null;
  const candidate = await make(async (entry: string, target: Target) => {
    const counted = instrument(await compileEntry(entry, target));
    const { instance } = await WebAssembly.instantiate(counted.wasm as BufferSource, {});
    reader = new CounterReader(instance.exports, counted);
    return new Instance(instance.exports);
  });
  const before = reader!.read();
  candidate.run();
  return totalOf(reader!.between(before, reader!.read()));
}

async function measure(points: Point[]): Promise<{ psPerMac: Series[]; opsPerMac: Series[] }> {
  const candidates: Candidate[] = [];
  for (const [i, { make }] of points.entries()) candidates.push({ name: `${i}`, run: (await make()).run });
  const times = await interleave(candidates, ROUNDS);
  const series = () => [...new Set(points.map((point) => point.series))].map((name): Series => ({ name, points: [] }));
  const psPerMac = series();
  const opsPerMac = series();
  for (const [i, { series: name, x, macs, make }] of points.entries()) {
    const find = (list: Series[]) => list.find((each) => each.name === name)!.points;
    find(psPerMac).push([x, (1e6 * times.get(`${i}`)!.us) / macs]);
    find(opsPerMac).push([x, (await opsOf(make)) / macs]);
  }
  return { psPerMac, opsPerMac };
}

const point = (spec: string, target: Target, x: number, columns: number, rows: number, series = typeOf(spec).name): Point => ({
  series,
  x,
  macs: columns * rows,
  make: (make) => layerCandidate(typeOf(spec), target, columns, rows, make),
});

const plots: [file: string, xLabel: string, what: string, points: Point[]][] = [
  ["columns", "columns (K), 256 rows", "SIMD", COLUMNS.flatMap((k) => SPECS.map((spec) => point(spec, "simd", k, k, 256)))],
  ["rows", "rows, 1024 columns", "SIMD", ROWS.flatMap((n) => SPECS.map((spec) => point(spec, "simd", n, 1024, n)))],
  [
    "bits",
    "bits of a weight, 1024 -> 256",
    "SIMD and scalar",
    BITS.flatMap((spec) => [
      point(spec, "simd", Number(spec), 1024, 256, "SIMD"),
      point(spec, "scalar", Number(spec), 1024, 256, "scalar"),
    ]),
  ],
  [
    "batch",
    "vectors at once, 1024 -> 256",
    "SIMD",
    BATCHES.flatMap((batch) =>
      BATCH_SPECS.map((spec) => ({
        series: typeOf(spec).name,
        x: batch,
        macs: 1024 * 256 * batch,
        make: (make?: MakeInstance) => batchCandidate(typeOf(spec), 1024, 256, batch, make),
      })),
    ),
  ],
];

const folder = process.argv[2] ?? packagePath("docs", "how-it-works", "growth");
mkdirSync(folder, { recursive: true });
for (const [file, xLabel, what, points] of plots) {
  const { psPerMac, opsPerMac } = await measure(points);
  const svg = plotSvg([
    { title: `picoseconds a MAC, ${what}`, xLabel, series: psPerMac },
    { title: `wasm instructions a MAC, ${what}`, xLabel, series: opsPerMac },
  ]);
  writeOutput(join(folder, `${file}.svg`), svg);
  const first = (series: Series) => series.points[0][1];
  const last = (series: Series) => series.points[series.points.length - 1][1];
  const table = psPerMac.map((time, i) => [
    time.name,
    first(time).toFixed(1),
    last(time).toFixed(1),
    (last(time) / first(time)).toFixed(2),
    first(opsPerMac[i]).toFixed(4),
    last(opsPerMac[i]).toFixed(4),
    (last(opsPerMac[i]) / first(opsPerMac[i])).toFixed(2),
  ]);
  const [from, to] = [points[0].x, points[points.length - 1].x];
  console.log(formatTable(table, { head: [xLabel, `ps a MAC at ${from}`, `at ${to}`, "x", `ops a MAC at ${from}`, `at ${to}`, "x"] }));
}
console.log(`${folder}/{${plots.map(([file]) => file).join(",")}}.svg`);
