// The choice of the front end's arithmetic, from a checkpoint to a decision: what is asked for is what runs, in both builds.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { inspectText } from "../cli/inspect.ts";
import type { QurioError } from "../host/errors.ts";
import { contentsOf } from "../host/model-file/contents.ts";
import { crc32 } from "../host/model-file/crc32.ts";
import { type Arithmetic, DEFAULT_FRONT_END } from "../host/model-file/front_end.ts";
import { audioInput, featureCount, framingOf, type InputSpec } from "../host/model-file/input_spec.ts";
import { decodeModel } from "../host/model-file/model_file.ts";
import { loadModel } from "../host/runtime/index.ts";
import { exportModel } from "../tools/export/export_model.ts";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "../tools/import/checkpoint.ts";
import { describe, parseDescription } from "../tools/import/checkpoint_json.ts";
import { initialNetwork } from "../tools/train/network.ts";
import { Random } from "../tools/train/random.ts";
import { clips } from "./reference/audio.ts";

const folder = mkdtempSync(join(tmpdir(), "qurio-front-end-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
const CHECKPOINT = join(folder, "ckpt");

function checkpoint(input: InputSpec): Checkpoint {
  const inputs = featureCount(input);
  const spec = { name: "8-bit", weightType: "8" as const, inputs, hidden: [16], outputs: 3, norm: true, dropout: 0 };
  return {
    labels: ["dog", "rain", "sea"],
    input,
    normalization: { mean: new Float32Array(inputs), std: new Float32Array(inputs).fill(10), clip: 5 },
    router: null,
    experts: [initialNetwork(spec, new Random(1))],
    policy: { kind: "single", samples: 0, alpha: 0, varianceScale: 1, escalate: [], abstain: [0], beta: [] },
    provenance: {
      dataset: { name: "test", sha256: "00", clips: 9, folds: 3 },
      command: "qurio train --data test --out ckpt",
      seed: 1,
      versions: { qurio: "0.1.0" },
    },
  };
}

/** Exports the checkpoint as `qurio export` does; returns the file's bytes, which it writes too. */
async function exported(name: string, frontEnd?: Arithmetic): Promise<Uint8Array> {
  const { file } = await exportModel(CHECKPOINT, { ...(frontEnd && { frontEnd }) });
  writeFileSync(join(folder, name), file);
  return file;
}

const arithmeticOf = (file: Uint8Array) => framingOf(decodeModel(file).input)!.frontEnd.arithmetic;

test("a checkpoint says which; without the field it is float; others are refused", () => {
  const json = (frontEnd: object) => JSON.stringify({ ...describe(checkpoint(audioInput())), input: { source: "audio", frontEnd } });
  const { arithmetic: _, ...old } = DEFAULT_FRONT_END;
  assert.equal(parseDescription(json(old)).input, audioInput());
  const fixed = { ...old, arithmetic: "fixed" } as const;
  assert.equal(parseDescription(json(fixed)).input, audioInput(fixed));
  assert.throws(
    () => parseDescription(json({ ...fixed, arithmetic: "double" })),
    (error: QurioError) =>
      error.code === "CHECKPOINT_JSON" &&
      /model\.json: input\.frontEnd\.arithmetic: one of float, fixed expected, "double" found/.test(error.message),
  );
});

test("export takes the checkpoint's arithmetic, or the one asked for", async () => {
  for (const arithmetic of ["float", "fixed"] as const) {
    writeCheckpoint(CHECKPOINT, checkpoint(audioInput({ ...DEFAULT_FRONT_END, arithmetic })));
    assert.is(framingOf(readCheckpoint(CHECKPOINT).input)!.frontEnd.arithmetic, arithmetic);
    assert.is(arithmeticOf(await exported("own.qmoe")), arithmetic);
    assert.is(arithmeticOf(await exported("fixed.qmoe", "fixed")), "fixed");
    assert.is(arithmeticOf(await exported("float.qmoe", "float")), "float");
  }
});

test("either arithmetic decides alike in both builds, and like the other", async () => {
  const pcm = clips().get("beats")!;
  const probabilities = [];
  for (const name of ["float.qmoe", "fixed.qmoe"]) {
    const file = new Uint8Array(readFileSync(join(folder, name)));
    const [scalar, simd] = [await loadModel(file, { simd: false }), await loadModel(file, { simd: true })];
    const decision = scalar.decide(pcm);
    assert.equal(simd.decide(pcm), decision, name);
    probabilities.push(decision.probability!);
  }
  assert.ok(Math.abs(probabilities[0] - probabilities[1]) < 0.02, `${probabilities}`);
});

test("inspect says which, in words and in figures", async () => {
  const shown = async (name: string) => {
    const file = new Uint8Array(readFileSync(join(folder, name)));
    const model = await loadModel(file);
    const contents = contentsOf(file, model.packed, model.answerers);
    return { text: inspectText(name, contents, model, null), contents };
  };
  const [float, fixed] = [await shown("float.qmoe"), await shown("fixed.qmoe")];
  assert.match(float.text, /^front end {3}float32; 8-bit codes of 0\.1 nat from -13\.8155, floor 0\.000001$/m);
  assert.match(
    fixed.text,
    /^front end {3}fixed point \(integers, no FPU needed\); 8-bit codes of 0\.1 nat from -13\.8155, floor 0\.000001$/m,
  );
  const { floor, origin, step } = DEFAULT_FRONT_END;
  const parameters = { ...DEFAULT_FRONT_END, floor: Math.fround(floor), origin: Math.fround(origin), step: Math.fround(step) };
  assert.equal(float.contents.input, audioInput({ ...parameters, arithmetic: "float" }));
  assert.equal(fixed.contents.input, audioInput({ ...parameters, arithmetic: "fixed" }));
  assert.match(float.text, /^input {7}audio, 1 channel, 16000 Hz, windows of 80000 samples \(5 s\)$/m);
  writeCheckpoint(CHECKPOINT, checkpoint({ source: "vectors", features: 6 }));
  const file = await exported("features.qmoe");
  const none = await shown("features.qmoe");
  assert.match(none.text, /^front end {3}none: the model takes features$/m);
  assert.match(none.text, /^input {7}vectors of 6 features$/m);
  const { input, policy, sections } = none.contents;
  assert.equal(input, { source: "vectors", features: 6 });
  assert.equal([policy.kind, policy.escalate, policy.abstain.length, policy.beta], ["single", [], 1, []]);
  for (const { name, offset, bytes, crc32: sum } of sections)
    assert.is(
      sum,
      crc32(file.subarray(offset, offset + bytes))
        .toString(16)
        .padStart(8, "0"),
      name,
    );
});

test("a model that takes features has no front end to choose", async () => {
  writeCheckpoint(CHECKPOINT, checkpoint({ source: "vectors", features: 6 }));
  try {
    await exported("external.qmoe", "fixed");
    assert.unreachable();
  } catch (error) {
    assert.is((error as QurioError).code, "FRONT_END", `${error}`);
  }
});

test.run();
