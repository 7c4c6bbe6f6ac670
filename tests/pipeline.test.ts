// The main job end to end on the bundled feature codes, through the command line: train, export, inspect, run, eval.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { packagePath } from "../host/files.ts";

const folder = mkdtempSync(join(tmpdir(), "qurio-pipeline-"));
const codes = packagePath("models", "esc10-features.qfc");
const sample = packagePath("samples", "rain.wav");

function qurio(...args: string[]) {
  const run = spawnSync(process.execPath, [packagePath("bin", "qurio.js"), ...args], { encoding: "utf8" });
  return { ...run, json: () => JSON.parse(run.stdout.trim().split("\n").at(-1)!) };
}

function succeed(...args: string[]) {
  const run = qurio(...args);
  assert.is(run.status, 0, `qurio ${args.join(" ")}\n${run.stderr}`);
  return run;
}

const test = suite("pipeline");
test.after(() => rmSync(folder, { recursive: true, force: true }));

for (const [router, more] of [
  ["probe", ["--samples", "4"]],
  ["bayesian", []],
] as const) {
  test(`${router}: train, export, inspect, run, eval`, () => {
    const checkpoint = join(folder, router);
    const model = join(folder, `${router}.qmoe`);
    succeed(
      "train",
      "--data",
      codes,
      "--out",
      checkpoint,
      "--router",
      router,
      "--experts",
      "ternary,4",
      "--hidden",
      "24",
      "--epochs",
      "8",
      ...more,
    );
    const exported = succeed("export", checkpoint, "-o", model, "--json").json();
    assert.is(exported.bytes, readFileSync(model).length);
    assert.ok(exported.parity.every((row: { labelsDiffer: number }) => row.labelsDiffer === 0));
    assert.equal(new Set(exported.layers.map((row: { type: string }) => row.type)), new Set(["ternary", "4-bit", "8-bit"]));

    const inspected = succeed("inspect", model, "--json").json();
    assert.equal(Object.keys(inspected), ["version", "bytes", "sections", "input", "layers", "plan", "policy", "labels", "provenance"]);
    assert.is(inspected.policy.kind, router);
    assert.is(inspected.labels.length, 10);
    assert.match(inspected.provenance.command, new RegExp(`--router ${router}`));

    const decision = succeed("run", model, sample, "--json").json();
    const keys = [
      "file",
      "startS",
      "label",
      "index",
      "probability",
      "uncertainty",
      "answerer",
      "abstained",
      "framesSeen",
      "weightBytesRead",
      "engine",
      "latencyUs",
      "meter",
    ];
    assert.equal(Object.keys(decision), keys);
    assert.equal(Object.keys(decision.uncertainty), ["entropy", "mutualInformation", "routerVariance"]);
    assert.equal(Object.keys(decision.meter), [
      "ops",
      "weightBytes",
      "cycles",
      "networkUj",
      "networkUjRange",
      "decisionUj",
      "decisionUjRange",
      "device",
      "kind",
    ]);
    assert.ok(decision.uncertainty.mutualInformation >= 0 && decision.uncertainty.routerVariance > 0, "the router sampled");
    assert.is(decision.meter.kind, "modelled");
    assert.ok(decision.meter.networkUj < decision.meter.decisionUj);

    const judged = succeed("eval", model, "--data", codes, "--fold", "2", "--json").json();
    for (const key of [
      "clips",
      "f1Weighted",
      "accuracy",
      "coverage",
      "selectiveRisk",
      "ece",
      "expertShare",
      "bitsPerWeight",
      "meanCycles",
      "networkUj",
    ]) {
      assert.ok(key in judged, key);
    }
    assert.is(judged.clips, 80);
    assert.is(judged.decisionUj, null, "features cost no front end");
    assert.ok(judged.f1Weighted > 0.5, `learned something: ${judged.f1Weighted}`);
    const shares = Object.values(judged.expertShare as Record<string, number>).reduce((sum, share) => sum + share, 0);
    assert.ok(Math.abs(shares - 1) < 1e-9);
  });
}

test("the same command gives the same model, byte for byte", () => {
  const files = ["a", "b"].map((name) => {
    const checkpoint = join(folder, name);
    succeed(
      "train",
      "--data",
      codes,
      "--out",
      checkpoint,
      "--experts",
      "4",
      "--hidden",
      "12",
      "--epochs",
      "2",
      "--jobs",
      name === "a" ? "1" : "2",
    );
    succeed("export", checkpoint, "-o", join(folder, `${name}.qmoe`));
    return readFileSync(join(folder, `${name}.qmoe`));
  });
  assert.equal(files[0], files[1]);
});

test("a long file gets a decision per window, a WAV that is none is named", () => {
  const lines = succeed("run", sample, sample, "--json").stdout.trim().split("\n");
  assert.is(lines.length, 2);
  const wrong = qurio("run", codes);
  assert.is(wrong.status, 1);
  assert.match(wrong.stderr, /esc10-features\.qfc/);
  const stress = qurio("eval", packagePath("models", "esc10-tiny.qmoe"), "--data", codes, "--stress");
  assert.is(stress.status, 2);
  assert.match(stress.stderr, /--stress changes sound/);
});

test.run();
