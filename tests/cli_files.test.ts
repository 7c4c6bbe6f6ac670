// Output files are atomic, and every way that writing can fail has a name.

import { spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { QurioError } from "../host/errors.ts";
import { packagePath, packageVersions, readInput, writeOutput } from "../host/files.ts";

const root = mkdtempSync(join(tmpdir(), "qurio-files-"));
chmodSync(root, 0o755);
process.on("exit", () => rmSync(root, { recursive: true, force: true }));

function refused(code: string, text: RegExp, work: () => unknown) {
  try {
    work();
  } catch (error) {
    assert.instance(error, QurioError, `${error}`);
    assert.is((error as QurioError).code, code);
    assert.match((error as QurioError).message, text);
    return;
  }
  assert.unreachable(`done, ${code} expected`);
}

test("writes and replaces; text and bytes; nothing else is left in the folder", () => {
  const dir = join(root, "plain");
  mkdirSync(dir);
  const path = join(dir, "m.qmoe");
  writeOutput(path, new Uint8Array([1, 2, 3]));
  assert.equal([...readFileSync(path)], [1, 2, 3]);
  writeOutput(path, "ä\n");
  assert.is(readFileSync(path, "utf8"), "ä\n");
  assert.equal(readdirSync(dir), ["m.qmoe"]);
});

test("keeps the mode of a file it replaces, and writes through a symbolic link", () => {
  const path = join(root, "mode.bin");
  writeFileSync(path, "old");
  chmodSync(path, 0o640);
  symlinkSync(path, join(root, "link.bin"));
  writeOutput(join(root, "link.bin"), "new");
  assert.is(readFileSync(path, "utf8"), "new");
  assert.is(statSync(path).mode & 0o777, 0o640);
});

test("refused: no such folder, a file for a folder, a folder for a file", () => {
  refused("OUTPUT_NO_FOLDER", /folder .*nowhere does not exist/, () => writeOutput(join(root, "nowhere", "a"), "x"));
  writeFileSync(join(root, "file"), "x");
  refused("OUTPUT_NO_FOLDER", /does not exist/, () => writeOutput(join(root, "file", "a"), "x"));
  refused("OUTPUT_IS_FOLDER", /is a folder/, () => writeOutput(root, "x"));
});

test("refused: a folder without permission", () => {
  const dir = join(root, "locked");
  mkdirSync(dir, { mode: 0o555 });
  const asRoot = process.geteuid?.() === 0;
  if (asRoot) process.seteuid?.(65534);
  try {
    refused("OUTPUT_PERMISSION", /no permission \(EACCES\)/, () => writeOutput(join(dir, "a"), "x"));
  } finally {
    if (asRoot) process.seteuid?.(0);
  }
});

// Through nodes of the test's own: a writer that replaced a device with a file would do so to the machine's /dev/full.
const nodes = ["full", "null"].map((name) => join(root, name));
const madeNodes = nodes.every((path, i) => spawnSync("mknod", ["-m", "666", path, "c", "1", i === 0 ? "7" : "3"]).status === 0);
const usable = madeNodes && spawnSync("bash", ["-c", `echo x > ${nodes[1]}`]).status === 0;
if (!usable) console.log("skip: devices are written, not replaced (making device nodes is not allowed here)");
(usable ? test : test.skip)("refused: a full device; devices are written, not replaced", () => {
  refused("OUTPUT_DISK_FULL", /disk is full, 5 bytes needed/, () => writeOutput(nodes[0], "hello"));
  writeOutput(nodes[1], "x");
  for (const path of nodes) assert.ok(statSync(path).isCharacterDevice());
});

const tiny = join(root, "tiny");
mkdirSync(tiny);
const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "none", tiny]).status === 0;
if (!mounted) console.log("skip: a disk that fills up (mounting a 64 KB tmpfs is not allowed here)");
(mounted ? test : test.skip)("refused: a disk that fills up half way; the old file stays, no remains", () => {
  try {
    const path = join(tiny, "m.qmoe");
    writeOutput(path, new Uint8Array(10000).fill(1));
    refused("OUTPUT_DISK_FULL", /disk is full, 100000 bytes needed/, () => writeOutput(path, new Uint8Array(100000).fill(2)));
    assert.equal(readdirSync(tiny), ["m.qmoe"]);
    assert.ok(readFileSync(path).length === 10000 && readFileSync(path).every((byte) => byte === 1));
  } finally {
    spawnSync("umount", [tiny]);
  }
});

test("refused: inputs that are not there or are folders", () => {
  refused("INPUT_MISSING", /does not exist/, () => readInput(join(root, "none.wav")));
  refused("INPUT_IS_FOLDER", /is a folder/, () => readInput(root));
  assert.is(readInput(join(root, "file")).length, 1);
});

test("packagePath finds the clone's own files, and versions are those that @qurio/cli states", () => {
  assert.is(JSON.parse(readFileSync(packagePath("package.json"), "utf8")).name, "qurio-workspace");
  const { version, dependencies } = JSON.parse(readFileSync(packagePath("packages", "cli", "package.json"), "utf8"));
  assert.equal(packageVersions("qurio", "@jax-js/jax"), { qurio: version, "@jax-js/jax": dependencies["@jax-js/jax"] });
});

test.run();
