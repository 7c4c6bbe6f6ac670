// The npm package as a stranger gets it: packed, installed in an empty folder, imported, type-checked, run. Slow, so only with QURIO_PACK=1 or CI=true.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { packagePath } from "../host/files.ts";
import { loadModel } from "../host/runtime/index.ts";
import { bake } from "../tools/export/bake.ts";
import { randomModelFile, randomPcm } from "./harness/models.ts";
import { wavBytes } from "./harness/wav.ts";

const wanted = process.env["QURIO_PACK"] === "1" || process.env["CI"] === "true";
if (!wanted) console.log("skip pack.test.ts: packs and installs the package, which takes a while; QURIO_PACK=1 runs it");
const slow = wanted ? test : test.skip;

const temporary = mkdtempSync(join(tmpdir(), "qurio-test-pack-"));
const folder = join(temporary, "empty folder");
mkdirSync(folder);
test.after(() => rmSync(temporary, { recursive: true, force: true }));

/** Output of a program; a failure shows what it printed. */
function output(cwd: string, program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { cwd, encoding: "utf8", stdio: "pipe" });
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${program} ${args.join(" ")}\n${stdout}${stderr}`);
  }
}

/** What a module prints that runs in the stranger's folder. */
function evaluate(code: string): string {
  return output(folder, process.execPath, "--input-type=module", "-e", code).trim();
}

function tarball(): string {
  return join(temporary, readdirSync(temporary).find((name) => name.endsWith(".tgz"))!);
}

test("package.json: entries and command are built from sources that exist; runtime dependencies are pinned", () => {
  const { exports, bin, dependencies } = JSON.parse(readFileSync(packagePath("package.json"), "utf8"));
  const built = Object.values({ ...exports["."], ...exports["./browser"] }) as string[];
  assert.ok(built.length > 0);
  for (const path of built) assert.ok(existsSync(packagePath(path.replace("/dist/", "/").replace(/(\.d\.ts|\.js)$/, ".ts"))), path);
  assert.ok(existsSync(packagePath(bin.qurio)));
  for (const [name, version] of Object.entries(dependencies)) assert.match(`${version}`, /^\d+\.\d+\.\d+$/, name);
});

slow("npm pack builds a tarball that has all of the product and nothing else", () => {
  mkdirSync(packagePath("dist"), { recursive: true });
  writeFileSync(packagePath("dist", "left-over.js"), "// of an earlier build");
  output(packagePath(), "npm", "pack", "--pack-destination", temporary);
  const files = output(temporary, "tar", "-tzf", tarball())
    .trim()
    .split("\n")
    .map((name) => name.replace("package/", ""));
  const expected = ["qurio.wasm", "qurio.simd.wasm", "qurio-wasi.wasm"].map((name) => `build/${name}`);
  expected.push(
    "package.json",
    "LICENSE",
    "bin/qurio.js",
    "docs/reference/api.md",
    "dist/host/runtime/index.js",
    "dist/host/runtime/index.d.ts",
    "dist/host/runtime/browser.js",
    "dist/cli/main.js",
  );
  expected.push(
    ...output(
      packagePath(),
      "git",
      "ls-files",
      "models",
      "samples",
      "docs",
      "examples",
      "host/meter/devices",
      "host/meter/cores",
      "host/meter/families.json",
      "host/meter/carbon.json",
      "firmware-sim/battery/batteries",
      "firmware-sim/battery/presets",
      "host/engines/drive_wasm3.py",
      "assembly",
      "wit",
      "scripts/install-engines.sh",
      "firmware-sim/image/library",
      "firmware-sim/image/cycles.c",
      "firmware-sim/image/board.c",
      "firmware-sim/image/board.ld",
      "firmware-sim/image/wasm-rt.h",
    )
      .trim()
      .split("\n"),
  );
  assert.equal(
    expected.filter((name) => !files.includes(name)),
    [],
    "missing",
  );
  const product =
    /^((bin|dist|docs|examples|models|samples|wit)\/.*|assembly\/.*\.ts|asconfig\.json|build\/[\w.-]+\.wasm|host\/meter\/(devices|cores)\/.*\.json|host\/meter\/(families|carbon)\.json|firmware-sim\/battery\/(batteries|presets)\/.*\.json|host\/engines\/drive_wasm3\.py|scripts\/install-engines\.sh|firmware-sim\/image\/([a-z]+\.c|board\.ld|wasm-rt\.h|library\/.*)|[A-Z]+(\.md)?|package\.json)$/;
  assert.equal(
    files.filter(
      (name) => !product.test(name) || name === "dist/left-over.js" || (/\.ts$/.test(name) && !/\.d\.ts$|^assembly\//.test(name)),
    ),
    [],
    "not part of the product",
  );
  console.log(`${files.length} files, ${statSync(tarball()).size} bytes packed`);
});

slow("it installs in an empty folder; its command runs", () => {
  writeFileSync(join(folder, "package.json"), '{ "name": "stranger", "private": true, "type": "module" }');
  output(folder, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", tarball());
  const { version } = JSON.parse(readFileSync(packagePath("package.json"), "utf8"));
  assert.is(output(folder, "npx", "--no-install", "qurio", "--version").trim(), version);
  writeFileSync(join(folder, "model.qmoe"), randomModelFile());
  writeFileSync(
    join(folder, "clip.wav"),
    wavBytes(16000, (i) => Math.sin(i / 9) / 2),
  );
  const line = JSON.parse(output(folder, "npx", "--no-install", "qurio", "run", "model.qmoe", "clip.wav", "--json"));
  assert.match(line.label, /^class \d$/);
  assert.is(line.file, "clip.wav");
  assert.ok(line.meter.decisionUj > 0);
});

slow("its bake compiles: the module of the sources, and commands; components once jco is there", async () => {
  const baked = (...args: string[]) => output(folder, "npx", "--no-install", "qurio", "bake", "model.qmoe", "-o", "app.wasm", ...args);
  baked();
  const { wasm } = await bake(new Uint8Array(readFileSync(join(folder, "model.qmoe"))), { target: "core" });
  assert.equal(new Uint8Array(readFileSync(join(folder, "app.wasm"))), wasm);
  const line = JSON.parse(output(folder, "npx", "--no-install", "qurio", "run", "app.wasm", "clip.wav", "--json"));
  assert.match(line.label, /^class \d$/);
  baked("--target", "wasi");
  try {
    baked("--target", "component");
    assert.unreachable("baked without jco");
  } catch (error) {
    assert.match(
      `${error}`,
      /needs?.* @bytecodealliance\/jco, which is not installed \(JCO_MISSING\)\nnpm install @bytecodealliance\/jco@\d/,
    );
  }
});

slow("import { loadModel } from qurio decides as the sources do", async () => {
  const pcm = randomPcm(30000, 3);
  const decision = (await loadModel(join(folder, "model.qmoe"))).decide(pcm, 5);
  writeFileSync(join(folder, "pcm"), new Uint8Array(pcm.buffer));
  const decide = (setUp: string) =>
    JSON.parse(
      evaluate(`import { readFileSync } from "node:fs";
        const pcm = new Int16Array(new Uint8Array(readFileSync("pcm")).buffer);
        ${setUp}
        console.log(JSON.stringify(await model.decide(pcm, 5)));`),
    );
  assert.equal(decide('import { loadModel } from "qurio"; const model = await loadModel("model.qmoe");'), decision);
  const browser = `import { loadModel } from "qurio/browser";
    const read = (name) => readFileSync(new URL(import.meta.resolve("qurio/wasm/" + name)));
    const model = await loadModel(readFileSync("model.qmoe"), { wasm: { scalar: read("qurio.wasm"), simd: read("qurio.simd.wasm") } });`;
  assert.equal(decide(browser), decision);
  const engine = `import { openEngine } from "./node_modules/qurio/dist/firmware-sim/engines/engines.js";
    const model = await openEngine("wasi", readFileSync("model.qmoe")); process.on("exit", () => model.close());`;
  assert.is(decide(engine).label, decision.label);
});

slow("its types compile under strict without skipLibCheck, with Node's types or DOM's; so do the examples of docs/reference/api.md", () => {
  const use = `import { loadModel, hasSimd, QurioError, SAMPLE_RATE, WINDOW_SAMPLES, Model, type Decision, type LoadOptions, type Uncertainty, type WasmSource } from "qurio";
import { loadModel as browserLoadModel } from "qurio/browser";
const model: Model = await loadModel(new Uint8Array(8), { simd: hasSimd() });
const decision: Decision = model.decide(new Int16Array(WINDOW_SAMPLES / SAMPLE_RATE), 1);
const uncertainty: Uncertainty = decision.uncertainty;
const numbers: number[] = [decision.probability, model.plan.workBytes, model.core.exports.memory.buffer.byteLength, uncertainty.entropy ?? 0];
const options: LoadOptions = { wasm: { scalar: new ArrayBuffer(8), simd: new URL("http://x") satisfies WasmSource } };
// @ts-expect-error a label is a string: the declarations are really there
const wrong: number = decision.label;
export { browserLoadModel, numbers, options, QurioError, wrong };
`;
  const examples = [...readFileSync(packagePath("docs", "reference", "api.md"), "utf8").matchAll(/```ts\n(.*?)```/gs)].map(
    ([, code]) => code,
  );
  const compile = (files: Record<string, string>, options: object) => {
    for (const [name, code] of Object.entries(files)) writeFileSync(join(folder, name), code);
    const compilerOptions = {
      target: "es2023",
      module: "nodenext",
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      ...options,
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: Object.keys(files) }));
    output(folder, process.execPath, packagePath("node_modules", "typescript", "bin", "tsc"), "-p", ".");
  };
  const named = Object.fromEntries(examples.map((code, i) => [`example${i}.ts`, code]));
  const typeRoots = [packagePath("node_modules", "@types")];
  compile({ "use.ts": use, ...named }, { lib: ["es2023"], types: ["node"], typeRoots });
  compile({ "use.ts": use }, { lib: ["es2023", "dom"], types: [] });
  compile({ "use.ts": use }, { lib: ["es2023", "dom"], types: [], module: "esnext", moduleResolution: "bundler" });
});

test.run();
