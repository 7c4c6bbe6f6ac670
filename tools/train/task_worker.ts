// Worker thread: runs the tasks that it is sent, one after the other.

import { parentPort, workerData } from "node:worker_threads";
import type { FeatureTable } from "./feature_table.ts";
import { runTask, type Task } from "./tasks.ts";

const table = workerData as FeatureTable;
parentPort!.on("message", async ({ id, task }: { id: number; task: Task }) => {
  try {
    const result = await runTask(task, table, (report) => parentPort!.postMessage({ id, report }));
    parentPort!.postMessage({ id, result });
  } catch (error) {
    parentPort!.postMessage({ id, error });
  }
});
