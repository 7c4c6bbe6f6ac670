// A baked core as a WebAssembly component: world classifier of wit/qurio.wit around assembly/component.ts. jco loads only when this runs.

import { readFileSync } from "node:fs";
import { QurioError } from "../../host/errors.ts";
import { packagePath, packageVersions } from "../../host/files.ts";
import { renameExports } from "../../host/wasm/sections.ts";

export const INTERFACE = "qurio:classifier/model@0.1.0";

/** Exports of the core and what the canonical ABI calls them. */
const EXPORTS: [string, string][] = [
  ["memory", "memory"],
  ["cabi_realloc", "cabi_realloc"],
  ...[
    ["classify", "classify"],
    ["classifyFeatures", "classify-features"],
    ["info", "info"],
  ].flatMap(([name, called]): [string, string][] => [
    [name, `${INTERFACE}#${called}`],
    ["postReturn", `cabi_post_${INTERFACE}#${called}`],
  ]),
];

/** @throws QurioError JCO_MISSING */
export async function componentOf(core: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const { componentEmbed, componentNew } = await loadJco();
  const witSource = readFileSync(packagePath("wit", "qurio.wit"), "utf8");
  const binary = renameExports(core, EXPORTS);
  const embedded = await componentEmbed({ binary, witSource, world: "classifier", stringEncoding: "utf8" });
  return new Uint8Array(await componentNew(embedded, []));
}

/** jco, which is not installed with qurio: it is almost four times as large as everything else together. */
export async function loadJco(): Promise<typeof import("@bytecodealliance/jco")> {
  try {
    return await import("@bytecodealliance/jco");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_MODULE_NOT_FOUND") throw error;
    const version = packageVersions("@bytecodealliance/jco")["@bytecodealliance/jco"];
    throw new QurioError(
      "JCO_MISSING",
      "components need @bytecodealliance/jco, which is not installed",
      `npm install @bytecodealliance/jco@${version}`,
    );
  }
}
