// `qurio doctor`: what is installed, what works, and what to install.

import { diagnose } from "../firmware-sim/engines/doctor.ts";
import { colors, formatTable } from "./output.ts";
import { printJson } from "./print_json.ts";
import type { DOCTOR } from "./schemas/model.ts";

/** Exit code 1 when nothing can be decided here. */
export async function doctor({ json = false }: { json?: boolean }): Promise<void> {
  const diagnosis = await diagnose();
  if (!diagnosis.works) process.exitCode = 1;
  if (json) {
    printJson<typeof DOCTOR>(diagnosis);
    return;
  }
  const { checks, works } = diagnosis;
  const state = (ok: boolean, required: boolean) => (ok ? "ok" : required ? colors.red("fails") : colors.yellow("missing"));
  console.log(
    formatTable(
      checks.map(({ name, ok, required, found, serves }) => [name, state(ok, required), found ?? "", serves]),
      { head: ["", "", "found", "for"] },
    ),
  );
  for (const { name, problem, install } of checks) if (problem) console.log(`\n${name}: ${problem}${install ? `\n  ${install}` : ""}`);
  console.log(`\n${works ? "qurio decides here" : "qurio cannot decide here: what fails above must work first"}`);
}
