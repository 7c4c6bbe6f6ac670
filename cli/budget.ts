// `qurio budget`: fails a build whose model costs more than it may, and says which layer it was.

import { measureBudget } from "../firmware-sim/costs/measure_budget.ts";
import { writeOutput } from "../host/files.ts";
import { openDataShown } from "../tools/terminal/data.ts";
import { startProgress } from "../tools/terminal/progress.ts";
import { budgetTables } from "./budget_tables.ts";
import { printJson } from "./print_json.ts";
import type { BUDGET_RESULT } from "./schemas/cost.ts";

export interface BudgetOptions {
  accept?: boolean;
  json?: boolean;
}

/** @throws QurioError BUDGET when a limit is exceeded, and what measureBudget throws */
export async function budget(path: string, { accept = false, json = false }: BudgetOptions): Promise<void> {
  const bar = startProgress("metering");
  const measured = await measureBudget(path, { open: openDataShown, progress: (share) => bar.update(share) }).finally(() => bar.stop());
  const { now, accepted, acceptedPath, compared, exceeded, problem } = measured;
  if (json) printJson<typeof BUDGET_RESULT>({ model: now.model, device: now.device, data: now.data, ...compared, exceeded });
  else console.log(budgetTables(now, accepted, compared));
  if (problem) throw problem;
  if (!accept) return;
  writeOutput(acceptedPath, `${JSON.stringify(now, null, 2)}\n`);
  if (!json) console.log(`\naccepted: ${acceptedPath}`);
}
