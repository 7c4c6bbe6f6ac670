// Runs tasks on worker threads. Results depend on the tasks alone, not on how many threads there are.

import { Worker } from "node:worker_threads";
import type { FeatureTable } from "./feature_table.ts";
import type { AnyTask, JointResult, ResultOf } from "./joint.ts";
import type { TaskResult } from "./tasks.ts";
import type { EpochReport } from "./trainer.ts";

/** Called after every epoch of every task. */
export type TaskProgress = (task: AnyTask, report: EpochReport) => void;

type Message = { id: number; report?: EpochReport; result?: TaskResult | JointResult; error?: Error };

/** Built, the worker is a JavaScript file. From source it is TypeScript, for which tsx must be registered in the new thread. */
function startWorker(table: FeatureTable): Worker {
  if (!import.meta.url.endsWith(".ts")) return new Worker(new URL("./task_worker.js", import.meta.url), { workerData: table });
  const worker = new URL("./task_worker.ts", import.meta.url);
  const start = `import { register } from "${import.meta.resolve("tsx/esm/api")}"; register(); await import("${worker}");`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(start)}`), { workerData: table });
}

export class TaskPool {
  /** None before there is something to do. */
  private workers: Worker[] = [];
  private readonly jobs: number;
  private readonly table: FeatureTable;
  private readonly onProgress: TaskProgress;
  private readonly signal: AbortSignal | undefined;

  /** At most `jobs` threads; close() ends them. */
  constructor(table: FeatureTable, jobs: number, onProgress: TaskProgress = () => {}, signal?: AbortSignal) {
    this.table = table;
    this.onProgress = onProgress;
    this.signal = signal;
    this.jobs = Math.max(1, jobs);
  }

  /**
   * Results in the order of the tasks; `onResult` hears of each as soon as it is there. After an error close the pool: other tasks
   * may still be under way.
   * @throws the first error of a task or of `onResult`, or the signal's reason
   */
  run<T extends AnyTask>(tasks: readonly T[], onResult: (index: number, result: ResultOf<T>) => void = () => {}): Promise<ResultOf<T>[]> {
    const results: ResultOf<T>[] = new Array(tasks.length);
    return new Promise((resolve, reject) => {
      let next = 0;
      let open = tasks.length;
      if (open === 0) return resolve(results);
      const abort = () => reject(this.signal!.reason);
      if (this.signal?.aborted) return abort();
      this.signal?.addEventListener("abort", abort, { once: true });
      const feed = (worker: Worker) => {
        if (next < tasks.length) worker.postMessage({ id: next, task: tasks[next++] });
      };
      while (this.workers.length < Math.min(this.jobs, tasks.length)) this.workers.push(startWorker(this.table));
      for (const worker of this.workers) {
        worker.removeAllListeners();
        worker.on("error", reject);
        worker.on("message", ({ id, report, result, error }: Message) => {
          if (report) return this.onProgress(tasks[id]!, report);
          if (error) return reject(error);
          results[id] = result as ResultOf<T>;
          try {
            onResult(id, results[id]!);
          } catch (refused) {
            return reject(refused);
          }
          open--;
          if (open > 0) return feed(worker);
          this.signal?.removeEventListener("abort", abort);
          resolve(results);
        });
        feed(worker);
      }
    });
  }

  /** Stops the threads, also in the middle of a task. */
  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}
