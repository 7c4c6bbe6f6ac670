// Node only. A scenario from JSON: every field checked, and that a full battery can run the device.

import { checkJson } from "../../host/json.ts";
import { SCENARIO, type Scenario } from "./scenario.ts";
import { cannotStart } from "./start.ts";

const HINT =
  "`qurio simulate --show wildlife-recorder` prints a scenario to start from; docs/guides/simulate.md has every field with its range.";

/**
 * Checks a scenario; one that was checked before passes unchanged. Errors: SCENARIO by the field's path with the accepted range (missing, of
 * another type, out of range, unknown, or contradicting another field), BATTERY_UNKNOWN, BATTERY_CANNOT_START.
 */
export function parseScenario(json: unknown, file = "scenario"): Scenario {
  const scenario = checkJson(SCENARIO, json, { file, code: "SCENARIO", hint: HINT });
  cannotStart(scenario, file);
  return scenario;
}
