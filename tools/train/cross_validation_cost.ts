// What the models of a cross-validation cost a decision: modelled network cycles of the routed model and of each network alone.

import { DEFAULT_DEVICE, loadDevice } from "../../host/meter/devices.ts";
import { Meter } from "../../host/meter/meter.ts";
import { coreWasm } from "../../host/runtime/index.ts";
import { networkCycles, routerCycles } from "../export/network_cost.ts";
import type { CrossValidation } from "./cross_validation.ts";
import type { TrainingDataset } from "./feature_table.ts";
import { type FitOptions, specsOf } from "./fit.ts";

/** Network cycles per decision, modelled; "routed" first, then each answering network alone. */
export interface Costs {
  device: string;
  kind: "modelled";
  rows: { name: string; networkCycles: number }[];
}

/** Mean network cycles of the routed model, from the shares of its answerers, and of each network alone. */
export async function cyclesOfReport(report: CrossValidation, fit: FitOptions, data: TrainingDataset, features: number): Promise<Costs> {
  const device = loadDevice(DEFAULT_DEVICE);
  const meter = await Meter.create(coreWasm(false), false);
  const { answerers, gate } = specsOf(fit, { features, classes: data.labels.length });
  const alone = answerers.map((spec) => networkCycles(spec, meter, device));
  const { kind, samples } = report.folds[0].policy;
  const router = gate ? routerCycles(gate, "bayesian", samples, meter, device) : 0;
  const first = kind === "probe" && samples > 0 ? routerCycles(answerers[0], "probe", samples, meter, device) : alone[0];
  // a cascade has run every answerer up to the one that answers; gates run one expert
  const spent = alone.map((cycles, k) => (gate ? router + cycles : alone.slice(1, k + 1).reduce((sum, c) => sum + c, first)));
  const routed = report.folds.reduce((sum, { routed }) => sum + routed.shares.reduce((s, share, k) => s + share * spent[k], 0), 0);
  const rows = [{ name: "routed", networkCycles: routed / report.folds.length }];
  answerers.forEach(({ name }, k) => {
    rows.push({ name, networkCycles: alone[k] });
  });
  return { device: device.name, kind: "modelled", rows };
}
