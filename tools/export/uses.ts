// What a model uses of the core: assembly/uses.ts with a baked module's values.

import { HEADER_CRC } from "../../assembly/format/file.ts";
import * as Id from "../../assembly/format/ids.ts";
import { isPacked, scalarLayout } from "../../assembly/format/layouts.ts";
import { decodeModel, memoryPlan } from "../../host/model-file/model_file.ts";
import { frontEndParameters } from "./front_end_tables.ts";

const LAYOUT_USES: Record<number, string> = {
  [Id.LAYOUT_TERNARY_SWAR]: "USES_TERNARY_SWAR",
  [Id.LAYOUT_TERNARY_MASKDOT]: "USES_TERNARY_MASKDOT",
  [Id.LAYOUT_TERNARY5_LUT]: "USES_TERNARY5_LUT",
  [Id.LAYOUT_TERNARY_LUT_SIMD]: "USES_TERNARY_LUT_SIMD",
  [Id.LAYOUT_TERNARY_PLANES]: "USES_TERNARY_PLANES",
  [Id.LAYOUT_INT1_LUT]: "USES_INT1_LUT",
  [Id.LAYOUT_INT1_LUT_SIMD]: "USES_INT1_LUT_SIMD",
  [Id.LAYOUT_INT4_SWAR]: "USES_INT4_SWAR",
  [Id.LAYOUT_INT4_MASKDOT]: "USES_INT4_MASKDOT",
  [Id.LAYOUT_INT8_BLOCKED]: "USES_INT8_BLOCKED",
  [Id.LAYOUT_INT16_BLOCKED]: "USES_INT16_BLOCKED",
  [Id.LAYOUT_FLOAT32_ROWS]: "USES_FLOAT32_ROWS",
};

const POLICY_USES: Record<number, string> = {
  [Id.POLICY_FEATURES]: "USES_FEATURES_ONLY",
  [Id.POLICY_SINGLE]: "USES_SINGLE",
  [Id.POLICY_PROBE]: "USES_PROBE",
  [Id.POLICY_BAYESIAN]: "USES_BAYESIAN",
};

const layoutUse = (layout: number) => (isPacked(layout) ? "USES_PACKED" : LAYOUT_USES[layout]);

/** Names of what the model needs code for. `file` is valid and lies in the module's layouts. */
export function usedBy(file: Uint8Array): Set<string> {
  const { router, experts, policy, frontEnd } = decodeModel(file);
  const used = new Set([POLICY_USES[policy.kind]]);
  for (const { layers } of [...(router ? [router] : []), ...experts]) {
    for (const { layout, weightType, rows, norm } of layers) {
      used.add(layoutUse(layout));
      // weight bytes are counted in the layout that files have, whichever one the module reads
      if (isPacked(scalarLayout(weightType, rows))) used.add("USES_PACKED");
      if (norm) used.add("USES_LAYER_NORM");
    }
  }
  if (policy.samples > 0) used.add("USES_SAMPLES");
  if (frontEnd) {
    const { arithmetic, codeBits, removeDc } = frontEndParameters(frontEnd);
    used.add("USES_FRONT_END").add(arithmetic === "fixed" ? "USES_FIXED_FRONT_END" : "USES_FLOAT_FRONT_END");
    used.add(codeBits === 4 ? "USES_CODES_4BIT" : "USES_CODES_8BIT");
    if (removeDc) used.add("USES_REMOVE_DC");
  }
  return used;
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
    BAKED: "true",
    BAKED_WORK_BYTES: `${memoryPlan(decodeModel(file)).workBytes}`,
    BAKED_MODEL_BYTES: `${file.length}`,
    FIRMWARE: `${firmware}`,
    SEALED: `${sealed}`,
    SEALED_CRC: `${sealed ? new DataView(file.buffer, file.byteOffset).getUint32(HEADER_CRC, true) : 0}`,
  };
  return source.replace(/^export const (\w+)(: u32)? = .*;$/gm, (_, name: string, type = "") => {
    return `export const ${name}${type} = ${values[name] ?? used.has(name)};`;
  });
}
