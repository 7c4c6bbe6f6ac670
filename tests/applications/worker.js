// The same in a browser's worker. Without await at the top: Vite makes workers that are scripts, which have none.

import { loadModel } from "qurio";

loadModel(new URL("/model.qmoe", self.location.href)).then((model) => {
  const pcm = Int16Array.from({ length: 80000 }, (_, i) => ((i * i) % 20011) - 10005);
  self.postMessage(model.decide(pcm));
});
