// The frozen corpus: files of this format version load and decide as they did when they were recorded, in both builds.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeModel } from "../host/model-file/model_file.ts";
import { CORPUS, CORPUS_MODELS, corpusRecords, RECORDS, type Records } from "./corpus/recipe.ts";

const files = readdirSync(CORPUS)
  .filter((name) => name.endsWith(".qmoe"))
  .sort();
const recorded: Records = JSON.parse(readFileSync(RECORDS, "utf8"));

for (const build of ["scalar", "simd"] as const) {
  test(`${build}: every file loads, and its records are those on record`, async () => {
    const now = await corpusRecords(build);
    assert.equal(Object.keys(now).sort(), Object.keys(recorded).sort());
    for (const name of files) assert.equal(now[name], recorded[name], name);
  });
}

test("one of each kind is there, whole and small", () => {
  assert.equal(
    files,
    Object.keys(CORPUS_MODELS)
      .map((name) => `${name}.qmoe`)
      .sort(),
  );
  const models = files.map((name) => decodeModel(new Uint8Array(readFileSync(join(CORPUS, name)))));
  assert.equal([...new Set(models.map(({ policy }) => policy.kind))].sort(), [0, 1, 2, 3]);
  assert.equal([...new Set(models.map(({ input }) => input.source))].sort(), ["audio", "vectors"]);
  const frontEnds = models.flatMap(({ input }) => (input.source === "vectors" || !input.frontEnd ? [] : [input.frontEnd]));
  assert.equal([...new Set(frontEnds.map(({ arithmetic }) => arithmetic))].sort(), ["fixed", "float"]);
  assert.equal([...new Set(frontEnds.map(({ codeBits }) => codeBits))].sort(), [4, 8]);
  const bytes = [...files, "records.json"].reduce((sum, name) => sum + statSync(join(CORPUS, name)).size, 0);
  assert.ok(bytes < 300_000, `${bytes} bytes`);
});

test.run();
