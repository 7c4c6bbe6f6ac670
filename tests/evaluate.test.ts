// What commands call: judging a model on clips, metering it, holding it against a budget; as functions, without anything printed.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { measureBudget } from "../firmware-sim/costs/measure_budget.ts";
import { meterModel } from "../firmware-sim/costs/meter_model.ts";
import { openEngine } from "../firmware-sim/engines/engines.ts";
import type { QurioError } from "../host/errors.ts";
import { packagePath, readInput } from "../host/files.ts";
import { DEFAULT_DEVICE, loadDevice } from "../host/meter/devices.ts";
import { type Data, openData } from "../tools/train/datasets/open_data.ts";
import { evaluate } from "../tools/train/evaluate.ts";

const MODEL = packagePath("models", "esc10-tiny.qmoe");
const device = loadDevice(DEFAULT_DEVICE);
const all = await openData(packagePath("models", "esc10-features.qfc"));
/** Every tenth clip: enough for two folds and all classes. */
const data: Data = { ...all, clips: all.clips.filter((_, i) => i % 10 === 0) };

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "",
    (error: QurioError) => error.code,
  );
}

test("evaluate: shares add up, a share of the clips is one fold, and progress ends at 1", async () => {
  const file = readInput(MODEL);
  const engine = await openEngine("node", file);
  const shares: number[] = [];
  const whole = await evaluate(file, engine, device, data, { progress: (share) => shares.push(share) });
  assert.is(whole.clips, data.clips.length);
  assert.is(shares.at(-1), 1);
  const sum = Object.values(whole.expertShare).reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(sum - 1) < 1e-9, `${sum}`);
  assert.equal([whole.engine, whole.meanCycles, whole.stress], ["node", null, null]);
  const [low, high] = whole.networkUjRange;
  assert.ok(low <= whole.networkUj && whole.networkUj <= high);
  const { fold } = data.clips[0]!;
  const one = await evaluate(file, engine, device, data, { fold });
  assert.is(one.clips, data.clips.filter((clip) => clip.fold === fold).length);
  assert.is(await codeOf(evaluate(file, engine, device, data, { fold: 99 })), "FOLD");
  assert.is(await codeOf(evaluate(file, engine, device, data, { stress: true })), "STRESS_NEEDS_AUDIO");
  assert.is(await codeOf(evaluate(file, engine, device, { ...data, labels: data.labels.map((name) => `${name}?`) })), "LABEL_UNKNOWN");
  await engine.close();
});

test("meterModel: opens the data that it is told to, and the mean lies between the ways to an answer", async () => {
  const opened: string[] = [];
  const open = async (path: string) => {
    opened.push(path);
    return data;
  };
  const result = await meterModel(MODEL, device, { data: "some clips", bound: false, emulate: false, open });
  assert.equal([opened, result.clips, result.data, result.estimates], [["some clips"], data.clips.length, data.name, null]);
  const steps = result.steps.map(({ ops }) => ops.mean);
  assert.ok(steps.length > 3 && steps.every((mean) => mean > 0));
});

test("measureBudget: a limit is exceeded or not by its figure; figures beside the file are read", async () => {
  const folder = mkdtempSync(join(tmpdir(), "qurio-budget-"));
  try {
    const path = join(folder, "qurio.budget.json");
    writeFileSync(join(folder, "esc10-tiny.qmoe"), readInput(MODEL));
    const budget = (wasmBytes: number) => {
      writeFileSync(path, JSON.stringify({ model: "esc10-tiny.qmoe", device: DEFAULT_DEVICE, limits: { wasmBytes } }));
      return measureBudget(path);
    };
    const held = await budget(1e6);
    assert.equal([held.exceeded, held.problem, held.accepted], [[], null, null]);
    const { wasmBytes } = held.now.figures;
    assert.ok(wasmBytes! > 100_000);
    writeFileSync(held.acceptedPath, JSON.stringify(held.now));
    const over = await budget(wasmBytes! - 1);
    assert.equal([over.exceeded, over.problem?.code], [["wasmBytes"], "BUDGET"]);
    assert.equal(over.accepted?.figures, held.now.figures);
    assert.is(await codeOf(measureBudget(join(folder, "none.json"))), "INPUT_MISSING");
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.run();
