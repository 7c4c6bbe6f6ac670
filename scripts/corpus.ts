// Makes the frozen corpus anew (`npm run corpus`): only together with golden vectors, in a change that is meant to alter decisions or the format.

import { rmSync } from "node:fs";
import { join } from "node:path";
import { writeOutput } from "../host/files.ts";
import { encodeModel } from "../host/model-file/model_file.ts";
import { CORPUS, CORPUS_MODELS, corpusRecords, RECORDS } from "../tests/corpus/recipe.ts";

let bytes = 0;
for (const [name, make] of Object.entries(CORPUS_MODELS)) {
  const path = join(CORPUS, `${name}.qmoe`);
  const file = encodeModel(make());
  rmSync(path, { force: true });
  writeOutput(path, file);
  bytes += file.length;
}
writeOutput(RECORDS, `${JSON.stringify(await corpusRecords("scalar"), null, 2)}\n`);
console.log(`tests/corpus: ${Object.keys(CORPUS_MODELS).length} model files, ${bytes} bytes`);
