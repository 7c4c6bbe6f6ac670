// Repairs of mutated model files: row sums, tensors of the right size, the memory plan, the header's checksum.

import * as F from "../../assembly/format/file.ts";
import * as Id from "../../assembly/format/ids.ts";
import { layerWidth, layoutHolds, tableBytes, weightBytes } from "../../assembly/format/layouts.ts";
import { AUDIO_SAMPLES, align16, arenaBytes, networkScratchBytes } from "../../assembly/format/plan.ts";
import type { Section } from "../../host/model-file/container.ts";
import { crc32 } from "../../host/model-file/crc32.ts";
import { ringBytesOf } from "../../host/model-file/model_file.ts";
import { packWeights, unpackWeights, WEIGHT_TYPES } from "../../host/model-file/pack.ts";
import type { Dice } from "./dice.ts";

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
export const isNetwork = ({ id }: Section): boolean => id === Id.SECTION_ROUTER || id === Id.SECTION_EXPERT;

// ---- layers ----

export interface LayerRecord {
  section: Section;
  index: number;
  get(field: number): number;
  set(field: number, value: number): void;
}

export function layerCount(bytes: Uint8Array): number {
  if (bytes.length < F.NETWORK_BYTES) return 0;
  const room = Math.floor((bytes.length - F.NETWORK_BYTES) / F.LAYER_BYTES);
  return Math.min(viewOf(bytes).getUint32(F.NETWORK_LAYERS, true), room, Id.MAX_LAYERS);
}

export function layerOf(section: Section, index: number): LayerRecord {
  const at = F.NETWORK_BYTES + index * F.LAYER_BYTES;
  return {
    section,
    index,
    get: (field) => viewOf(section.bytes).getUint32(at + field, true),
    set: (field, value) => viewOf(section.bytes).setUint32(at + field, value, true),
  };
}

/** Codes within their type's range and row sums that agree. */
export function repairCodes(layer: LayerRecord): boolean {
  const [layout, rows, columns] = [layer.get(F.LAYER_LAYOUT), layer.get(F.LAYER_ROWS), layer.get(F.LAYER_COLUMNS)];
  const [type, offset] = [layer.get(F.LAYER_WEIGHT_TYPE), layer.get(F.LAYER_WEIGHTS_OFFSET)];
  const info = WEIGHT_TYPES.find(({ id }) => id === type);
  if (!info || !layoutHolds(layout, type) || type === Id.WEIGHT_FLOAT32 || rows * columns > 1 << 20) return false;
  const bytes = weightBytes(layout, rows, columns);
  if (offset + bytes > layer.section.bytes.length) return false;
  const values = unpackWeights(layout, layer.section.bytes.subarray(offset, offset + bytes), rows, columns);
  const [low, high] = info.range;
  layer.section.bytes.set(
    packWeights(
      layout,
      values.map((value) => Math.max(low, Math.min(high, value))),
      rows,
      columns,
    ),
    offset,
  );
  return true;
}

/** New tensors of this shape behind everything else in the section. */
export function refill(layer: LayerRecord, layout: number, rows: number, columns: number, dice: Dice): boolean {
  if (rows * columns === 0 || rows * columns > 30000) return false;
  const append = (bytes: number) => {
    const old = layer.section.bytes;
    const offset = align16(old.length);
    layer.section.bytes = new Uint8Array(offset + bytes);
    layer.section.bytes.set(old);
    return offset;
  };
  const appendFloats = (count: number, low: number, high: number) => {
    const offset = append(4 * count);
    for (let i = 0; i < count; i++) viewOf(layer.section.bytes).setFloat32(offset + 4 * i, low + (high - low) * dice.float(), true);
    return offset;
  };
  const types = WEIGHT_TYPES.filter(({ id }) => layoutHolds(layout, id));
  if (types.length === 0) return false;
  const type = dice.pick(types).id;
  const bytes = weightBytes(layout, rows, columns);
  layer.set(F.LAYER_WEIGHT_TYPE, type);
  layer.set(F.LAYER_LAYOUT, layout);
  layer.set(F.LAYER_ROWS, rows);
  layer.set(F.LAYER_COLUMNS, columns);
  layer.set(F.LAYER_WEIGHTS_BYTES, bytes);
  if (type === Id.WEIGHT_FLOAT32) layer.set(F.LAYER_WEIGHTS_OFFSET, appendFloats(bytes >> 2, -1, 1));
  else {
    layer.set(F.LAYER_WEIGHTS_OFFSET, append(bytes));
    const offset = layer.get(F.LAYER_WEIGHTS_OFFSET);
    for (let i = 0; i < bytes; i++) layer.section.bytes[offset + i] = dice.int(256);
    repairCodes(layer);
  }
  layer.set(F.LAYER_SCALE_OFFSET, appendFloats(rows, 0.001, 0.02));
  for (const field of [F.LAYER_BIAS_OFFSET, F.LAYER_GAMMA_OFFSET, F.LAYER_BETA_OFFSET]) layer.set(field, appendFloats(rows, -1, 1));
  return true;
}

// ---- repair ----

/** Writes the plan that the mutated networks need, as far as they can be read: what load() compares. */
export function replan(sections: Section[]): void {
  const plan = sections.find(({ id }) => id === Id.SECTION_PLAN)?.bytes;
  const policy = sections.find(({ id }) => id === Id.SECTION_POLICY)?.bytes;
  if (!plan || plan.length < F.PLAN_BYTES || !policy || policy.length < F.POLICY_BYTES) return;
  const view = viewOf(plan);
  const samples = viewOf(policy).getUint32(F.POLICY_SAMPLES, true);
  let [width, cache, outputs, tables, macs] = [0, 0, 0, 0, 0];
  for (const section of sections.filter(isNetwork)) {
    const sampled = section.id === Id.SECTION_ROUTER && samples > 0;
    for (let i = 0; i < layerCount(section.bytes); i++) {
      const layer = layerOf(section, i);
      const [rows, columns] = [layer.get(F.LAYER_ROWS), layer.get(F.LAYER_COLUMNS)];
      const layout = layer.get(F.LAYER_LAYOUT);
      width = Math.max(width, layerWidth(layout, rows, columns));
      tables = Math.max(tables, tableBytes(layout, rows, columns));
      macs = Math.min(macs + rows * columns * (sampled && i > 0 ? samples : 1), 0x7fffffff);
      if (sampled && i === 0) cache = Math.max(cache, rows);
    }
    if (section.bytes.length >= F.NETWORK_BYTES) outputs = Math.max(outputs, viewOf(section.bytes).getUint32(F.NETWORK_OUTPUTS, true));
  }
  const frontEnd = sections.find(({ id }) => id === Id.SECTION_FRONT_END);
  const arena = arenaBytes(
    view.getUint32(F.PLAN_FEATURES, true),
    networkScratchBytes(width, cache, outputs, tables),
    frontEnd !== undefined,
  );
  const [ring, audio] = frontEnd ? [ringBytesOf(frontEnd.bytes), AUDIO_SAMPLES] : [0, 0];
  const experts = sections.filter(({ id }) => id === Id.SECTION_EXPERT).length;
  const fields: [number, number][] = [
    [F.PLAN_EXPERTS, experts],
    [F.PLAN_WIDTH, width],
    [F.PLAN_CACHE, cache],
    [F.PLAN_OUTPUTS, outputs],
    [F.PLAN_ARENA_BYTES, arena],
    [F.PLAN_RING_BYTES, ring],
    [F.PLAN_AUDIO_SAMPLES, audio],
    [F.PLAN_WORK_BYTES, arena + align16(ring) + align16(2 * audio)],
    [F.PLAN_MAX_MACS, macs],
  ];
  for (const [at, value] of fields) view.setUint32(at, value, true);
}

export function repairHeader(file: Uint8Array): void {
  const view = viewOf(file);
  const tableEnd = Math.min(
    F.HEADER_BYTES + F.ENTRY_SIZE * Math.min(view.getUint32(F.HEADER_SECTIONS, true), Id.MAX_SECTIONS),
    file.length,
  );
  view.setUint32(F.HEADER_CRC, 0, true);
  view.setUint32(F.HEADER_CRC, crc32(file.subarray(0, tableEnd)), true);
}
