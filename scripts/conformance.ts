// `npm run conformance [-- --json] [-- PATTERN]`: every engine found, in each of its builds, against the golden vectors, byte for byte.
// Exit code 1 when one differs; under QURIO_REQUIRE_ALL=1 also when one is missing. PATTERN takes some engines.

import { parseArgs } from "node:util";
import { formatTable } from "../cli/output.ts";
import { engineReports } from "../firmware-sim/engines/engines.ts";
import { compareEngine, type Difference, readGolden } from "../tests/golden/vectors.ts";

const { values, positionals } = parseArgs({ options: { json: { type: "boolean", default: false } }, allowPositionals: true });
const golden = readGolden();
const engines = engineReports().filter(({ engine }) => new RegExp(positionals[0] ?? ".").test(engine));
const found = engines.filter((report) => report.found);
const missing = engines.filter((report) => !report.found);

interface Row {
  engine: string;
  build: string;
  model: string;
  vectors: number;
  equal: boolean;
  difference: Difference | null;
}

const rows: Row[] = [];
const started = performance.now();
for (const { engine, builds } of found) {
  for (const build of builds) {
    for (const model of Object.keys(golden.models)) {
      const vectors = golden.vectors.filter((vector) => vector.model === model);
      const difference = await compareEngine(engine, build, model, vectors);
      rows.push({ engine, build, model, vectors: vectors.length, equal: difference === null, difference });
      if (values.json) console.log(JSON.stringify(rows.at(-1)));
    }
  }
}

const different = rows.filter(({ equal }) => !equal);
if (!values.json) {
  const columns = found.flatMap(({ engine, builds }) => builds.map((build) => ({ engine, build })));
  const cell = (model: string, { engine, build }: (typeof columns)[number]) => {
    const row = rows.find((candidate) => candidate.model === model && candidate.engine === engine && candidate.build === build)!;
    return row.equal ? "equal" : "DIFFERENT";
  };
  const table = Object.keys(golden.models).map((model) => [
    model,
    golden.vectors.filter((vector) => vector.model === model).length,
    ...columns.map((column) => cell(model, column)),
  ]);
  console.log(formatTable(table, { head: ["model", "vectors", ...columns.map(({ engine, build }) => `${engine} ${build}`)] }));
  console.log("");
  for (const { engine, versions } of found)
    console.log(
      `${engine}: ${Object.entries(versions)
        .map((pair) => pair.join(" "))
        .join(", ")}`,
    );
  for (const { engine, problem, install } of missing) console.log(`${engine}: not compared, ${problem}; ${install}`);
  for (const { engine, build, model, difference } of different) {
    const { vector, phase, detail } = difference!;
    console.log(`DIFFERENT: ${engine} ${build}, ${model}, input "${vector.input}", seed ${vector.seed}: first in ${phase}: ${detail}`);
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  console.log(
    `${rows.length} rows, ${rows.length - different.length} equal, ${different.length} different, ${missing.length} engines missing; ${seconds} s`,
  );
}
process.exit(different.length > 0 || found.length === 0 || (process.env["QURIO_REQUIRE_ALL"] === "1" && missing.length > 0) ? 1 : 0);
