// Names of classes from a text file, one a line.

import { basename } from "node:path";
import { QurioError } from "../../host/errors.ts";
import { readInput } from "../../host/files.ts";

/**
 * @param expected how many: one for each output
 * @throws QurioError LABELS when there are more or fewer, two are the same, or a line is none; those of readInput
 */
export function readLabels(path: string, expected: number): string[] {
  const name = basename(path);
  const refuse = (what: string): never => {
    throw new QurioError("LABELS", `${name}: ${what}`, "Write one name a line, in the order of the network's outputs.");
  };
  const lines = textOf(readInput(path), () => refuse("UTF-8 text expected, other bytes found"))
    .replace(/^\ufeff/, "")
    .replace(/(\r?\n)+$/, "")
    .split(/\r?\n/)
    .map((line) => line.trim());
  const labels = lines.length === 1 && lines[0] === "" ? [] : lines;
  if (labels.length !== expected) refuse(`${expected} lines expected, one for each output, ${labels.length} found`);
  for (const [i, label] of labels.entries()) {
    if (label === "" || /[\u0000-\u001f]/.test(label)) refuse(`line ${i + 1}: a name without control characters expected`);
    const first = labels.indexOf(label);
    if (first < i) refuse(`lines ${first + 1} and ${i + 1} are the same, ${JSON.stringify(label)}`);
  }
  return labels;
}

function textOf(bytes: Uint8Array, refuse: () => never): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return refuse();
  }
}
