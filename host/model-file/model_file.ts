// A model file as TypeScript values, and its bytes. Decoding expects a file that the core has validated.

import * as F from "../../assembly/format/file.ts";
import * as Id from "../../assembly/format/ids.ts";
import { layerWidth, tableBytes } from "../../assembly/format/layouts.ts";
import { AUDIO_SAMPLES, align16, arenaBytes, networkScratchBytes, RING_BYTES, RING_BYTES_4BIT } from "../../assembly/format/plan.ts";
import { decodeContainer, encodeContainer, type Section } from "./container.ts";

export interface PackedLayer {
  /** WEIGHT_* */
  weightType: number;
  /** LAYOUT_* */
  layout: number;
  columns: number;
  rows: number;
  norm: boolean;
  relu: boolean;
  /** Share of outputs dropped when the router samples. */
  dropout: number;
  /** Packed as `layout` says. */
  weights: Uint8Array;
  /** f32 [rows], or [1] for the whole matrix */
  scale: Float32Array;
  /** f32 [rows] each */
  bias: Float32Array;
  gamma: Float32Array | null;
  beta: Float32Array | null;
}

export interface PackedNetwork {
  /** At most 15 printable ASCII characters. */
  name: string;
  inputs: number;
  outputs: number;
  layers: PackedLayer[];
}

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
  features: number;
  /** The front end section as it is, or null for a model that takes feature vectors. */
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
  width: number;
  cache: number;
  outputs: number;
  arenaBytes: number;
  ringBytes: number;
  audioSamples: number;
  workBytes: number;
  /** Upper bound of the networks' multiply-accumulates for one decision. */
  maxMacs: number;
}

/** Bytes of the ring that a front end section asks for. */
export function ringBytesOf(frontEnd: Uint8Array): number {
  return frontEnd[F.FRONT_END_OPTIONS] & F.FRONT_END_CODES_4BIT ? RING_BYTES_4BIT : RING_BYTES;
}

/** The plan that load() recomputes and compares. */
export function memoryPlan(model: PackedModel): MemoryPlan {
  let [width, cache, outputs, tables, maxMacs] = [0, 0, 0, 0, 0];
  const add = (network: PackedNetwork, samples: number) => {
    network.layers.forEach(({ layout, columns, rows }, i) => {
      width = Math.max(width, layerWidth(layout, rows, columns));
      tables = Math.max(tables, tableBytes(layout, rows, columns));
      maxMacs = Math.min(maxMacs + columns * rows * (i > 0 && samples > 0 ? samples : 1), 0x7fffffff);
    });
    if (samples > 0) cache = Math.max(cache, network.layers[0].rows);
    outputs = Math.max(outputs, network.outputs);
  };
  if (model.router) add(model.router, model.policy.samples);
  for (const expert of model.experts) add(expert, 0);
  const hasFrontEnd = model.frontEnd !== null;
  const arena = arenaBytes(model.features, networkScratchBytes(width, cache, outputs, tables), hasFrontEnd);
  const ringBytes = model.frontEnd === null ? 0 : ringBytesOf(model.frontEnd);
  const audioSamples = hasFrontEnd ? AUDIO_SAMPLES : 0;
  return {
    features: model.features,
    classes: model.labels.length,
    experts: model.experts.length,
    width,
    cache,
    outputs,
    arenaBytes: arena,
    ringBytes,
    audioSamples,
    workBytes: arena + align16(ringBytes) + align16(audioSamples * 2),
    maxMacs,
  };
}

const PLAN_FIELDS: [keyof MemoryPlan, number][] = [
  ["features", F.PLAN_FEATURES],
  ["classes", F.PLAN_CLASSES],
  ["experts", F.PLAN_EXPERTS],
  ["width", F.PLAN_WIDTH],
  ["cache", F.PLAN_CACHE],
  ["outputs", F.PLAN_OUTPUTS],
  ["arenaBytes", F.PLAN_ARENA_BYTES],
  ["ringBytes", F.PLAN_RING_BYTES],
  ["audioSamples", F.PLAN_AUDIO_SAMPLES],
  ["workBytes", F.PLAN_WORK_BYTES],
  ["maxMacs", F.PLAN_MAX_MACS],
];

// ---- encode ----

export function encodeModel(model: PackedModel): Uint8Array {
  const sections: Section[] = [{ id: Id.SECTION_PLAN, bytes: encodePlan(memoryPlan(model)) }];
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

/** Grows section bytes and hands out aligned offsets. */
class Tensors {
  readonly pieces: { offset: number; bytes: Uint8Array }[] = [];
  private end: number;
  constructor(start: number) {
    this.end = start;
  }
  add(data: Uint8Array | Float32Array): number {
    const offset = align16(this.end);
    this.pieces.push({ offset, bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) });
    this.end = offset + data.byteLength;
    return offset;
  }
  finish(): { section: Uint8Array; view: DataView } {
    const section = new Uint8Array(this.end);
    for (const { offset, bytes } of this.pieces) section.set(bytes, offset);
    return { section, view: new DataView(section.buffer) };
  }
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

function encodeNetwork(network: PackedNetwork): Uint8Array {
  const tensors = new Tensors(F.NETWORK_BYTES + network.layers.length * F.LAYER_BYTES);
  const records = network.layers.map((layer) => ({
    layer,
    weights: tensors.add(layer.weights),
    scale: tensors.add(layer.scale),
    bias: tensors.add(layer.bias),
    gamma: layer.gamma ? tensors.add(layer.gamma) : 0,
    beta: layer.beta ? tensors.add(layer.beta) : 0,
  }));
  const { section, view } = tensors.finish();
  section.set(new TextEncoder().encode(network.name).subarray(0, F.NETWORK_NAME_BYTES - 1), F.NETWORK_NAME);
  view.setUint32(F.NETWORK_INPUTS, network.inputs, true);
  view.setUint32(F.NETWORK_OUTPUTS, network.outputs, true);
  view.setUint32(F.NETWORK_LAYERS, network.layers.length, true);
  records.forEach(({ layer, weights, scale, bias, gamma, beta }, i) => {
    const at = F.NETWORK_BYTES + i * F.LAYER_BYTES;
    view.setUint32(at + F.LAYER_WEIGHT_TYPE, layer.weightType, true);
    view.setUint32(at + F.LAYER_LAYOUT, layer.layout, true);
    view.setUint32(at + F.LAYER_COLUMNS, layer.columns, true);
    view.setUint32(at + F.LAYER_ROWS, layer.rows, true);
    const perTensor = layer.scale.length < layer.rows ? Id.LAYER_SCALE_PER_TENSOR : 0;
    view.setUint32(at + F.LAYER_FLAGS, (layer.norm ? Id.LAYER_NORM : 0) | (layer.relu ? Id.LAYER_RELU : 0) | perTensor, true);
    view.setFloat32(at + F.LAYER_DROPOUT, layer.dropout, true);
    view.setUint32(at + F.LAYER_WEIGHTS_OFFSET, weights, true);
    view.setUint32(at + F.LAYER_WEIGHTS_BYTES, layer.weights.length, true);
    view.setUint32(at + F.LAYER_SCALE_OFFSET, scale, true);
    view.setUint32(at + F.LAYER_BIAS_OFFSET, bias, true);
    view.setUint32(at + F.LAYER_GAMMA_OFFSET, gamma, true);
    view.setUint32(at + F.LAYER_BETA_OFFSET, beta, true);
  });
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
const floats = (bytes: Uint8Array, at: number, count: number) => new Float32Array(bytes.slice(at, at + 4 * count).buffer);

/** Values of a file that the core has validated. */
export function decodeModel(file: Uint8Array): PackedModel {
  const sections = decodeContainer(file);
  const find = (id: number) => sections.find((section) => section.id === id)?.bytes ?? null;
  const plan = decodePlan(file);
  const normalization = find(Id.SECTION_NORMALIZATION);
  const router = find(Id.SECTION_ROUTER);
  const labels = find(Id.SECTION_LABELS);
  const policy = find(Id.SECTION_POLICY)!;
  const provenance = find(Id.SECTION_PROVENANCE);
  return {
    features: plan.features,
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
    mean: floats(bytes, u32(bytes, F.NORMALIZATION_MEAN_OFFSET), count),
    inverseStd: floats(bytes, u32(bytes, F.NORMALIZATION_INVERSE_STD_OFFSET), count),
    clip: f32(bytes, F.NORMALIZATION_CLIP),
  };
}

function decodeNetwork(bytes: Uint8Array): PackedNetwork {
  const name = new TextDecoder().decode(bytes.subarray(F.NETWORK_NAME, F.NETWORK_NAME + F.NETWORK_NAME_BYTES)).replace(/\0.*$/s, "");
  const layers = Array.from({ length: u32(bytes, F.NETWORK_LAYERS) }, (_, i) => {
    const record = bytes.subarray(F.NETWORK_BYTES + i * F.LAYER_BYTES);
    const rows = u32(record, F.LAYER_ROWS);
    const flags = u32(record, F.LAYER_FLAGS);
    const norm = (flags & Id.LAYER_NORM) !== 0;
    const weightsOffset = u32(record, F.LAYER_WEIGHTS_OFFSET);
    const tensor = (field: number) => floats(bytes, u32(record, field), rows);
    return {
      weightType: u32(record, F.LAYER_WEIGHT_TYPE),
      layout: u32(record, F.LAYER_LAYOUT),
      columns: u32(record, F.LAYER_COLUMNS),
      rows,
      norm,
      relu: (flags & Id.LAYER_RELU) !== 0,
      dropout: f32(record, F.LAYER_DROPOUT),
      weights: bytes.subarray(weightsOffset, weightsOffset + u32(record, F.LAYER_WEIGHTS_BYTES)),
      scale: floats(bytes, u32(record, F.LAYER_SCALE_OFFSET), flags & Id.LAYER_SCALE_PER_TENSOR ? 1 : rows),
      bias: tensor(F.LAYER_BIAS_OFFSET),
      gamma: norm ? tensor(F.LAYER_GAMMA_OFFSET) : null,
      beta: norm ? tensor(F.LAYER_BETA_OFFSET) : null,
    };
  });
  return { name, inputs: u32(bytes, F.NETWORK_INPUTS), outputs: u32(bytes, F.NETWORK_OUTPUTS), layers };
}

function decodePolicy(bytes: Uint8Array): PackedPolicy {
  const eight = (field: number) => Array.from(floats(bytes, field, Id.MAX_EXPERTS));
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
