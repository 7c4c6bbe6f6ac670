// The WASI command: promises about the binary, digits equal to the core's, the folders it sees, and what it refuses.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import wabt from "wabt";
import { POLICY_BAYESIAN, POLICY_SINGLE } from "../assembly/format/ids.ts";
import type { CommandRun } from "../host/engines/command.ts";
import { decimal6 } from "../host/engines/decimal.ts";
import { loadCommand, runWasi } from "../host/engines/wasi.ts";
import { DEVICE_ERRORS } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { featureCount } from "../host/model-file/input_spec.ts";
import { encodeModel, type PackedModel } from "../host/model-file/model_file.ts";
import { Core } from "../host/runtime/core.ts";
import { nameDecision } from "../host/runtime/decision.ts";
import { coreWasm } from "../host/runtime/index.ts";
import { compileEntry } from "./harness/compile.ts";
import { decisionText } from "./harness/decision_text.ts";
import { type ModelOptions, randomModel, randomModelFile, randomPcm } from "./harness/models.ts";
import { random } from "./harness/random.ts";
import { type WavRecipe, wavBytes } from "./harness/wav.ts";

const MODELS: Record<string, ModelOptions> = {
  "probe, 4-bit, 8-bit": {},
  "probe with samples": { samples: 6 },
  "probe that answers itself": { escalate: [9, 9], seed: 3 },
  "single ternary": { policy: POLICY_SINGLE, experts: ["ternary"], abstain: [1] },
  "single float32": { policy: POLICY_SINGLE, experts: ["float32"] },
  bayesian: { policy: POLICY_BAYESIAN, experts: ["ternary", "4-bit", "8-bit"], routerType: "8-bit", samples: 10 },
};

const wasm = readFileSync(packagePath("build", "qurio-wasi.wasm"));
const command = await loadCommand();
const folder = mkdtempSync(join(tmpdir(), "qurio-test-wasi-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));

const put = (name: string, bytes: Uint8Array) => writeFileSync(join(folder, name), bytes);
const run = (args: string[], preopens: Record<string, string> = { ".": folder }) => runWasi(command, folder, args, preopens);
const wavOf = (pcm: Int16Array, recipe: WavRecipe = {}) => wavBytes(pcm.length, (i) => pcm[i] / 32768, recipe);

/** Exit code 1, nothing on stdout, and two lines on stderr whose first ends with the name. */
function assertRefused(result: CommandRun, name: string, text: RegExp) {
  assert.is(result.exitCode, 1, result.stderr);
  assert.is(result.stdout, "");
  assert.match(result.stderr, new RegExp(`^qurio: .* \\(${name}\\)\\n.+\\n$`));
  assert.match(result.stderr, text);
}

/** The command's line, made from the core's decision. */
async function expectedLine(model: PackedModel, pcm: Int16Array, seed: number, withRecord = false): Promise<string> {
  const core = await Core.create(coreWasm(false) as BufferSource, false);
  core.load(encodeModel(model));
  core.reset(seed);
  core.push(pcm);
  const decision = nameDecision(model, core.decide());
  return `{${decisionText(decision)}${withRecord ? `,"record":"${Buffer.from(core.decisionBytes()).toString("hex")}"` : ""}}\n`;
}

test("the binary: preview 1 imports only, memory and _start out, no start function, MVP instructions", async () => {
  const module = new WebAssembly.Module(wasm);
  assert.equal(new Set(WebAssembly.Module.imports(module).map((entry) => entry.module)), new Set(["wasi_snapshot_preview1"]));
  assert.equal(
    WebAssembly.Module.exports(module)
      .map(({ name }) => name)
      .sort(),
    ["_start", "memory"],
  );
  const tools = await wabt();
  const names = ["mutable_globals", "sat_float_to_int", "sign_extension", "simd", "bulk_memory", "multi_value", "reference_types"];
  const parsed = tools.readWasm(wasm, Object.fromEntries(names.map((name) => [name, false])) as Parameters<typeof tools.readWasm>[1]);
  parsed.validate();
  assert.not.match(parsed.toText({}), /\(start /);
  parsed.destroy();
});

for (const [name, options] of Object.entries(MODELS)) {
  test(`${name}: every digit is the core's, on clips of any length`, async () => {
    const model = randomModel(options);
    put("model.qmoe", encodeModel(model));
    for (const [seed, samples] of [1, 1600, 41234, 80000, 100000].entries()) {
      const pcm = randomPcm(samples, seed);
      put("clip.wav", wavOf(pcm));
      const result = run(["--seed", `${seed}`, "model.qmoe", "clip.wav"]);
      assert.is(result.stderr, "");
      assert.is(result.exitCode, 0);
      assert.is(result.stdout, await expectedLine(model, pcm, seed));
    }
  });
}

test("labels are JSON strings whatever they hold", async () => {
  for (const label of ['a "quoted" \\ one', "Krähe 🐦", "", "x".repeat(700)]) {
    const model = { ...randomModel(), labels: Array.from({ length: 10 }, () => label) };
    put("model.qmoe", encodeModel(model));
    put("clip.wav", wavOf(randomPcm(1600, 1)));
    assert.is(JSON.parse(run(["model.qmoe", "clip.wav"]).stdout).label, label);
  }
});

test("decimals: command and host print the exactly rounded digits, ties to even", async () => {
  let printed = "";
  const { instance } = await WebAssembly.instantiate(await compileEntry("wasi-print", "scalar"), {
    wasi_snapshot_preview1: {
      fd_write: (_fd: number, iovec: number, _count: number, written: number) => {
        const view = new DataView((exports["memory"] as WebAssembly.Memory).buffer);
        printed += new TextDecoder().decode(new Uint8Array(view.buffer, view.getUint32(iovec, true), view.getUint32(iovec + 4, true)));
        view.setUint32(written, view.getUint32(iovec + 4, true), true);
        return 0;
      },
      proc_exit: () => assert.unreachable(),
    },
  });
  const { exports } = instance;
  const { printTo, putDecimal, putSigned, flush } = exports as Record<string, (...values: number[]) => void>;
  const print = (put: (value: number) => void, value: number) => {
    printed = "";
    printTo(1);
    put(value);
    flush();
    return printed;
  };
  // the float32 as a fraction of integers, rounded in integers
  const exact = (value: number) => {
    let [numerator, denominator] = [value, 1n];
    for (; !Number.isInteger(numerator); denominator *= 2n) numerator *= 2;
    const scaled = BigInt(numerator) * 1000000n;
    const [below, rest] = [scaled / denominator, scaled % denominator];
    const up = 2n * rest > denominator || (2n * rest === denominator && below % 2n === 1n);
    const text = `${below + (up ? 1n : 0n)}`.padStart(7, "0");
    return `${text.slice(0, -6)}.${text.slice(-6)}`;
  };
  assert.is(exact(2 ** -7), "0.007812", "7812.5 goes to the even digit");
  assert.is(exact(3 * 2 ** -7), "0.023438", "23437.5 goes to the even digit");
  const next = random(11);
  const values = [
    0,
    2 ** -149,
    1e-38,
    4.9e-7,
    5e-7,
    5.1e-7,
    2 ** -21,
    2 ** -7,
    3 * 2 ** -7,
    5 * 2 ** -7,
    0.1,
    0.9999995,
    0.9999999,
    1,
    6.931472,
    16777215,
  ];
  for (let i = 0; i < 3000; i++) values.push(next() * 2 ** Math.floor(-30 + 53 * next()));
  for (const value of values.map(Math.fround)) {
    assert.is(decimal6(value), exact(value), `host, ${value}`);
    assert.is(print(putDecimal, value), exact(value), `command, ${value}`);
  }
  for (const value of [0, 7, -1, 2147483647, -2147483648]) assert.is(print(putSigned, value), `${value}`);
});

test("files are found below any preopened folder, by the names that a runtime gives it", async () => {
  mkdirSync(join(folder, "models"), { recursive: true });
  put("models/m.qmoe", randomModelFile());
  put("clip.wav", wavOf(randomPcm(1600, 1)));
  const models = join(folder, "models");
  for (const [args, preopens] of [
    [["models/m.qmoe", "clip.wav"], { ".": folder }],
    [["./models/m.qmoe", ".//clip.wav"], { ".": folder }],
    [["/models/m.qmoe", "/clip.wav"], { "/": folder }],
    [["/data/models/m.qmoe", "/data/clip.wav"], { "/data": folder }],
    [["data/models/m.qmoe", "data/./clip.wav"], { "data/": folder }],
    [["m.qmoe", "clip.wav"], { "/a": folder, "/b": models }],
    [["/b/m.qmoe", "/a/clip.wav"], { "/a": folder, "/b": models }],
  ] as [string[], Record<string, string>][]) {
    const result = run(args, preopens);
    assert.is(result.exitCode, 0, `${args} in ${Object.keys(preopens)}: ${result.stderr}`);
  }
});

test("files that cannot be had are named, with the reason", () => {
  put("model.qmoe", randomModelFile());
  put("clip.wav", wavOf(randomPcm(1600, 1)));
  mkdirSync(join(folder, "a-folder"), { recursive: true });
  assertRefused(run(["no.qmoe", "clip.wav"]), "INPUT_MISSING", /^qurio: no\.qmoe does not exist/);
  assertRefused(run(["model.qmoe", "no/clip.wav"]), "INPUT_MISSING", /^qurio: no\/clip\.wav does not exist/);
  assertRefused(run(["model.qmoe/x", "clip.wav"]), "INPUT_MISSING", /model\.qmoe\/x/);
  assertRefused(run(["a-folder", "clip.wav"]), "INPUT_IS_FOLDER", /^qurio: a-folder is a folder/);
  assertRefused(run(["../x.qmoe", "clip.wav"]), "INPUT_NOT_PREOPENED", /^qurio: \.\.\/x\.qmoe is in no preopened folder/);
  assertRefused(run(["model.qmoe", "clip.wav"], {}), "INPUT_NOT_PREOPENED", /--dir/);
});

test("several clips: a line each, as if each were alone; --record adds the record's bytes", async () => {
  const model = randomModel({ samples: 5 });
  put("model.qmoe", encodeModel(model));
  const clips = [30000, 90000, 1600].map((samples, i) => randomPcm(samples, i));
  for (const [i, pcm] of clips.entries()) put(`${i}.wav`, wavOf(pcm));
  const { stdout, stderr, exitCode } = run(["--record", "--seed", "4294967295", "model.qmoe", "0.wav", "1.wav", "2.wav"]);
  assert.equal([stderr, exitCode], ["", 0]);
  let expected = "";
  for (const pcm of clips) expected += await expectedLine(model, pcm, 0xffffffff, true);
  assert.is(stdout, expected);
});

test("--features: a raw vector instead of a clip, also for models without a front end", async () => {
  for (const options of [{ samples: 4 }, { frontEnd: false, features: 50 }]) {
    const model = randomModel(options);
    put("model.qmoe", encodeModel(model));
    const features = Float32Array.from({ length: featureCount(model.input) }, (_, i) => (i % 13) - 6);
    put("v.f32", new Uint8Array(features.buffer));
    const core = await Core.create(coreWasm(false) as BufferSource, false);
    core.load(encodeModel(model));
    core.decideFeatures(features, 7);
    const { stdout, stderr } = run(["--features", "--record", "--seed", "7", "model.qmoe", "v.f32", "v.f32"]);
    assert.is(stderr, "");
    const hex = Buffer.from(core.decisionBytes()).toString("hex");
    assert.equal(
      stdout.split("\n").map((line) => line && JSON.parse(line).record),
      [hex, hex, ""],
    );
    for (const [found, file] of [
      [features.byteLength - 4, features.slice(1)],
      [features.byteLength + 4, new Float32Array(features.length + 9)],
    ] as const) {
      put("v.f32", new Uint8Array(file.buffer));
      const message = new RegExp(`v\\.f32: ${features.byteLength} bytes of features expected, found ${found} `);
      assertRefused(run(["--features", "model.qmoe", "v.f32"]), "FEATURES_SHAPE", message);
    }
    features[3] = Number.NaN;
    put("v.f32", new Uint8Array(features.buffer));
    assertRefused(run(["--features", "model.qmoe", "v.f32"]), "INPUT_NOT_FINITE", /device error 305, place 3/);
  }
});

test("wrong usage: exit code 2 and the usage line", () => {
  for (const args of [
    [],
    ["model.qmoe"],
    ["--seed", "1", "model.qmoe"],
    ["--seed"],
    ["--seed", "x", "a", "b"],
    ["--seed", "", "a", "b"],
    ["--seed", "4294967296", "a", "b"],
    ["--sed", "1", "a", "b"],
    ["--records", "a", "b"],
    ["--", "a", "b"],
    ["a".repeat(5000), "b"],
    Array.from({ length: 65 }, () => "a"),
  ]) {
    const { exitCode, stdout, stderr } = run(args);
    assert.is(exitCode, 2, `${args}`);
    assert.is(stdout, "");
    assert.match(stderr, /^qurio: .* \(USAGE\)\nUsage: qurio-wasi\.wasm \[--seed N\] \[--record\] \[--features\] MODEL CLIP\.\.\./);
  }
});

test("damaged models: the core's error by name, number and place", () => {
  put("clip.wav", wavOf(randomPcm(1600, 1)));
  const file = randomModelFile();
  const damaged = (change: (copy: Uint8Array) => Uint8Array | undefined) => {
    const copy = file.slice();
    put("model.qmoe", change(copy) ?? copy);
    return run(["model.qmoe", "clip.wav"]);
  };
  const flip = (at: number) =>
    damaged((copy) => {
      copy[at] ^= 1;
      return copy;
    });
  assertRefused(
    damaged((copy) => copy.subarray(0, 0)),
    "TRUNCATED",
    /device error 101, place 0, expected 32, found 0 /,
  );
  assertRefused(
    damaged((copy) => copy.subarray(0, 1000)),
    "TRUNCATED",
    /expected \d+, found 1000 /,
  );
  assertRefused(flip(0), "NOT_A_MODEL", /device error 102/);
  assertRefused(flip(4), "VERSION", /export/);
  assertRefused(flip(20), "HEADER_CRC", /device error 105/);
  assertRefused(flip(file.length - 100), "SECTION_CRC", /device error 107/);
  put("model.qmoe", randomModelFile({ frontEnd: false, features: 50 }));
  assertRefused(run(["model.qmoe", "clip.wav"]), "NO_FRONT_END", /device error 303/);
});

test("the command's error names are the host's", () => {
  const source = readFileSync(packagePath("assembly", "wasi", "errors.ts"), "utf8");
  const lists = ["FILE_ERRORS", "MODEL_ERRORS", "RUN_ERRORS"].map((list) =>
    source
      .match(new RegExp(`${list} =\\s+"(.*)"`))![1]
      .trim()
      .split(" "),
  );
  const numbered = lists.flatMap((names, series) => names.map((name, i) => `${100 * (series + 1) + i + 1} ${name}`));
  assert.equal(
    numbered,
    [...DEVICE_ERRORS].sort((a, b) => a.code - b.code).map(({ code, name }) => `${code} ${name}`),
  );
});

test("WAV: chunks in between, extensible headers, cut and odd data are taken as the host takes them", async () => {
  const model = randomModel();
  put("model.qmoe", encodeModel(model));
  const pcm = randomPcm(5000, 5);
  const line = await expectedLine(model, pcm, 0);
  const list = Uint8Array.of(76, 73, 83, 84, 5, 0, 0, 0, 1, 2, 3, 4, 5, 0);
  const whole = wavOf(pcm);
  const claims = (bytes: number) => {
    const copy = whole.slice();
    new DataView(copy.buffer).setUint32(40, bytes, true);
    return copy;
  };
  const clips = {
    whole,
    list: wavOf(pcm, { between: list }),
    extensible: wavOf(pcm, { extensible: true }),
    "streamed, length unknown": claims(0xffffffff),
  };
  for (const [name, bytes] of Object.entries(clips)) {
    put("clip.wav", bytes);
    assert.is(run(["model.qmoe", "clip.wav"]).stdout, line, name);
  }
  put("clip.wav", whole.subarray(0, 44 + 2 * 4000 + 1));
  assert.is(run(["model.qmoe", "clip.wav"]).stdout, await expectedLine(model, pcm.subarray(0, 4000), 0), "cut in a sample");
});

test("WAV: what would need a conversion or is damaged is refused by name", () => {
  put("model.qmoe", randomModelFile());
  const refused = (bytes: Uint8Array, name: string, text: RegExp) => {
    put("clip.wav", bytes);
    assertRefused(run(["model.qmoe", "clip.wav"]), name, text);
  };
  const tone = (recipe: WavRecipe) => wavBytes(2000, (i) => Math.sin(i / 5), recipe);
  refused(tone({ sampleRate: 44100 }), "WAV_FORMAT", /16000 Hz expected, found 16-bit format 1, channels 1, 44100 Hz.*\nConvert it first/);
  refused(tone({ channels: 2 }), "WAV_FORMAT", /channels 2, 16000 Hz/);
  refused(tone({ bits: 8 }), "WAV_FORMAT", /found 8-bit/);
  refused(tone({ bits: 24, extensible: true }), "WAV_FORMAT", /found 24-bit format 1/);
  refused(tone({ tag: 3, bits: 32 }), "WAV_FORMAT", /found 32-bit format 3/);
  const whole = tone({});
  refused(new Uint8Array(0), "WAV_EMPTY", /clip\.wav is empty/);
  refused(new TextEncoder().encode("not a WAV file, but some text"), "WAV_NOT_A_WAV", /does not start with RIFF/);
  for (const bytes of [10, 12, 15, 30, 40]) refused(whole.subarray(0, bytes), "WAV_TRUNCATED", /truncated header/);
  refused(whole.subarray(0, 44), "WAV_NO_SAMPLES", /holds no samples/);
  const huge = wavOf(new Int16Array(100), { between: Uint8Array.of(76, 73, 83, 84, 255, 255, 255, 255) });
  refused(huge, "WAV_TRUNCATED", /truncated header/);
});

test.run();
