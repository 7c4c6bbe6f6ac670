// From a checkpoint or a .tflite file to a model file: what is written decides as the file does, classes get names, inputs of --calibrate are
// used, and what cannot be packed, or is something else, is refused by name. With QURIO_TFLITE and QURIO_MLPERF_TINY=DIR, real files too.

import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { QurioError } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { audioInput, featureCount, type InputSpec } from "../host/model-file/input_spec.ts";
import { decodeModel } from "../host/model-file/model_file.ts";
import { Core } from "../host/runtime/core.ts";
import { coreWasm, loadModel } from "../host/runtime/index.ts";
import { type ExportOptions, exportModel } from "../tools/export/export_model.ts";
import { packCheckpoint } from "../tools/export/exporter.ts";
import { observedNormalization, takingNormalized } from "../tools/export/imported_model.ts";
import { originParity } from "../tools/export/parity.ts";
import { normalize } from "../tools/export/reference.ts";
import { type Checkpoint, writeCheckpoint } from "../tools/import/checkpoint.ts";
import { readTflite } from "../tools/import/tflite.ts";
import { tfliteReference } from "../tools/import/tflite_reference.ts";
import { initialNetwork } from "../tools/train/network.ts";
import { Random } from "../tools/train/random.ts";
import { random } from "./harness/random.ts";
import { type Kind, randomLayers, type Spoil, writeTflite } from "./harness/tflite.ts";

const folder = mkdtempSync(join(tmpdir(), "qurio-export-"));
test.after(() => rmSync(folder, { recursive: true }));

const INPUTS = 13;
const CLASSES = 9;
const layers = randomLayers(
  [
    { columns: INPUTS, rows: 17, relu: true },
    { columns: 17, rows: CLASSES, relu: false },
  ],
  1,
);

function write(name: string, bytes: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const tflite = (name: string, kind: Kind, spoil: Spoil = { softmax: 1 }) => write(name, writeTflite(layers, kind, spoil));

function npy(rows: readonly ArrayLike<number>[]): Uint8Array {
  const header = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows.length}, ${rows[0].length}), }`.padEnd(117);
  const values = new Uint8Array(Float32Array.from(rows.flatMap((row) => Array.from(row))).buffer);
  return Buffer.concat([Buffer.from("\x93NUMPY\x01\x00", "latin1"), Buffer.from([118, 0]), Buffer.from(`${header}\n`), values]);
}

/** -3 to 1, as the harness' scales expect. */
const next = random(6);
const inputs = Array.from({ length: 40 }, () => Float32Array.from({ length: INPUTS }, () => 4 * next() - 3));
const calibrate = join(folder, "inputs");
mkdirSync(calibrate);
writeFileSync(join(calibrate, "a.npy"), npy(inputs.slice(0, 30)));
writeFileSync(join(calibrate, "b.bin"), npy(inputs.slice(30)));
writeFileSync(join(calibrate, "README"), "no vectors");

const refusal = async (path: string, options?: ExportOptions): Promise<string> => {
  try {
    await exportModel(path, options);
  } catch (error) {
    return `${(error as QurioError).code}: ${(error as QurioError).message}`;
  }
  return "nothing";
};

for (const [kind, most] of [
  ["int8", 0.02],
  ["hybrid", 0.02],
  ["float32", 1e-5],
] as [Kind, number][]) {
  test(`${kind}: the model file decides as the .tflite file does`, async () => {
    const { file, origin, vectors, notes } = await exportModel(tflite(`${kind}.tflite`, kind), { calibrate });
    assert.equal([vectors.vectors, vectors.source], [inputs, calibrate]);
    assert.ok(origin!.maxDifference < most && origin!.labelsDiffer === 0, JSON.stringify(origin));
    assert.is(origin!.vectors, 40);
    assert.is(/TensorFlow/.test(origin!.arithmetic), kind === "int8");
    assert.match(notes.join(), /class-0 to class-8; --labels FILE names them\.$/);
    const model = await loadModel(file);
    const reference = tfliteReference(readTflite(writeTflite(layers, kind), "x"));
    for (const x of inputs) {
      const scores = reference(x);
      // int8 scores may be equal
      assert.is(scores[model.labels.indexOf(model.decideFeatures(x).label!)], Math.max(...scores));
    }
  });
}

test("beside another network's answers labels differ, and are counted", async () => {
  const path = tflite("one.tflite", "float32");
  const other = readTflite(writeTflite(randomLayers([{ columns: INPUTS, rows: CLASSES, relu: false }], 8), "float32"), "x");
  const core = await Core.create(coreWasm(false), false);
  core.load((await exportModel(path)).file);
  const answers = inputs.map((x) => core.decideFeatures(x).index!);
  const reference = tfliteReference(other);
  const wanted = inputs.map((x) => reference(x).reduce((best, score, i, all) => (score > all[best] ? i : best), 0));
  const { labelsDiffer, maxDifference, meanDifference } = originParity(other, inputs, core);
  assert.is(labelsDiffer, answers.filter((label, i) => label !== wanted[i]).length);
  assert.ok(labelsDiffer > 10 && maxDifference > meanDifference && meanDifference > 0.01, `${labelsDiffer}, ${meanDifference}`);
});

test("a model made from a file says so in its provenance, takes vectors and has its name", async () => {
  const { packed } = await exportModel(tflite("a network of long name.tflite", "int8"));
  const { origin } = packed.provenance as { origin: { format: string; name: string } };
  assert.equal([origin.format, origin.name], ["TensorFlow Lite", "a network of long name.tflite"]);
  assert.equal([packed.input, packed.frontEnd, packed.experts[0].name], [{ source: "vectors", features: INPUTS }, null, "a network of lo"]);
});

test("without --calibrate an int8 network is tried all over its input's grid", async () => {
  const { vectors } = await exportModel(tflite("grid.tflite", "int8"));
  const all = vectors.vectors.flatMap((vector) => [...vector]);
  const { scale, zeroPoint } = layers[0].input;
  const [least, most] = [scale * (-128 - zeroPoint), scale * (127 - zeroPoint)];
  assert.ok(Math.abs(Math.min(...all) - least) < 4 * scale && Math.abs(Math.max(...all) - most) < 4 * scale);
  assert.match(vectors.source, /^made up/);
});

// ---- classes ----

test("--labels names the classes, CR LF and a last empty line do no harm", async () => {
  const names = Array.from({ length: CLASSES }, (_, i) => `name ${i}`);
  const path = tflite("named.tflite", "int8");
  const { packed, notes } = await exportModel(path, { labels: write("names.txt", `\ufeff${names.join("\r\n")}\r\n\n`) });
  assert.equal([packed.labels, notes], [names, []]);
  const wrong = (text: string | Uint8Array) => refusal(path, { labels: write("wrong.txt", text) });
  assert.is(await wrong("a\nb\n"), "LABELS: wrong.txt: 9 lines expected, one for each output, 2 found");
  assert.is(await wrong(""), "LABELS: wrong.txt: 9 lines expected, one for each output, 0 found");
  assert.is(await wrong("a\nb\n\nd\ne\nf\ng\nh\ni"), "LABELS: wrong.txt: line 3: a name without control characters expected");
  assert.is(await wrong("a\nb\nc\nd\ne\nf\ng\nh\nb"), 'LABELS: wrong.txt: lines 2 and 9 are the same, "b"');
  assert.is(await wrong(Uint8Array.of(0xff, 0xfe)), "LABELS: wrong.txt: UTF-8 text expected, other bytes found");
  assert.match(await refusal(path, { labels: join(folder, "none.txt") }), /^INPUT_MISSING/);
});

test("outputs without SOFTMAX are classes only if --labels says so", async () => {
  const path = tflite("open.tflite", "int8", {});
  assert.is(await refusal(path), "NO_CLASSES: open.tflite ends in 9 numbers without SOFTMAX: it does not say that they are classes");
  const labels = write("nine.txt", "a b c d e f g h i".replaceAll(" ", "\n"));
  const { notes, origin } = await exportModel(path, { labels, calibrate });
  assert.match(notes.join(), /taken as scores \(logits\)/);
  assert.is(origin!.labelsDiffer, 0);
  const wide = write("wide.tflite", writeTflite(randomLayers([{ columns: 2, rows: 1025, relu: false }], 1), "int8", { softmax: 1 }));
  assert.is(await refusal(wide), "NO_CLASSES: wide.tflite: at most 1024 outputs expected, 1025 found");
});

// ---- post-training quantization ----

test("a float32 file is quantized on the inputs of --calibrate: standardized, cut off where they end, close to the file", async () => {
  const path = tflite("ptq.tflite", "float32");
  const { packed, ptq, origin } = await exportModel(path, { ptq: 8, calibrate });
  assert.is(ptq!.length, 2);
  assert.ok(origin!.maxDifference < 0.02, JSON.stringify(origin));
  const { mean, inverseStd, clip } = packed.normalization!;
  const column = inputs.map((x) => x[3]);
  const average = column.reduce((a, b) => a + b, 0) / 40;
  const deviation = Math.sqrt(column.reduce((a, b) => a + (b - average) ** 2, 0) / 40);
  assert.ok(Math.abs(mean[3] - average) < 1e-6 && Math.abs(inverseStd[3] * deviation - 1) < 1e-6);
  assert.ok(clip > 1.5 && clip < 2.5, `${clip}`); // inputs are spread evenly: sqrt(3) deviations
  assert.match(await refusal(path, { ptq: 8 }), /^EXPORT_OPTION: --ptq needs --calibrate DIR for ptq\.tflite/);
  assert.match(await refusal(tflite("no.tflite", "int8"), { ptq: 4, calibrate }), /^PTQ: .* found 8$/);
  assert.match(await refusal(path, { perTensor: true }), /^EXPORT_OPTION: --scales tensor is for networks that are quantized here/);
});

test("normalizing inputs and giving the first layer what that takes away changes nothing", () => {
  const graph = readTflite(writeTflite(layers, "float32"), "x");
  const scattered = inputs.map((x) => x.map((value, i) => (i === 5 ? 7 : 100 ** (i % 3) * value)));
  const normalization = observedNormalization(scattered);
  assert.is(normalization.std[5], 1, "what never changes keeps its size");
  const [before, after] = [tfliteReference(graph), tfliteReference(takingNormalized(graph, normalization))];
  for (const x of scattered) {
    const [wanted, got] = [before(x), after(Float32Array.from(normalize(normalization, x)))];
    for (const [n, value] of wanted.entries())
      assert.ok(Math.abs(got[n] - value) < 1e-4 * (1 + Math.abs(value)), `${n}: ${got[n]}, ${value}`);
  }
});

// ---- checkpoints ----

function checkpointOf(input: InputSpec): Checkpoint {
  const count = featureCount(input);
  const spec = { name: "float", weightType: "float32", inputs: count, hidden: [6], outputs: 2, norm: true, dropout: 0.1 } as const;
  return {
    labels: ["a", "b"],
    input,
    normalization: { mean: new Float32Array(count), std: new Float32Array(count).fill(1), clip: 5 },
    router: null,
    experts: [initialNetwork({ ...spec, hidden: [6] }, new Random(3))],
    policy: { kind: "single", samples: 0, alpha: 0, varianceScale: 1, escalate: [], abstain: [0], beta: [] },
    provenance: { dataset: { name: "test", sha256: "00", clips: 9, folds: 3 }, command: "test", seed: 1, versions: {} },
  };
}

test("a checkpoint takes --calibrate as well, and names its classes itself", async () => {
  const path = join(folder, "vectors.ckpt");
  const checkpoint = checkpointOf({ source: "vectors", features: INPUTS });
  writeCheckpoint(path, checkpoint);
  const plain = await exportModel(path);
  assert.equal(plain.packed, packCheckpoint(checkpoint));
  assert.equal([plain.origin, plain.notes, plain.vectors.source], [null, [], "synthetic: mean and deviation of the training data"]);
  const { vectors, ptq } = await exportModel(path, { ptq: 8, calibrate });
  assert.equal([vectors.vectors.length, ptq!.length], [40, 2]);
  assert.match(await refusal(path, { labels: "x" }), /^EXPORT_OPTION: --labels names the outputs of a \.tflite file/);
});

test("a model that takes audio is calibrated on WAV files and on .npy arrays of its features", async () => {
  const path = join(folder, "audio.ckpt");
  writeCheckpoint(path, checkpointOf(audioInput()));
  const sounds = join(folder, "sounds");
  mkdirSync(sounds);
  const [sample] = readdirSync(packagePath("samples")).filter((name) => name.endsWith(".wav"));
  copyFileSync(packagePath("samples", sample), join(sounds, "b.wav"));
  const bundled = await exportModel(path);
  assert.is(bundled.vectors.source, "bundled ESC-10 features");
  writeFileSync(join(sounds, "a.npy"), npy(bundled.vectors.vectors.slice(0, 3)));
  const { vectors } = await exportModel(path, { ptq: 8, calibrate: sounds });
  assert.is(vectors.vectors.length, 4);
  assert.equal(vectors.vectors.slice(0, 3), bundled.vectors.vectors.slice(0, 3));
  assert.ok(vectors.vectors[3].every(Number.isFinite) && vectors.vectors[3].some((value) => value !== 0));
});

test("a folder that holds no vectors, or others, is refused with what was expected", async () => {
  const path = tflite("calibrated.tflite", "int8");
  const refused = async (name: string, bytes: Uint8Array) => {
    const wrong = join(folder, `wrong ${name}`);
    mkdirSync(wrong, { recursive: true });
    writeFileSync(join(wrong, name), bytes);
    return refusal(path, { calibrate: wrong });
  };
  assert.match(
    await refusal(path, { calibrate: join(folder, "nowhere") }),
    /^CALIBRATION: --calibrate .*nowhere: no folder that can be read$/,
  );
  assert.match(await refused("text", Buffer.from("x")), /^CALIBRATION: .*: 1 files, none of which holds vectors; \.npy arrays expected$/);
  assert.match(await refused("short.npy", npy([[1, 2]])), /^CALIBRATION: .* short\.npy holds vectors of 2 values, the model takes 13$/);
  const nan = [new Float32Array(INPUTS), new Float32Array(INPUTS).fill(Number.NaN)];
  assert.match(await refused("nan.npy", npy(nan)), /nan\.npy: vector 1 holds NaN, finite numbers expected$/);
  assert.match(await refused("cut.npy", npy(inputs).subarray(0, 200)), /^NPY: cut\.npy: shape/);
});

// ---- other files ----

test("kinds are told by their first bytes: what is no source is called by its name", async () => {
  const said = (name: string, bytes: string | Uint8Array) => refusal(write(name, bytes));
  assert.is(await said("x.tflite", "QMOE...."), "SOURCE: x.tflite is a model file already, a checkpoint folder or a .tflite file expected");
  assert.match(await said("y.tflite", "\0asm...."), /^SOURCE: y\.tflite is a wasm module/);
  assert.match(await said("z.h5", Buffer.from("\x89HDF\r\n", "latin1")), /^SOURCE: z\.h5 is an HDF5 file/);
  assert.match(await said("w.pt", "PK\x03\x04"), /^SOURCE: w\.pt is a zip archive/);
  assert.match(await said("empty.tflite", ""), /^SOURCE: empty\.tflite is of an unknown kind/);
  assert.match(await said("cut.tflite", writeTflite(layers).subarray(0, 40)), /^TFLITE: cut\.tflite is damaged/);
  assert.match(await refusal(join(folder, "nothing.tflite")), /^INPUT_MISSING/);
  assert.match(await refusal(tflite("conv.tflite", "int8", { before: [3] })), /^UNSUPPORTED_OP: conv\.tflite: 1 of 3 .*CONV_2D \(0\)$/);
  const named = write("fine.bin", writeTflite(layers, "int8", { softmax: 1 }));
  assert.is(decodeModel((await exportModel(named)).file).experts[0].name, "fine");
  const audio = await refusal(named, { frontEnd: "fixed" });
  assert.is(audio, "FRONT_END: --front-end fixed needs a model that takes audio, and this one takes 13 features");
});

// ---- files of others ----

const AD01 = process.env["QURIO_MLPERF_TINY"];
if (AD01 && existsSync(AD01)) {
  test("MLPerf Tiny's autoencoder is refused as what it is: no classifier", async () => {
    for (const name of ["ad01_int8.tflite", "ad01_fp32.tflite"])
      assert.match(await refusal(join(AD01, name)), /^NO_CLASSES: ad01_\w+\.tflite ends in 640 numbers without SOFTMAX/);
  });

  test("with names for its outputs the float32 one packs, and gives what the file gives", async () => {
    const labels = write("outputs.txt", Array.from({ length: 640 }, (_, i) => `output ${i}`).join("\n"));
    const { packed, origin } = await exportModel(join(AD01, "ad01_fp32.tflite"), { labels });
    assert.equal([featureCount(packed.input), packed.labels.length, packed.experts[0].ops.length], [640, 640, 10]);
    assert.ok(origin!.maxDifference < 1e-4 && origin!.labelsDiffer === 0, JSON.stringify(origin));
  });
} else console.log("skip export_model.test.ts: MLPerf Tiny's autoencoder is tested with QURIO_MLPERF_TINY=DIR only");

const MODELS = process.env["QURIO_TFLITE"];
if (MODELS && existsSync(MODELS)) {
  test("networks of others with convolutions are refused with all their operators", async () => {
    const names = readdirSync(MODELS).filter((name) => name.endsWith(".tflite"));
    assert.ok(names.length > 5, `${names.length} files`);
    for (const name of names)
      assert.match(await refusal(join(MODELS, name)), /^UNSUPPORTED_OP: .* operators cannot be packed: .*CONV_2D \(/);
    const kws = await refusal(join(MODELS, "mlperf_kws_int8.tflite"));
    assert.match(kws, /10 of 13 .*: CONV_2D \(0, 2, 4, 6, 8\), DEPTHWISE_CONV_2D \(1, 3, 5, 7\), AVERAGE_POOL_2D \(9\)$/);
  });
} else console.log("skip export_model.test.ts: networks of others are tested with QURIO_TFLITE=DIR only");

test.run();
