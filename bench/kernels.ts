// Kernels, whole networks and whole decisions beside other runtimes, interleaved in one process.
// usage: npm run --silent bench [-- --json] [--quick]
//
// JSON: { rows: [{ kernel, bits, shape, batch, us, p20Us, gmacs, shareOfCeiling, ratioOrtWebInt8, ratioOrtNodeInt8 }],
//         mlp: [{ network, bits, batch, us, p20Us, gmacs, ratioOrtWebInt8, ratioOrtNodeInt8 }], router: { mc10VsExpert4 },
//         decision: [{ model, build, us, p20Us }], cold: [{ network, compileUs, firstCallUs, tenthCallUs }], ceilings, passport }
//
// us: median of one call; ratios: median of that opponent over ours, above 1 is faster; null where there is nothing to compare with.

import { SAMPLE_RATE } from "../assembly/format/input_spec.ts";
import { formatTable } from "../cli/output.ts";
import { toPcm } from "../host/audio/resample.ts";
import { readWav } from "../host/audio/wav.ts";
import { packagePath, readInput } from "../host/files.ts";
import { decodeModel } from "../host/model-file/model_file.ts";
import { linearOps } from "../host/model-file/network.ts";
import { WEIGHT_TYPES } from "../host/model-file/weight_types.ts";
import { Core } from "../host/runtime/core.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { coldUs, networkBatchCandidate, networkCandidate, PAPER_LAYERS, PAPER_MACS, routerCandidates } from "./mlp.ts";
import { type Layer, loadOpponents, type Opponent } from "./opponents.ts";
import { batchCandidate, ceilingCandidates, type LayerCandidate, layerCandidate, typeOf } from "./ours.ts";
import { type Candidate, interleave, passport, type Timing } from "./timing.ts";

const BATCH = 64;
const SIMD_SPECS = ["1", "ternary", "popcount", "4", "8", "16", "float32"];
const SCALAR_SPECS = ["1", "ternary", "ternary5", "4", "8"];
const BATCH_SPECS = ["1", "ternary", "4", "8"];
const ORT_WEB = "onnxruntime-web int8";
const ORT_NODE = "onnxruntime-node int8 s8 x s8";

const json = process.argv.includes("--json");
const rounds = process.argv.includes("--quick") ? 15 : 80;
const { opponents, missing, versions } = await loadOpponents();
if (missing.length > 0) {
  console.error(`not installed: ${missing.join(", ")}; to compare with them: cd bench && npm ci. Ours alone:`);
}
const say = (line: string) => process.stderr.isTTY && console.error(line);

// ---- layers ----

interface Row {
  kernel: string;
  bits: number;
  shape: string;
  batch: number;
  us: number;
  p20Us: number;
  gmacs: number;
  shareOfCeiling: number | null;
  ratioOrtWebInt8: number | null;
  ratioOrtNodeInt8: number | null;
}

const ratio = (times: Map<string, Timing>, opponent: string, us: number) => (times.has(opponent) ? times.get(opponent)!.us / us : null);
const gmacs = (macs: number, us: number) => macs / us / 1000;

async function opponentCandidates(layers: Layer[], batch: number): Promise<(Candidate & Pick<Opponent, "bits">)[]> {
  const whole = layers.length > 1;
  const wanted = opponents.filter(({ layerOnly }) => !layerOnly || (!whole && batch === 1));
  return Promise.all(wanted.map(async ({ name, bits, prepare }) => ({ name, bits, run: await prepare(layers, batch) })));
}

const ceilingUs = new Map<string, number[]>();

async function layerRows([columns, rows]: Layer, batch: number, ours: LayerCandidate[]): Promise<Row[]> {
  const shape = `${columns}->${rows}`;
  say(`${shape}, batch ${batch}`);
  const ceilings = await ceilingCandidates();
  const others = await opponentCandidates([[columns, rows]], batch);
  const times = await interleave([...ours, ...others, ...ceilings], batch > 1 ? Math.ceil(rounds / 2) : rounds);
  const macs = columns * rows * batch;
  const ceilingRate = new Map(ceilings.map(({ name, macs: probe }) => [name, gmacs(probe, times.get(name)!.us)]));
  for (const [name, rate] of ceilingRate) ceilingUs.set(name, [...(ceilingUs.get(name) ?? []), rate]);
  return [...ours, ...others.map((other) => ({ ...other, ceiling: null }))].map(({ name, bits, ceiling }) => {
    const { us, p20Us } = times.get(name)!;
    const rate = gmacs(macs, us);
    return {
      kernel: name,
      bits,
      shape,
      batch,
      us,
      p20Us,
      gmacs: rate,
      shareOfCeiling: ceiling ? rate / ceilingRate.get(`ceiling: ${ceiling}`)! : null,
      ratioOrtWebInt8: ratio(times, ORT_WEB, us),
      ratioOrtNodeInt8: ratio(times, ORT_NODE, us),
    };
  });
}

async function vectorCandidates([columns, rows]: Layer, simdSpecs: string[], scalarSpecs: string[]): Promise<LayerCandidate[]> {
  const simd = simdSpecs.map((spec) => layerCandidate(typeOf(spec), "simd", columns, rows));
  const scalar = scalarSpecs.map((spec) => layerCandidate(typeOf(spec), "scalar", columns, rows));
  return Promise.all([...simd, ...scalar]);
}

/** Layer shapes of the bundled models that the paper's network does not have. */
function bundledShapes(): Layer[] {
  const shapes = new Map<string, Layer>();
  for (const name of ["esc10.qmoe", "esc10-tiny.qmoe"]) {
    const { router, experts } = decodeModel(readInput(packagePath("models", name)));
    for (const network of router ? [router, ...experts] : experts) {
      for (const { columns, rows } of linearOps(network)) shapes.set(`${columns}->${rows}`, [columns, rows]);
    }
  }
  for (const [columns, rows] of PAPER_LAYERS) shapes.delete(`${columns}->${rows}`);
  return [...shapes.values()].sort(([k1, n1], [k2, n2]) => k2 * n2 - k1 * n1);
}

const rows: Row[] = [];
const allSpecs = WEIGHT_TYPES.map(({ spec }) => spec as string);
for (const [i, layer] of PAPER_LAYERS.entries()) {
  rows.push(
    ...(await layerRows(layer, 1, await vectorCandidates(layer, i === 0 ? allSpecs : SIMD_SPECS, i === 0 ? allSpecs : SCALAR_SPECS))),
  );
}
for (const layer of bundledShapes()) rows.push(...(await layerRows(layer, 1, await vectorCandidates(layer, SIMD_SPECS, SCALAR_SPECS))));
for (const layer of PAPER_LAYERS) {
  const ours = await Promise.all(BATCH_SPECS.map((spec) => batchCandidate(typeOf(spec), layer[0], layer[1], BATCH)));
  rows.push(...(await layerRows(layer, BATCH, ours)));
}

// ---- networks ----

interface NetworkRow {
  network: string;
  bits: number;
  batch: number;
  us: number;
  p20Us: number;
  gmacs: number;
  ratioOrtWebInt8: number | null;
  ratioOrtNodeInt8: number | null;
}

const mlp: NetworkRow[] = [];
for (const batch of [1, BATCH]) {
  say(`network, batch ${batch}`);
  const ours =
    batch === 1
      ? await Promise.all([
          ...SIMD_SPECS.map((spec) => networkCandidate(spec, true)),
          ...SCALAR_SPECS.map((spec) => networkCandidate(spec, false)),
        ])
      : await Promise.all(BATCH_SPECS.map((spec) => networkBatchCandidate(spec, batch)));
  const others = await opponentCandidates(PAPER_LAYERS, batch);
  const times = await interleave([...ours, ...others], batch > 1 ? Math.ceil(rounds / 2) : rounds);
  for (const { name, bits } of [...ours, ...others]) {
    const { us, p20Us } = times.get(name)!;
    mlp.push({
      network: name,
      bits,
      batch,
      us,
      p20Us,
      gmacs: gmacs(PAPER_MACS * batch, us),
      ratioOrtWebInt8: ratio(times, ORT_WEB, us),
      ratioOrtNodeInt8: ratio(times, ORT_NODE, us),
    });
  }
}

const routing = await interleave(await routerCandidates(), rounds);
const router = { mc10VsExpert4: routing.get("router")!.us / routing.get("expert")!.us };

type Cold = Awaited<ReturnType<typeof coldUs>>;

const cold: (Cold & { network: string })[] = [];
for (const spec of BATCH_SPECS) {
  const runs: Cold[] = [];
  for (let i = 0; i < 5; i++) runs.push(await coldUs(spec));
  const median = (key: keyof Cold) => runs.map((run) => run[key]).sort((a, b) => a - b)[2];
  cold.push({
    network: typeOf(spec).name,
    compileUs: median("compileUs"),
    firstCallUs: median("firstCallUs"),
    tenthCallUs: median("tenthCallUs"),
  });
}

// ---- decisions ----

const pcm = await toPcm(readWav(readInput(packagePath("samples", "clock_tick.wav")), "clock_tick.wav"), SAMPLE_RATE);
const deciders = [];
for (const model of ["esc10.qmoe", "esc10-tiny.qmoe"]) {
  for (const simd of [true, false]) {
    const core = await Core.create(coreWasm(simd) as BufferSource, simd);
    core.load(readInput(packagePath("models", model)));
    const run = () => {
      core.reset(0);
      core.push(pcm);
      return core.decide();
    };
    deciders.push({ name: `${model} ${simd ? "SIMD" : "scalar"}`, model, build: simd ? "SIMD" : "scalar", run });
  }
}
const decisionTimes = await interleave(deciders, rounds);
const decision = deciders.map(({ name, model, build }) => ({ model, build, ...decisionTimes.get(name)! }));

// ---- output ----

const median = (values: number[]) => [...values].sort((a, b) => a - b)[values.length >> 1];
const ceilings = Object.fromEntries([...ceilingUs].map(([name, rates]) => [name.slice("ceiling: ".length), median(rates)]));
const seal = passport("npm run bench", rounds, versions);
if (json) console.log(JSON.stringify({ rows, mlp, router, decision, cold, ceilings, passport: seal }));
else print();
process.exit(0);

function print(): void {
  const number = (value: number | null, digits: number) => (value === null ? "" : value.toFixed(digits));
  const share = (value: number | null) => (value === null ? "" : `${(100 * value).toFixed(0)} %`);
  for (const shape of new Set(rows.map((row) => `${row.shape}, batch ${row.batch}`))) {
    const table = rows
      .filter((row) => `${row.shape}, batch ${row.batch}` === shape)
      .map((row) => [
        row.kernel,
        number(row.us, 1),
        number(row.p20Us, 1),
        number(row.gmacs, 1),
        share(row.shareOfCeiling),
        number(row.ratioOrtWebInt8, 2),
        number(row.ratioOrtNodeInt8, 2),
      ]);
    console.log(formatTable(table, { head: [shape, "us", "p20 us", "GMAC/s", "of ceiling", "x ort-web int8", "x ort-node s8"] }));
  }
  for (const batch of [1, BATCH]) {
    const table = mlp
      .filter((row) => row.batch === batch)
      .map((row) => [
        row.network,
        number(row.us, 1),
        number(row.p20Us, 1),
        number(row.ratioOrtWebInt8, 2),
        number(row.ratioOrtNodeInt8, 2),
      ]);
    console.log(formatTable(table, { head: [`1536->640->320->50, batch ${batch}`, "us", "p20 us", "x ort-web int8", "x ort-node s8"] }));
  }
  const coldTable = cold.map((row) => [row.network, number(row.compileUs, 0), number(row.firstCallUs, 0), number(row.tenthCallUs, 0)]);
  console.log(formatTable(coldTable, { head: ["cold network", "compile us", "first call us", "tenth call us"] }));
  const decisions = decision.map((row) => [`${row.model}, ${row.build}`, number(row.us / 1000, 3), number(row.p20Us / 1000, 3)]);
  console.log(formatTable(decisions, { head: ["decision on 5 s of audio", "ms", "p20 ms"] }));
  console.log(`router with ${10} samples against a 4-bit expert: ${router.mc10VsExpert4.toFixed(3)}`);
  console.log(
    `ceilings, GMAC/s: ${Object.entries(ceilings)
      .map(([name, rate]) => `${name} ${rate.toFixed(1)}`)
      .join("; ")}`,
  );
  console.log(`${seal.command}: node ${seal.node}, V8 ${seal.v8}, ${seal.cpu}, ${seal.date}, ${seal.rounds} rounds, one thread each`);
  const names = Object.entries(seal.opponents).map(([name, version]) => `${name} ${version}`);
  if (names.length > 0) console.log(names.join(", "));
}
