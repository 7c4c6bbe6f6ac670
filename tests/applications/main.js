// In a page: the application, and its like in a worker.

import "./app.js";

const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
worker.onmessage = ({ data }) => {
  globalThis.workerAnswer = data;
};
