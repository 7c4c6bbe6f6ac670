// `qurio engines`: what can execute a model on this machine, with versions, and how to get what is missing.

import { ENGINES } from "../engines/engine.ts";
import type { Build } from "../engines/runner.ts";
import { needTool } from "../engines/tools.ts";
import { QurioError } from "../errors.ts";
import { colors, formatTable } from "./output.ts";

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

export async function listEngines({ json = false }: { json?: boolean }): Promise<void> {
  const reports = engineReports();
  if (json) {
    for (const report of reports) console.log(JSON.stringify(report));
    return;
  }
  const versions = (report: EngineReport) =>
    Object.entries(report.versions)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ");
  const rows = reports.map((report) => [
    report.engine,
    report.found ? "found" : colors.yellow("missing"),
    report.found ? versions(report) : "",
    report.runs,
  ]);
  console.log(formatTable(rows, { head: ["engine", "", "version", "runs"] }));
  for (const { engine, problem, install } of reports) if (problem) console.log(`\n${engine}: ${problem}\n  ${install}`);
}
