// Worker thread: runs the tasks that it is sent, one after the other.

import { parentPort, workerData } from "node:worker_threads";
import type { FeatureTable } from "./feature_table.ts";
import { type AnyTask, runJointTask } from "./joint.ts";
import { runTask } from "./tasks.ts";
import type { EpochReport } from "./trainer.ts";

const table = workerData as FeatureTable;
parentPort!.on("message", async ({ id, task }: { id: number; task: AnyTask }) => {
  try {
    const onEpoch = (report: EpochReport) => parentPort!.postMessage({ id, report });
    const result = "gate" in task ? await runJointTask(task, table, onEpoch) : await runTask(task, table, onEpoch);
    parentPort!.postMessage({ id, result });
  } catch (error) {
    parentPort!.postMessage({ id, error });
  }
});
