// Node only. The programs that images are made and run with.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { QurioError } from "../../host/errors.ts";

export const HOW_TO_INSTALL = "apt-get install --no-install-recommends gcc libc6-dev gcc-arm-none-eabi qemu-system-arm";

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

export function emulationError(message: string): QurioError {
  return new QurioError("EMULATION", `emulation failed: ${message}`, `Use wabt 1.0.39 and the tools of ${HOW_TO_INSTALL}.`);
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
