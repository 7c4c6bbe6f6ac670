// Trains probe, experts and router without each fold in turn, and keeps what they answer to the clips of that fold.
// usage: npm run held-out -- --data DIR [--out FILE] [--seed 1,2,3] [--experts ternary,4,8] [--hidden 640,320] [--epochs 70] [--jobs 1]
//
// The file is written after every seed: a run that is stopped leaves the seeds that were done. A seed takes some five
// minutes of one core.

import { parseArgs } from "node:util";
import { checkOutput, packagePath, packageVersions, writeOutput } from "../host/files.ts";
import { DEFAULT_FRONT_END } from "../host/model-file/front_end.ts";
import { WEIGHT_TYPE_SPECS, type WeightType } from "../host/model-file/weight_types.ts";
import { openDataShown } from "../tools/terminal/data.ts";
import { startProgress } from "../tools/terminal/progress.ts";
import { extractor } from "../tools/train/extractor.ts";
import { collectHeldOut } from "../tools/train/held_out.ts";
import { encodeHeldOut } from "../tools/train/held_out_file.ts";
import { DEFAULT_COPIES } from "../tools/train/model.ts";

const text = (value: string) => ({ type: "string", default: value }) as const;
const { values } = parseArgs({
  options: {
    data: { type: "string" },
    out: text(packagePath("models", "esc10-held-out.qho")),
    seed: text("1,2,3"),
    experts: text("ternary,4,8"),
    hidden: text("640,320"),
    epochs: text("70"),
    jobs: text("1"),
  },
});
const { out, seed, experts, hidden, epochs, jobs } = values;
const usage = (wrong: string): never => {
  console.error(`${wrong}\nusage: npm run held-out -- --data DIR     DIR: ESC-10 in the ESC-50 layout`);
  process.exit(2);
};
if (values.data === undefined) usage("--data is missing");
for (const [name, list] of Object.entries({ seed, hidden, epochs, jobs }))
  if (!/^[1-9]\d*(,[1-9]\d*)*$/.test(list)) usage(`--${name}: whole numbers from 1 expected, ${list} found`);
const unknown = experts.split(",").find((type) => !WEIGHT_TYPE_SPECS.includes(type as WeightType));
if (unknown !== undefined) usage(`--experts: ${WEIGHT_TYPE_SPECS.join(", ")} expected, ${unknown} found`);
checkOutput(out);
const data = await openDataShown(values.data!);
const progress = startProgress("training");
await collectHeldOut(
  {
    command: (seeds) =>
      `npm run held-out -- --data ${data.name} --seed ${seeds} --experts ${experts} --hidden ${hidden} --epochs ${epochs}`,
    versions: packageVersions("qurio", "@jax-js/jax"),
    experts: experts.split(",") as WeightType[],
    hidden: hidden.split(",").map(Number),
    seeds: seed.split(",").map(Number),
    epochs: Number(epochs),
    jobs: Number(jobs),
    extract: await extractor(DEFAULT_FRONT_END),
    copies: DEFAULT_COPIES,
    stress: false,
  },
  data,
  (sofar) => {
    const file = encodeHeldOut(sofar);
    writeOutput(out, file);
    const { user, system } = process.cpuUsage();
    const spent = `${((user + system) / 3.6e9).toFixed(3)} CPU hours, ${(performance.now() / 3.6e6).toFixed(3)} hours in all`;
    console.log(`${out}: ${sofar.runs.length} runs, ${file.length} bytes, seed ${sofar.runs.at(-1)!.seed} done; ${spent}`);
  },
  ({ done, total, phase }) => progress.update(done / total, phase),
);
progress.stop();
