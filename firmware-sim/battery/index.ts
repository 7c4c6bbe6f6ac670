// Node only. `@qurio/cli/sim`: how long a battery lasts. docs/guides/simulate.md describes scenarios and results.
//
// One scenario everywhere: what parseScenario returns, or JSON of the same form with less in it (ScenarioInput).

import type { TopLevelSpec } from "vega-lite";
import { lifeChart as chart } from "./chart.ts";
import { type EventResult, simulateEvents as eventByEvent } from "./events.ts";
import { type MonteCarloOptions, type MonteCarloResult, monteCarlo as many } from "./monte_carlo.ts";
import { parseScenario } from "./parse_scenario.ts";
import type { ScenarioInput } from "./scenario.ts";
import { type SimulationResult, simulateScenario } from "./simulate.ts";

export { QurioError } from "../../host/errors.ts";
export { type BatteryProfile, batteryNames, loadBattery, parseBattery } from "./batteries.ts";
export type { EventResult } from "./events.ts";
export type { MonteCarloOptions, MonteCarloResult } from "./monte_carlo.ts";
export { parseScenario } from "./parse_scenario.ts";
export type { Answer, Gate, InferenceCost, Policy, Scenario, ScenarioInput, Work } from "./scenario.ts";
export { END_CAUSES, type EndCause, type HistoryPoint, type SimulationResult } from "./simulate.ts";

/**
 * Simulates one device.
 * @param scenario states its energies (`qurio simulate` meters a model into them)
 * @throws QurioError SCENARIO, BATTERY_UNKNOWN, BATTERY_CANNOT_START
 */
export function simulate(scenario: ScenarioInput): SimulationResult {
  return simulateScenario(parseScenario(scenario));
}

/** Simulates many devices that differ as the scenario's `spread` says, on worker threads. @throws what simulate throws */
export async function monteCarlo(scenario: ScenarioInput, options: MonteCarloOptions): Promise<MonteCarloResult> {
  return many(parseScenario(scenario), options);
}

/** Simulates `days` event by event, without sun, or less if the device stops before. @throws what simulate throws */
export function simulateEvents(scenario: ScenarioInput, days: number): EventResult {
  return eventByEvent(parseScenario(scenario), days);
}

/** Charge and voltage over the life, as a Vega-Lite description. @throws what simulate throws */
export function lifeChart(scenario: ScenarioInput, result: SimulationResult): TopLevelSpec {
  return chart(parseScenario(scenario), result);
}
