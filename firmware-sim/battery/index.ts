// Node only. The package's `qurio/sim`: how long a battery lasts. docs/guides/simulate.md describes scenarios and results.

import { type MonteCarloOptions, type MonteCarloResult, monteCarlo as run } from "./monte_carlo.ts";
import { parseScenario } from "./parse_scenario.ts";
import { type SimulationResult, simulateScenario } from "./simulate.ts";

export { type BatteryProfile, batteryNames, loadBattery, parseBattery } from "./batteries.ts";
export { type EventResult, simulateEvents } from "./events.ts";
export type { MonteCarloOptions, MonteCarloResult } from "./monte_carlo.ts";
export { parseScenario } from "./parse_scenario.ts";
export type { InferenceCost, Policy, Scenario } from "./scenario.ts";
export { END_CAUSES, type EndCause, type HistoryPoint, type SimulationResult } from "./simulate.ts";

/**
 * Simulates one device.
 * @param scenario JSON as docs/guides/simulate.md describes it, with explicit energies (`qurio simulate` meters a model into them)
 * @throws QurioError SCENARIO, BATTERY_UNKNOWN, BATTERY_PROFILE, BATTERY_CANNOT_START
 */
export function simulate(scenario: unknown): SimulationResult {
  return simulateScenario(parseScenario(scenario));
}

/** Simulates many devices that differ as the scenario's `spread` says, on worker threads. @throws what simulate throws */
export async function monteCarlo(scenario: unknown, options: MonteCarloOptions): Promise<MonteCarloResult> {
  return run(parseScenario(scenario), options);
}
