// `qurio inspect`: what is in a model file.

import {
  ENTRY_BYTES_FIELD,
  ENTRY_CRC,
  ENTRY_ID,
  ENTRY_OFFSET,
  ENTRY_SIZE,
  HEADER_BYTES,
  HEADER_SECTIONS,
  HEADER_VERSION,
} from "../assembly/format/file.ts";
import { POLICY_BAYESIAN, POLICY_PROBE } from "../assembly/format/ids.ts";
import { readInput } from "../host/files.ts";
import { SECTION_NAMES } from "../host/model-file/container.ts";
import type { FrontEndParameters } from "../host/model-file/front_end.ts";
import { framingOf, type InputSpec } from "../host/model-file/input_spec.ts";
import { memoryPlan, type PackedNetwork, type PackedPolicy } from "../host/model-file/model_file.ts";
import { repack } from "../host/model-file/repack.ts";
import { layerSizes } from "../host/model-file/sizes.ts";
import { loadModel } from "../host/runtime/index.ts";
import { isWasm } from "../host/runtime/model.ts";
import { sizeTable } from "./export.ts";
import { formatBytes, formatTable } from "./output.ts";
import { printJson } from "./print_json.ts";
import type { INSPECT } from "./schemas/model.ts";

export interface InspectOptions {
  json?: boolean;
}

const POLICY_NAMES = ["features only", "single", "probe", "bayesian"] as const;

/** Shows what is in a model file; the file is validated by the core first. */
export async function inspect(path: string, { json }: InspectOptions): Promise<void> {
  const given = readInput(path);
  const model = await loadModel(given);
  const file = isWasm(given) ? model.core.open() : given;
  const { packed } = model;
  const sections = sectionTable(file);
  const plan = memoryPlan(packed);
  const { input } = packed;
  const frontEnd = framingOf(input)?.frontEnd ?? null;
  const answerers = model.answerers.length;
  const policy = {
    kind: POLICY_NAMES[packed.policy.kind],
    samples: packed.policy.samples,
    alpha: packed.policy.alpha,
    varianceScale: packed.policy.varianceScale,
    escalate: packed.policy.kind === POLICY_PROBE ? packed.policy.escalate.slice(0, answerers - 1) : [],
    abstain: packed.policy.abstain.slice(0, answerers),
    beta: packed.policy.kind === POLICY_BAYESIAN ? packed.policy.beta.slice(0, packed.experts.length) : [],
    energy: packed.policy.energy?.slice(0, packed.experts.length) ?? [],
  };
  if (json) {
    const version = new DataView(file.buffer, file.byteOffset).getUint32(HEADER_VERSION, true);
    const layers = layerSizes(packed);
    printJson<typeof INSPECT>({
      version,
      bytes: file.length,
      sections,
      input,
      layers,
      plan,
      policy,
      labels: packed.labels,
      provenance: packed.provenance ?? null,
    });
    return;
  }
  console.log(`${path}: ${formatBytes(file.length)}, ${plan.features} features, ${packed.labels.length} classes, policy ${policy.kind}\n`);
  const rows = sections.map(({ name, offset, bytes, crc32 }) => [name, offset, bytes, crc32]);
  console.log(formatTable(rows, { head: ["section", "offset", "bytes", "crc32"] }));
  if (packed.experts.length > 0 || packed.router) {
    console.log(`\n${sizeTable(packed)}`);
    const start = performance.now();
    const bytes = repack(file, "simd").length;
    const repackedMs = (performance.now() - start).toFixed(0);
    console.log(`\nSIMD hosts repack the weights when they load: ${repackedMs} ms here, to ${formatBytes(bytes)}`);
  }
  const memory = [
    ["weights (the file, read in place)", file.length],
    ["arena", plan.arenaBytes],
    ["log-mel ring", plan.ringBytes],
    ["PCM buffer", 2 * plan.audioSamples],
  ];
  console.log(`\n${formatTable(memory, { head: ["memory", "bytes"] })}`);
  console.log(`\n${formatTable(policyRows(policy, model.answerers, packed.router), { head: ["policy", policy.kind] })}`);
  console.log(`\ninput       ${inputLine(input)}`);
  console.log(`front end   ${frontEndLine(frontEnd)}`);
  console.log(`labels      ${packed.labels.join(", ")}`);
  console.log(`provenance  ${JSON.stringify(packed.provenance)}`);
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

function sectionTable(file: Uint8Array) {
  const view = new DataView(file.buffer, file.byteOffset);
  return Array.from({ length: view.getUint32(HEADER_SECTIONS, true) }, (_, i) => {
    const entry = HEADER_BYTES + i * ENTRY_SIZE;
    const field = (at: number) => view.getUint32(entry + at, true);
    const crc32 = field(ENTRY_CRC).toString(16).padStart(8, "0");
    return {
      id: field(ENTRY_ID),
      name: SECTION_NAMES[field(ENTRY_ID)],
      offset: field(ENTRY_OFFSET),
      bytes: field(ENTRY_BYTES_FIELD),
      crc32,
    };
  });
}

function policyRows(
  policy: Required<Pick<PackedPolicy, "samples" | "escalate" | "abstain" | "beta" | "energy">>,
  answerers: readonly string[],
  router: PackedNetwork | null,
): [string, string][] {
  const rows: [string, string][] = [];
  if (router) rows.push(["router samples (Monte Carlo dropout)", `${policy.samples}`]);
  answerers.forEach((name, i) => {
    const parts = [`abstains below p = ${policy.abstain[i].toFixed(3)}`];
    if (i < policy.beta.length) parts.push(`beta ${policy.beta[i].toFixed(2)}, energy ${(policy.energy[i] ?? 0).toFixed(2)}`);
    if (i < policy.escalate.length) parts.unshift(`escalates above ${policy.escalate[i].toFixed(3)} nat`);
    rows.push([name, parts.join(", ")]);
  });
  return rows;
}
