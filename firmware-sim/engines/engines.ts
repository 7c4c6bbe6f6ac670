// Every engine that can execute a model: those that run modules as they are shipped, and two that compile the model first.

import { type Engine, type EngineKind, type EngineKinds, HOST_ENGINES, openEngineOf } from "../../host/engines/engine.ts";
import type { Build } from "../../host/engines/runner.ts";
import { ARM_GCC, JCO, needTool, QEMU_ARM } from "../../host/engines/tools.ts";
import { QurioError } from "../../host/errors.ts";

const { wasm3, chromium, ...commands } = HOST_ENGINES;

export const ENGINES: EngineKinds = {
  ...commands,
  component: {
    runs: "the model baked into a component, through jco in this process",
    builds: ["component"],
    tools: [JCO],
    open: async (file) => (await import("../../firmware-sim/engines/component.ts")).openComponent(file),
  },
  wasm3,
  chromium,
  "cortex-m": {
    runs: "the core as C, machine code on an emulated Cortex-M4F",
    builds: ["unchecked", "checked"],
    tools: [ARM_GCC, QEMU_ARM],
    open: async (file, build) => (await import("../../firmware-sim/engines/cortex_m.ts")).openCortexM(file, build),
  },
} satisfies Record<string, EngineKind>;

export const ENGINE_NAMES: readonly string[] = Object.keys(ENGINES);

/**
 * Opens a model in an engine.
 * @param file a `.qmoe` file's bytes; engine node also takes a baked module's
 * @throws QurioError ENGINE for an unknown name, TOOL_MISSING, TOOL_VERSION; what is wrong with a damaged or foreign file
 */
export function openEngine(name: string, file: Uint8Array, build?: Build): Promise<Engine> {
  return openEngineOf(ENGINES, name, file, build);
}

/** Names are a contract. */
export interface EngineReport {
  engine: string;
  /** Everything that it needs is there, in a version that works. */
  found: boolean;
  runs: string;
  builds: readonly Build[];
  /** Name -> version of each program that was found. */
  versions: Record<string, string>;
  /** What is missing or wrong, and the line that helps; null when nothing is. */
  problem: string | null;
  install: string | null;
}

export function engineReports(): EngineReport[] {
  return Object.entries(ENGINES).map(([engine, { runs, builds, tools }]) => {
    const report: EngineReport = { engine, found: true, runs, builds, versions: {}, problem: null, install: null };
    if (tools.length === 0) report.versions["node"] = process.versions.node;
    for (const tool of tools) {
      try {
        report.versions[tool.name] = needTool(tool).version;
      } catch (error) {
        if (!(error instanceof QurioError)) throw error;
        if (report.found) Object.assign(report, { found: false, problem: error.message, install: tool.install });
      }
    }
    return report;
  });
}
