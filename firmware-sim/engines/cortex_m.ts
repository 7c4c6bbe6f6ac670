// Engine "cortex-m": the C library of firmware-sim/image on an emulated Cortex-M4F, weights in its flash. One process per decision.

import { createHash } from "node:crypto";
import { type Build, type Runner, tryModel } from "../../host/engines/runner.ts";
import { ARM_GCC, needTool, QEMU_ARM } from "../../host/engines/tools.ts";
import { decodePlan } from "../../host/model-file/model_file.ts";
import { checkFeatures } from "../../host/runtime/core.ts";
import { buildFirmware } from "../image/firmware.ts";
import { type CLibrary, cLibrary } from "../image/library.ts";

/** Libraries by their model's hash: one serves both builds, and takes seconds to make. */
const libraries = new Map<string, CLibrary>();

/** @param build unchecked or checked: whether every memory access is compared with its bounds */
export async function openCortexM(file: Uint8Array, build: Build): Promise<Runner> {
  for (const tool of [ARM_GCC, QEMU_ARM]) needTool(tool);
  const hash = createHash("sha256").update(file).digest("hex");
  const library = libraries.get(hash) ?? (await cLibrary(file));
  libraries.set(hash, library);
  const firmware = buildFirmware(library, "cortex-m4", build === "checked");
  const runner: Runner = {
    async decideRecords(inputs, seed = 0) {
      return inputs.map((input) => {
        if (input instanceof Float32Array) checkFeatures(input, decodePlan(library.model).features);
        return firmware.run(input, seed).record;
      });
    },
    close: async () => firmware.close(),
  };
  await tryModel(runner);
  return runner;
}
