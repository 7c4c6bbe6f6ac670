// Documents say what the code says: constants, the hex dump, error messages, links.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import * as Layouts from "../assembly/format/layouts.ts";
import { buildProgram } from "../cli/program.ts";
import { DEVICE_ERRORS } from "../host/errors.ts";
import { packagePath } from "../host/files.ts";
import { formatExample } from "../scripts/format-example.ts";
import { decodeFeatureCodes } from "../tools/import/feature_codes.ts";

const read = (path: string) => readFileSync(packagePath(path), "utf8");
const namesIn = (folder: string) =>
  existsSync(packagePath(folder)) ? (readdirSync(packagePath(folder), { recursive: true }) as string[]) : [];

// ---- docs/reference/format.md ----

const format = read("docs/reference/format.md");

test("the hex dump is what npm run format-example prints", () => {
  const dump = /```text\n(\d+ bytes\n.*?)\n```/s.exec(format);
  assert.is(dump?.[1], formatExample());
});

/** Rows "| value | `NAME` | …" of docs/reference/format.md. */
const documented = [...format.matchAll(/^\| (-?[\d.]+|0x[0-9a-f]+) \| `([A-Z][A-Z0-9_]+)` \|/gm)].map(([, value, name]) => ({
  name,
  value: Number(value),
}));

const constants: Record<string, number> = {};
const modules = await Promise.all(
  namesIn("assembly/format").map((name) => import(packagePath("assembly/format", name)) as Promise<Record<string, unknown>>),
);
for (const module of modules) {
  for (const [name, value] of Object.entries(module))
    if (typeof value === "number" && !/^(ERROR_.*|OK|USES_.*|LUT_BYTES)$/.test(name)) constants[name] = value;
}

test("every constant of the format is in docs/reference/format.md with its value, and nothing else is", () => {
  assert.ok(Object.keys(constants).length > 120);
  assert.equal(
    [...documented].sort((a, b) => (a.name < b.name ? -1 : 1)),
    Object.keys(constants)
      .sort()
      .map((name) => ({ name, value: constants[name] })),
  );
});

test("block sizes and bytes of the layouts are those of layouts.ts", () => {
  const rows = [...format.matchAll(/^\| `(LAYOUT_\w+)` \| (\d+) \| (\d+) \| [^|]+ \| (\d+) \|$/gm)];
  assert.is(rows.length, Object.keys(constants).filter((name) => name.startsWith("LAYOUT_") && name !== "LAYOUT_PACKED").length);
  for (const [, name, rowCount, columnCount, bytes] of rows) {
    const layout = constants[name];
    assert.equal(
      [Number(rowCount), Number(columnCount), Number(bytes)],
      [Layouts.rowBlock(layout), Layouts.columnBlock(layout), Layouts.weightBytes(layout, 640, 969)],
      name,
    );
  }
});

// ---- docs/reference/troubleshooting.md ----

/** Heading -> the text under it. */
const entries = new Map(
  read("docs/reference/troubleshooting.md")
    .split(/^### /m)
    .slice(1)
    .map((entry): [string, string] => [entry.slice(0, entry.indexOf("\n")), entry.slice(entry.indexOf("\n")).split(/^## /m)[0]]),
);

test("every device error has an entry: its message with N for each number, then name and code", () => {
  for (const { code, name, message } of DEVICE_ERRORS) {
    const heading = message.replace(/\{[pefiln]\}/g, "N");
    assert.ok(entries.has(heading), `docs/reference/troubleshooting.md lacks "### ${heading}"`);
    assert.ok(entries.get(heading)!.trim().startsWith(`\`${name}\` ${code}.`), `"${heading}" must begin with \`${name}\` ${code}.`);
  }
});

/** A string or template literal at `at`, each ${…} as one "…"; null for anything else. */
function literal(source: string, at: number): { text: string; end: number } | null {
  const quote = source[at];
  if (quote !== '"' && quote !== "`") return null;
  let text = "";
  let i = at + 1;
  while (source[i] !== quote) {
    if (quote === "`" && source.startsWith("${", i)) {
      i = endOfExpression(source, i + 2);
      text += "…";
    } else {
      if (source[i] === "\\") i++;
      text += source[i++];
    }
  }
  return { text, end: i + 1 };
}

function endOfExpression(source: string, start: number): number {
  let i = start;
  for (let depth = 1; depth > 0; ) {
    const nested = literal(source, i);
    if (!nested && source[i] === "{") depth++;
    if (!nested && source[i] === "}") depth--;
    i = nested ? nested.end : i + 1;
  }
  return i;
}

interface HostError {
  place: string;
  name: string;
  message: string;
}

/** Name and message of each `new QurioError("NAME", message, …)`; a message may be built in `const message = …` above it. */
function errorsIn(path: string): HostError[] {
  const source = read(path);
  return [...source.matchAll(/new QurioError\(\s*/g)].flatMap(({ 0: call, index }) => {
    const name = literal(source, index + call.length);
    if (!name) return []; // the device's errors and those of the WASI command, whose names are not written here
    const at = name.end + /^,\s*/.exec(source.slice(name.end))![0].length;
    const above = source.slice(at).startsWith("message") ? source.lastIndexOf("const message = ", at) : -1;
    const message = literal(source, above < 0 ? at : above + "const message = ".length);
    assert.ok(message, `${path}: the message of ${name.text} must be a literal, or "const message = " one above it`);
    return [{ place: path, name: name.text, message: message.text }];
  });
}

const hostErrors = ["host", "tools", "firmware-sim"].flatMap((folder) =>
  namesIn(folder)
    .filter((name) => name.endsWith(".ts"))
    .flatMap((name) => errorsIn(join(folder, name))),
);

test("every host error has an entry: its message with … for each value, and its name under it", () => {
  assert.ok(hostErrors.length > 70, `${hostErrors.length} errors found`);
  const missing = hostErrors.filter(({ name, message }) => {
    // a heading may be more exact than the source, which often takes a part of the message from elsewhere
    const pattern = message.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
    const fits = new RegExp(`^${pattern.join(".+")}$`);
    return ![...entries].some(([heading, text]) => fits.test(heading) && text.includes(`\`${name}\``));
  });
  assert.equal(missing, [], "docs/reference/troubleshooting.md lacks these");
});

test("every name that the WASI command gives is explained", () => {
  const names = namesIn("assembly")
    .filter((name) => /^wasi/.test(name) && name.endsWith(".ts"))
    .flatMap((name) => [...read(join("assembly", name)).matchAll(/"[^"\n]*\(([A-Z_]+)\)(?:\\n)?"/g)].map((match) => match[1]));
  assert.ok(names.length > 8, `${names.length} names found`);
  const page = read("docs/reference/troubleshooting.md");
  assert.equal(
    names.filter((name) => !page.includes(`\`${name}\``) && !page.includes(`(${name})`)),
    [],
  );
});

// ---- README.md, docs/get-started, docs/reference/glossary.md ----

const GLOSSARY = "docs/reference/glossary.md";

test("README.md has at most 900 words", () => {
  const words = read("README.md")
    .split(/\s+/)
    .filter((word) => word !== "");
  assert.ok(words.length <= 900, `README.md has ${words.length} words, 900 allowed; figures belong to docs/results.md`);
});

test("the glossary explains each term once, and a newcomer finds it", () => {
  const terms = [...read(GLOSSARY).matchAll(/\*\*(.+?)\*\*/g)].flatMap(([, names]) => names.split(", "));
  assert.ok(terms.length > 50, `${terms.length} terms found`);
  assert.equal(
    terms.filter((term, i) => terms.indexOf(term) !== i),
    [],
    "explained twice",
  );
  const firstPages = ["README.md", ...namesIn("docs/get-started").map((name) => join("docs/get-started", name))];
  assert.ok(firstPages.length > 2);
  assert.equal(
    firstPages.filter((page) => !/\]\([^)]*glossary\.md\)/.test(read(page))),
    [],
    "these do not link the glossary",
  );
});

test("sizes in docs/results.md are those of the files (npm run size)", () => {
  const row = (name: string) => {
    const line = read("docs/results.md")
      .split("\n")
      .find((text) => text.startsWith(`| ${name}`));
    return Number(line?.split("|")[2].replaceAll(",", ""));
  };
  const bytes = (...path: string[]) => statSync(packagePath(...path)).size;
  assert.is(row("core with every weight type, scalar"), bytes("build", "qurio.wasm"));
  assert.is(row("the same, SIMD"), bytes("build", "qurio.simd.wasm"));
  assert.is(row("WASI command"), bytes("build", "qurio-wasi.wasm"));
  for (const model of ["esc10", "esc10-tiny", "esc10-low-ram"]) assert.is(row(`\`${model}.qmoe\``), bytes("models", `${model}.qmoe`));
});

test("docs/README.md lists every page", () => {
  const listed = [...read("docs/README.md").matchAll(/\]\(([^)#]+\.md)\)/g)].map(([, path]) => path);
  const pages = namesIn("docs").filter((name) => name.endsWith(".md") && name !== "README.md" && !name.includes("/study/"));
  assert.equal(
    pages.filter((page) => !listed.includes(page)),
    [],
  );
});

test("docs/reference/commands.md has every command, and no other", () => {
  const named = [...read("docs/reference/commands.md").matchAll(/^\| `qurio ([a-z]+)/gm)].map(([, name]) => name);
  const { commands } = buildProgram(
    () => {},
    async () => {},
  );
  assert.equal([...new Set(named)].sort(), commands.map((command) => command.name()).sort());
});

// ---- all documents ----

const documents = [
  ...readdirSync(packagePath(".")),
  ...["docs", "examples", "models", "samples"].flatMap((folder) => namesIn(folder).map((name) => join(folder, name))),
].filter((name) => /\.(md|txt)$/.test(name) || name === "NOTICE");

/** GitHub's anchor of a heading. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, "")
    .replace(/ /g, "-");

test("relative links lead to files and headings that are there", () => {
  const broken: string[] = [];
  for (const document of documents) {
    const text = read(document).replace(/^```.*?^```/gms, "");
    for (const [, target] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [file, heading] = target.split("#");
      const path = file === "" ? document : join(dirname(document), file);
      const there = existsSync(packagePath(path));
      const headings = heading && there ? [...read(path).matchAll(/^#+ (.*)$/gm)].map((match) => anchor(match[1])) : [];
      if (!there || (heading && !headings.includes(heading))) broken.push(`${document}: ${target}`);
    }
  }
  assert.equal(broken, []);
});

test("commands and files that documents name exist", () => {
  const { scripts } = JSON.parse(read("package.json"));
  const unknown: string[] = [];
  for (const document of documents.filter((name) => name.endsWith(".md"))) {
    const text = read(document);
    for (const [, name] of text.matchAll(/npm run (?:--silent |-s )?([\w:-]+)/g))
      if (!(name in scripts)) unknown.push(`${document}: npm run ${name}`);
    for (const [, path] of text.matchAll(/`((?:assembly|host|tools|firmware-sim|cli|scripts|tests|docs|bench|examples)\/[\w./-]*\w)`/g))
      if (!existsSync(packagePath(path))) unknown.push(`${document}: ${path}`);
  }
  assert.equal(unknown, []);
});

test("every source that ARCHITECTURE.md and CONTRIBUTING.md name is somewhere", () => {
  const folders = ["assembly", "host", "tools", "firmware-sim", "cli", "tests", "scripts", "bench"];
  const sources = new Set(folders.flatMap((folder) => namesIn(folder).map((name) => basename(name))));
  for (const document of ["ARCHITECTURE.md", "CONTRIBUTING.md"]) {
    const named = [...read(document).matchAll(/(?<![\w*>.-])([a-z][\w-]*(?:\.simd|\.test)?\.ts)\b/g)].map(([, name]) => name);
    assert.ok(named.length > 5, `${document}: ${named.length} sources found`);
    assert.equal(
      named.filter((name) => !sources.has(name)),
      [],
      document,
    );
  }
});

test("every clip that the bundled feature codes come from has its author in models/ATTRIBUTION.txt", () => {
  const { clips } = decodeFeatureCodes(new Uint8Array(readFileSync(packagePath("models", "esc10-features.qfc"))), "esc10-features.qfc");
  const attribution = read("models/ATTRIBUTION.txt");
  assert.is(clips.length, 320);
  const unnamed = clips.filter(({ name }) => !new RegExp(`^${name}: clip derived from .* by .* \\[CC[^\\]]*\\]$`, "m").test(attribution));
  assert.equal(unnamed, []);
});

test("no document knows the machine that it was written on", () => {
  const found = documents.filter((document) => /(^|[\s`"'(=])\/(work|root|tmp|home)\//m.test(read(document)));
  assert.equal(found, []);
});

test.run();
