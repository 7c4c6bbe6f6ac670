// Both npm packages as a stranger gets them: packed, installed in empty folders, imported, type-checked, run. Slow, so only with QURIO_PACK=1
// or CI=true.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CHROMIUM, needTool } from "../host/engines/tools.ts";
import { packagePath } from "../host/files.ts";
import { loadModel } from "../host/runtime/index.ts";
import { throughPackage } from "../scripts/build-packages.ts";
import { Installed } from "../scripts/installed.ts";
import { bake } from "../tools/export/bake.ts";
import { randomModelFile, randomPcm } from "./harness/models.ts";
import { fullScenario } from "./harness/scenarios.ts";
import { output, PACKAGES, pack, type Strangers } from "./harness/strangers.ts";
import { wavBytes } from "./harness/wav.ts";

const wanted = process.env["QURIO_PACK"] === "1" || process.env["CI"] === "true";
if (!wanted) console.log("skip pack.test.ts: packs and installs the packages, which takes a while; QURIO_PACK=1 runs it");
const slow = wanted ? test : test.skip;

const MAX_RUNTIME_BYTES = 150_000;
/** Of `npm i @qurio/cli`. */
const MAX_PACKAGES = 120;
const MAX_INSTALLED_BYTES = 160 * 2 ** 20;

const manifest = (...folder: string[]) => JSON.parse(readFileSync(packagePath(...folder, "package.json"), "utf8"));

test("package.json: version, licence and addresses are the clone's; dependencies are pinned", () => {
  const root = manifest();
  for (const name of PACKAGES) {
    const { version, license, keywords, homepage, bugs, engines, repository } = manifest("packages", name);
    const {
      version: ownVersion,
      license: ownLicense,
      keywords: ownKeywords,
      homepage: ownHomepage,
      bugs: ownBugs,
      engines: ownEngines,
    } = root;
    assert.equal(
      [version, license, keywords, homepage, bugs, engines],
      [ownVersion, ownLicense, ownKeywords, ownHomepage, ownBugs, ownEngines],
      `packages/${name}: the root's package.json defines these`,
    );
    assert.equal(repository, { ...root.repository, directory: `packages/${name}` });
  }
  const { dependencies } = manifest("packages", "cli");
  assert.is(dependencies.qurio, root.version);
  assert.is(manifest("packages", "qurio").dependencies, undefined);
  for (const [name, version] of Object.entries(dependencies)) assert.match(`${version}`, /^\d+\.\d+\.\d+$/, name);
});

test("the build sends imports of the runtime to its package, and no others", () => {
  const sent = (from: string, line: string) => throughPackage(from, line);
  assert.is(sent("cli/run.js", 'import { loadModel } from "../host/runtime/index.js";'), 'import { loadModel } from "qurio/internal";');
  assert.is(sent("host/files.js", 'export { QurioError } from "./errors.js";'), 'export { QurioError } from "qurio/internal";');
  assert.is(sent("cli/run.js", 'await import("../host/runtime/model.js")'), 'await import("qurio/internal")');
  assert.is(sent("host/files.d.ts", 'import type { A } from "./wasm/leb.ts";'), 'import type { A } from "./wasm/leb.js";');
  assert.is(sent("host/x.js", 'new URL("./runtime/a.js", import.meta.url)'), 'new URL("./runtime/a.js", import.meta.url)');
});

let strangers: Strangers;
let runtime: string;
let cli: string;
if (wanted) {
  test.before(() => {
    strangers = pack();
    runtime = strangers.folder("runtime alone", strangers.tarballs.qurio);
    cli = strangers.folder("command and runtime", strangers.tarballs.qurio, strangers.tarballs.cli);
  });
  test.after(() => strangers.end());
}

/** What a module prints that runs in a stranger's folder. */
function evaluate(folder: string, code: string): string {
  writeFileSync(join(folder, "script.mjs"), code);
  return output(folder, process.execPath, "script.mjs").trim();
}

/** Path and bytes of each file in a tarball. */
function filesOf(tarball: string): Map<string, number> {
  const lines = output(strangers.root, "tar", "-tvzf", tarball).trim().split("\n");
  return new Map(
    lines.map((line) => {
      const [, , sizeBytes, , , ...path] = line.split(/\s+/);
      return [path.join(" ").replace("package/", ""), Number(sizeBytes)];
    }),
  );
}

slow("qurio's tarball has the runtime and nothing else, in few bytes", () => {
  const files = filesOf(strangers.tarballs.qurio);
  const expected = ["LICENSE", "NOTICE", "README.md", "package.json", "dist/internal.js", "dist/internal.d.ts", "dist/build/browser.js"];
  expected.push("dist/build/qurio.wasm", "dist/build/qurio.simd.wasm", "dist/host/runtime/index.js");
  const others = [...files.keys()].filter((name) => !expected.includes(name));
  for (const name of expected) assert.ok(files.has(name), name);
  assert.equal(
    others.filter((name) => !/^dist\/(host|assembly)\/.*\.d\.ts$/.test(name)),
    [],
  );
  const sizeBytes = [...files.values()].reduce((sum, size) => sum + size, 0);
  console.log(`qurio: ${files.size} files, ${sizeBytes} bytes unpacked`);
  assert.ok(sizeBytes <= MAX_RUNTIME_BYTES, `${sizeBytes} bytes unpacked, at most ${MAX_RUNTIME_BYTES} expected`);
});

slow("@qurio/cli's tarball has all of the product and nothing else, and no second runtime", () => {
  const files = [...filesOf(strangers.tarballs.cli).keys()];
  const committed = output(
    packagePath(),
    "git",
    "ls-files",
    "assembly",
    "bin",
    "docs",
    "examples",
    "host",
    "models",
    "samples",
    "tools",
    "wit",
    "firmware-sim",
  );
  const data = committed
    .trim()
    .split("\n")
    .filter((name) => !/^(host|tools|firmware-sim)\/.*\.ts$|^firmware-sim\/calibrate\//.test(name));
  const expected = [
    "package.json",
    "LICENSE",
    "NOTICE",
    "README.md",
    "CHANGELOG.md",
    "asconfig.json",
    "build/qurio-wasi.wasm",
    "dist/cli/main.js",
  ];
  expected.push("scripts/install-engines.sh", ...data);
  assert.equal(
    expected.filter((name) => !files.includes(name)),
    [],
    "missing",
  );
  const others = files.filter(
    (name) => !expected.includes(name) && !/^(dist\/(assembly|cli|host|tools|firmware-sim)\/.*\.(js|d\.ts)|[A-Z]+\.md)$/.test(name),
  );
  assert.equal(others, [], "not part of the product");
  assert.equal(
    files.filter((name) => /^dist\/host\/(runtime\/|errors)/.test(name)),
    [],
    "of the runtime there is one copy, in package qurio",
  );
});

slow("qurio alone: one package, and five lines decide what a model hears", async () => {
  const file = randomModelFile();
  const pcm = randomPcm(30000, 3);
  writeFileSync(join(runtime, "model.qmoe"), file);
  writeFileSync(join(runtime, "pcm"), new Uint8Array(pcm.buffer));
  const expected = (await loadModel(file)).decide(pcm, 5);
  for (const name of ["qurio", "qurio/browser"]) {
    const said = evaluate(
      runtime,
      `import { readFileSync } from "node:fs";
      import { loadModel } from "${name}";
      const read = (path) => readFileSync(path);
      const wasm = { scalar: read(new URL(import.meta.resolve("qurio/qurio.wasm"))), simd: read(new URL(import.meta.resolve("qurio/qurio.simd.wasm"))) };
      const model = await loadModel(read("model.qmoe"), ${name === "qurio" ? "{}" : "{ wasm }"});
      console.log(JSON.stringify(model.decide(new Int16Array(read("pcm").buffer.slice(0)), 5)));`,
    );
    assert.equal(JSON.parse(said), expected, name);
  }
  assert.is(new Installed(runtime).total("qurio").packages, 1);
});

const command = (...args: string[]) => output(cli, "npx", "--no-install", "qurio", ...args);

slow("@qurio/cli: few packages and megabytes, and the command runs", () => {
  const { packages, sizeBytes } = new Installed(cli).total("@qurio/cli");
  console.log(`@qurio/cli: ${packages} packages, ${(sizeBytes / 2 ** 20).toFixed(1)} MiB installed`);
  assert.ok(packages <= MAX_PACKAGES && sizeBytes <= MAX_INSTALLED_BYTES, `${packages} packages, ${sizeBytes} bytes`);
  assert.is(command("--version").trim(), manifest().version);
  writeFileSync(join(cli, "model.qmoe"), randomModelFile());
  writeFileSync(
    join(cli, "clip.wav"),
    wavBytes(16000, (i) => Math.sin(i / 9) / 2),
  );
  const line = JSON.parse(command("run", "model.qmoe", "clip.wav", "--json"));
  assert.match(line.label, /^class \d$/);
  assert.is(line.file, "clip.wav");
  assert.ok(line.meter.decisionUj > 0);
  const wasi = JSON.parse(command("run", "model.qmoe", "clip.wav", "--json", "--engine", "wasi"));
  assert.equal([wasi.label, wasi.probability], [line.label, line.probability]);
});

slow("its bake compiles: the module of the sources, and commands; components once jco is there", async () => {
  const baked = (...args: string[]) => command("bake", "model.qmoe", "-o", "app.wasm", ...args);
  baked();
  const { wasm } = await bake(new Uint8Array(readFileSync(join(cli, "model.qmoe"))), { target: "core" });
  assert.equal(new Uint8Array(readFileSync(join(cli, "app.wasm"))), wasm);
  const line = JSON.parse(command("run", "app.wasm", "clip.wav", "--json"));
  assert.match(line.label, /^class \d$/);
  baked("--target", "wasi");
  assert.throws(
    () => baked("--target", "component"),
    /needs?.* @bytecodealliance\/jco, which is not installed \(JCO_MISSING\)\nnpm install @bytecodealliance\/jco@\d/,
  );
});

slow("it trains in threads, and exports what it trained", () => {
  const codes = join("node_modules", "@qurio", "cli", "models", "esc10-features.qfc");
  command("train", "--data", codes, "--out", "small.ckpt", "--experts", "4", "--hidden", "8", "--epochs", "2", "--jobs", "2");
  const line = JSON.parse(command("export", "small.ckpt", "-o", "small.qmoe", "--json").trim().split("\n").at(-1)!);
  assert.is(line.bytes, readFileSync(join(cli, "small.qmoe")).length);
});

slow("@qurio/cli/sim simulates, on threads too; its QurioError is qurio's", () => {
  const said = evaluate(
    cli,
    `import { QurioError } from "qurio";
    import * as browser from "qurio/browser";
    import { monteCarlo, QurioError as SimError, simulate } from "@qurio/cli/sim";
    const { lifeDays } = await monteCarlo(${JSON.stringify(fullScenario())}, { runs: 2, seed: 1 });
    let caught;
    try { simulate({}); } catch (error) { caught = error; }
    const same = [SimError === QurioError, browser.QurioError === QurioError, caught instanceof QurioError];
    console.log(JSON.stringify([...same, caught.code, lifeDays.p50 > 1]));`,
  );
  assert.equal(JSON.parse(said), [true, true, true, "SCENARIO", true]);
});

const chromium = (() => {
  try {
    return needTool(CHROMIUM);
  } catch {
    if (wanted) console.log("skip pack.test.ts, chromium: it is not in PATH");
    return null;
  }
})();

(chromium ? slow : test.skip)("its engine chromium loads the runtime's bundle in a page", () => {
  const ask = (engine: string) => JSON.parse(command("run", "model.qmoe", "clip.wav", "--json", "--engine", engine));
  assert.is(ask("chromium").probability, ask("node").probability);
});

const TSC = packagePath("node_modules", "typescript", "bin", "tsc");

/** Compiles files in a stranger's folder, strictly, declarations of packages too. */
function compile(folder: string, files: Record<string, string>, options: object): void {
  for (const [name, code] of Object.entries(files)) writeFileSync(join(folder, name), code);
  const strict = {
    target: "es2023",
    module: "nodenext",
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions: { ...strict, ...options }, files: Object.keys(files) }));
  output(folder, process.execPath, TSC, "-p", ".");
}

slow(
  "qurio's types compile without skipLibCheck, Node's types or the DOM's; so do the examples of docs/reference/api.md with Node's",
  () => {
    const use = `import { loadModel, hasSimd, QurioError, Model, type Decision, type LoadOptions, type Uncertainty, type WasmSource } from "qurio";
import { loadModel as browserLoadModel } from "qurio/browser";
const model: Model = await loadModel(new Uint8Array(8), { simd: hasSimd() });
const decision: Decision = model.decide(new Int16Array(model.windowSamples / model.sampleRate), 1);
const uncertainty: Uncertainty = decision.uncertainty;
const numbers: number[] = [decision.probability ?? 0, model.plan.workBytes, model.core.exports.memory.buffer.byteLength, uncertainty.entropy ?? 0];
const options: LoadOptions = { wasm: { scalar: new ArrayBuffer(8), simd: "http://x" satisfies WasmSource } };
// @ts-expect-error a label is a string: the declarations are really there
const wrong: number = decision.label;
export { browserLoadModel, numbers, options, QurioError, wrong };
`;
    const urls =
      'import { loadModel } from "qurio";\nawait loadModel(new URL("http://x"), { wasm: { scalar: new URL("http://x"), simd: "" } });\n';
    const api = readFileSync(packagePath("docs", "reference", "api.md"), "utf8");
    const examples = [...api.matchAll(/```ts\n(.*?)```/gs)].map(([, code], i) => [`example${i}.ts`, code]);
    assert.ok(examples.length > 5, `${examples.length} examples found`);
    const typeRoots = [packagePath("node_modules", "@types")];
    compile(runtime, { "use.ts": use }, { lib: ["es2023"], types: [] });
    compile(runtime, { "use.ts": use }, { lib: ["es2023"], types: [], module: "esnext", moduleResolution: "bundler" });
    compile(runtime, { "use.ts": use, "urls.ts": urls }, { lib: ["es2023", "dom"], types: [], customConditions: ["browser"] });
    compile(runtime, { "urls.ts": urls, ...Object.fromEntries(examples) }, { lib: ["es2023"], types: ["node"], typeRoots });
  },
);

slow("@qurio/cli/sim's types compile", () => {
  const use = `import { QurioError, simulate } from "@qurio/cli/sim";
import { QurioError as Same } from "qurio";
export const days: number = simulate({} as Parameters<typeof simulate>[0]).lifeDays;
export const error: Same = new QurioError("A", "b", "c");
`;
  compile(cli, { "sim.ts": use }, { lib: ["es2023", "dom"], types: [], skipLibCheck: true });
});

test.run();
