// The public API in Node: where models come from, what is refused, windows, builds, and every example of docs/reference/api.md.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { POLICY_SINGLE } from "../assembly/format/ids.ts";
import { packagePath } from "../host/files.ts";
import { coreWasm, hasSimd, type LoadOptions, loadModel, QurioError } from "../host/runtime/index.ts";
import { randomModel, randomModelFile, randomPcm } from "./harness/models.ts";
import { wavBytes } from "./harness/wav.ts";

const folder = mkdtempSync(join(tmpdir(), "qurio-test-host-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, "a model.qmoe");
const file = randomModelFile({ samples: 3 });
writeFileSync(path, file);

async function refusal(source: string | URL | Uint8Array, options?: LoadOptions): Promise<QurioError> {
  const error = await loadModel(source, options).then(
    () => null,
    (reason: unknown) => reason,
  );
  assert.instance(error, QurioError, `${source} is refused by a QurioError`);
  return error as QurioError;
}

test("a model loads from a path, a file URL and bytes, to the same decisions", async () => {
  const pcm = randomPcm(30000, 1);
  const models = [await loadModel(path), await loadModel(pathToFileURL(path)), await loadModel(file), await loadModel(Buffer.from(file))];
  const decisions = models.map((model) => model.decide(pcm, 9));
  for (const decision of decisions) assert.equal(decision, decisions[0]);
  assert.equal(models[0].labels, randomModel().labels);
  assert.equal(models[0].answerers, ["probe", "4-bit", "8-bit"]);
});

test("bytes inside a larger buffer load too, and are not changed", async () => {
  const buffer = new Uint8Array(file.length + 77);
  buffer.set(file, 33);
  await loadModel(buffer.subarray(33, 33 + file.length));
  assert.equal(buffer.slice(33, 33 + file.length), file);
});

test("a missing file, a folder, a damaged and a foreign file are named", async () => {
  const missing = await refusal(join(folder, "none.qmoe"));
  assert.is(missing.code, "INPUT_MISSING");
  assert.match(missing.message, /none\.qmoe does not exist/);
  assert.is((await refusal(pathToFileURL(join(folder, "none.qmoe")))).code, "INPUT_MISSING");
  assert.is((await refusal(folder)).code, "INPUT_IS_FOLDER");
  assert.is((await refusal(file.subarray(0, 5000))).code, "TRUNCATED");
  assert.is((await refusal(new Uint8Array(0))).code, "TRUNCATED");
  assert.is((await refusal(new TextEncoder().encode("RIFF and so on, a WAV file by mistake"))).code, "NOT_A_MODEL");
  const flipped = file.slice();
  flipped[file.length >> 1] ^= 4;
  const damaged = await refusal(flipped);
  assert.is(damaged.code, "SECTION_CRC");
  assert.match(damaged.hint, /export/);
});

test("the simd option picks the build; decisions are the same", async () => {
  const pcm = randomPcm(80000, 2);
  const [scalar, simd, picked] = await Promise.all([loadModel(file, { simd: false }), loadModel(file, { simd: true }), loadModel(file)]);
  assert.equal([scalar.core.simd, simd.core.simd, picked.core.simd], [false, true, hasSimd()]);
  assert.is(hasSimd(), true);
  assert.equal(scalar.decide(pcm, 4), simd.decide(pcm, 4));
  assert.equal(scalar.core.decisionBytes(), simd.core.decisionBytes());
});

test("the wasm option replaces the package's modules", async () => {
  const nothing = new Uint8Array(8);
  const damaged = coreWasm(false).slice(0, 100);
  const own = await loadModel(file, { simd: false, wasm: { scalar: coreWasm(false).slice(), simd: nothing } });
  assert.is(own.decide(new Int16Array(10)).framesSeen, 498);
  const broken = (scalar: Uint8Array) => loadModel(file, { simd: false, wasm: { scalar, simd: nothing } }).catch((error) => error);
  assert.match(`${await broken(damaged)}`, /CompileError/);
  const none = await broken(nothing);
  assert.equal([none.code, none.message], ["NO_WASM", "what options.wasm holds is not the core module: no WebAssembly in it"]);
});

test("a decision has its documented fields, and null where the model computes nothing", async () => {
  const [sampled, plain] = [await loadModel(file), await loadModel(randomModelFile({ policy: POLICY_SINGLE, experts: ["ternary"] }))];
  const pcm = randomPcm(80000, 5);
  const a = sampled.decide(pcm);
  assert.is(a.label, sampled.labels[a.index!]);
  assert.ok(a.probability! > 0 && a.probability! <= 1);
  const { entropy, mutualInformation, routerVariance } = a.uncertainty;
  assert.ok(entropy! >= 0 && entropy! <= Math.log(10) + 1e-5);
  assert.ok(mutualInformation! >= 0 && routerVariance! >= 0);
  assert.ok(sampled.answerers.includes(a.answerer!));
  const b = plain.decide(pcm);
  assert.is(b.uncertainty.mutualInformation, null);
  assert.is(b.uncertainty.routerVariance, null);
  assert.is(b.answerer, "ternary");
  const fields = packagePath("docs", "reference", "api.md");
  for (const name of [...Object.keys(a).filter((key) => key !== "uncertainty"), ...Object.keys(a.uncertainty)]) {
    assert.match(readFileSync(fields, "utf8"), new RegExp(`\`(uncertainty\\.)?${name}\``), `docs/reference/api.md tells what ${name} is`);
  }
});

test("windows start every 5 s; a rest of 0.5 s counts, a shorter one does not; a short clip is one window", async () => {
  const model = await loadModel(file);
  assert.equal([model.sampleRate, model.windowSamples, model.windowS, model.features], [16000, 80000, 5, 969]);
  for (const [samples, starts] of [
    [0, [0]],
    [1, [0]],
    [80000, [0]],
    [87999, [0]],
    [88000, [0, 80000]],
    [160000, [0, 80000]],
    [167999, [0, 80000]],
    [168000, [0, 80000, 160000]],
  ] as [number, number[]][])
    assert.equal(model.windowStarts(samples), starts, `${samples} samples`);
  const pcm = randomPcm(170000, 6);
  const windows = [...model.decideWindows(pcm, 2)];
  assert.equal(
    windows.map(({ startS }) => startS),
    [0, 5, 10],
  );
  windows.forEach(({ decision }, i) => {
    assert.equal(decision, model.decide(pcm.slice(80000 * i, 80000 * (i + 1)), 2), `window ${i}`);
  });
});

test("two models do not disturb each other", async () => {
  const other = randomModelFile({ seed: 77 });
  const [a, b] = [await loadModel(file), await loadModel(other)];
  const pcm = randomPcm(40000, 7);
  const alone = a.decide(pcm);
  b.decide(randomPcm(80000, 8));
  assert.equal(a.decide(pcm), alone);
});

test("the plan is what the file's header says, and pieces of sound give the decision of the whole", async () => {
  const model = await loadModel(file);
  assert.is(model.plan.features, 969);
  assert.is(model.plan.workBytes % 16, 0);
  const pcm = randomPcm(60000, 9);
  const whole = model.decide(pcm, 1);
  model.core.reset(1);
  for (let at = 0; at < pcm.length; at += 1600) model.core.push(pcm.subarray(at, at + 1600));
  assert.is(model.core.decide().probability, whole.probability);
});

test("every TypeScript example of docs/reference/api.md and of the docstrings runs", async () => {
  mkdirSync(join(folder, "models"));
  for (const name of ["esc10.qmoe", "esc10-tiny.qmoe"]) writeFileSync(join(folder, "models", name), file);
  writeFileSync(
    join(folder, "clip.wav"),
    wavBytes(16000, (i) => Math.sin(i / 9) / 2),
  );
  const entry = pathToFileURL(packagePath("host", "runtime", "index.ts")).href;
  const examples = [...readFileSync(packagePath("docs", "reference", "api.md"), "utf8").matchAll(/```ts\n(.*?)```/gs)].map(
    ([, code]) => code,
  );
  assert.is(examples.length, 10);
  const docstring = readFileSync(packagePath("host", "runtime", "index.ts"), "utf8").match(/\n \* {5}const model[\s\S]*?\n \*\n/)![0];
  const code = docstring.replaceAll(/^ \* */gm, "");
  examples.push(`import { loadModel } from "qurio";\nconst pcm = new Int16Array(9);\n${code}`);
  const log = console.log;
  const before = process.cwd();
  const printed: string[] = [];
  console.log = (...values) => void printed.push(values.join(" "));
  process.chdir(folder);
  try {
    for (const [i, example] of examples.entries()) {
      const name = join(folder, `example${i}.mts`);
      writeFileSync(name, example.replaceAll('"qurio"', JSON.stringify(entry)));
      await import(pathToFileURL(name).href);
    }
  } finally {
    console.log = log;
    process.chdir(before);
  }
  const all = printed.join("\n");
  assert.is(printed.filter((line) => /^\d+ s: class/.test(line)).length, 12, all);
  for (const expected of ["FEATURES_SHAPE", "STREAM", "1 asleep", "INPUT_MISSING: no-such-file.qmoe does not exist", "true"])
    assert.ok(all.includes(expected), all);
});

test.run();
