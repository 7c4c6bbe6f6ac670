// `qurio engines`: what can execute a model on this machine, with versions, and how to get what is missing.

import { type EngineReport, engineReports } from "../firmware-sim/engines/engines.ts";
import { colors, formatTable } from "./output.ts";
import { printJson } from "./print_json.ts";
import type { ENGINES } from "./schemas/model.ts";

export async function listEngines({ json = false }: { json?: boolean }): Promise<void> {
  const reports = engineReports();
  if (json) {
    for (const report of reports) printJson<typeof ENGINES>({ ...report, builds: [...report.builds] });
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
