// The plainest program with the package: one decision about one WAV file. bench/start.ts times the whole process.
// usage: node bench/start_node.js MODEL CLIP          (after npm run build)

import { readFileSync } from "node:fs";
import { loadModel } from "qurio";

const [modelPath, clipPath] = process.argv.slice(2);
const model = await loadModel(modelPath);
const wav = new Uint8Array(readFileSync(clipPath)); // 16-bit, 16 kHz, mono: samples from byte 44
console.log(JSON.stringify(model.decide(new Int16Array(wav.buffer.slice(44)))));
