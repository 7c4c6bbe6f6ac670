// Prints the worked hex dump of docs/reference/format.md: the smallest useful model, three features in, two classes out, byte by byte.
// usage: npm run --silent format-example

import { fileURLToPath } from "node:url";
import { POLICY_SINGLE } from "../assembly/format/ids.ts";
import { decodeContainer, SECTION_NAMES } from "../host/model-file/container.ts";
import { encodeModel, type PackedModel } from "../host/model-file/model_file.ts";
import { chain } from "../host/model-file/network.ts";
import { packWeights } from "../host/model-file/pack.ts";
import { WEIGHT_TYPES } from "../host/model-file/weight_types.ts";

/** y = W x + b with W = scale * codes; codes and scales are chosen to be seen in the dump. */
export function exampleModel(): PackedModel {
  const type = WEIGHT_TYPES.find(({ name }) => name === "ternary")!;
  const codes = Int8Array.of(1, 0, -1, -1, 1, 1);
  const expert = chain("ternary", [
    {
      kind: "linear",
      dropout: 0,
      weightType: type.id,
      layout: type.canonicalLayout,
      columns: 3,
      rows: 2,
      norm: false,
      relu: false,
      weights: packWeights(type.canonicalLayout, codes, 2, 3),
      scale: Float32Array.of(0.5, 0.25),
      bias: Float32Array.of(0, 1),
      gamma: null,
      beta: null,
    },
  ]);
  return {
    input: { source: "vectors", features: 3 },
    frontEnd: null,
    normalization: { mean: Float32Array.of(0, 0, 0), inverseStd: Float32Array.of(1, 1, 1), clip: 5 },
    router: null,
    experts: [expert],
    policy: { kind: POLICY_SINGLE, samples: 0, alpha: 0, varianceScale: 1, escalate: [], abstain: [0.5], beta: [] },
    labels: ["no", "yes"],
    provenance: null,
  };
}

/** Lines of 16 bytes: offset, bytes, printable characters; runs of zero lines are folded. */
export function hexDump(bytes: Uint8Array, from: number, to: number): string[] {
  const lines: string[] = [];
  let folded = false;
  for (let at = from; at < to; at += 16) {
    const row = bytes.subarray(at, Math.min(at + 16, to));
    if (at > from && row.every((byte) => byte === 0)) {
      if (!folded) lines.push("  *     zeros");
      folded = true;
      continue;
    }
    folded = false;
    const hex = Array.from(row, (byte) => byte.toString(16).padStart(2, "0"));
    const words = [0, 4, 8, 12].map((i) => hex.slice(i, i + 4).join(" ")).join("  ");
    const text = Array.from(row, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : ".")).join("");
    lines.push(`  ${at.toString(16).padStart(4, "0")}  ${words.padEnd(53)} |${text}|`);
  }
  return lines;
}

export function formatExample(): string {
  const file = encodeModel(exampleModel());
  const sections = decodeContainer(file);
  const lines = [
    `${file.length} bytes`,
    "header",
    ...hexDump(file, 0, 32),
    "section table",
    ...hexDump(file, 32, sections[0].bytes.byteOffset),
  ];
  for (const { id, bytes } of sections) {
    lines.push(`${SECTION_NAMES[id]} (section ${id}, ${bytes.length} bytes)`);
    lines.push(...hexDump(file, bytes.byteOffset, bytes.byteOffset + bytes.length));
  }
  return lines.join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(formatExample());
