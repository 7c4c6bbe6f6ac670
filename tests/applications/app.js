import { loadModel } from "qurio";

const model = await loadModel("model.qmoe");
const pcm = Int16Array.from({ length: 80000 }, (_, i) => ((i * i) % 20011) - 10005);
globalThis.answer = model.decide(pcm);
console.log(JSON.stringify(globalThis.answer));
