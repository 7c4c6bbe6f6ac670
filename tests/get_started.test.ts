// What a newcomer types first: README.md's card is what `npm start` prints, and the commands of docs/get-started run as they stand there.
// Recordings take the microphone's place. The walk trains models, so it runs only with QURIO_PACK=1 or CI=true.

import { spawnSync } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { packagePath } from "../host/files.ts";

const wanted = process.env["QURIO_PACK"] === "1" || process.env["CI"] === "true";
if (!wanted) console.log("skip get_started.test.ts: the walk of docs/get-started takes two minutes; QURIO_PACK=1 runs it");

const read = (...path: string[]) => readFileSync(packagePath(...path), "utf8");
const QURIO = `"${process.execPath}" "${packagePath("bin", "qurio.js")}"`;

test("README.md shows what `npm start` prints", () => {
  const { status, stdout, stderr } = spawnSync("/bin/sh", ["-c", `${QURIO} run`], { encoding: "utf8", cwd: packagePath(".") });
  assert.is(status, 0, stderr);
  const card = /The first prints:\n\n(( {4}.*\n|\n)+)/.exec(read("README.md"))![1];
  const lines = (text: string) =>
    text
      .trim()
      .split("\n")
      .map((line) => line.trim().replace(/[\d.]+ ms on this machine/, "… ms"));
  assert.equal(lines(stdout), lines(card));
});

// A folder with a microphone that hears, by the name of the class, a clock, water, or next to nothing; each take at another level.
const folder = mkdtempSync(join(tmpdir(), "qurio-test-start-"));
test.after(() => rmSync(folder, { recursive: true, force: true }));
for (const name of ["samples", "models"]) symlinkSync(packagePath(name), join(folder, name));
program("npx", `shift; exec ${QURIO} "$@"`);
program("arecord", `for last; do :; done; exec "${process.execPath}" "${join(folder, "record.js")}" "$last"`);
writeFileSync(
  join(folder, "record.js"),
  `const { readFileSync, writeFileSync } = require("node:fs");
   const path = process.argv[2];
   const take = Number(/(\\d*)\\.wav$/.exec(path)[1]);
   const wav = readFileSync(path.includes("water") ? "samples/rain.wav" : "samples/clock_tick.wav");
   const gain = path.includes("background") ? 0.002 : 0.3 + 0.06 * take;
   for (let at = 44; at < wav.length; at += 2) wav.writeInt16LE(Math.round(wav.readInt16LE(at) * gain + ((at * 7919 * (take + 1)) % 41) - 20), at);
   writeFileSync(path, wav);`,
);

function program(name: string, line: string): void {
  writeFileSync(join(folder, name), `#!/bin/sh\n${line}\n`);
  chmodSync(join(folder, name), 0o755);
}

for (const page of ["first-decision.md", "microphone-to-board.md"]) {
  let printed = "";
  for (const [, kind, text] of read("docs", "get-started", page).matchAll(/^```(sh|text)\n(.*?)\n```$/gms)) {
    (wanted ? test : test.skip)(`${page}: ${text.split("\n")[0]}`, () => {
      if (kind === "text") {
        const found = printed.split("\n").map((line) => line.trimEnd());
        for (const line of text.split("\n")) assert.ok(found.includes(line), `"${line}" is not in\n${printed}`);
        return;
      }
      const env = { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"]}` };
      const { status, stdout, stderr } = spawnSync("/bin/sh", ["-ec", text], { cwd: folder, env, encoding: "utf8", timeout: 300_000 });
      assert.is(status, 0, `${text}\n${stdout}${stderr}`);
      printed = stdout;
    });
  }
}

test.run();
