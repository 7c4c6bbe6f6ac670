// `qurio inspect`: what is in a model file.

import { readInput } from "../host/files.ts";
import { type Contents, contentsOf, type PolicyInUse } from "../host/model-file/contents.ts";
import type { FrontEndParameters } from "../host/model-file/front_end.ts";
import { framingOf, type InputSpec } from "../host/model-file/input_spec.ts";
import { repack } from "../host/model-file/repack.ts";
import { loadModel, type Model } from "../host/runtime/index.ts";
import { isWasm } from "../host/runtime/model.ts";
import { sizeTable } from "./export.ts";
import { formatBytes, formatTable } from "./output.ts";
import { printJson } from "./print_json.ts";
import type { INSPECT } from "./schemas/model.ts";

export interface InspectOptions {
  json?: boolean;
}

/** Shows what is in a model file; the file is validated by the core first. */
export async function inspect(path: string, { json }: InspectOptions): Promise<void> {
  const given = readInput(path);
  const model = await loadModel(given);
  const file = isWasm(given) ? model.core.open() : given;
  const contents = contentsOf(file, model.packed, model.answerers);
  if (json) printJson<typeof INSPECT>(contents);
  else console.log(inspectText(path, contents, model, repackLine(file, model)));
}

/** @param repacked what SIMD hosts make of the weights, or null where there are none */
export function inspectText(path: string, contents: Contents, { packed, answerers }: Model, repacked: string | null): string {
  const { bytes, sections, input, plan, policy, labels } = contents;
  const memory = [
    ["weights (the file, read in place)", bytes],
    ["arena", plan.arenaBytes],
    ["log-mel ring", plan.ringBytes],
    ["PCM buffer", 2 * plan.audioSamples],
  ];
  return [
    `${path}: ${formatBytes(bytes)}, ${plan.features} features, ${labels.length} classes, policy ${policy.kind}\n`,
    formatTable(
      sections.map(({ name, offset, bytes, crc32 }) => [name, offset, bytes, crc32]),
      { head: ["section", "offset", "bytes", "crc32"] },
    ),
    ...(repacked === null ? [] : [`\n${sizeTable(packed)}`, `\n${repacked}`]),
    `\n${formatTable(memory, { head: ["memory", "bytes"] })}`,
    `\n${formatTable(policyRows(policy, answerers, packed.router !== null), { head: ["policy", policy.kind] })}`,
    `\ninput       ${inputLine(input)}`,
    `front end   ${frontEndLine(framingOf(input)?.frontEnd ?? null)}`,
    `labels      ${labels.join(", ")}`,
    `provenance  ${JSON.stringify(packed.provenance)}`,
  ].join("\n");
}

function repackLine(file: Uint8Array, { packed }: Model): string | null {
  if (packed.experts.length === 0 && !packed.router) return null;
  const start = performance.now();
  const bytes = repack(file, "simd").length;
  const ms = (performance.now() - start).toFixed(0);
  return `SIMD hosts repack the weights when they load: ${ms} ms here, to ${formatBytes(bytes)}`;
}

function inputLine(input: InputSpec): string {
  if (input.source === "vectors") return `vectors of ${input.features} features`;
  const { source, channels, sampleRate, windowSamples } = input;
  const seconds = Number((windowSamples / sampleRate).toPrecision(6));
  return `${source}, ${channels} channel${channels === 1 ? "" : "s"}, ${sampleRate} Hz, windows of ${windowSamples} samples (${seconds} s)`;
}

function frontEndLine(frontEnd: FrontEndParameters | null): string {
  if (!frontEnd) return "none: the model takes features";
  const { arithmetic, floor, origin, step, codeBits, removeDc } = frontEnd;
  const codes = `${codeBits}-bit codes of ${decimal(step)} nat from ${decimal(origin)}, floor ${decimal(floor)}`;
  return `${arithmetic === "fixed" ? "fixed point (integers, no FPU needed)" : "float32"}; ${codes}${removeDc ? "; removes an offset" : ""}`;
}

/** A float32 in as few digits as tell it from its neighbours on paper. */
const decimal = (value: number) => `${Number(value.toPrecision(6))}`;

function policyRows(policy: PolicyInUse, answerers: readonly string[], hasRouter: boolean): [string, string][] {
  const rows: [string, string][] = [];
  if (hasRouter) rows.push(["router samples (Monte Carlo dropout)", `${policy.samples}`]);
  answerers.forEach((name, i) => {
    const parts = [`abstains below p = ${policy.abstain[i].toFixed(3)}`];
    if (i < policy.beta.length) parts.push(`beta ${policy.beta[i].toFixed(2)}, energy ${(policy.energy[i] ?? 0).toFixed(2)}`);
    if (i < policy.escalate.length) parts.unshift(`escalates above ${policy.escalate[i].toFixed(3)} nat`);
    rows.push([name, parts.join(", ")]);
  });
  return rows;
}
