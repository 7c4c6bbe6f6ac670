// Node only. Many devices that differ in battery, weather and events: how long they last, and of what they die. Seeded; threads change nothing.

import { cpus } from "node:os";
import type { Account } from "./operating_point.ts";
import type { Scenario } from "./scenario.ts";
import { END_CAUSES, type EndCause } from "./simulate.ts";
import { startWorker } from "./worker_start.ts";

export interface MonteCarloResult {
  kind: "modelled";
  runs: number;
  seed: number;
  lifeDays: { p10: number; p50: number; p90: number };
  /** Shares of the runs. */
  endShare: Record<EndCause, number>;
  /** Shares of the joules that left the battery, mean over the runs. */
  energyShare: Record<Account, number>;
}

/** Of one run; what worker threads send back. */
export interface RunResult {
  lifeDays: number;
  end: EndCause;
  energyShare: Record<Account, number>;
}

export interface MonteCarloOptions {
  runs: number;
  seed: number;
  /** Worker threads; the processors if left out. */
  jobs?: number;
  /** Runs done so far. */
  progress?: (done: number) => void;
}

const BATCH = 10;

/** Run i depends on the scenario, the seed and i alone. */
export async function monteCarlo(
  scenario: Scenario,
  { runs, seed, jobs, progress = () => {} }: MonteCarloOptions,
): Promise<MonteCarloResult> {
  const results: RunResult[] = new Array(runs);
  const threads = Math.max(1, Math.min(jobs ?? cpus().length, Math.ceil(runs / BATCH)));
  const workers = Array.from({ length: threads }, () => startWorker({ scenario, seed }));
  try {
    await new Promise<void>((resolve, reject) => {
      let next = 0;
      let done = 0;
      for (const worker of workers) {
        const feed = () => {
          if (next >= runs) return;
          worker.postMessage({ from: next, to: Math.min(runs, next + BATCH) });
          next += BATCH;
        };
        worker.on("error", reject);
        worker.on("message", ({ from, batch }: { from: number; batch: RunResult[] }) => {
          batch.forEach((result, i) => {
            results[from + i] = result;
          });
          done += batch.length;
          progress(done);
          if (done === runs) resolve();
          else feed();
        });
        feed();
      }
    });
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return { kind: "modelled", runs, seed, ...summary(results) };
}

function summary(results: readonly RunResult[]) {
  const lives = results.map(({ lifeDays }) => lifeDays).sort((a, b) => a - b);
  const mean = (of: (result: RunResult) => number) => results.reduce((sum, result) => sum + of(result), 0) / results.length;
  const accounts = Object.keys(results[0].energyShare) as Account[];
  return {
    lifeDays: { p10: quantile(lives, 0.1), p50: quantile(lives, 0.5), p90: quantile(lives, 0.9) },
    endShare: Object.fromEntries(END_CAUSES.map((cause) => [cause, mean(({ end }) => (end === cause ? 1 : 0))])) as Record<
      EndCause,
      number
    >,
    energyShare: Object.fromEntries(accounts.map((name) => [name, mean(({ energyShare }) => energyShare[name])])) as Record<
      Account,
      number
    >,
  };
}

/** Of sorted values, straight between neighbours (Hyndman and Fan's type 7). */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low] + (at - low) * (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]);
}
