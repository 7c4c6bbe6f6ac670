// The report as files: the same bytes, whole in every table, and never broken by what is missing.

import { test } from "uvu";
import * as assert from "uvu/assert";
import { loadDevice } from "../host/meter/devices.ts";
import { contextOf } from "../tools/study/report/context.ts";
import { toHtml, toMarkdown } from "../tools/study/report/document.ts";
import { withoutWallTimes, writeReport } from "../tools/study/report.ts";
import { type MadeModel, makeStudy, single } from "./harness/study.ts";

const near = (a: number | null | undefined, b: number, tolerance = 1e-9) =>
  assert.ok(a != null && Math.abs(a - b) <= tolerance, `${a} is not ${b}`);

const router = (name: string, rest: Partial<MadeModel> = {}): MadeModel => ({
  name,
  right: 0.9,
  answerers: [
    { name: "ternary", share: 0.7, cycles: 1.2e6 },
    { name: "8-bit", share: 0.3, cycles: 2.2e6 },
  ],
  ...rest,
});
const MODELS = [
  single("Q4-Base", 0.9, 1.5e6),
  single("Q16-Base", 0.92, 4e6),
  router("BitNet-Q4/8-QMoE-C-joint", { changed: 0.1 }),
  router("BitNet-Q4/8-QMoE-joint"),
];
const small = (models = MODELS) => makeStudy({ models, seeds: [1, 2], folds: [1, 2, 3], clipsPerFold: 20 });

test("same result, same bytes; wall times stand apart", async () => {
  const one = await writeReport(small());
  const again = await writeReport(small());
  assert.is(again.html, one.html);
  assert.is(again.markdown, one.markdown);
  const slower = small();
  for (const run of slower.runs) for (const answer of run.decisions) answer.latencyUs *= 3;
  const other = await writeReport(slower);
  for (const form of ["html", "markdown"] as const) {
    assert.is.not(other[form], one[form]);
    assert.is(withoutWallTimes(other[form]), withoutWallTimes(one[form]));
    assert.ok(withoutWallTimes(one[form]).length > 0.5 * one[form].length, form);
  }
});

test("the page stands alone: no scripts, nothing fetched, no id twice, every chart drawn", async () => {
  const { html, markdown } = await writeReport(small());
  assert.not.match(html, /<script|<link|<img|@import|src=|href="(?!#)/);
  const ids = [...html.matchAll(/\bid="([^"]+)"/g)].map((match) => match[1]!);
  assert.is(new Set(ids).size, ids.length);
  for (const [, target] of html.matchAll(/url\(#([^)]+)\)/g)) assert.ok(ids.includes(target!), target);
  assert.is([...html.matchAll(/<svg /g)].length, 8);
  for (const text of [html, markdown]) {
    assert.match(text, /cannot be decided with this much data/);
    assert.match(text, /router variance/);
    assert.not.match(text, /NaN|undefined|\bnull\b/);
  }
});

test("every table of the Markdown has as many cells in each row as in its head", async () => {
  const { markdown } = await writeReport(small());
  let width = 0;
  for (const line of markdown.split("\n")) {
    if (!line.startsWith("|")) width = 0;
    else {
      const cells = line.split(/(?<!\\)\|/).length;
      if (width > 0) assert.is(cells, width, line);
      width = cells;
    }
  }
  for (const { name } of MODELS) assert.ok(markdown.split(`| ${name} |`).length > 6, `${name} is in every table`);
});

test("whatever is missing, there is a report", async () => {
  const whole = small();
  const cases = {
    nothing: { ...whole, runs: [] },
    "one run": { ...whole, runs: whole.runs.slice(0, 1), outOfDistribution: null },
    "one fold of a router": { ...whole, runs: whole.runs.filter(({ model, fold }) => model.includes("-C-") && fold === 1) },
    "no noise, no other set, no front end": {
      ...whole,
      outOfDistribution: null,
      failures: [{ seed: 2, fold: 3, error: "a fold | failed" }],
      runs: whole.runs.slice(0, -3).map((run) => ({ ...run, noise: [], outOfDistribution: [], frontEnd: { cycles: 0, energyUj: 0 } })),
    },
    "a clip each, all right": {
      ...whole,
      runs: whole.runs.map((run) => ({ ...run, decisions: run.decisions.slice(0, 1).map((a) => ({ ...a, predicted: a.truth })) })),
    },
  };
  for (const [name, result] of Object.entries(cases)) {
    const { html, markdown } = await writeReport(result);
    assert.match(html, /<\/html>\n$/, name);
    assert.not.match(markdown, /NaN|undefined|\bnull\b/, name);
    assert.not.match(html, />NaN|undefined|"NaN/, name);
  }
});

test("a row's figures: costs, shares, alarms and energy of known decisions", () => {
  const result = small([router("Cascade")]);
  for (const run of result.runs) {
    for (const [i, answer] of run.decisions.entries()) {
      answer.answerer = i % 4 === 0 ? 1 : 0;
      answer.cycles = answer.answerer === 1 ? 3e6 : 1e6;
      answer.predicted = i % 5 === 0 ? (answer.truth + 1) % 10 : answer.truth;
      answer.entropy = i % 5 === 0 ? 1 : 0.1 + i / 100;
    }
    for (const [i, answer] of run.noise.entries()) answer.abstained = i % 4 !== 0;
  }
  const device = loadDevice("nucleo-l4r5zi");
  const row = contextOf(result, device).rows[0]!;
  near(row.accuracy, 0.8);
  assert.equal(row.shares, [
    { name: "ternary", share: 0.75 },
    { name: "8-bit", share: 0.25 },
  ]);
  near(row.cycles.network.mean, 1.5e6);
  near(row.cycles.network.std, 2e6 * Math.sqrt((0.1875 * 120) / 119), 1e-3);
  assert.is(row.cycles.whole.worst, 43e6);
  near(row.alarms.noise, 180);
  near(row.areas.entropy!.area, 1);
  assert.is(row.areas.routerVariance, null);
  const pj = device.energyPerCycle.value;
  near(row.f1PerMj.network.value, row.f1.value / (1.5e6 * pj * 1e-9), 1e-9);
  near(row.f1PerMj.whole.value, row.f1.value / (41.5e6 * pj * 1e-9), 1e-9);
  assert.ok(row.f1.interval!.low <= row.f1.value && row.f1.value <= row.f1.interval!.high);
});

test("text is escaped for what it is written as", () => {
  const blocks = [{ kind: "table" as const, head: ["a|b"], rows: [['<script>&"|\n']] }];
  assert.match(toHtml("<t>", blocks), /&lt;script&gt;&amp;&quot;\|/);
  assert.match(toHtml("<t>", blocks), /<title>&lt;t&gt;<\/title>/);
  assert.match(toMarkdown(blocks), /\| a\\\|b \|\n\| --- \|\n\| <script>&"\\\| {2}\|/);
});

test.run();
