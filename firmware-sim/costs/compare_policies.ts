// What each policy of answering gains in days of battery and loses in F1 on clips that no network has seen, and what listening behind a
// gate gains beside that.

import { energyUjOf } from "../../host/meter/cost.ts";
import type { DeviceProfile } from "../../host/meter/device.ts";
import { Meter } from "../../host/meter/meter.ts";
import type { Arithmetic } from "../../host/model-file/front_end.ts";
import { coreWasm } from "../../host/runtime/index.ts";
import { type FrontEndCycles, frontEndCycles, networkCycles, routerCycles } from "../../tools/export/network_cost.ts";
import type { HeldOut } from "../../tools/train/held_out.ts";
import {
  blend,
  type Estimate,
  estimate,
  type Judgement,
  judge,
  LAMBDA_BY_CHARGE,
  type NamedPolicy,
  policiesOf,
} from "../../tools/train/policies.ts";
import { type BatteryProfile, type SimulationResult, simulate } from "../battery/index.ts";
import { type Listening, type PathCost, type Setting, scenarioOf } from "./policy_scenario.ts";

/** Names are a contract. Energies are modelled, uJ a decision; F1 is of held-out clips, whatever the gate lets through. */
export interface PolicyRow {
  policy: string;
  listening: Listening;
  /** Weighted, 0..1; null without networks. */
  f1: Estimate | null;
  /** Of F1 to that of the dearest network alone: paired, fold by fold. */
  difference: Estimate | null;
  /** Of each answer, over the whole life: networks that ran, and their share. */
  answers: { name: string; share: number }[];
  networkUj: number;
  decisionUj: number;
  lifeDays: number;
  end: SimulationResult["end"]["cause"];
}

export interface PoliciesResult {
  kind: "modelled";
  device: string;
  battery: string;
  everyS: number;
  soundShare: number;
  heldOut: { command: string; clips: number; folds: number; seeds: number };
  /** The cheaper on this device. */
  frontEnd: Arithmetic;
  /** Of the Bayesian router with all its samples. */
  routerUj: number;
  rows: PolicyRow[];
}

/** What both gates are shown with, beside the dearest network. */
const GATED = "probe-first";

/** Judges, meters and simulates every policy. */
export async function comparePolicies(
  heldOut: HeldOut,
  device: DeviceProfile,
  battery: BatteryProfile,
  everyS: number,
  soundShare: number,
): Promise<PoliciesResult> {
  const costs = await costsOf(heldOut, device);
  const setting: Setting = { device, battery, everyS, soundShare, frontEnd: costs.frontEnd };
  const named = policiesOf(heldOut);
  const reference = judge(heldOut, named[0].rules[0]);
  const row = (policy: NamedPolicy, listening: Listening) => rowOf(heldOut, costs, setting, policy, listening, reference);
  const gated = [named[0], named.find(({ name }) => name === GATED)!];
  return {
    kind: "modelled",
    device: device.name,
    battery: battery.name,
    everyS,
    soundShare,
    heldOut: {
      command: heldOut.command,
      clips: heldOut.clips.length,
      folds: new Set(heldOut.runs.map(({ fold }) => fold)).size,
      seeds: new Set(heldOut.runs.map(({ seed }) => seed)).size,
    },
    frontEnd: costs.frontEnd.arithmetic,
    routerUj: energyUjOf(costs.router, device).value,
    rows: [
      ...named.map((policy) => row(policy, "schedule")),
      withoutNetworks(setting),
      ...(["log-mel gate", "wake-on-sound"] as const).flatMap((listening) => gated.map((policy) => row(policy, listening))),
    ],
  };
}

interface Costs {
  frontEnd: FrontEndCycles;
  /** Cycles of each network's answer, and of the router's samples. */
  networks: number[];
  router: number;
}

async function costsOf({ networks, router, samples }: HeldOut, device: DeviceProfile): Promise<Costs> {
  const meter = await Meter.create(coreWasm(false), false);
  return {
    frontEnd: frontEndCycles(meter, device),
    networks: networks.map((spec) => networkCycles(spec, meter, device)),
    router: routerCycles(router, "bayesian", samples, meter, device),
  };
}

function rowOf(
  heldOut: HeldOut,
  costs: Costs,
  setting: Setting,
  policy: NamedPolicy,
  listening: Listening,
  reference: Judgement,
): PolicyRow {
  const judgements = policy.rules.map((rule) => judge(heldOut, rule));
  const pathCosts = ({ paths }: Judgement) =>
    paths.map(({ networks, router, share }): PathCost => {
      const name = networks.map((network) => heldOut.networks[network].name).join(", ");
      return { name, share, cycles: networks.reduce((sum, network) => sum + costs.networks[network], router ? costs.router : 0) };
    });
  const bands = judgements.length === 1 ? [{ aboveCharge: 0 }] : LAMBDA_BY_CHARGE;
  const life = simulate(
    scenarioOf(
      setting,
      listening,
      bands.map(({ aboveCharge }, i) => ({ aboveCharge, paths: pathCosts(judgements[i]) })),
    ),
  );
  const over = blend(judgements, timeInBands(life, bands));
  const paths = pathCosts(over);
  return {
    policy: policy.name,
    listening,
    f1: estimate(over.scores),
    difference: estimate(over.scores, reference.scores),
    answers: paths.map(({ name, share }) => ({ name, share })),
    ...energiesOf(
      setting,
      paths.reduce((sum, { share, cycles }) => sum + share * cycles, 0),
    ),
    ...lifeOf(life),
  };
}

/** What no policy can beat: the same device, its networks free. */
function withoutNetworks(setting: Setting): PolicyRow {
  const life = simulate(scenarioOf(setting, "schedule", [{ aboveCharge: 0, paths: [{ name: "none", share: 1, cycles: 0 }] }]));
  return {
    policy: "free networks",
    listening: "schedule",
    f1: null,
    difference: null,
    answers: [],
    ...energiesOf(setting, 0),
    ...lifeOf(life),
  };
}

function energiesOf({ device, frontEnd }: Setting, networkCycles: number): { networkUj: number; decisionUj: number } {
  return { networkUj: energyUjOf(networkCycles, device).value, decisionUj: energyUjOf(frontEnd.window + networkCycles, device).value };
}

function lifeOf({ lifeDays, end }: SimulationResult): Pick<PolicyRow, "lifeDays" | "end"> {
  return { lifeDays, end: end.cause };
}

/** Share of the life that the charge spends in each band; bands as the simulation's policies. */
export function timeInBands(
  { history, lifeDays }: Pick<SimulationResult, "history" | "lifeDays">,
  bands: { aboveCharge: number }[],
): number[] {
  const days = bands.map(() => 0);
  history.slice(1).forEach((point, i) => {
    const band = bands.findIndex(({ aboveCharge }) => history[i].charge > aboveCharge);
    days[band < 0 ? bands.length - 1 : band] += point.day - history[i].day;
  });
  return lifeDays === 0 ? bands.map((_, i) => (i === 0 ? 1 : 0)) : days.map((day) => day / lifeDays);
}
