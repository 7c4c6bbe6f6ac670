// The command line as a user meets it: exit codes, messages, pipes and Ctrl-C.

import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { buildProgram } from "../cli/program.ts";

const BIN = "bin/qurio.js";
const COMMANDS = ["run", "simulate", "eval", "engines", "train", "export", "inspect", "meter", "budget"];

function qurio(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], { encoding: "utf8" });
  return { status, stdout, stderr };
}

/** Runs main() with a `prepare` of the test's own in place of the wasm build. */
function mainWith(args: string[], prepare: string) {
  const code = `import { main } from "./cli/main.ts"; await main(${JSON.stringify(args)}, async () => { ${prepare} });`;
  return [process.execPath, ["--import", "tsx", "--input-type=module", "-e", code]] as const;
}

/** Parses in this process: what was printed, what was complained about, and whether a command was about to run. */
async function parse(...args: string[]) {
  const seen = { stdout: "", complaint: "", started: false };
  const program = buildProgram(
    (message) => {
      seen.complaint += message;
    },
    async () => {
      seen.started = true;
      throw new Error("started");
    },
  );
  for (const command of [program, ...program.commands]) {
    command.configureOutput({
      writeOut: (text) => {
        seen.stdout += text;
      },
    });
  }
  await program.parseAsync(args, { from: "user" }).catch(() => {});
  return seen;
}

test("--help lists every command, and each command has help with an example", async () => {
  const { status, stdout, stderr } = qurio("--help");
  assert.is(status, 0);
  assert.is(stderr, "");
  for (const command of COMMANDS) {
    assert.match(stdout, new RegExp(`^  ${command} `, "m"));
    const help = await parse(command, "--help");
    assert.not(help.started);
    assert.match(help.stdout, new RegExp(`Example:\n  qurio ${command}`));
    assert.match(help.stdout, "--json");
  }
  assert.is(qurio("run", "--help").status, 0);
});

test("--version is that of package.json", () => {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  assert.equal(qurio("--version"), { status: 0, stdout: `${version}\n`, stderr: "" });
});

test("wrong usage is named and starts nothing", async () => {
  const cases: [string[], RegExp][] = [
    [["foo"], /^unknown command 'foo'/],
    [["trian"], /Did you mean train\?/],
    [["run", "--jsn"], /^unknown option '--jsn' \(Did you mean --json\?\)/],
    [["inspect"], /^missing required argument 'model'/],
    [["inspect", "a", "b"], /^too many arguments/],
    [["eval", "m.qmoe"], /^required option '--data <dir>'/],
    [["eval", "m.qmoe", "--data", "d", "--fold", "0"], /A whole number from 1 up/],
    [["train", "--data", "d"], /^option '--out <ckpt>' or --cv is needed/],
    [["train", "--data", "d", "--out", "o", "--router", "dice"], /Allowed choices are probe, bayesian/],
    [["train", "--data", "d", "--out", "o", "--experts", "4,17"], /"17" is none of ternary, .*16, float32/],
    [["train", "--data", "d", "--out", "o", "--experts", "4,4,4,4,4,4,4,4,4"], /At most 7 experts/],
    [["train", "--data", "d", "--out", "o", "--hidden", "640,"], /A whole number from 1 up/],
    [["train", "--data", "d", "--out", "o", "--hidden", "99999"], /at most 8192 wide/],
    [["train", "--data", "d", "--out", "o", "--seed", "-1"], /A whole number from 0 up/],
    [["export", "ckpt"], /^required option '-o, --output <file>'/],
  ];
  for (const [args, message] of cases) {
    const { complaint, stdout, started } = await parse(...args);
    assert.match(complaint, message);
    assert.is(stdout, "");
    assert.not(started, args.join(" "));
  }
  assert.ok((await parse("train", "--data", "d", "--cv", "--hidden", "640,320", "--experts", "ternary,4,8")).started);
});

test("wrong usage: exit 2, nothing on stdout, what and what to do on stderr", () => {
  for (const [args, message] of [
    [["foo"], "unknown command 'foo'"],
    [["train", "--data", "d"], "option '--out <ckpt>' or --cv is needed"],
  ] as [string[], string][]) {
    const hint = "`qurio --help` lists the commands, `qurio COMMAND --help` the options of one.";
    assert.equal(qurio(...args), { status: 2, stdout: "", stderr: `qurio: ${message}\n${hint}\n` });
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
  assert.equal({ status, stdout, stderr }, { status: 1, stdout: "", stderr: "qurio: it broke (X)\nmend it\n" });
});

test("a failure without a name is called a fault of qurio, with its stack", () => {
  const [node, args] = mainWith(["run"], 'throw new TypeError("x is null")');
  const { status, stderr } = spawnSync(node, args, { encoding: "utf8" });
  assert.is(status, 1);
  assert.match(stderr, /^qurio: internal error: x is null\n.*report it.*\nTypeError: x is null\n\s+at /);
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
