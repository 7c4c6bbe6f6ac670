// Checkpoints: what is written is read, damage is refused by name, a crash leaves a whole checkpoint.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serialize } from "node:v8";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { QurioError } from "../host/errors.ts";
import { DEFAULT_FRONT_END, frontEndOf } from "../host/model-file/front_end.ts";
import { audioInput } from "../host/model-file/input_spec.ts";
import { type Checkpoint, type NetworkSpec, readCheckpoint, writeCheckpoint } from "../tools/import/checkpoint.ts";
import { parseDescription } from "../tools/import/checkpoint_json.ts";
import { decodeSafetensors, encodeSafetensors } from "../tools/import/safetensors.ts";
import { initialNetwork } from "../tools/train/network.ts";
import { Random } from "../tools/train/random.ts";

const folder = mkdtempSync(join(tmpdir(), "qurio-checkpoint-"));
const path = join(folder, "ckpt");
test.after(() => rmSync(folder, { recursive: true, force: true }));
test.before.each(() => {
  for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true, force: true });
});

function sample(seed = 1): Checkpoint {
  const random = new Random(seed);
  const spec = (name: string, weightType: NetworkSpec["weightType"], hidden: number[], dropout: number): NetworkSpec => {
    return { name, weightType, inputs: 6, hidden, outputs: 3, norm: true, dropout };
  };
  return {
    labels: ["dog", "rain", "sea"],
    input: { source: "vectors", features: 6 },
    normalization: { mean: new Float32Array(6), std: new Float32Array(6).fill(1), clip: 5 },
    router: initialNetwork(spec("probe", "ternary", [8, 4], 0.2), random),
    experts: [initialNetwork(spec("4-bit", "4", [12], 0), random)],
    policy: { kind: "probe", samples: 0, alpha: 0, varianceScale: 1, escalate: [0.5], abstain: [0, 0.25], beta: [] },
    provenance: {
      dataset: { name: "test", sha256: "00", clips: 9, folds: 3 },
      command: "qurio train --data test --out ckpt",
      seed,
      versions: { qurio: "0.1.0" },
    },
  };
}

/** Runs `f` and returns the error, which must have this code and say something to do. */
function refused(f: () => unknown, code: string): QurioError {
  try {
    f();
  } catch (error) {
    assert.instance(error, QurioError, `${error}`);
    assert.is((error as QurioError).code, code, `${error}`);
    assert.ok((error as QurioError).hint.length > 10);
    return error as QurioError;
  }
  assert.unreachable(`no ${code}`);
  throw new Error();
}

/** Writes a good checkpoint, sets the field at `path` of model.json ("experts.0.inputs"; undefined removes it), reads. */
function withField(field: string, value: unknown): () => Checkpoint {
  writeCheckpoint(path, sample());
  const file = join(path, "model.json");
  const json = JSON.parse(readFileSync(file, "utf8"));
  const keys = field.split(".");
  const parent = keys.slice(0, -1).reduce((object, key) => object[key], json);
  parent[keys.at(-1)!] = value;
  writeFileSync(file, JSON.stringify(json));
  return () => readCheckpoint(path);
}

test("what is written is read", () => {
  writeCheckpoint(path, sample());
  assert.equal(readCheckpoint(path), sample());
  assert.equal(readdirSync(folder), ["ckpt"], "nothing else is left");
});

test("the same checkpoint gives the same bytes, and replaces an earlier one", () => {
  writeCheckpoint(path, sample(2));
  writeCheckpoint(path, sample(1));
  const first = ["model.json", "weights.safetensors"].map((name) => readFileSync(join(path, name), "hex"));
  writeCheckpoint(path, sample(1));
  assert.equal(
    ["model.json", "weights.safetensors"].map((name) => readFileSync(join(path, name), "hex")),
    first,
  );
  assert.equal(readdirSync(folder), ["ckpt"]);
});

test("missing folder", () => void refused(() => readCheckpoint(path), "CHECKPOINT_MISSING"));

test("a crash between the two renames leaves the previous checkpoint", () => {
  writeCheckpoint(path, sample());
  renameSync(path, `${path}.previous`);
  assert.equal(readCheckpoint(path), sample());
  writeCheckpoint(path, sample(2));
  assert.equal(readCheckpoint(path), sample(2));
  assert.equal(readdirSync(folder), ["ckpt"]);
});

test("a crash while the files are written leaves the previous checkpoint", () => {
  writeCheckpoint(path, sample());
  mkdirSync(`${path}.new-abc`);
  writeFileSync(join(`${path}.new-abc`, "weights.safetensors"), "half");
  assert.equal(readCheckpoint(path), sample());
});

test("a folder with other files is not replaced", () => {
  mkdirSync(path);
  writeFileSync(join(path, "thesis.txt"), "years of work");
  refused(() => writeCheckpoint(path, sample()), "CHECKPOINT_OCCUPIED");
  assert.ok(existsSync(join(path, "thesis.txt")));
  writeFileSync(join(folder, "file"), "");
  refused(() => writeCheckpoint(join(folder, "file"), sample()), "CHECKPOINT_OCCUPIED");
});

test("unwritable output", () => {
  writeFileSync(join(folder, "file"), "");
  refused(() => writeCheckpoint(join(folder, "file", "ckpt"), sample()), "CHECKPOINT_UNWRITABLE");
});

test("a disk that fills up leaves the previous checkpoint and nothing else", () => {
  writeCheckpoint(path, sample());
  const better = sample(2);
  better.experts[0]!.layers[0]!.columns = 10_000; // 480 kB of weights behind a file size limit of 100 kB
  better.experts[0]!.layers[0]!.weight = new Float32Array(12 * 10_000);
  const script = join(folder, "write.mts");
  const source = new URL("../tools/import/checkpoint.ts", import.meta.url);
  writeFileSync(
    script,
    `import { writeCheckpoint } from "${source}";
    const checkpoint = (await import("node:v8")).deserialize(Buffer.from("${serialize(better).toString("base64")}", "base64"));
    try { writeCheckpoint(${JSON.stringify(path)}, checkpoint); } catch (error) { console.log(error.code); }`,
  );
  const run = spawnSync("bash", ["-c", `ulimit -f 100; exec "${process.execPath}" --import tsx "${script}"`], { encoding: "utf8" });
  assert.is(run.stdout.trim(), "CHECKPOINT_UNWRITABLE", run.stderr);
  assert.equal(readCheckpoint(path), sample());
  assert.equal(readdirSync(folder).sort(), ["ckpt", "write.mts"]);
});

test("values that are not finite are neither written nor read", () => {
  const bad = sample();
  bad.experts[0]!.layers[1]!.bias[2] = Number.NaN;
  assert.match(refused(() => writeCheckpoint(path, bad), "TENSOR_NOT_FINITE").message, "experts.0.1.bias");
  assert.not(existsSync(path));
  writeCheckpoint(path, sample());
  const tensors = decodeSafetensors(readFileSync(join(path, "weights.safetensors")));
  tensors.get("router.0.gamma")!.data[0] = Number.POSITIVE_INFINITY;
  writeFileSync(join(path, "weights.safetensors"), encodeSafetensors(tensors));
  assert.match(refused(() => readCheckpoint(path), "TENSOR_NOT_FINITE").message, "router.0.gamma");
});

test("missing tensor, wrong shape, wrong type, deviation of zero", () => {
  writeCheckpoint(path, sample());
  const file = join(path, "weights.safetensors");
  const good = readFileSync(file);
  const change = (edit: (tensors: ReturnType<typeof decodeSafetensors>) => void) => {
    const tensors = decodeSafetensors(good);
    edit(tensors);
    writeFileSync(file, encodeSafetensors(tensors));
    return () => readCheckpoint(path);
  };
  assert.match(
    refused(
      change((t) => t.delete("experts.0.1.weight")),
      "TENSOR_MISSING",
    ).message,
    "experts.0.1.weight [3,12]",
  );
  const swapped = change((t) => {
    t.get("router.0.weight")!.shape = [6, 8];
  });
  assert.match(refused(swapped, "TENSOR_SHAPE").message, "expected shape [8,6], found [6,8]");
  refused(
    change((t) => t.get("normalization.std")!.data.fill(0)),
    "TENSOR_NOT_FINITE",
  );
  writeFileSync(file, Buffer.from(good.toString("latin1").replace('"F32"', '"F16"'), "latin1"));
  refused(() => readCheckpoint(path), "TENSOR_TYPE");
});

test("every truncation and damaged header is refused by name", () => {
  writeCheckpoint(path, sample());
  const file = join(path, "weights.safetensors");
  const good = readFileSync(file);
  for (let length = 0; length < good.length; length += length < 64 ? 1 : 97) {
    writeFileSync(file, good.subarray(0, length));
    refused(() => readCheckpoint(path), "TENSOR_FILE");
  }
  for (const header of ["[]", "null", '{"a":1}', '{"a":{"dtype":"F32"}}', '{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}', "{"]) {
    const bytes = Buffer.alloc(8 + header.length);
    bytes.writeBigUInt64LE(BigInt(header.length));
    bytes.write(header, 8);
    const code = header === '{"a":1}' ? "TENSOR_TYPE" : "TENSOR_FILE";
    refused(() => decodeSafetensors(bytes), code);
  }
  const huge = Buffer.alloc(16, 0xff);
  refused(() => decodeSafetensors(huge), "TENSOR_FILE");
});

test("model.json: unknown weight type, version, and parts that do not fit", () => {
  assert.match(
    refused(withField("experts.0.weightType", "17"), "WEIGHT_TYPE").message,
    /experts\[0\]\.weightType: one of ternary, .* "17" found/,
  );
  const bad: [field: string, value: unknown, message: string][] = [
    ["version", 3, "version: 1 or 2, which this qurio reads, expected, 3 found"],
    ["format", "onnx", 'format: "qurio-checkpoint" expected, "onnx" found'],
    ["labels", ["a", 3, "c"], "labels[1]: a text expected, 3 found"],
    ["labels", ["a\r", "b", "c"], 'labels[0]: a text without control characters expected, "a\\r" found'],
    ["labels", Array(1025).fill("a"), "labels: a list of at most 1024 expected, 1025 found"],
    ["labels", ["a", "b"], "router.outputs: 2 expected, 3 found"],
    ["router", null, "router: a network for policy probe expected, null found"],
    ["experts.0.inputs", 7, "experts[0].inputs: 6, the number of features, expected, 7 found"],
    ["experts.0.hidden", [1e9], "experts[0].hidden[0]: a whole number of at least 1 and at most 8192 expected, 1000000000 found"],
    ["experts.0.hidden", Array(16).fill(2), "experts[0].hidden: at most 15 hidden layers expected, 16 found"],
    ["experts.0.dropout", 0.95, "experts[0].dropout: a number of at least 0 and at most 0.9 expected, 0.95 found"],
    [
      "experts.0.activation",
      "relu",
      'experts[0].activation: one of name, weightType, inputs, hidden, outputs, norm, dropout expected, "activation" found',
    ],
    ["policy.abstain", [0], "policy.abstain: a list of 2 for policy probe expected, [0] found"],
    ["policy.escalate", ["high"], 'policy.escalate[0]: a number of at least 0 and at most 100 expected, "high" found'],
    ["policy.beta", [0.5], "policy.beta: a list of 0 for policy probe expected, [0.5] found"],
    ["policy.kind", "oracle", 'policy.kind: one of features, single, probe, bayesian expected, "oracle" found'],
    ["provenance", undefined, "provenance: an object expected, nothing found"],
    ["input", null, "input: an object expected, null found"],
    ["input.source", "smell", 'input.source: one of vectors, audio, signal, frames expected, "smell" found'],
    ["input.features", 0, "input.features: a whole number of at least 1 and at most 8192 expected, 0 found"],
    [
      "features",
      { kind: "external", count: 6 },
      'features: one of format, labels, clip, router, experts, policy, provenance, version, input expected, "features" found',
    ],
  ];
  for (const [field, value, message] of bad)
    assert.is(refused(withField(field, value), "CHECKPOINT_JSON").message, `model.json: ${message}`);
  writeFileSync(join(path, "model.json"), '{"format": "qurio-ch');
  assert.match(refused(() => readCheckpoint(path), "CHECKPOINT_JSON").message, /JSON expected, the end found at line 1, column 21/);
});

test("what model.json may leave out, and a byte order mark, as some editors write", () => {
  writeCheckpoint(path, sample());
  const file = join(path, "model.json");
  const json = JSON.parse(readFileSync(file, "utf8"));
  for (const field of ["samples", "alpha", "varianceScale", "beta"]) delete json.policy[field];
  writeFileSync(file, `\uFEFF${JSON.stringify({ $schema: "https://example.org", ...json })}`);
  assert.equal(readCheckpoint(path), sample());
  delete json.policy.escalate;
  writeFileSync(file, JSON.stringify(json));
  assert.match(
    refused(() => readCheckpoint(path), "CHECKPOINT_JSON").message,
    /policy\.escalate: a list of 1 for policy probe expected, \[\] found/,
  );
  const { policy, router: _, ...rest } = json;
  const { escalate: __, ...single } = { ...policy, kind: "single", abstain: [0.25] };
  writeFileSync(file, JSON.stringify({ ...rest, policy: single }));
  assert.equal(readCheckpoint(path).router, null);
});

test("tensors that no network needs are ignored, whatever their type", () => {
  writeCheckpoint(path, sample());
  const file = join(path, "weights.safetensors");
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + length));
  const data = Buffer.concat([bytes.subarray(8 + length), Buffer.alloc(8)]);
  const counter = { dtype: "I64", shape: [], data_offsets: [data.length - 8, data.length] };
  const text = Buffer.from(JSON.stringify({ __metadata__: { format: "pt" }, "experts.0.bn.num_batches_tracked": counter, ...header }));
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(text.length));
  writeFileSync(file, Buffer.concat([size, text, data]));
  assert.equal(readCheckpoint(path), sample());
});

test("version 1, whose features were rich or external, is read as what it meant, and written as version 2", () => {
  writeCheckpoint(path, sample());
  const json = JSON.parse(readFileSync(join(path, "model.json"), "utf8"));
  assert.equal([json.version, json.input, json.features], [2, { source: "vectors", features: 6 }, undefined]);
  const networks = (inputs: number) => ({ router: { ...json.router, inputs }, experts: [{ ...json.experts[0], inputs }] });
  const old = (features: object, inputs = 969) => {
    const { input: _, ...rest } = json;
    return parseDescription(JSON.stringify({ ...rest, ...networks(inputs), version: 1, features })).input;
  };
  assert.equal(old({ kind: "external", count: 6 }, 6), { source: "vectors", features: 6 });
  const rich = { kind: "rich", floor: 0.001, origin: -7, step: 1.2 };
  assert.equal(old(rich), audioInput({ ...DEFAULT_FRONT_END, floor: 0.001, origin: -7, step: 1.2 }));
  const codes = { arithmetic: "fixed", codeBits: 4, removeDc: true } as const;
  assert.equal(old({ ...rich, ...codes }), audioInput({ ...DEFAULT_FRONT_END, floor: 0.001, origin: -7, step: 1.2, ...codes }));
});

test("an input spec: defaults for what is left out, other specs as they are, what no file can say refused", () => {
  writeCheckpoint(path, sample());
  const { input: _, ...json } = JSON.parse(readFileSync(join(path, "model.json"), "utf8"));
  const parsed = (input: object | undefined, inputs: number) =>
    parseDescription(
      JSON.stringify({ ...json, router: { ...json.router, inputs }, experts: [{ ...json.experts[0], inputs }], ...(input && { input }) }),
    ).input;
  assert.equal(parsed(undefined, 969), audioInput());
  assert.equal(parsed({ source: "audio" }, 969), audioInput());
  const frontEnd = { codeBits: 4, step: 0.9 };
  assert.equal(parsed({ source: "audio", frontEnd }, 969), audioInput({ ...frontEndOf(4), step: 0.9 }));
  const shaking = { source: "signal", channels: 3, sampleRate: 50, windowSamples: 100, frontEnd: null, featureSet: "values" } as const;
  assert.equal(parsed(shaking, 300), shaking);
  assert.match(refused(() => parsed({ source: "audio", sampleRate: 8000 }, 969), "INPUT").message, /highest Hz must be at most half/);
  assert.match(refused(() => parsed({ source: "audio", sampleRate: 20 }, 969), "CHECKPOINT_JSON").message, /input.sampleRate: .* 20 found/);
});

test.run();
