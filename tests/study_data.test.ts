// What goes into a study: rows, folds, embeddings, noise, the cache of what is done.

import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { QurioError } from "../host/errors.ts";
import { audioInput } from "../host/model-file/input_spec.ts";
import { decodeNpy } from "../tools/import/npy.ts";
import { CACHE_VERSION, StudyCache } from "../tools/study/cache.ts";
import { foldsOf } from "../tools/study/folds.ts";
import { studyCommand, studyInput } from "../tools/study/inputs.ts";
import { ROWS, selectRows } from "../tools/study/models.ts";
import { noiseWindows } from "../tools/study/noise.ts";
import { readEmbeddings, unlabelled, withEmbeddings } from "../tools/train/datasets/embeddings.ts";
import type { TrainingDataset } from "../tools/train/feature_table.ts";

const root = mkdtempSync(join(tmpdir(), "qurio-study-"));
process.on("exit", () => rmSync(root, { recursive: true, force: true }));
const folder = () => mkdtempSync(join(root, "x"));

function refusal(run: () => unknown): QurioError {
  try {
    run();
  } catch (error) {
    assert.instance(error, QurioError, `${error}`);
    return error as QurioError;
  }
  return assert.unreachable("an error expected") as never;
}

test("the rows are the paper's names and the baselines; a name without its training stands for both", () => {
  const names = ROWS.map(({ name }) => name);
  assert.is(new Set(names).size, names.length);
  const paper = "FP32-Base Q8-Base-PTQ Q1-Base Q2-Base Q4-Base Q8-Base Q16-Base BitNet-Base BitNet-Base-popcount";
  for (const name of [...paper.split(" "), "Cascade", "Uniform", "Probe-first", "Early-exit"]) assert.ok(names.includes(name), name);
  const mixtures =
    "BitNet-Q8PTQ-QMoE BitNet-Q8PTQ-QMoE-C BitNet-Q8/16-PTQ-QMoE BitNet-Q8/16-PTQ-QMoE-C BitNet-Q4/8-QMoE-C BitNet-Q4/8/16-QMoE";
  for (const name of [...mixtures.split(" "), "BitNet-Q4/8/16-QMoE-C"])
    assert.equal(
      selectRows([name]).map((row) => row.name),
      [`${name}-joint`, `${name}-independent`],
    );
  assert.is(selectRows(undefined).length, ROWS.length);
  const { code, exitCode, message } = refusal(() => selectRows(["Q4-Base", "Q3-Base"]));
  assert.equal([code, exitCode], ["STUDY_MODEL", 2]);
  assert.match(message, /"Q3-Base"/);
});

function dataset(clips: [label: number, fold: number][], labels = ["a", "b"]): TrainingDataset {
  return {
    name: "made up",
    sha256: "00",
    labels,
    clips: clips.map(([label, fold], i) => ({ name: `${i}.wav`, label, fold, features: Float32Array.of(i) })),
  };
}

test("a data set that cannot be cross-validated is refused by name", () => {
  const whole = [1, 2, 3].flatMap((fold): [number, number][] => [
    [0, fold],
    [1, fold],
  ]);
  assert.equal(foldsOf(dataset(whole)), [1, 2, 3]);
  const codeOf = (clips: [number, number][]) => refusal(() => foldsOf(dataset(clips))).code;
  assert.is(codeOf([]), "DATASET_EMPTY");
  assert.is(codeOf(whole.filter(([label]) => label === 0)), "DATASET_SINGLE_CLASS");
  assert.is(codeOf(whole.filter(([, fold]) => fold < 3)), "STUDY_FOLDS");
  assert.is(codeOf(whole.slice(0, 5)), "STUDY_FEW_CLIPS");
  assert.is(codeOf([...whole.slice(0, 5), [1, 1]]), "STUDY_FOLD_CLASS");
});

test("features are computed, or those that the data set has; others are refused by name", async () => {
  const given = dataset([[0, 1]]);
  const data = { ...given, clips: given.clips.map(({ features: _, ...clip }) => clip) };
  const rich = await studyInput(data, "rich");
  assert.equal([rich.features.name, rich.features.input, typeof rich.extract], ["rich", audioInput(), "function"]);
  const { features, extract } = await studyInput(given, "rich");
  assert.equal([features, extract], [{ name: "given", sha256: null, input: { source: "vectors", features: 1 } }, null]);
  try {
    await studyInput(data, "poor");
    assert.unreachable();
  } catch (error) {
    assert.equal([(error as QurioError).code, (error as QurioError).exitCode], ["STUDY_FEATURES", 2], `${error}`);
  }
});

test("the command that makes a result again names files without folders, and only what was asked for", () => {
  const asked = {
    data: "/a/esc10",
    device: "boards/mine.json",
    features: "embeddings:/b/yamnet.npy",
    seeds: [1, 2],
    hidden: [64, 32],
    epochs: 5,
  };
  const start = "qurio study --data esc10 --features embeddings:yamnet.npy --seeds 1,2 --hidden 64,32 --epochs 5 --device mine.json";
  assert.is(studyCommand(asked), start);
  const more = { ...asked, ood: "/c/noise.npy", models: ["Q4-Base", "Cascade"], quick: true };
  assert.is(studyCommand(more), `${start} --ood noise.npy --models Q4-Base,Cascade --quick`);
});

/** A .npy file as numpy.save writes it: version 1, header padded so that the values start at a multiple of 64. */
function npy(shape: string, values: number[], { type = "<f4", order = "False", version = 1 } = {}): Uint8Array {
  const dict = `{'descr': '${type}', 'fortran_order': ${order}, 'shape': (${shape}), }`;
  const header = `${dict.padEnd(64 * Math.ceil((dict.length + 11) / 64) - 11)}\n`;
  const head = Buffer.concat([Buffer.from("\x93NUMPY", "latin1"), Buffer.of(version, 0, header.length & 255, header.length >> 8)]);
  return new Uint8Array(Buffer.concat([head, Buffer.from(header, "latin1"), Buffer.from(Float32Array.from(values).buffer)]));
}

test("a .npy file of float32 rows is read; every other one is refused", () => {
  assert.equal(decodeNpy(npy("2, 3", [1, 2, 3, 4, 5, 0.5]), "x.npy"), {
    rows: 2,
    columns: 3,
    values: Float32Array.of(1, 2, 3, 4, 5, 0.5),
  });
  const said = (bytes: Uint8Array) => {
    const { code, message } = refusal(() => decodeNpy(bytes, "x.npy"));
    assert.is(code, "NPY");
    return message;
  };
  assert.match(said(new Uint8Array(20)), /not a \.npy file/);
  assert.match(said(npy("2, 3", [1], { version: 9 })), /version 1 to 3 expected, found 9/);
  assert.match(said(npy("2, 3", [1], { type: "<f8" })), /'<f4'\) expected, found '<f8'/);
  assert.match(said(npy("2, 3", [1], { order: "True" })), /Fortran/);
  assert.match(said(npy("6,", [1, 2, 3, 4, 5, 6])), /shape \[clips, values\] expected, found \(6,\)/);
  assert.match(said(npy("2, 3", [1, 2, 3, 4, 5])), /takes 24 bytes of values, found 20/);
  assert.match(said(npy("0, 3", [])), /at least one clip/);
  assert.match(said(npy("2, 3", [1]).subarray(0, 40)), /truncated/);
});

test("embeddings belong to clips by name and fold; rows that do not match are refused", async () => {
  const dir = folder();
  const path = join(dir, "net-2.npy");
  writeFileSync(path, npy("3, 2", [1, 2, 3, 4, 5, 6]));
  const index = (text: string) => writeFileSync(join(dir, "index.csv"), text);
  index("filename,fold,target\n1.wav,2,7\n0.wav,1,7\n2.wav,3,8\n");
  const data = dataset([
    [0, 1],
    [1, 2],
  ]);
  const { features, extract, dataset: joined } = await studyInput(data, `embeddings:${path}`);
  assert.equal([features.name, features.input, extract], ["embeddings:net-2", { source: "vectors", features: 2 }, null]);
  assert.is(joined.clips[0].features?.length, 2);
  const embeddings = await readEmbeddings(path);
  const found = withEmbeddings(data, embeddings).clips;
  assert.equal(
    found.map(({ features }) => [...features!]),
    [
      [3, 4],
      [1, 2],
    ],
  );
  assert.is(unlabelled(embeddings).clips.length, 3);
  index("filename,fold\n0.wav,1\n1.wav,3\n2.wav,3\n");
  const moved = await readEmbeddings(path);
  assert.match(refusal(() => withEmbeddings(data, moved)).message, /clip 1\.wav lies in fold 2 of made up, fold 3 of index\.csv/);
  index("filename\n0.wav\n3.wav\n2.wav\n");
  const other = await readEmbeddings(path);
  assert.match(refusal(() => withEmbeddings(data, other)).message, /no row of clip 1\.wav/);
  index("filename\n0.wav\n1.wav\n");
  const error = await readEmbeddings(path).catch((e: QurioError) => e);
  assert.is((error as QurioError).code, "EMBEDDINGS_ROWS");
  assert.match((error as QurioError).message, /3 rows, index\.csv lists 2 clips/);
});

test("noise windows have the levels that they claim, pink falls 3 dB an octave, and they are the same every time", () => {
  const windows = noiseWindows();
  assert.is(windows.length, 44);
  assert.equal(noiseWindows()[5], windows[5]);
  const dbfs = (pcm: Int16Array) => 20 * Math.log10(Math.sqrt(pcm.reduce((sum, x) => sum + x * x, 0) / pcm.length) / 32768);
  assert.ok(Math.abs(dbfs(windows.at(-1)!) + 60) < 0.2, `silence at ${dbfs(windows.at(-1)!)}`);
  assert.ok(Math.abs(dbfs(windows[24]!) + 30) < 0.2, `white at ${dbfs(windows[24]!)}`);
  // power of the differences over power: 2 for white noise, far below for pink
  const roughness = (pcm: Int16Array) => {
    let [steps, power] = [0, 0];
    for (let i = 1; i < pcm.length; i++) {
      steps += (pcm[i]! - pcm[i - 1]!) ** 2;
      power += pcm[i]! ** 2;
    }
    return steps / power;
  };
  assert.ok(Math.abs(roughness(windows[24]!) - 2) < 0.05, `white ${roughness(windows[24]!)}`);
  assert.ok(roughness(windows[28]!) < 0.8, `pink ${roughness(windows[28]!)}`);
});

test("a cache gives back what was stored; another version, other files and damage are refused and stay as they are", () => {
  const path = join(folder(), "cache");
  const key = { network: "q4", seed: 1 };
  new StudyCache(path).set("network", key, { values: Float32Array.of(1, 2), nothing: null });
  const again = new StudyCache(path);
  assert.equal(again.get("network", key), { values: Float32Array.of(1, 2), nothing: null });
  assert.is(again.get("network", { ...key, seed: 2 }), undefined);
  assert.is(again.get("run", key), undefined);

  const file = readdirSync(path).find((name) => name.startsWith("network-"))!;
  writeFileSync(join(path, file), readFileSync(join(path, file)).subarray(0, 30));
  const damaged = refusal(() => again.get("network", key));
  assert.equal([damaged.code, damaged.message.includes(file)], ["STUDY_CACHE_DAMAGED", true]);

  const head = `{"format":"qurio study cache","version":${CACHE_VERSION + 1}}`;
  writeFileSync(join(path, "cache.json"), head);
  const before = readdirSync(path);
  const version = refusal(() => new StudyCache(path));
  assert.is(version.code, "STUDY_CACHE_VERSION");
  assert.match(version.message, new RegExp(`version ${CACHE_VERSION + 1}, version ${CACHE_VERSION} expected`));
  assert.equal([readdirSync(path), readFileSync(join(path, "cache.json"), "utf8")], [before, head]);

  const occupied = folder();
  writeFileSync(join(occupied, "letter.txt"), "x");
  assert.is(refusal(() => new StudyCache(occupied)).code, "STUDY_CACHE_FOLDER");
  assert.equal(readdirSync(occupied), ["letter.txt"]);
  assert.is(refusal(() => new StudyCache(join(occupied, "letter.txt"))).code, "STUDY_CACHE_FOLDER");
  assert.is(refusal(() => new StudyCache(join(occupied, "letter.txt", "deeper"))).code, "STUDY_CACHE_FOLDER");
  assert.ok(existsSync(join(occupied, "letter.txt")));
});

test.run();
