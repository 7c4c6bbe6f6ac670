// model.json of a checkpoint: written from a checkpoint, read with every field checked.

import { checkJson, type JsonSource, parseJson } from "../../host/json.ts";
import { checkInput } from "../../host/model-file/input_spec.ts";
import { CHECKPOINT, CHECKPOINT_1, CHECKPOINT_HEAD, type CheckpointDescription, FORMAT, VERSION } from "./checkpoint_schema.ts";
import type { Checkpoint } from "./checkpoint_types.ts";

export function describe(checkpoint: Checkpoint): CheckpointDescription {
  const { labels, input, normalization, router, experts, policy, provenance } = checkpoint;
  return {
    format: FORMAT,
    version: VERSION,
    labels,
    input,
    clip: normalization.clip,
    router: router?.spec ?? null,
    experts: experts.map(({ spec }) => spec),
    policy,
    provenance,
  };
}

const SOURCE: JsonSource = {
  file: "model.json",
  code: "CHECKPOINT_JSON",
  hint: "docs/reference/checkpoint.md describes the fields.",
  fields: { weightType: { code: "WEIGHT_TYPE", hint: "This version of qurio packs these weight types only." } },
};

/** Of any version. @throws QurioError CHECKPOINT_JSON, WEIGHT_TYPE, INPUT. */
export function parseDescription(text: string | Uint8Array): CheckpointDescription {
  const json = parseJson(text, SOURCE);
  const { version } = checkJson(CHECKPOINT_HEAD, json, SOURCE);
  const description = checkJson(version === VERSION ? CHECKPOINT : CHECKPOINT_1, json, SOURCE);
  checkInput(description.input);
  return description;
}
