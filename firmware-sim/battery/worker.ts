// Worker thread: simulates the runs that it is sent.

import { parentPort, workerData } from "node:worker_threads";
import type { Account } from "./operating_point.ts";
import { simulateScenario } from "./simulate.ts";
import { variationOf } from "./variation.ts";
import type { WorkerData } from "./worker_data.ts";

const { scenario, seed } = workerData as WorkerData;
parentPort!.on("message", ({ from, to }: { from: number; to: number }) => {
  const batch = [];
  for (let run = from; run < to; run++) {
    const { lifeDays, end, energyJ, drawnJ } = simulateScenario(scenario, variationOf(scenario, seed, run), false);
    const shares = Object.entries(energyJ).map(([name, joules]) => [name, drawnJ === 0 ? 0 : joules / drawnJ]);
    batch.push({ lifeDays, end: end.cause, energyShare: Object.fromEntries(shares) as Record<Account, number> });
  }
  parentPort!.postMessage({ from, batch });
});
