// `qurio simulate`: how long a battery lasts, what dominates, what ends it; one device, many that differ, or a week event by event.

import { lifeChart } from "../firmware-sim/battery/chart.ts";
import { simulateEvents } from "../firmware-sim/battery/events.ts";
import { decisionsPerHour } from "../firmware-sim/battery/load.ts";
import { type MonteCarloResult, monteCarlo } from "../firmware-sim/battery/monte_carlo.ts";
import { ACCOUNTS, type Account } from "../firmware-sim/battery/operating_point.ts";
import { presetList, presetText } from "../firmware-sim/battery/presets.ts";
import type { Scenario } from "../firmware-sim/battery/scenario.ts";
import { type SimulationResult, simulateScenario } from "../firmware-sim/battery/simulate.ts";
import { scenarioFromText } from "../firmware-sim/costs/metered_scenario.ts";
import { checkOutput, readInput, writeOutput } from "../host/files.ts";
import { plotSvg } from "../host/plot.ts";
import { openDataShown } from "../tools/terminal/data.ts";
import { startProgress } from "../tools/terminal/progress.ts";
import { colors, formatBar, formatEnergyUj, formatShare, formatTable } from "./output.ts";
import { printJson } from "./print_json.ts";
import type { SIMULATE, SIMULATE_EVENTS, SIMULATE_LIST } from "./schemas/battery.ts";

export interface SimulateOptions {
  preset?: string;
  list?: boolean;
  show?: string;
  battery?: string;
  runs: number;
  seed: number;
  jobs?: number;
  events?: boolean;
  days: number;
  plot?: string;
  json?: boolean;
}

const NAMES: Record<Account, string> = {
  sleep: "sleep",
  microphone: "microphone",
  gate: "gate",
  wake: "waking up",
  frontEnd: "front end",
  inference: "inference",
  radio: "radio",
  regulator: "regulator (loss)",
  resistance: "internal resistance (loss)",
  selfDischarge: "self-discharge (loss)",
};

export async function simulateLife(path: string | undefined, options: SimulateOptions): Promise<void> {
  if (options.list) return listPresets(options.json ?? false);
  if (options.show !== undefined) return console.log(presetText(options.show).trimEnd());
  if (options.plot) checkOutput(options.plot);
  const scenario = await readScenario(path, options);
  if (options.events) return printEvents(scenario, options);
  const result = simulateScenario(scenario);
  const many = options.runs > 1 ? await runMany(scenario, options) : null;
  if (options.plot) writeOutput(options.plot, await plotSvg(lifeChart(scenario, result)));
  if (options.json) printJson<typeof SIMULATE>({ scenario: scenario.title, battery: scenario.battery.name, ...result, monteCarlo: many });
  else console.log(report(scenario, result, many));
}

function readScenario(path: string | undefined, { preset, battery }: SimulateOptions): Promise<Scenario> {
  const text = path === undefined ? presetText(preset!) : readInput(path);
  return scenarioFromText(text, path ?? preset!, battery, openDataShown);
}

async function runMany(scenario: Scenario, { runs, seed, jobs }: SimulateOptions): Promise<MonteCarloResult> {
  const progress = startProgress("simulating");
  try {
    return await monteCarlo(scenario, {
      runs,
      seed,
      ...(jobs === undefined ? {} : { jobs }),
      progress: (done) => progress.update(done / runs),
    });
  } finally {
    progress.stop();
  }
}

function listPresets(json: boolean): void {
  const presets = presetList();
  if (json) for (const preset of presets) printJson<typeof SIMULATE_LIST>(preset);
  else console.log(formatTable(presets.map(({ name, battery, title }) => [name, battery, title])));
}

function report(scenario: Scenario, result: SimulationResult, many: MonteCarloResult | null): string {
  const { battery } = scenario;
  const { lifeDays, end, naiveDays, meanCurrentUa, energyJ, drawnJ } = result;
  const facts = [
    ["lasts", end.cause === "horizon" ? `more than ${days(lifeDays)}` : days(lifeDays)],
    ["ends by", end.cause === "horizon" ? end.detail : `${end.cause}: ${end.detail}`],
    ["mean current", current(meanCurrentUa)],
    ["capacity / current", `${days(naiveDays)}, what a plain division promises`],
  ];
  if (many) {
    const { p10, p50, p90 } = many.lifeDays;
    const life = (count: number) => (count > scenario.years * 365 - 0.01 ? `${scenario.years} years or more` : days(count));
    const causes = Object.entries(many.endShare).filter(([, share]) => share > 0);
    facts.push(
      [`of ${many.runs} devices`, `p10 ${life(p10)}, p50 ${life(p50)}, p90 ${life(p90)} (seed ${many.seed})`],
      ["they end by", causes.map(([cause, share]) => `${cause === "horizon" ? "nothing yet" : cause} ${formatShare(share)}`).join(", ")],
    );
  }
  return [
    `${colors.bold(scenario.title)}  ${colors.dim(`${battery.title}, ${perHour(decisionsPerHour(scenario))}`)}`,
    "",
    formatTable(facts),
    "",
    formatTable(accountRows(energyJ, drawnJ), { head: ["what dominates", "energy", "a day", "share"] }),
    "",
    colors.dim("everything is modelled: docs/guides/simulate.md says from what, and what it leaves out"),
  ].join("\n");

  function accountRows(energy: Record<Account, number>, sumJ: number): string[][] {
    const rows = ACCOUNTS.filter((name) => energy[name] > 0).sort((a, b) => energy[b] - energy[a]);
    return rows.map((name) => [
      NAMES[name],
      formatEnergyUj(energy[name] * 1e6),
      formatEnergyUj((energy[name] / lifeDays) * 1e6),
      `${formatBar(energy[name] / sumJ)} ${formatShare(energy[name] / sumJ)}`,
    ]);
  }
}

const days = (count: number) =>
  count < 3 ? `${(count * 24).toFixed(1)} hours` : count < 1000 ? `${count.toFixed(0)} days` : `${(count / 365).toFixed(1)} years`;
const current = (ua: number) => (ua < 1000 ? `${ua.toFixed(1)} uA` : `${(ua / 1000).toFixed(2)} mA`);
const perHour = (count: number) => `${Number(count.toPrecision(3))} decisions an hour`;

function printEvents(scenario: Scenario, options: SimulateOptions): void {
  const events = simulateEvents(scenario, options.days);
  const aggregated = simulateScenario({ ...scenario, sun: null, years: options.days / 365 }, undefined, false);
  if (options.json) {
    printJson<typeof SIMULATE_EVENTS>({ scenario: scenario.title, events, aggregated });
    return;
  }
  const row = (name: string, event: number, duty: number, unit: string) => [
    name,
    `${event.toPrecision(5)} ${unit}`,
    `${duty.toPrecision(5)} ${unit}`,
    duty === 0 ? "" : `${(100 * (event / duty - 1)).toFixed(3).replace(/^-(0\.0+)$/, "$1")} %`,
  ];
  const rows = [
    row("drawn", events.chargeMah.drawn, aggregated.chargeMah.drawn, "mAh"),
    row("energy", events.drawnJ, aggregated.drawnJ, "J"),
    ...ACCOUNTS.filter((name) => aggregated.energyJ[name] > 0).map((name) =>
      row(`  ${NAMES[name]}`, events.energyJ[name], aggregated.energyJ[name], "J"),
    ),
  ];
  const note = scenario.sun ? ", without sun" : "";
  console.log(
    `${colors.bold(scenario.title)}  ${events.decisions} decisions in ${days(events.days)}${note}, lowest voltage ${events.lowestV.toFixed(3)} V\n`,
  );
  console.log(formatTable(rows, { head: ["", "event by event", "duty cycles", "difference"] }));
}
