// docs/decision.svg: it is what `npm run picture` draws, its numbers are those of the model, and each part shows what it claims to.

import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { toPcm } from "../host/audio/resample.ts";
import { readWav } from "../host/audio/wav.ts";
import { packagePath } from "../host/files.ts";
import { costOf } from "../host/meter/cost.ts";
import { DEFAULT_DEVICE, loadDevice } from "../host/meter/devices.ts";
import { Meter } from "../host/meter/meter.ts";
import { drawInstrument } from "../host/picture/instrument.ts";
import { drawStrip, stripOf } from "../host/picture/spectrogram.ts";
import { VIRIDIS } from "../host/picture/tokens.ts";
import { coreWasm, loadModel } from "../host/runtime/index.ts";
import { instrument } from "../scripts/picture.ts";

const data = await instrument();
const svg = drawInstrument(data);

test("docs/decision.svg is what `npm run picture` draws", () => {
  assert.ok(readFileSync(packagePath("docs", "decision.svg"), "utf8") === svg, "docs/decision.svg is out of date: npm run picture");
});

test("the first window is samples/clock_tick.wav: label, probability and energy are those of the model and the meter", async () => {
  const path = packagePath("models", "esc10.qmoe");
  const model = await loadModel(path);
  const pcm = await toPcm(readWav(readFileSync(packagePath("samples", "clock_tick.wav")), "clock_tick.wav"), model.sampleRate);
  const { label, probability, answerer } = model.decide(pcm);
  const meter = await Meter.create(coreWasm(false), false);
  meter.core.load(readFileSync(path));
  const { networkUj, decisionUj } = costOf(meter.decide({ pcm }).counts, loadDevice(DEFAULT_DEVICE));
  const [cell] = data.decisions;
  assert.equal([cell.label, cell.probability, data.rungs[cell.answeredBy].name], [label, probability, answerer]);
  const network = cell.rungUj.reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(network / networkUj - 1) < 1e-9, `${network} uJ drawn, ${networkUj} metered`);
  assert.ok(Math.abs((cell.frontEndUj + network) / decisionUj - 1) < 1e-9);
  for (const shown of [`>${label}<`, `>${(100 * probability!).toFixed(1)} %<`, `>answers, ${Number(networkUj.toPrecision(3))} µJ<`])
    assert.ok(svg.includes(shown), shown);
  assert.ok(svg.includes(`>${(decisionUj / 1000).toFixed(1)} mJ<`));
});

test("a rung for each network that ran: the last one answers, those below escalate", () => {
  const { decisions, rungs } = data;
  assert.equal([...new Set(decisions.map(({ answeredBy }) => answeredBy))].sort(), [0, 1, 2], "the scene climbs to every rung");
  for (const { answeredBy, rungUj } of decisions) assert.is(rungUj.length, answeredBy + 1);
  for (const { answeredBy, rungUj } of decisions) {
    const shown = rungUj.map((uj, rung) => `>${rung === answeredBy ? "answers" : "asked"}, ${Number(uj.toPrecision(3))} µJ<`);
    assert.equal(
      shown.filter((part) => !svg.includes(part)),
      [],
    );
  }
  const count = (part: string) => svg.split(part).length - 1;
  const escalations = decisions.reduce((sum, { answeredBy }) => sum + answeredBy, 0);
  assert.equal([count(">answers, "), count(">asked, "), count(">escalates<")], [decisions.length, escalations, escalations]);
  assert.is(count("stroke-dasharray"), decisions.length * rungs.length - decisions.length - escalations, "the others stay empty");
});

test("the fill of a cell is as high as the probability; not sure is hatched, and says so", () => {
  const unsure = data.decisions.filter(({ abstained }) => abstained);
  assert.is(unsure.length, 1);
  assert.is(svg.split(`fill="url(#hatch)"`).length - 1, 1);
  const [, height] = /height="([\d.]+)" fill="url\(#hatch\)"/.exec(svg)!;
  assert.ok(Math.abs(Number(height) / 74 - unsure[0].probability) < 1e-3, `${height} of 74 for ${unsure[0].probability}`);
  assert.ok(svg.includes(">not sure<") && svg.includes(`>${unsure[0].label}?<`));
});

test("the battery: what it is spent on adds up, days lie within their range, and the words say that they are modelled", () => {
  const { days, spent } = data.battery;
  assert.ok(Math.abs(spent.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9);
  assert.ok(days.p10 < days.p50 && days.p50 < days.p90);
  assert.is(svg.split(">modelled<").length - 1, 2);
});

test("a strip: means of frames and bands, bottom row lowest, one run for neighbours of one colour", () => {
  // 4 frames of 2 bands, in spots of 2 frames: band 0 is 0 throughout, band 1 is 10 and then 20
  const strip = stripOf(Uint8Array.of(0, 8, 0, 12, 0, 20, 0, 20), 2, 2, 1);
  assert.equal([strip.columns, strip.rows, [...strip.levels]], [2, 2, [0, 0.5, 0, 1]]);
  const paths = drawStrip(strip, 10, 20, 100, 40);
  assert.ok(paths.includes(`translate(10 20) scale(50 20)`));
  assert.ok(paths.includes(`<path stroke="${VIRIDIS[0]}" d="M0 1.5h2"/>`), paths);
  assert.ok(paths.includes(`<path stroke="${VIRIDIS[8]}" d="M0 0.5h1"/>`), paths);
  assert.ok(paths.includes(`<path stroke="${VIRIDIS[15]}" d="M1 0.5h1"/>`), paths);
  assert.equal([...stripOf(new Uint8Array(4).fill(7), 2, 1, 1).levels], [0, 0, 0, 0], "silence has no range to divide by");
});

test("text from a model cannot break out of the document", () => {
  const decisions = data.decisions.map((cell) => ({ ...cell, label: `</text><script>"&'` }));
  const drawn = drawInstrument({ ...data, decisions, description: "<b>" });
  assert.not.ok(drawn.includes("<script>") || drawn.includes("<b>"));
});

test.run();
