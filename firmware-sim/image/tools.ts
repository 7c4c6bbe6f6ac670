// Node only. What both ways of emulating share: the programs, the plugin, and reading what it counted.

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { QurioError } from "../../host/errors.ts";
import { packagePath } from "../../host/files.ts";

export const imageFolder = packagePath("firmware-sim", "image");

export const HOW_TO_INSTALL = "apt-get install --no-install-recommends gcc libc6-dev gcc-arm-none-eabi qemu-system-arm";

export const INSTRUCTION_CLASSES = ["alu", "mul", "div", "load", "store", "branch", "float"] as const;

export interface Counts {
  /** Exact. */
  instructions: number;
  classes: Record<(typeof INSTRUCTION_CLASSES)[number], number>;
  /** Modelled, zero wait states. */
  cycles: number;
}

/** What is missing in PATH, or null. */
export function missingTool(tools = ["gcc", "arm-none-eabi-gcc", "qemu-system-arm"]): string | null {
  for (const tool of tools) {
    try {
      execFileSync(tool, ["--version"], { stdio: "ignore" });
    } catch {
      return tool;
    }
  }
  return null;
}

/** cycles.so in this folder. */
export function buildPlugin(folder: string): void {
  if (!existsSync(join(folder, "cycles.so")))
    runTool(folder, "gcc", ["-O2", "-shared", "-fPIC", "-o", "cycles.so", join(imageFolder, "cycles.c")]);
}

/** The plugin's lines, in order, and the text that was printed between them. */
export function readCounts(output: string): { lines: Counts[]; text: string } {
  const lines: Counts[] = [];
  const text = output.replaceAll(/region (instructions .*)\n/g, (_, line: string) => {
    const value = (word: string) => Number(line.match(new RegExp(`\\b${word} (\\d+)`))?.[1]);
    const classes = Object.fromEntries(INSTRUCTION_CLASSES.map((kind) => [kind, value(kind)])) as Counts["classes"];
    lines.push({ instructions: value("instructions"), classes, cycles: value("cycles") });
    return "";
  });
  return { lines, text };
}

export function emulationError(message: string): QurioError {
  return new QurioError("EMULATION", `emulation failed: ${message}`, "Use wabt 1.0.39 and the tools named in emulate.ts.");
}

/**
 * Runs a program in a folder.
 * @param codes exit codes that are no failure
 * @throws QurioError TOOL_MISSING, EMULATION
 */
export function runTool(folder: string, tool: string, args: string[], codes = [0]): { stdout: string; stderr: string; code: number } {
  const stderrFile = join(folder, "stderr");
  const script = 'exec "$0" "$@" 2>stderr </dev/null';
  try {
    const stdout = execFileSync("sh", ["-c", script, tool, ...args], { cwd: folder, encoding: "utf8", stdio: "pipe", maxBuffer: 1 << 26 });
    return { stdout, stderr: readFileSync(stderrFile, "utf8"), code: 0 };
  } catch (error) {
    const { status, stdout } = error as { status?: number; stdout?: string };
    const said = readFileSync(stderrFile, "utf8");
    if (status && codes.includes(status)) return { stdout: stdout ?? "", stderr: said, code: status };
    if (status !== 127) throw emulationError(`${tool}: ${said.slice(0, 2000) || error}`);
    throw new QurioError("TOOL_MISSING", `${tool} is not in PATH`, HOW_TO_INSTALL);
  }
}
