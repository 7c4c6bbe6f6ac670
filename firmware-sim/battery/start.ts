// Whether a full battery can run the device at all: a scenario in which it cannot is refused, not simulated.

import { QurioError } from "../../host/errors.ts";
import { wrongField } from "../../host/json.ts";
import { loadOf } from "./load.ts";
import type { Scenario } from "./scenario.ts";
import { cellOf, draw, noDraw } from "./state.ts";

/**
 * Errors: BATTERY_CANNOT_START when the voltage under a load or pulse is below brown-out (or the cutoff) at full charge and mean
 * temperature; SCENARIO when decisions take more time than there is.
 */
export function cannotStart(scenario: Scenario, file: string): void {
  const { battery, supply, temperature, inference } = scenario;
  const cell = cellOf(battery);
  const fullV = cell.openCircuitV(0);
  const ohm = battery.resistance.value * cell.resistanceByTemperature(temperature.meanC);
  const at = noDraw();
  for (const policy of inference.policies) {
    const load = loadOf(scenario, policy);
    if (load.busyShare > 1) {
      const hint = "Make decisions rarer, or windows, answers and transmissions shorter.";
      const minutes = `${(60 * load.busyShare).toFixed(1)} minutes`;
      throw wrongField({ file, code: "SCENARIO", hint }, "decisions", "work of at most 60 minutes an hour", minutes);
    }
    const base = draw(supply, fullV, ohm, load.baseUa, noDraw());
    demand(base.voltageV, Math.max(supply.brownOutV, battery.cutoff.value), "the lasting load", load.baseUa);
    for (const { name, loadUa, timeMs } of load.pulses) {
      const pulseOhm = ohm * cell.pulseShare(timeMs);
      draw(supply, fullV - base.currentUa * 1e-6 * (ohm - pulseOhm), pulseOhm, loadUa, at);
      demand(at.voltageV, supply.brownOutV, `pulse "${name}"`, loadUa);
    }
  }

  function demand(voltageV: number, leastV: number, what: string, loadUa: number): void {
    if (voltageV >= leastV) return;
    const shown = `${Math.max(0, voltageV).toFixed(2)} V under ${what} of ${(loadUa * 1e-3).toPrecision(3)} mA`;
    throw new QurioError(
      "BATTERY_CANNOT_START",
      `${file}: battery: ${battery.name} cannot start the device: at least ${leastV} V expected at full charge, ${shown} found`,
      "Take a battery of less internal resistance or more voltage, draw less at once, or lower supply.brownOutV if the device allows it.",
    );
  }
}
