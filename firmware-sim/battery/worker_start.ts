// Node only. Starts a thread of worker.ts, from source or built.

import { Worker } from "node:worker_threads";
import type { WorkerData } from "./worker_data.ts";

/** Built, the worker is a JavaScript file. From source it is TypeScript, for which tsx must be registered in the new thread. */
export function startWorker(workerData: WorkerData): Worker {
  if (!import.meta.url.endsWith(".ts")) return new Worker(new URL("./worker.js", import.meta.url), { workerData });
  const worker = new URL("./worker.ts", import.meta.url);
  const start = `import { register } from "${import.meta.resolve("tsx/esm/api")}"; register(); await import("${worker}");`;
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(start)}`), { workerData });
}
