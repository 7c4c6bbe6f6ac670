// Data set readers on small made-up copies of each layout: what they find, and what they refuse by name.

import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { QurioError } from "../host/errors.ts";
import { openDataset } from "../tools/train/datasets/open.ts";
import { hashedFold } from "../tools/train/datasets/untabled.ts";
import { wavBytes } from "./harness/wav.ts";

const root = mkdtempSync(join(tmpdir(), "qurio-datasets-"));
process.on("exit", () => rmSync(root, { recursive: true, force: true }));
let made = 0;

/** A folder with these files; a number stands for a WAV of so many samples. */
function folder(files: Record<string, string | number>, name = "set"): string {
  const dir = join(root, `${made++}`, name);
  mkdirSync(dir, { recursive: true });
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, file)), { recursive: true });
    writeFileSync(join(dir, file), typeof content === "number" ? wavBytes(content, (i) => (i % 100) / 100) : content);
  }
  return dir;
}

async function refused(code: string, text: RegExp, opening: Promise<unknown>) {
  const error = await opening.then(
    () => assert.unreachable(`accepted, ${code} expected`),
    (reason) => reason,
  );
  assert.instance(error, QurioError, `${error}`);
  assert.is(error.code, code);
  assert.match(error.message, text);
}

const ESC50_HEADER = "filename,fold,target,category,esc10,src_file,take\n";
const ESC50 = {
  "meta/esc50.csv": `${ESC50_HEADER}2-b-A-10.wav,2,10,rain,True,b,A\n1-a-A-0.wav,1,0,dog,True,a,A\n1-c-A-10.wav,1,10,rain,True,c,A\n2-d-A-0.wav,2,0,dog,True,d,A\n`,
  "audio/1-a-A-0.wav": 160,
  "audio/2-b-A-10.wav": 170,
  "audio/1-c-A-10.wav": 180,
  "audio/2-d-A-0.wav": 190,
};
const withTable = (...rows: string[]) => folder({ ...ESC50, "meta/esc50.csv": ESC50_HEADER + rows.join("\n") });

test("ESC-50 layout: labels by target id, official folds, clips by name, PCM on demand", async () => {
  const dataset = await openDataset(folder(ESC50, "esc-small"));
  assert.is(dataset.name, "esc-small");
  assert.equal(dataset.labels, ["dog", "rain"]);
  assert.equal(
    dataset.clips.map(({ name, label, fold }) => [name, label, fold]),
    [
      ["1-a-A-0.wav", 0, 1],
      ["1-c-A-10.wav", 1, 1],
      ["2-b-A-10.wav", 1, 2],
      ["2-d-A-0.wav", 0, 2],
    ],
  );
  assert.equal(dataset.warnings, []);
  const pcm = await dataset.clips[1].load();
  assert.instance(pcm, Int16Array);
  assert.is(pcm.length, 180);
  assert.is(pcm[50], 16384);
});

test("UrbanSound8K layout: folders per fold, all columns of the real table", async () => {
  const header = "slice_file_name,fsID,start,end,salience,fold,classID,class";
  const dir = folder({
    "metadata/UrbanSound8K.csv": `${header}\n100032-3-0-0.wav,100032,0.0,0.317551,1,5,3,dog_bark\n100263-2-0-117.wav,100263,58.5,62.5,1,1,2,children_playing\n`,
    "audio/fold5/100032-3-0-0.wav": 160,
    "audio/fold1/100263-2-0-117.wav": 160,
  });
  const dataset = await openDataset(dir);
  assert.equal(dataset.labels, ["children_playing", "dog_bark"]);
  assert.equal(
    dataset.clips.map(({ label, fold }) => [label, fold]),
    [
      [1, 5],
      [0, 1],
    ],
  );
  assert.equal(dataset.warnings, ["fold 1 has no clip of dog_bark", "fold 5 has no clip of children_playing"]);
  assert.is((await dataset.clips[0].load()).length, 160);
});

test("FSDD layout: labels are digits, folds are speakers, in the folder or in recordings/", async () => {
  const files = { "0_nicolas_0.wav": 10, "7_george_3.wav": 10, "0_george_0.wav": 10, "7_nicolas_12.wav": 10, LICENSE: "x" };
  const flat = await openDataset(folder(files));
  assert.equal(flat.labels, ["0", "7"]);
  assert.equal(
    flat.clips.map(({ name, label, fold }) => [name, label, fold]),
    [
      ["0_george_0.wav", 0, 1],
      ["0_nicolas_0.wav", 0, 2],
      ["7_george_3.wav", 1, 1],
      ["7_nicolas_12.wav", 1, 2],
    ],
  );
  const nested = Object.fromEntries(Object.entries(files).map(([name, content]) => [`recordings/${name}`, content]));
  assert.is((await openDataset(folder(nested))).sha256, flat.sha256);
});

test("one folder per class: sorted labels, folds by file name, hidden and _ folders left out", async () => {
  const files: Record<string, number> = { "_noise_/a.wav": 10, ".git/a.wav": 10, "loose.wav": 10 };
  for (let i = 0; i < 40; i++) files[`${i % 2 ? "dog" : "Cat"}/clip${i}.WAV`] = 10 + i;
  const dataset = await openDataset(folder(files));
  assert.equal(dataset.labels, ["Cat", "dog"]);
  assert.is(dataset.clips.length, 40);
  assert.equal([...new Set(dataset.clips.map(({ fold }) => fold))].sort(), [1, 2, 3, 4, 5]);
  assert.is(dataset.clips.find(({ name }) => name === "dog/clip7.WAV")?.fold, hashedFold("clip7.WAV"));
  assert.equal(dataset.warnings, ["1 WAV files outside class folders are ignored, loose.wav first"]);
});

test("hashed folds never change", () => {
  assert.equal(["a.wav", "b.wav", "c.wav", "dog1.wav", "dog2.wav"].map(hashedFold), [5, 1, 3, 4, 2]);
});

test("the content hash depends on bytes, names and the table, not on where the folder lies", async () => {
  const hash = async (files: Record<string, string | number>) => (await openDataset(folder(files, `set${made}`))).sha256;
  const base = await hash(ESC50);
  assert.match(base, /^[0-9a-f]{64}$/);
  assert.is(await hash({ ...ESC50 }), base);
  assert.is(await hash({ ...ESC50, "audio/unlisted.wav": 10 }), base);
  assert.is.not(await hash({ ...ESC50, "audio/1-a-A-0.wav": 161 }), base);
  assert.is.not(await hash({ ...ESC50, "meta/esc50.csv": `${ESC50["meta/esc50.csv"]}\n` }), base);
});

test("progress ends at the whole", async () => {
  const calls: [number, number][] = [];
  await openDataset(folder(ESC50), { progress: (done, total) => calls.push([done, total]) });
  assert.is(calls.length, 5);
  assert.is(calls[4][0], calls[4][1]);
});

test("a WAV without a row is ignored, and said so", async () => {
  const { warnings, clips } = await openDataset(folder({ ...ESC50, "audio/x.wav": 10, "audio/readme.txt": "x" }));
  assert.is(clips.length, 4);
  assert.equal(warnings, ["1 WAV files without a row in esc50.csv are ignored, x.wav first"]);
});

test("refused: missing, a file, empty, no layout", async () => {
  await refused("DATASET_MISSING", /does not exist/, openDataset(join(root, "nowhere")));
  await refused("DATASET_MISSING", /is a file/, openDataset(join(folder(ESC50), "meta/esc50.csv")));
  await refused("DATASET_EMPTY", /empty folder/, openDataset(folder({})));
  await refused("DATASET_LAYOUT", /no data set layout/, openDataset(folder({ "readme.txt": "x", "sub/readme.txt": "x" })));
});

test("refused: a row whose file is missing, with the count", async () => {
  const dir = folder(ESC50);
  rmSync(join(dir, "audio/1-c-A-10.wav"));
  await refused("DATASET_MISSING_FILE", /1-c-A-10\.wav is listed but not there \(1 of 5/, openDataset(dir));
  renameSync(join(dir, "audio"), join(dir, "sound"));
  await refused("DATASET_MISSING_FILE", /4 of 5/, openDataset(dir));
});

test("refused: mislabelled rows, with their lines", async () => {
  const twoNames = withTable("1-a-A-0.wav,1,0,dog,True,a,A", "2-b-A-10.wav,2,10,rain,True,b,A", "2-d-A-0.wav,2,0,cat,True,d,A");
  await refused("DATASET_LABEL", /line 4: mislabelled: 0 is cat here, but 0 is dog on line 2/, openDataset(twoNames));
  const twoIds = withTable("1-a-A-0.wav,1,0,dog,True,a,A", "2-b-A-10.wav,2,10,dog,True,b,A");
  await refused("DATASET_LABEL", /line 3: mislabelled: 10 is dog here, but 0 is dog on line 2/, openDataset(twoIds));
  await refused("DATASET_LABEL", /line 2: unknown class.*"dog" and "dog"/, openDataset(withTable("1-a-A-0.wav,1,dog,dog,True,a,A")));
  await refused("DATASET_LABEL", /line 2: unknown class/, openDataset(withTable("1-a-A-0.wav,1,0,,True,a,A")));
  await refused("DATASET_LABEL", /zero_george_1\.wav: unknown class/, openDataset(folder({ "0_george_1.wav": 9, "zero_george_1.wav": 9 })));
});

test("refused: a listed twice clip, a bad fold, a path for a name", async () => {
  const row = "1-a-A-0.wav,1,0,dog,True,a,A";
  await refused("DATASET_DUPLICATE", /1-a-A-0\.wav is listed twice/, openDataset(withTable(row, "2-b-A-10.wav,2,10,rain,True,b,A", row)));
  await refused("DATASET_TABLE", /line 2: fold from 1 up expected, found "0"/, openDataset(withTable("1-a-A-0.wav,0,0,dog,True,a,A")));
  await refused("DATASET_TABLE", /plain file name/, openDataset(withTable("../1-a-A-0.wav,1,0,dog,True,a,A")));
});

test("refused: a table that is none", async () => {
  const table = (text: string) => openDataset(folder({ ...ESC50, "meta/esc50.csv": text }));
  await refused("DATASET_TABLE", /no rows/, table(""));
  await refused("DATASET_TABLE", /no rows/, table(ESC50_HEADER));
  await refused("DATASET_TABLE", /lacks the column target, category/, table("filename,fold\na.wav,1\n"));
  await refused("DATASET_TABLE", /not a readable CSV/, table(`${ESC50_HEADER}"a.wav,1\n`));
  await refused("DATASET_TABLE", /not a readable CSV/, table(`${ESC50_HEADER}a.wav,1\n`));
});

test("refused: a single class, in each layout", async () => {
  const single = /single class \(dog\)/;
  await refused("DATASET_SINGLE_CLASS", single, openDataset(withTable("1-a-A-0.wav,1,0,dog,True,a,A", "2-d-A-0.wav,2,0,dog,True,d,A")));
  await refused("DATASET_SINGLE_CLASS", single, openDataset(folder({ "dog/a.wav": 10, "dog/b.wav": 10 })));
  await refused("DATASET_SINGLE_CLASS", /\(3\)/, openDataset(folder({ "3_george_0.wav": 10 })));
});

test("an unreadable WAV is named when it is loaded", async () => {
  const dir = folder({ "cat/a.wav": "no audio", "dog/b.wav": 10 });
  const { clips } = await openDataset(dir);
  await refused("WAV_NOT_A_WAV", /cat\/a\.wav is not a WAV/, clips[0].load());
  rmSync(join(dir, "dog/b.wav"));
  await refused("DATASET_UNREADABLE", /dog\/b\.wav cannot be read \(ENOENT\)/, clips[1].load());
});

test.run();
