// The input spec: what follows from it, its bytes, what a file may say, what a device refuses by name; and that nothing else knows its numbers.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as F from "../assembly/format/file.ts";
import { SECTION_INPUT, SECTION_PLAN } from "../assembly/format/ids.ts";
import * as Default from "../assembly/format/input_spec.ts";
import * as Plan from "../assembly/format/plan.ts";
import type { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { decodeContainer, encodeContainer, type Section } from "../host/model-file/container.ts";
import { DEFAULT_FRONT_END } from "../host/model-file/front_end.ts";
import {
  audioInput,
  checkInput,
  decodeInput,
  encodeInput,
  featureCount,
  framingOf,
  type InputSpec,
  type SampledInput,
} from "../host/model-file/input_spec.ts";
import { encodeModel, inputMemory, memoryPlan, type PackedModel } from "../host/model-file/model_file.ts";
import { loadModel } from "../host/runtime/index.ts";
import { inputParts } from "../tools/export/front_end_tables.ts";
import { randomModel, randomModelFile } from "./harness/models.ts";

/** MLPerf's keyword spotting, as far as log-mel goes: 1 s, frames of 30 ms every 20 ms, 40 bands, 10 coefficients. */
const KEYWORDS: SampledInput = {
  ...audioInput({ ...DEFAULT_FRONT_END, frameSamples: 480, hopSamples: 320, bands: 40, coefficients: 10 }),
  windowSamples: 16000,
};
/** librosa's frames of machine sounds, computed elsewhere. */
const MACHINES: SampledInput = {
  ...audioInput({ ...DEFAULT_FRONT_END, frameSamples: 1024, hopSamples: 512, fftPoints: 1024, bands: 128, lowestHz: 0, highestHz: 8000 }),
  source: "frames",
  windowSamples: 1024 + 512 * 4,
  featureSet: "values",
};
/** Two seconds of an accelerometer. */
const SHAKING: SampledInput = { source: "signal", channels: 3, sampleRate: 50, windowSamples: 100, frontEnd: null, featureSet: "values" };
const VECTORS: InputSpec = { source: "vectors", features: 37 };

test("the device's constants are what the formulas give for the default spec", () => {
  const { frames, framesPerS, windowS } = framingOf(audioInput())!;
  assert.equal([frames, framesPerS, windowS], [Plan.RING_FRAMES, Plan.FRAMES_A_SECOND, 5]);
  assert.equal(inputMemory(audioInput()), {
    scratchBytes: Plan.FRONT_END_SCRATCH_BYTES,
    ringBytes: Plan.RING_BYTES,
    audioSamples: Plan.AUDIO_SAMPLES,
  });
  assert.is(inputMemory(audioInput({ ...DEFAULT_FRONT_END, codeBits: 4 })).ringBytes, Plan.RING_BYTES_4BIT);
  assert.is(featureCount(audioInput()), Plan.RICH_FEATURES);
  assert.is(Plan.RING_BANDS, Default.BANDS);
});

test("frames of a window: the last one ends in it, one more sample than it needs changes nothing, one less takes it away", () => {
  for (const [samples, frames] of [
    [400, 1],
    [559, 1],
    [560, 2],
    [79919, 497],
    [79920, 498],
    [80000, 498],
    [80079, 498],
    [80080, 499],
  ])
    assert.is(Default.windowFrames(samples, 400, 160), frames, `${samples} samples`);
});

test("other specs: frames, features and memory follow from them", () => {
  assert.equal(
    [framingOf(KEYWORDS)!.frames, framingOf(KEYWORDS)!.framesPerS, featureCount(KEYWORDS)],
    [49, 50, 11 * 40 + 9 * 10 + 21 + 50],
  );
  assert.equal(inputMemory(KEYWORDS), { scratchBytes: 16 * 512, ringBytes: 49 * 40, audioSamples: 1024 });
  assert.equal([framingOf(MACHINES)!.frames, featureCount(MACHINES)], [5, 640]);
  assert.equal(inputMemory(MACHINES), { scratchBytes: 16 * 1024, ringBytes: 5 * 128, audioSamples: 0 });
  assert.equal([framingOf(SHAKING), featureCount(SHAKING)], [null, 300]);
  assert.equal([framingOf(VECTORS), featureCount(VECTORS)], [null, 37]);
  for (const input of [SHAKING, VECTORS]) assert.equal(inputMemory(input), { scratchBytes: 0, ringBytes: 0, audioSamples: 0 });
  // the transform over a window's frames may be the longer one
  assert.is(inputMemory({ ...audioInput(), windowSamples: 160 * 600 }).scratchBytes, 16 * 1024);
  const plan = memoryPlan({ ...randomModel(), ...inputParts(KEYWORDS) });
  assert.equal([plan.features, plan.ringBytes, plan.audioSamples], [601, 1960, 1024]);
  assert.is(plan.workBytes, plan.arenaBytes + 1968 + 2048);
});

test("a spec's bytes give the spec again, floats as float32; vectors have a count and no rate", () => {
  const rounded = (input: SampledInput): SampledInput => {
    const { floor, origin, step } = input.frontEnd!;
    return { ...input, frontEnd: { ...input.frontEnd!, floor: Math.fround(floor), origin: Math.fround(origin), step: Math.fround(step) } };
  };
  for (const options of [{}, { arithmetic: "fixed" }, { codeBits: 4 }, { removeDc: true }] as const) {
    const input = audioInput({ ...DEFAULT_FRONT_END, ...options });
    assert.equal(decodeInput(encodeInput(input)), rounded(input));
  }
  for (const input of [KEYWORDS, MACHINES]) assert.equal(decodeInput(encodeInput(input)), rounded(input));
  for (const input of [SHAKING, VECTORS]) assert.equal(decodeInput(encodeInput(input)), input);
  assert.equal(
    [KEYWORDS, MACHINES, SHAKING, VECTORS].map((input) => encodeInput(input).length),
    [F.INPUT_BYTES, F.INPUT_BYTES, F.INPUT_SAMPLES_BYTES, F.INPUT_VECTORS_BYTES],
  );
});

test("what no file may say is refused by name, with range and value", () => {
  const audio = audioInput();
  const framed = (change: object): InputSpec => ({ ...audio, frontEnd: { ...DEFAULT_FRONT_END, ...change } });
  const bad: [InputSpec, RegExp][] = [
    [{ source: "vectors", features: 0 }, /^input features must be a whole number from 1 to 8192, found 0$/],
    [{ source: "vectors", features: 8193 }, /features .* found 8193/],
    [{ ...audio, channels: 2 }, /channels must be a whole number from 1 to 1, found 2/],
    [{ ...SHAKING, channels: 17 }, /channels .* to 16, found 17/],
    [{ ...audio, sampleRate: 49 }, /sample rate must be a whole number from 50 to 96000, found 49/],
    [{ ...audio, sampleRate: 96001 }, /sample rate .* found 96001/],
    [{ ...audio, sampleRate: 16000.5 }, /sample rate .* found 16000.5/],
    [{ ...audio, windowSamples: 0 }, /window samples .* found 0/],
    [{ ...audio, windowSamples: 399 }, /frame samples .* to 399, found 400/],
    [{ ...audio, windowSamples: 2 ** 24 + 1 }, /window samples .* found 16777217/],
    [{ ...SHAKING, windowSamples: 2731 }, /features .* found 8193/],
    [{ ...SHAKING, source: "frames" }, /front end must be log-mel for source frames and feature set values, found none/],
    [{ ...SHAKING, featureSet: "rich" }, /front end must be log-mel for source signal and feature set rich, found none/],
    [framed({ hopSamples: 0 }), /hop samples .* found 0/],
    [{ ...framed({ hopSamples: 1 }), windowSamples: 400 + 65536 } as InputSpec, /frames .* to 65536, found 65537/],
    [framed({ fftPoints: 500 }), /FFT points must be a power of two, found 500/],
    [framed({ fftPoints: 16384 }), /FFT points .* found 16384/],
    [framed({ bands: 3 }), /bands .* from 4 to 256, found 3/],
    [framed({ bands: 257 }), /bands .* found 257/],
    [framed({ coefficients: 65 }), /coefficients .* from 0 to 64, found 65/],
    [framed({ lowestHz: 7800 }), /lowest Hz must be from 0 to below the highest, 7800, found 7800/],
    [{ ...audio, sampleRate: 8000 }, /highest Hz must be at most half the sample rate, 4000, found 7800/],
    [framed({ floor: 0 }), /floor must be from 1e-30 to 1e6, found 0/],
    [framed({ origin: Number.NaN }), /origin .* found NaN/],
    [framed({ step: -1 }), /step .* found -1/],
  ];
  for (const [input, message] of bad)
    assert.throws(
      () => checkInput(input),
      (error: QurioError) => error.code === "INPUT" && message.test(error.message),
      `${message}`,
    );
  for (const input of [audio, KEYWORDS, MACHINES, SHAKING, VECTORS]) checkInput(input);
});

/** Why the runtime does not take a file. */
async function refusal(file: Uint8Array): Promise<QurioError> {
  try {
    await loadModel(file);
  } catch (error) {
    return error as QurioError;
  }
  return assert.unreachable("loaded") as never;
}

test("the device refuses by name what it cannot compute yet", async () => {
  const audio = audioInput();
  const framed = (change: object): InputSpec => ({ ...audio, frontEnd: { ...DEFAULT_FRONT_END, ...change } });
  const others: [InputSpec, string][] = [
    [KEYWORDS, "feature count is not supported: this build takes 969, found 601"],
    [SHAKING, "source is not supported: this build takes audio, found signal"],
    [MACHINES, "source is not supported: this build takes audio, found frames"],
    [{ ...audio, sampleRate: 48000 }, "sample rate is not supported: this build takes 16000, found 48000"],
    [{ ...audio, windowSamples: 16000 }, "window samples is not supported: this build takes 80000, found 16000"],
    [framed({ frameSamples: 512 }), "frame samples is not supported: this build takes 400, found 512"],
    [framed({ hopSamples: 320 }), "hop samples is not supported: this build takes 160, found 320"],
    [framed({ fftPoints: 1024 }), "FFT points is not supported: this build takes 512, found 1024"],
    // another count of bands shows in the count of features
    [framed({ bands: 72, coefficients: 0 }), "feature count is not supported: this build takes 969, found 975"],
    [{ ...audio, featureSet: "values", windowSamples: 400 + 160 }, "feature set is not supported: this build takes 1, found 0"],
  ];
  for (const [input, message] of others) {
    const error = await refusal(encodeModel({ ...randomModel(), ...inputParts(input) }));
    assert.equal([error.code, error.message], ["INPUT", `input ${message}`]);
  }
});

/** The file with its sections changed, checksums repaired. */
function changed(edit: (sections: Section[]) => void, file = randomModelFile({ frontEnd: false })): Uint8Array {
  const sections = decodeContainer(file).map(({ id, bytes }) => ({ id, bytes: bytes.slice() }));
  edit(sections);
  return encodeContainer(sections);
}

const sectionOf = (sections: Section[], id: number) => sections.find((section) => section.id === id)!;
const put = (bytes: Uint8Array, at: number, value: number) => new DataView(bytes.buffer).setUint32(at, value, true);

test("a spec of vectors ends behind its count, has no front end, and agrees with the plan", async () => {
  const spec = (edit: (bytes: Uint8Array) => void) => refusal(changed((sections) => edit(sectionOf(sections, SECTION_INPUT).bytes)));
  const said = async (error: Promise<QurioError>) => [(await error).code, (await error).message];
  assert.equal(await said(spec((bytes) => put(bytes, F.INPUT_FEATURES, 0))), [
    "INPUT",
    "input feature count is not supported: this build takes 8192, found 0",
  ]);
  assert.equal(await said(spec((bytes) => put(bytes, F.INPUT_FEATURE_SET, 1))), [
    "INPUT",
    "input feature set is not supported: this build takes 0, found 1",
  ]);
  assert.equal(await said(spec((bytes) => put(bytes, F.INPUT_FEATURES, 36))), ["PLAN", "memory plan field 0 is 37, the model needs 36"]);
  assert.equal(await said(refusal(changed((sections) => put(sectionOf(sections, SECTION_PLAN).bytes, F.PLAN_FEATURES, 36)))), [
    "PLAN",
    "memory plan field 0 is 36, the model needs 37",
  ]);
  const resized = (bytes: number) =>
    refusal(
      changed((sections) => {
        const section = sectionOf(sections, SECTION_INPUT);
        section.bytes = Uint8Array.from({ length: bytes }, (_, i) => section.bytes[i] ?? 0);
      }),
    );
  for (const bytes of [1, 11, 13, F.INPUT_BYTES]) {
    assert.equal(await said(resized(bytes)), ["INPUT", `input spec length is not supported: this build takes 12, found ${bytes}`]);
  }
  const missing = await refusal(changed((sections) => sections.splice(1, 1)));
  assert.equal([missing.code, missing.message], ["MISSING_SECTION", `section ${SECTION_INPUT} is missing`]);
  const model: PackedModel = { ...randomModel({ frontEnd: false }), frontEnd: inputParts(audioInput()).frontEnd };
  assert.is((await refusal(encodeModel(model))).code, "FRONT_END");
  assert.is((await refusal(encodeModel({ ...randomModel(), frontEnd: null }))).code, "MISSING_SECTION");
});

test("a file of version 1 is refused with how to make it anew", async () => {
  const file = randomModelFile();
  put(file, F.HEADER_VERSION, 1);
  const { code, message, hint } = await refusal(file);
  assert.equal([code, message], ["VERSION", "model format version 1 is not supported, this runtime reads version 2"]);
  assert.match(hint, /qurio export CKPT -o model\.qmoe/);
});

/** Rate, window, frames of a window and features, however they are written. */
const NUMBERS = /(?<![\w.])(16[_,]?000|80[_,]?000|498|969)(?![\w.])/;

test("nothing but the default spec knows its numbers", () => {
  const folders = ["host", "tools", "cli", "firmware-sim", "assembly"];
  const sources = folders.flatMap((folder) =>
    (readdirSync(packagePath(folder), { recursive: true }) as string[])
      .filter((name) => /\.(ts|js|c|h|in)$/.test(name))
      .map((name) => join(folder, name)),
  );
  assert.ok(sources.length > 200);
  const found = sources.flatMap((path) =>
    readFileSync(packagePath(path), "utf8")
      .split("\n")
      .flatMap((line, i) => (NUMBERS.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : [])),
  );
  assert.equal(
    found.filter((line) => !line.startsWith("assembly/format/input_spec.ts:")),
    [],
  );
  assert.is(found.length, 2);
});

test.run();
