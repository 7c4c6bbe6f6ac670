// The application in a worker thread of Node, Bun or Deno.

import { Worker } from "node:worker_threads";

new Worker(new URL("./app.js", import.meta.url));
