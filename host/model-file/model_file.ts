// A model file as TypeScript values, and its bytes. Decoding expects a file that the core has validated.

import * as F from "../../assembly/format/file.ts";
import * as Id from "../../assembly/format/ids.ts";
import { audioBufferSamples, frontEndScratchBytes, ringBytes } from "../../assembly/format/input_spec.ts";
import { align16, arenaBytes, networkScratchBytes } from "../../assembly/format/plan.ts";
import { decodeContainer, encodeContainer, type Section } from "./container.ts";
import { decodeInput, encodeInput, featureCount, framingOf, type InputSpec } from "./input_spec.ts";
import { decodeNetwork, encodeNetwork, needsOf, outputsOf, type PackedNetwork } from "./network.ts";
import { floatsAt, Tensors } from "./tensors.ts";

export type { PackedLinear, PackedNetwork, PackedOp } from "./network.ts";

export interface PackedPolicy {
  /** POLICY_* */
  kind: number;
  samples: number;
  alpha: number;
  varianceScale: number;
  /** 8 values each */
  escalate: number[];
  /** Relative energy of expert i, 0..1; bayesian only, and 0 when absent. */
  energy?: number[];
  abstain: number[];
  beta: number[];
}

export interface PackedModel {
  input: InputSpec;
  /** Tables of the input's front end: the section as it is. null for a model that takes feature vectors. */
  frontEnd: Uint8Array | null;
  /** null for a model without networks, as is all below. */
  normalization: { mean: Float32Array; inverseStd: Float32Array; clip: number } | null;
  router: PackedNetwork | null;
  experts: PackedNetwork[];
  policy: PackedPolicy;
  labels: string[];
  /** JSON, for people; undefined to leave the section out. */
  provenance: unknown;
}

export interface MemoryPlan {
  features: number;
  classes: number;
  experts: number;
  bufferBytes: number;
  scratchBytes: number;
  cache: number;
  outputs: number;
  arenaBytes: number;
  ringBytes: number;
  audioSamples: number;
  workBytes: number;
  /** Upper bound of the networks' multiply-accumulates for one decision. */
  maxMacs: number;
}

/** What an input needs: scratch of its front end, the ring of codes, the PCM buffer. */
export function inputMemory(input: InputSpec): { scratchBytes: number; ringBytes: number; audioSamples: number } {
  const framing = framingOf(input);
  if (input.source === "vectors" || framing === null) return { scratchBytes: 0, ringBytes: 0, audioSamples: 0 };
  const { frames, frontEnd } = framing;
  return {
    scratchBytes: frontEndScratchBytes(frontEnd.fftPoints, frames),
    ringBytes: input.channels * ringBytes(frames, frontEnd.bands, frontEnd.codeBits === 4),
    audioSamples: input.source === "frames" ? 0 : input.channels * audioBufferSamples(frontEnd.frameSamples),
  };
}

/** The plan that load() recomputes and compares. */
export function memoryPlan(model: PackedModel): MemoryPlan {
  let [bufferBytes, scratchBytes, cache, outputs, maxMacs] = [0, 0, 0, 0, 0];
  const add = (network: PackedNetwork, samples: number) => {
    const needs = needsOf(network);
    bufferBytes = Math.max(bufferBytes, needs.bufferBytes);
    scratchBytes = Math.max(scratchBytes, needs.scratchBytes);
    maxMacs = Math.min(maxMacs + needs.macs + needs.tailMacs * Math.max(samples - 1, 0), 0x7fffffff);
    if (samples > 0) cache = Math.max(cache, network.buffers[network.ops[0].output].values);
    outputs = Math.max(outputs, outputsOf(network));
  };
  if (model.router) add(model.router, model.policy.samples);
  for (const expert of model.experts) add(expert, 0);
  const features = featureCount(model.input);
  const input = inputMemory(model.input);
  const arena = arenaBytes(features, networkScratchBytes(bufferBytes, scratchBytes, cache, outputs), input.scratchBytes);
  return {
    features,
    classes: model.labels.length,
    experts: model.experts.length,
    bufferBytes,
    scratchBytes,
    cache,
    outputs,
    arenaBytes: arena,
    ringBytes: input.ringBytes,
    audioSamples: input.audioSamples,
    workBytes: arena + align16(input.ringBytes) + align16(input.audioSamples * 2),
    maxMacs,
  };
}

const PLAN_FIELDS: [keyof MemoryPlan, number][] = [
  ["features", F.PLAN_FEATURES],
  ["classes", F.PLAN_CLASSES],
  ["experts", F.PLAN_EXPERTS],
  ["bufferBytes", F.PLAN_BUFFER_BYTES],
  ["cache", F.PLAN_CACHE],
  ["outputs", F.PLAN_OUTPUTS],
  ["arenaBytes", F.PLAN_ARENA_BYTES],
  ["ringBytes", F.PLAN_RING_BYTES],
  ["audioSamples", F.PLAN_AUDIO_SAMPLES],
  ["workBytes", F.PLAN_WORK_BYTES],
  ["maxMacs", F.PLAN_MAX_MACS],
  ["scratchBytes", F.PLAN_SCRATCH_BYTES],
];

// ---- encode ----

export function encodeModel(model: PackedModel): Uint8Array {
  const sections: Section[] = [
    { id: Id.SECTION_PLAN, bytes: encodePlan(memoryPlan(model)) },
    { id: Id.SECTION_INPUT, bytes: encodeInput(model.input) },
  ];
  if (model.frontEnd) sections.push({ id: Id.SECTION_FRONT_END, bytes: model.frontEnd });
  if (model.normalization) sections.push({ id: Id.SECTION_NORMALIZATION, bytes: encodeNormalization(model.normalization) });
  if (model.router) sections.push({ id: Id.SECTION_ROUTER, bytes: encodeNetwork(model.router) });
  for (const expert of model.experts) sections.push({ id: Id.SECTION_EXPERT, bytes: encodeNetwork(expert) });
  sections.push({ id: Id.SECTION_POLICY, bytes: encodePolicy(model.policy) });
  if (model.labels.length > 0) sections.push({ id: Id.SECTION_LABELS, bytes: encodeLabels(model.labels) });
  if (model.provenance !== undefined) {
    sections.push({ id: Id.SECTION_PROVENANCE, bytes: new TextEncoder().encode(JSON.stringify(model.provenance)) });
  }
  return encodeContainer(sections);
}

function encodePlan(plan: MemoryPlan): Uint8Array {
  const view = new DataView(new ArrayBuffer(F.PLAN_BYTES));
  for (const [name, field] of PLAN_FIELDS) view.setUint32(field, plan[name], true);
  return new Uint8Array(view.buffer);
}

function encodeNormalization({ mean, inverseStd, clip }: NonNullable<PackedModel["normalization"]>): Uint8Array {
  const tensors = new Tensors(F.NORMALIZATION_BYTES);
  const offsets = [tensors.add(mean), tensors.add(inverseStd)];
  const { section, view } = tensors.finish();
  view.setUint32(F.NORMALIZATION_COUNT, mean.length, true);
  view.setFloat32(F.NORMALIZATION_CLIP, clip, true);
  view.setUint32(F.NORMALIZATION_MEAN_OFFSET, offsets[0], true);
  view.setUint32(F.NORMALIZATION_INVERSE_STD_OFFSET, offsets[1], true);
  return section;
}

function encodePolicy(policy: PackedPolicy): Uint8Array {
  const view = new DataView(new ArrayBuffer(F.POLICY_BYTES));
  const bayesian = policy.kind === Id.POLICY_BAYESIAN;
  view.setUint32(F.POLICY_KIND, policy.kind, true);
  view.setUint32(F.POLICY_SAMPLES, policy.samples, true);
  view.setFloat32(F.POLICY_ALPHA, policy.alpha, true);
  view.setFloat32(F.POLICY_VARIANCE_SCALE, policy.varianceScale, true);
  for (let i = 0; i < Id.MAX_EXPERTS; i++) {
    view.setFloat32(F.POLICY_ESCALATE + 4 * i, (bayesian ? policy.energy?.[i] : policy.escalate[i]) ?? 0, true);
    view.setFloat32(F.POLICY_ABSTAIN + 4 * i, policy.abstain[i] ?? 0, true);
    view.setFloat32(F.POLICY_BETA + 4 * i, policy.beta[i] ?? 0, true);
  }
  return new Uint8Array(view.buffer);
}

function encodeLabels(labels: string[]): Uint8Array {
  const strings = labels.map((label) => new TextEncoder().encode(label));
  const start = F.LABELS_OFFSETS + (labels.length + 1) * 4;
  const section = new Uint8Array(strings.reduce((end, bytes) => end + bytes.length + 1, start));
  const view = new DataView(section.buffer);
  view.setUint32(F.LABELS_COUNT, labels.length, true);
  let offset = start;
  strings.forEach((bytes, i) => {
    view.setUint32(F.LABELS_OFFSETS + 4 * i, offset, true);
    section.set(bytes, offset);
    offset += bytes.length + 1;
  });
  view.setUint32(F.LABELS_OFFSETS + 4 * labels.length, offset, true);
  return section;
}

// ---- decode ----

const u32 = (bytes: Uint8Array, at: number) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
const f32 = (bytes: Uint8Array, at: number) => new DataView(bytes.buffer, bytes.byteOffset).getFloat32(at, true);

/** Values of a file that the core has validated. */
export function decodeModel(file: Uint8Array): PackedModel {
  const sections = decodeContainer(file);
  const find = (id: number) => sections.find((section) => section.id === id)?.bytes ?? null;
  const normalization = find(Id.SECTION_NORMALIZATION);
  const router = find(Id.SECTION_ROUTER);
  const labels = find(Id.SECTION_LABELS);
  const policy = find(Id.SECTION_POLICY)!;
  const provenance = find(Id.SECTION_PROVENANCE);
  return {
    input: decodeInput(find(Id.SECTION_INPUT)!),
    frontEnd: find(Id.SECTION_FRONT_END),
    normalization: normalization && decodeNormalization(normalization),
    router: router && decodeNetwork(router),
    experts: sections.filter(({ id }) => id === Id.SECTION_EXPERT).map(({ bytes }) => decodeNetwork(bytes)),
    policy: decodePolicy(policy),
    labels: labels ? decodeLabels(labels) : [],
    provenance: provenance && parseJson(provenance),
  };
}

/** Only the plan: what a host needs before it can load. `file` has a valid container. */
export function decodePlan(file: Uint8Array): MemoryPlan {
  const bytes = decodeContainer(file).find(({ id }) => id === Id.SECTION_PLAN)!.bytes;
  return Object.fromEntries(PLAN_FIELDS.map(([name, field]) => [name, u32(bytes, field)])) as unknown as MemoryPlan;
}

/** Provenance is informative: the device skips it, so a file with unreadable JSON still runs. Absurd nesting counts as unreadable. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return deeperThan(value, 32) ? null : value;
  } catch {
    return null;
  }
}

/** JSON.parse takes any depth, but whoever walks or writes the value again would run out of stack. */
function deeperThan(value: unknown, levels: number): boolean {
  return typeof value === "object" && value !== null && (levels === 0 || Object.values(value).some((part) => deeperThan(part, levels - 1)));
}

function decodeNormalization(bytes: Uint8Array): NonNullable<PackedModel["normalization"]> {
  const count = u32(bytes, F.NORMALIZATION_COUNT);
  return {
    mean: floatsAt(bytes, u32(bytes, F.NORMALIZATION_MEAN_OFFSET), count),
    inverseStd: floatsAt(bytes, u32(bytes, F.NORMALIZATION_INVERSE_STD_OFFSET), count),
    clip: f32(bytes, F.NORMALIZATION_CLIP),
  };
}

function decodePolicy(bytes: Uint8Array): PackedPolicy {
  const eight = (field: number) => Array.from(floatsAt(bytes, field, Id.MAX_EXPERTS));
  const kind = u32(bytes, F.POLICY_KIND);
  const bayesian = kind === Id.POLICY_BAYESIAN;
  return {
    kind,
    samples: u32(bytes, F.POLICY_SAMPLES),
    alpha: f32(bytes, F.POLICY_ALPHA),
    varianceScale: f32(bytes, F.POLICY_VARIANCE_SCALE),
    escalate: bayesian ? [] : eight(F.POLICY_ESCALATE),
    ...(bayesian && { energy: eight(F.POLICY_ENERGY) }),
    abstain: eight(F.POLICY_ABSTAIN),
    beta: eight(F.POLICY_BETA),
  };
}

function decodeLabels(bytes: Uint8Array): string[] {
  const offset = (i: number) => u32(bytes, F.LABELS_OFFSETS + 4 * i);
  return Array.from({ length: u32(bytes, F.LABELS_COUNT) }, (_, i) =>
    new TextDecoder().decode(bytes.subarray(offset(i), offset(i + 1) - 1)),
  );
}
