// What a thread of the Monte Carlo simulation is started with.

import type { Scenario } from "./scenario.ts";

export interface WorkerData {
  scenario: Scenario;
  seed: number;
}
