// MLPerf Tiny's autoencoder: clip score, two roads to cycles, beside published rows.
// usage: npm run --silent bench:autoencoder [-- --mlperf-tiny DIR]        DIR: ad01_fp32.tflite, ad01_int8.tflite and the test input

import { parseArgs } from "node:util";
import { formatTable } from "../host/cli/output.ts";
import { PUBLISHED_ROWS, roadRows, standInVariants } from "../host/meter/calibrate/autoencoder.ts";
import { autoencoderLines } from "../host/meter/calibrate/autoencoder_lines.ts";
import { trained } from "../host/meter/calibrate/autoencoder_trained.ts";
import { deviceNames, loadDevice } from "../host/meter/devices.ts";

const { values } = parseArgs({ options: { "mlperf-tiny": { type: "string" } } });
const folder = values["mlperf-tiny"];
const names = [...new Set(PUBLISHED_ROWS.map(({ device }) => device))].filter((name) => deviceNames().includes(name));
const { variants, scores } = folder ? await trained(folder) : { variants: standInVariants(), scores: null };
console.log(autoencoderLines(scores, await roadRows(names.map(loadDevice), variants), formatTable).join("\n"));
