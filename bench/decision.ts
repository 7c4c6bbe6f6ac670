// A 5-second WAV to a decision, warm, in Node: where the time goes, SIMD and scalar, beside a log-mel on fft.js in the same run.
// usage: npm run --silent bench:decision [-- --json]

import { RING_BYTES } from "../assembly/format/plan.ts";
import { formatTable } from "../cli/output.ts";
import { toPcm } from "../host/audio/resample.ts";
import { readWav } from "../host/audio/wav.ts";
import { packagePath, readInput } from "../host/files.ts";
import { singleExpert } from "../host/model-file/repack.ts";
import { Core } from "../host/runtime/core.ts";
import { answererNetworks } from "../host/runtime/decision.ts";
import { coreWasm, loadModel } from "../host/runtime/index.ts";
import { fftJsFrames } from "../tests/reference/fft_js.ts";

const ROUNDS = 60;
const WARM_UP = 20;

const wav = readInput(packagePath("samples", "clock_tick.wav"));
const file = readInput(packagePath("models", "esc10.qmoe"));
const model = await loadModel(file);
const pcm = await toPcm(readWav(wav, "clock_tick.wav"), model.sampleRate);
const answerers = answererNetworks(model.packed);
const last = answerers.length - 1;

type Work = () => unknown | Promise<unknown>;
const candidates: [string, Work][] = [["read the WAV", async () => toPcm(readWav(wav, "clock_tick.wav"), model.sampleRate)]];
for (const simd of [true, false]) {
  const build = simd ? "SIMD" : "scalar";
  const core = await Core.create(coreWasm(simd) as BufferSource, simd);
  core.load(file);
  const features = core.features(pcm);
  const whole = () => {
    core.reset(0);
    core.push(pcm);
    return core.decide();
  };
  candidates.push([`${build} decision`, whole], [`${build} networks (as routed)`, () => core.decideFeatures(features)]);
  for (const [index, { name }] of answerers.entries()) {
    if (index !== 0 && index !== last) continue;
    const alone = await Core.create(coreWasm(simd) as BufferSource, simd);
    alone.load(singleExpert(file, index, answerers));
    candidates.push([`${build} ${name} alone`, () => alone.decideFeatures(features)]);
  }
  const listening = await Core.create(coreWasm(simd) as BufferSource, simd);
  listening.load(file);
  // frames only: without the last samples the window never fills, so no statistics are computed
  const nearly = pcm.subarray(0, 79900);
  candidates.push([
    `${build} frames (497)`,
    () => {
      listening.reset(0);
      listening.push(nearly);
    },
  ]);
}
const javascript = fftJsFrames();
const codes = new Uint8Array(RING_BYTES);
candidates.push(["fft.js frames", () => javascript(pcm, codes)]);

const times = new Map(candidates.map(([name]) => [name, [] as number[]]));
for (let round = 0; round < ROUNDS + WARM_UP; round++) {
  for (const [name, work] of candidates) {
    const start = performance.now();
    await work();
    if (round >= WARM_UP) times.get(name)!.push(performance.now() - start);
  }
}
const rows = candidates.map(([name]) => {
  const sorted = times.get(name)!.sort((a, b) => a - b);
  return { name, medianMs: sorted[ROUNDS >> 1], p20Ms: sorted[ROUNDS / 5] };
});
const fft = rows.at(-1)!.medianMs;
if (process.argv.includes("--json")) console.log(JSON.stringify({ rounds: ROUNDS, rows }));
else {
  const table = rows.map(({ name, medianMs, p20Ms }) => [name, medianMs.toFixed(3), p20Ms.toFixed(3), (medianMs / fft).toFixed(2)]);
  console.log(formatTable(table, { head: ["5 s of audio", "median ms", "p20 ms", "x fft.js frames"] }));
  console.log(`${ROUNDS} rounds, candidates take turns; node ${process.version}, model esc10.qmoe`);
}
