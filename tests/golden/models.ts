// The models of the golden vectors: both bundled ones, and small random ones with every policy, weight type and setting.

import { readFileSync } from "node:fs";
import { POLICY_BAYESIAN, POLICY_FEATURES, POLICY_SINGLE } from "../../assembly/format/ids.ts";
import { packagePath } from "../../host/files.ts";
import { DEFAULT_FRONT_END, frontEndOf } from "../../host/model-file/front_end.ts";
import { encodeModel, type PackedModel } from "../../host/model-file/model_file.ts";
import { WEIGHT_TYPES } from "../../host/model-file/weight_types.ts";
import { soundParts } from "../../tools/export/front_end_tables.ts";
import { randomModel, randomNetwork } from "../harness/models.ts";

const bundled = (name: string) => () => new Uint8Array(readFileSync(packagePath("models", name)));
const made = (make: () => PackedModel) => () => encodeModel(make());
const sound = (parameters: Partial<typeof DEFAULT_FRONT_END>) => soundParts({ ...DEFAULT_FRONT_END, ...parameters });

/** Nothing here is as randomModel has it by default. */
function unusual(): PackedModel {
  const model = randomModel({
    experts: ["ternary5", "popcount", "16-bit"],
    hidden: [40, 12, 9],
    classes: 7,
    routerType: "5-bit",
    samples: 3,
    alpha: 0.25,
    escalate: [0.3, 0.9, 1.2],
    abstain: [0.5, 0.6, 0.1, 0.3],
    beta: [1, 0.1, 0.7],
    seed: 77,
  });
  return {
    ...model,
    ...sound({ floor: 2 ** -16, origin: -11, step: 0.0625 }),
    normalization: { ...model.normalization!, clip: 2.5 },
    experts: model.experts.map((expert, i) => (i === 1 ? randomNetwork("plain", "3-bit", 969, [11], 7, 5, false) : expert)),
    policy: { ...model.policy, varianceScale: 0.5 },
    labels: ["", "é", "a b", '"', "\\", "x".repeat(40), "last"],
  };
}

function featuresOnly(): PackedModel {
  const model = randomModel({ policy: POLICY_FEATURES, experts: ["8-bit"] });
  return { ...model, normalization: null, router: null, experts: [], labels: [], policy: { ...model.policy, samples: 0 } };
}

/** Name -> a file's bytes, the same ones each time. */
export const GOLDEN_MODELS: Record<string, () => Uint8Array> = {
  "esc10-tiny": bundled("esc10-tiny.qmoe"),
  esc10: bundled("esc10.qmoe"),
  "esc10-low-ram": bundled("esc10-low-ram.qmoe"),
  probe: made(() => randomModel()),
  "probe that samples": made(() => randomModel({ samples: 6 })),
  "probe that answers": made(() => randomModel({ escalate: [9, 9], seed: 3 })),
  bayesian: made(() => randomModel({ policy: POLICY_BAYESIAN, experts: ["ternary", "4-bit", "8-bit"], routerType: "8-bit", samples: 10 })),
  "bayesian, 7 experts": made(() =>
    randomModel({
      policy: POLICY_BAYESIAN,
      experts: ["1-bit", "2-bit", "3-bit", "6-bit", "7-bit", "12-bit", "float32"],
      routerType: "float32",
      samples: 16,
      alpha: 4,
      beta: [0, 0.2, 0.3, 0.5, 0.6, 0.9, 1],
      frontEnd: false,
      features: 61,
    }),
  ),
  "fixed-point front end": made(() => ({ ...randomModel({ seed: 5 }), ...sound({ arithmetic: "fixed" }) })),
  "4-bit codes, offset removed": made(() => ({ ...randomModel({ seed: 6 }), ...soundParts(frontEndOf(4, "float", true)) })),
  "fixed point, 4-bit codes, offset removed": made(() => ({
    ...randomModel({ seed: 7 }),
    ...soundParts(frontEndOf(4, "fixed", true)),
  })),
  "abstains always": made(() => randomModel({ policy: POLICY_SINGLE, experts: ["4-bit"], abstain: [1] })),
  unusual: made(unusual),
  "features only": made(featuresOnly),
  ...Object.fromEntries(
    WEIGHT_TYPES.map(({ name }, i) => [
      `single ${name}`,
      made(() => randomModel({ policy: POLICY_SINGLE, experts: [name], frontEnd: false, features: 131, hidden: [200, 17], seed: 20 + i })),
    ]),
  ),
};
