// The frozen corpus: one small model file of each kind, and what the core said about recorded inputs. The files stay as they are, so that a
// change of the format, of the reader or of what is computed is seen even where writer and reader change together.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { POLICY_BAYESIAN, POLICY_FEATURES, POLICY_SINGLE } from "../../assembly/format/ids.ts";
import { openEngine } from "../../firmware-sim/engines/engines.ts";
import type { Build } from "../../host/engines/runner.ts";
import { packagePath } from "../../host/files.ts";
import { frontEndOf } from "../../host/model-file/front_end.ts";
import { featureCount } from "../../host/model-file/input_spec.ts";
import { decodeModel, type PackedModel } from "../../host/model-file/model_file.ts";
import { soundParts } from "../../tools/export/front_end_tables.ts";
import { goldenInput } from "../golden/inputs.ts";
import { randomModel, type TypeName } from "../harness/models.ts";

export const CORPUS = packagePath("tests", "corpus");
export const RECORDS = join(CORPUS, "records.json");

/** One of each family of weights: kernels, layouts or row sums of their own. */
const FAMILIES: TypeName[] = ["ternary", "ternary5", "popcount", "1-bit", "4-bit", "5-bit", "8-bit", "13-bit", "16-bit", "float32"];

const hidden = [8];

function featuresOnly(): PackedModel {
  const model = randomModel({ policy: POLICY_FEATURES, experts: [] });
  return { ...model, normalization: null, router: null, experts: [], labels: [], policy: { ...model.policy, samples: 0 } };
}

/** File name -> the model that it was made from. */
export const CORPUS_MODELS: Record<string, () => PackedModel> = {
  "features-only": featuresOnly,
  "single-sound": () => randomModel({ policy: POLICY_SINGLE, experts: ["4-bit"], hidden, seed: 1 }),
  "probe-fixed-point": () => randomModel({ experts: ["8-bit"], hidden, arithmetic: "fixed", seed: 2 }),
  "bayesian-4-bit-codes": () => ({
    ...randomModel({ policy: POLICY_BAYESIAN, experts: ["ternary", "4-bit"], hidden, samples: 4, seed: 3 }),
    ...soundParts(frontEndOf(4, "float", true)),
  }),
  "probe-vectors": () => randomModel({ frontEnd: false, hidden: [24, 17], samples: 3, seed: 4 }),
  "bayesian-vectors": () =>
    randomModel({ frontEnd: false, policy: POLICY_BAYESIAN, experts: ["1-bit", "8-bit"], samples: 5, energy: [0.3, 1], seed: 5 }),
  ...Object.fromEntries(
    FAMILIES.map((type, i) => [
      `single-${type}`,
      () => randomModel({ frontEnd: false, policy: POLICY_SINGLE, experts: [type], hidden: [24, 17], seed: 6 + i }),
    ]),
  ),
};

const SOUNDS = ["chirp 3 80000", "bursts 6 80000", "tones 4 30000"];

/** Input and seed -> the decision record's bytes. */
export type Records = Record<string, Record<string, string>>;

/** What a build says about every file of the corpus. */
export async function corpusRecords(build: Build): Promise<Records> {
  const records: Records = {};
  for (const name of readdirSync(CORPUS).filter((file) => file.endsWith(".qmoe"))) {
    const file = new Uint8Array(readFileSync(join(CORPUS, name)));
    const { input } = decodeModel(file);
    const vectors = ["features 1", "extremes 3", "zeros 0"].map((kind) => `vector ${kind} ${featureCount(input)}`);
    const engine = await openEngine("node", file, build);
    records[name] = {};
    for (const text of input.source === "vectors" ? vectors : SOUNDS)
      for (const seed of [0, 7]) {
        const [record] = await engine.decideRecords([goldenInput(text)], seed);
        records[name][`${text}, seed ${seed}`] = Buffer.from(record!).toString("hex");
      }
    await engine.close();
  }
  return records;
}
