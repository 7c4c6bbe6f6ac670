// What a model uses of the core: assembly/uses.ts with a baked module's values.

import { HEADER_CRC } from "../../assembly/format/file.ts";
import * as Id from "../../assembly/format/ids.ts";
import { isPacked } from "../../assembly/format/layouts.ts";
import { framingOf } from "../../host/model-file/input_spec.ts";
import { decodeModel, memoryPlan, type PackedModel } from "../../host/model-file/model_file.ts";
import { opKind } from "../../host/model-file/network.ts";

const POLICY_USES: Record<number, string> = {
  [Id.POLICY_FEATURES]: "USES_FEATURES_ONLY",
  [Id.POLICY_SINGLE]: "USES_SINGLE",
  [Id.POLICY_PROBE]: "USES_PROBE",
  [Id.POLICY_BAYESIAN]: "USES_BAYESIAN",
};

const usesOfOps = ({ router, experts }: PackedModel) =>
  [...(router ? [router] : []), ...experts].flatMap(({ ops }) => ops.map((op) => opKind(op).uses(op)));

/** Names of what the model needs code for, layouts aside. `file` is valid and lies in the module's layouts. */
export function usedBy(file: Uint8Array): Set<string> {
  const model = decodeModel(file);
  const { policy, input } = model;
  const used = new Set([POLICY_USES[policy.kind]]);
  for (const { layouts, names } of usesOfOps(model)) {
    for (const name of names) used.add(name);
    if (layouts.some(isPacked)) used.add("USES_PACKED");
  }
  if (policy.samples > 0) used.add("USES_SAMPLES");
  const framing = framingOf(input);
  if (framing) {
    const { arithmetic, codeBits, removeDc } = framing.frontEnd;
    used.add("USES_FRONT_END").add(arithmetic === "fixed" ? "USES_FIXED_FRONT_END" : "USES_FLOAT_FRONT_END");
    used.add(codeBits === 4 ? "USES_CODES_4BIT" : "USES_CODES_8BIT");
    if (removeDc) used.add("USES_REMOVE_DC");
  }
  return used;
}

/** USES_LAYOUTS: a bit for each layout that the model's weights lie in, odd widths aside. */
export function usedLayouts(file: Uint8Array): number {
  const layouts = usesOfOps(decodeModel(file)).flatMap((uses) => uses.layouts);
  return layouts.filter((layout) => !isPacked(layout)).reduce((bits, layout) => bits | (1 << layout), 0);
}

/**
 * assembly/uses.ts for a module baked with this model.
 * @param source the generic file
 * @param sealed the model will be in the module, which takes no other
 * @param firmware the module becomes machine code: its model may lie anywhere
 */
export function bakedUses(source: string, file: Uint8Array, sealed: boolean, firmware = false): string {
  const used = usedBy(file);
  const values: Record<string, string> = {
    USES_LAYOUTS: `${usedLayouts(file)}`,
    BAKED: "true",
    BAKED_WORK_BYTES: `${memoryPlan(decodeModel(file)).workBytes}`,
    BAKED_MODEL_BYTES: `${file.length}`,
    FIRMWARE: `${firmware}`,
    SEALED: `${sealed}`,
    SEALED_CRC: `${sealed ? new DataView(file.buffer, file.byteOffset).getUint32(HEADER_CRC, true) : 0}`,
  };
  return source.replace(/^export const (\w+)(: [iu]32)? = .*;$/gm, (_, name: string, type = "") => {
    return `export const ${name}${type} = ${values[name] ?? used.has(name)};`;
  });
}
