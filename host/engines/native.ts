// Engines that are programs of their own and run build/qurio-wasi.wasm: wasmtime, and WAMR interpreted and compiled ahead of time.

import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { QurioError } from "../errors.ts";
import { packagePath, readInput } from "../files.ts";
import { type CommandRun, openCommand } from "./command.ts";
import type { Runner } from "./runner.ts";
import { type FoundTool, IWASM, needTool, WAMR, WAMRC, WASMTIME } from "./tools.ts";

const commandPath = () => packagePath("build", "qurio-wasi.wasm");

export async function openWasmtime(file: Uint8Array): Promise<Runner> {
  const { program } = needTool(WASMTIME);
  return openCommand(file, (folder, args) => execute(program, ["run", "--dir", ".", commandPath(), ...args], folder));
}

export async function openIwasm(file: Uint8Array): Promise<Runner> {
  const { program } = needTool(IWASM);
  return openCommand(file, (folder, args) => execute(program, ["--dir=.", commandPath(), ...args], folder));
}

export async function openIwasmAot(file: Uint8Array): Promise<Runner> {
  const compiled = await compileForWamr(needTool(WAMRC));
  const { program } = needTool(WAMR);
  return openCommand(file, (folder, args) => execute(program, ["run", "--map-dir", ".::.", compiled, ...args], folder));
}

/** Path of the command as machine code, compiled once for each state of the command and version of the compiler. */
export async function compileForWamr({ program, version }: FoundTool): Promise<string> {
  const hash = createHash("sha256").update(version).update(readInput(commandPath())).digest("hex").slice(0, 16);
  const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "qurio");
  const compiled = join(folder, `qurio-wasi.${hash}.cwasm`);
  if (existsSync(compiled)) return compiled;
  const temporary = `${compiled}.${process.pid}`;
  let problem = "";
  try {
    mkdirSync(folder, { recursive: true });
    const { exitCode, stdout, stderr } = await execute(program, ["compile", commandPath(), "-o", temporary], folder);
    if (exitCode === 0) renameSync(temporary, compiled);
    else problem = (stderr || stdout).trim();
  } catch (error) {
    problem = (error as Error).message;
  } finally {
    if (existsSync(temporary)) rmSync(temporary);
  }
  if (problem) throw new QurioError("TOOL_FAILED", `wamrc failed: ${problem}`, `Is there room in ${folder}, and may you write to it?`);
  return compiled;
}

/** Runs a program to its end. */
export function execute(program: string, args: string[], folder: string): Promise<CommandRun> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let [stdout, stderr] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (status, signal) =>
      resolve({ exitCode: status ?? 1, stdout, stderr: stderr || (signal ? `ended by ${signal}` : "") }),
    );
  });
}
