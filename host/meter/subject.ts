// Browser-safe. What is metered: a model file in the generic scalar core, or a baked module as it is.

import { QurioError } from "../errors.ts";
import { decodeModel, type PackedModel } from "../model-file/model_file.ts";
import type { Core } from "../runtime/core.ts";
import { isWasm } from "../runtime/model.ts";
import { imports, readSections, SECTION_IMPORT } from "../wasm/sections.ts";
import { Meter } from "./meter.ts";

export interface Subject {
  /** The module that decides, as shipped. */
  wasm: Uint8Array;
  /** The model file; a baked module's own is taken out of it. */
  file: Uint8Array;
  packed: PackedModel;
  isBaked: boolean;
  meter: Meter<Core>;
}

/**
 * @param given a model file, or what `qurio bake --target core` wrote
 * @param core the generic scalar core, for model files
 * @throws QurioError METER_TARGET for other modules; the device's reason for a damaged model
 */
export async function openSubject(given: Uint8Array, core: () => Uint8Array, name: string): Promise<Subject> {
  const isBaked = isWasm(given);
  if (isBaked) checkTarget(given, name);
  const wasm = isBaked ? given : core();
  const meter = await Meter.create(wasm, false);
  if (!isBaked) meter.core.load(given);
  const file = isBaked ? meter.core.open() : given;
  return { wasm, file, packed: decodeModel(file), isBaked, meter };
}

function checkTarget(wasm: Uint8Array, name: string): void {
  const what = wasm[4] !== 1 ? "a component" : imports(readSections(wasm).get(SECTION_IMPORT)).functions > 0 ? "a WASI command" : null;
  if (what === null) return;
  throw new QurioError(
    "METER_TARGET",
    `${name} is ${what}: it runs to its end in one call, so nothing in it can be told apart`,
    "Meter the model file, or bake it with --target core: the steps of a decision are the same code.",
  );
}
