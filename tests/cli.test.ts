// The command line as a user meets it: exit codes, messages, pipes and Ctrl-C.

import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";

const BIN = "bin/qurio.js";
const COMMANDS = ["run", "eval", "train", "export", "inspect"];

function qurio(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

/** Runs main() with a `prepare` of the test's own in place of the wasm build. */
function mainWith(args: string[], prepare: string) {
  const code = `import { main } from "./host/cli/main.ts"; await main(${JSON.stringify(args)}, async () => { ${prepare} });`;
  return [process.execPath, ["--import", "tsx", "--input-type=module", "-e", code]] as const;
}

test("--help lists every command, and each command has help with an example", () => {
  const { status, stdout, stderr } = qurio("--help");
  assert.is(status, 0);
  assert.is(stderr, "");
  for (const command of COMMANDS) {
    assert.match(stdout, new RegExp(`^  ${command} `, "m"));
    const help = qurio(command, "--help");
    assert.is(help.status, 0);
    assert.match(help.stdout, new RegExp(`Example:\n  qurio ${command}`));
    assert.match(help.stdout, "--json");
  }
});

test("--version is that of package.json", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  assert.equal(qurio("--version"), { status: 0, stdout: `${version}\n`, stderr: "" });
});

test("wrong usage: exit 2, nothing on stdout, what and what to do on stderr", () => {
  const cases: [string[], RegExp][] = [
    [["foo"], /^qurio: unknown command 'foo'/],
    [["trian"], /Did you mean train\?/],
    [["run", "--jsn"], /^qurio: unknown option '--jsn' \(Did you mean --json\?\)/],
    [["inspect"], /^qurio: missing required argument 'model'/],
    [["inspect", "a", "b"], /^qurio: too many arguments/],
    [["eval", "m.qmoe"], /^qurio: required option '--data <dir>'/],
    [["eval", "m.qmoe", "--data", "d", "--fold", "0"], /A whole number from 1 up/],
    [["train", "--data", "d"], /^qurio: option '--out <ckpt>' or --cv is needed/],
    [["train", "--data", "d", "--out", "o", "--router", "dice"], /Allowed choices are probe, bayesian/],
    [["train", "--data", "d", "--out", "o", "--experts", "4,5"], /"5" is none of ternary, 4, 8, float32/],
    [["train", "--data", "d", "--out", "o", "--experts", "4,4,4,4,4,4,4,4,4"], /At most 8 experts/],
    [["train", "--data", "d", "--out", "o", "--hidden", "640,"], /A whole number from 1 up/],
    [["train", "--data", "d", "--out", "o", "--hidden", "99999"], /at most 8192 wide/],
    [["train", "--data", "d", "--out", "o", "--seed", "-1"], /A whole number from 0 up/],
    [["export", "ckpt"], /^qurio: required option '-o, --output <file>'/],
  ];
  for (const [args, message] of cases) {
    const { status, stdout, stderr } = qurio(...args);
    assert.is(status, 2, `${args.join(" ")}: ${stderr}`);
    assert.is(stdout, "");
    assert.match(stderr, message);
    assert.match(stderr, /\n`qurio --help` lists the commands.*\n$/);
  }
});

test("no command at all: help on stderr, exit 2", () => {
  const { status, stdout, stderr } = qurio();
  assert.is(status, 2);
  assert.is(stdout, "");
  assert.match(stderr, /^Usage: qurio/);
});

test("a failure with a name: message, hint, its exit code", () => {
  const failure = 'const { QurioError } = await import("./host/errors.ts"); throw new QurioError("X", "it broke", "mend it");';
  const [node, args] = mainWith(["run"], failure);
  const { status, stdout, stderr } = spawnSync(node, args, { encoding: "utf8" });
  assert.equal({ status, stdout, stderr }, { status: 1, stdout: "", stderr: "qurio: it broke\nmend it\n" });
});

test("a failure without a name is called a fault of qurio, with its stack", () => {
  const [node, args] = mainWith(["run"], 'throw new TypeError("x is null")');
  const { status, stderr } = spawnSync(node, args, { encoding: "utf8" });
  assert.is(status, 1);
  assert.match(stderr, /^qurio: internal error: x is null\n.*report it.*\nTypeError: x is null\n\s+at /);
});

test("help and wrong arguments never start the wasm build", () => {
  for (const line of [["--help"], ["run", "--help"], ["foo"], ["train"]]) {
    const [node, args] = mainWith(line, 'console.log("BUILD")');
    assert.not.match(spawnSync(node, args, { encoding: "utf8" }).stdout, "BUILD");
  }
});

test("Ctrl-C: exit 130 at once, no stack", async () => {
  const [node, args] = mainWith(["run"], 'console.log("ready"); await new Promise((done) => setTimeout(done, 20000));');
  const child = spawn(node, args, { stdio: ["ignore", "pipe", "pipe"] });
  let stderr = "";
  child.stderr.on("data", (text) => {
    stderr += text;
  });
  child.stdout.once("data", () => child.kill("SIGINT"));
  const status = await new Promise((done) => child.once("exit", done));
  assert.is(status, 130);
  assert.is(stderr, "");
});

test("a reader that goes away (qurio … | head -1) is no failure", () => {
  const flood = 'for (let i = 0; i < 20000; i++) console.log("line " + i);';
  const [node, args] = mainWith(["run"], flood);
  const quoted = [node, ...args].map((arg) => `'${arg.replaceAll("'", "'\\''")}'`).join(" ");
  const { stdout, stderr } = spawnSync("bash", ["-c", `${quoted} | head -1; echo "exit \${PIPESTATUS[0]}"`], { encoding: "utf8" });
  assert.is(stderr, "");
  assert.is(stdout, "line 0\nexit 0\n");
});

test.run();
