// The component: called through jco, and by wasmtime where it is installed; decisions equal to the core's, field by field and byte by byte.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { componentWit } from "@bytecodealliance/jco";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { POLICY_BAYESIAN, POLICY_FEATURES, POLICY_SINGLE } from "../assembly/format/ids.ts";
import { type ComponentModel, componentError, instantiateComponent } from "../firmware-sim/engines/component.ts";
import { openEngine } from "../firmware-sim/engines/engines.ts";
import { needTool, WASMTIME } from "../host/engines/tools.ts";
import { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { encodeModel } from "../host/model-file/model_file.ts";
import { linearOps } from "../host/model-file/network.ts";
import { loadModel } from "../host/runtime/index.ts";
import { bake } from "../tools/export/bake.ts";
import { randomModel, randomModelFile, randomPcm } from "./harness/models.ts";

const folder = mkdtempSync(join(tmpdir(), "qurio-test-component-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const FEATURES = 37;
const MODELS: Record<string, Uint8Array> = {
  "esc10-tiny": new Uint8Array(readFileSync(packagePath("models", "esc10-tiny.qmoe"))),
  "bayesian, sampling": randomModelFile({ policy: POLICY_BAYESIAN, experts: ["ternary", "8-bit"], samples: 6 }),
  "features, single": randomModelFile({ policy: POLICY_SINGLE, experts: ["4-bit"], frontEnd: false, features: FEATURES }),
};

/** Baked once each. */
const components = new Map<string, Uint8Array<ArrayBuffer>>();
async function component(name: string): Promise<Uint8Array<ArrayBuffer>> {
  if (!components.has(name)) components.set(name, (await bake(MODELS[name], { target: "component" })).wasm);
  return components.get(name)!;
}

const vector = (count: number, seed: number) => Float32Array.from({ length: count }, (_, i) => 2 * Math.sin(seed + i * i));

/** jco's undefined for none as the package's null, members included. */
function nulls(value: object): object {
  return Object.fromEntries(
    Object.entries(value).map(([name, own]) => [name, own === undefined ? null : typeof own === "object" ? nulls(own) : own]),
  );
}

function refused(work: () => unknown): { tag: string; val?: unknown } {
  try {
    work();
  } catch (error) {
    return (error as { payload: { tag: string } }).payload;
  }
  assert.unreachable("done, an error expected");
  return { tag: "" };
}

for (const name of Object.keys(MODELS)) {
  test(`${name}: every field of a decision is the core's`, async () => {
    const model = await instantiateComponent(await component(name));
    const expected = await loadModel(MODELS[name], { simd: false });
    const { features } = expected.plan;
    for (let seed = 0; seed < 3; seed++) {
      const pcm = randomPcm(20000 + 30000 * seed, seed);
      for (const input of expected.packed.frontEnd ? [pcm, vector(features, seed)] : [vector(features, seed)]) {
        const answer = input instanceof Int16Array ? model.classify(input, seed) : model.classifyFeatures(input, seed);
        const { decision, bytes, probabilities } = answer;
        assert.equal(nulls(decision), input instanceof Int16Array ? expected.decide(input, seed) : expected.decideFeatures(input, seed));
        assert.equal([...bytes], [...expected.core.decisionBytes()]);
        assert.equal([...probabilities], [...expected.core.probabilities()]);
      }
    }
    const info = model.info();
    assert.equal([info["labels"], info["answerers"]], [expected.labels, expected.answerers]);
    assert.equal(
      [info["features"], info["takesAudio"], info["workBytes"]],
      [features, name !== "features, single", expected.plan.workBytes],
    );
  });
}

test("what cannot be decided is a variant of error, and the component goes on", async () => {
  const [audio, features] = [
    await instantiateComponent(await component("esc10-tiny")),
    await instantiateComponent(await component("features, single")),
  ];
  assert.is(refused(() => audio.classify(new Int16Array(), 0)).tag, "no-samples");
  assert.equal(
    refused(() => audio.classifyFeatures(new Float32Array(5), 0)),
    { tag: "features-shape", val: 969 },
  );
  const bad = vector(FEATURES, 1);
  bad[7] = Number.NaN;
  assert.equal(
    refused(() => features.classifyFeatures(bad, 0)),
    { tag: "not-finite", val: 7 },
  );
  assert.equal(
    refused(() => features.classify(new Int16Array(9), 0)),
    { tag: "takes-features", val: FEATURES },
  );
  assert.is(features.classifyFeatures(vector(FEATURES, 1), 0).bytes.length, 40);
  const scale = randomModel({ policy: POLICY_SINGLE, experts: ["float32"], frontEnd: false, features: FEATURES });
  linearOps(scale.experts[0])[0].scale.fill(3e38);
  const { wasm } = await bake(encodeModel(scale), { target: "component" });
  const overflowing = await instantiateComponent(wasm);
  const overflow = refused(() => overflowing.classifyFeatures(vector(FEATURES, 1), 0));
  assert.is(overflow.tag, "overflow");
  assert.is((componentError({ payload: overflow }) as QurioError).code, "OVERFLOW");
});

test("damaged weights are an error of every call", async () => {
  const damaged = (await component("esc10-tiny")).slice();
  damaged[70000] ^= 16; // in the model, which is most of it
  const model = await instantiateComponent(damaged);
  for (const call of [() => model.info(), () => model.classify(new Int16Array(9), 0)]) {
    const error = refused(call);
    assert.is(error.tag, "damaged-model");
    assert.is((componentError({ payload: error }) as QurioError).code, "SECTION_CRC");
  }
});

test("a minute of sound is decided by its first 5 s; calls leave no memory behind", async () => {
  const model = await instantiateComponent(await component("esc10-tiny"));
  const pcm = randomPcm(960000, 4);
  const whole = model.classify(pcm, 0);
  for (let i = 0; i < 3; i++) assert.equal(model.classify(pcm.subarray(0, 80000), 0), whole);
  const features = await instantiateComponent(await component("features, single"));
  for (let i = 0; i < 20000; i++) features.classifyFeatures(vector(FEATURES, 1), i);
});

test("it imports nothing, and exports the interface of wit/qurio.wit", async () => {
  const wit = await componentWit(await component("esc10-tiny"));
  assert.not.match(wit, /import/);
  assert.match(wit, /export qurio:classifier\/model@0\.1\.0;/);
});

test("the same model gives the same bytes; a component cannot do without its model", async () => {
  assert.equal((await bake(MODELS["esc10-tiny"].slice(), { target: "component" })).wasm, await component("esc10-tiny"));
  try {
    await bake(MODELS["esc10-tiny"], { target: "component", weights: false });
    assert.unreachable("baked");
  } catch (error) {
    assert.is((error as QurioError).code, "BAKE_WEIGHTS");
  }
});

test("a model without networks has no label", async () => {
  const policy = { kind: POLICY_FEATURES, samples: 0, alpha: 0, varianceScale: 1, escalate: [], abstain: [], beta: [] };
  const file = encodeModel({ ...randomModel({ experts: [] }), normalization: null, router: null, experts: [], labels: [], policy });
  const model = await instantiateComponent((await bake(file, { target: "component" })).wasm);
  const core = (await loadModel(file, { simd: false })).core;
  const pcm = randomPcm(80000, 1);
  core.reset(0);
  core.push(pcm);
  core.decide();
  const { decision, probabilities, bytes } = model.classify(pcm, 0);
  assert.equal([decision["label"], decision["answerer"], decision["index"], decision["probability"]], Array(4).fill(undefined));
  assert.is(probabilities.length, 0);
  assert.equal([...bytes], [...core.decisionBytes()]);
  assert.equal([model.info()["labels"], model.info()["answerers"]], [[], []]);
});

test("engine component: the core's decisions and errors", async () => {
  const file = MODELS["bayesian, sampling"];
  const [engine, node] = [await openEngine("component", file), await openEngine("node", file)];
  const inputs = [randomPcm(80000, 1), vector(969, 2)];
  assert.equal(await engine.decideRecords(inputs, 5), await node.decideRecords(inputs, 5));
  assert.equal(await engine.decide(inputs[0], 6), await node.decide(inputs[0], 6));
  await engine.close();
  const damaged = file.slice();
  damaged[9999] ^= 1;
  for (const [bytes, code] of [
    [damaged, "SECTION_CRC"],
    [new Uint8Array(50), "NOT_A_MODEL"],
  ] as const) {
    try {
      await openEngine("component", bytes);
      assert.unreachable("opened");
    } catch (error) {
      assert.is((error as QurioError).code, code);
    }
  }
});

// ---- wasmtime ----

function missingWasmtime(): string | null {
  try {
    needTool(WASMTIME);
    return null;
  } catch (error) {
    if (error instanceof QurioError) return `${error.message}; ${error.hint}`;
    throw error;
  }
}
const missing = missingWasmtime();
if (missing) console.log(`skip component.test.ts, wasmtime: ${missing}`);

/** What `wasmtime run --invoke` prints, in the text form of component values. */
async function invoke(name: string, call: string): Promise<string> {
  const path = join(folder, "model.wasm");
  writeFileSync(path, await component(name));
  const { status, stdout, stderr } = spawnSync(needTool(WASMTIME).program, ["run", "--invoke", call, path], { encoding: "utf8" });
  assert.is(status, 0, stderr);
  return stdout.trim();
}

(missing ? test.skip : test)("wasmtime: the record's bytes are the core's; errors are variants", async () => {
  const recordOf = (text: string) => /bytes: \[([\d, ]+)\]/.exec(text)![1].split(", ").map(Number);
  const pcm = randomPcm(9000, 2);
  const model: ComponentModel = await instantiateComponent(await component("esc10-tiny"));
  assert.equal(recordOf(await invoke("esc10-tiny", `classify([${pcm}], 0)`)), [...model.classify(pcm, 0).bytes]);
  const features = vector(FEATURES, 3);
  const expected = await loadModel(MODELS["features, single"], { simd: false });
  expected.decideFeatures(features);
  assert.equal(recordOf(await invoke("features, single", `classify-features([${features}], 0)`)), [...expected.core.decisionBytes()]);
  assert.is(await invoke("esc10-tiny", "classify([], 0)"), "err(no-samples)");
  assert.match(await invoke("esc10-tiny", "info()"), /answerers: \["probe", "4-bit"\], features: 969, takes-audio: true/);
});

test.run();
