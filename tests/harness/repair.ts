// Repairs of mutated model files: row sums, tensors of the right size, the memory plan, the header's checksum.

import * as F from "../../assembly/format/file.ts";
import * as Id from "../../assembly/format/ids.ts";
import * as Layouts from "../../assembly/format/layouts.ts";
import { layoutHolds, weightBytes } from "../../assembly/format/layouts.ts";
import * as L from "../../assembly/format/linear.ts";
import {
  AUDIO_SAMPLES,
  align16,
  arenaBytes,
  FRONT_END_SCRATCH_BYTES,
  networkScratchBytes,
  RING_BYTES,
  RING_BYTES_4BIT,
} from "../../assembly/format/plan.ts";
import type { Section } from "../../host/model-file/container.ts";
import { crc32 } from "../../host/model-file/crc32.ts";
import { packWeights, unpackWeights } from "../../host/model-file/pack.ts";
import { WEIGHT_TYPES } from "../../host/model-file/weight_types.ts";
import type { Dice } from "./dice.ts";

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
export const isNetwork = ({ id }: Section): boolean => id === Id.SECTION_ROUTER || id === Id.SECTION_EXPERT;

// ---- ops ----

/** The record of an op, all of them `linear`, and what it says of its buffers. */
export interface OpRecord {
  section: Section;
  index: number;
  rows: number;
  columns: number;
  get(field: number): number;
  set(field: number, value: number): void;
  /** Values of its input and output buffer; false where it has none. */
  reshape(rows: number, columns: number): boolean;
  moveBuffer(buffer: number, offset: number): boolean;
}

/** Ops whose records lie in the section. */
export function opCount(bytes: Uint8Array): number {
  if (bytes.length < F.NETWORK_BYTES) return 0;
  const room = Math.floor((bytes.length - F.NETWORK_BYTES) / F.OP_BYTES);
  return Math.min(viewOf(bytes).getUint32(F.NETWORK_OPS, true), room, Id.MAX_OPS);
}

/** End of the records of ops and buffers, in a section that may be shorter. */
export function tableEnd(bytes: Uint8Array): number {
  if (bytes.length < F.NETWORK_BYTES) return bytes.length;
  const buffers = Math.min(viewOf(bytes).getUint32(F.NETWORK_BUFFERS, true), Id.MAX_BUFFERS);
  return F.NETWORK_BYTES + F.OP_BYTES * opCount(bytes) + F.BUFFER_BYTES * buffers;
}

/** Offset of a buffer's record, or -1 where the section has none. */
function bufferAt(bytes: Uint8Array, buffer: number): number {
  const at = F.NETWORK_BYTES + F.OP_BYTES * opCount(bytes) + F.BUFFER_BYTES * buffer;
  return buffer < Id.MAX_BUFFERS && at + F.BUFFER_BYTES <= Math.min(tableEnd(bytes), bytes.length) ? at : -1;
}

function bufferField(section: Section, buffer: number, field: number): number {
  const at = bufferAt(section.bytes, buffer);
  return at < 0 ? 0 : viewOf(section.bytes).getUint32(at + field, true);
}

function setBufferField(section: Section, buffer: number, field: number, value: number): boolean {
  const at = bufferAt(section.bytes, buffer);
  if (at >= 0) viewOf(section.bytes).setUint32(at + field, value, true);
  return at >= 0;
}

export function opOf(section: Section, index: number): OpRecord {
  const at = F.NETWORK_BYTES + index * F.OP_BYTES;
  const get = (field: number) => viewOf(section.bytes).getUint32(at + field, true);
  const [input, output] = [get(F.OP_INPUT), get(F.OP_OUTPUT)];
  return {
    section,
    index,
    rows: bufferField(section, output, F.BUFFER_VALUES),
    columns: bufferField(section, input, F.BUFFER_VALUES),
    get,
    set: (field, value) => viewOf(section.bytes).setUint32(at + field, value, true),
    reshape: (rows, columns) =>
      setBufferField(section, input, F.BUFFER_VALUES, columns) && setBufferField(section, output, F.BUFFER_VALUES, rows),
    moveBuffer: (buffer, offset) => setBufferField(section, buffer, F.BUFFER_OFFSET, offset),
  };
}

/** Codes within their type's range and row sums that agree. */
export function repairCodes(op: OpRecord): boolean {
  const { rows, columns } = op;
  const layout = op.get(L.LINEAR_LAYOUT);
  const [type, offset] = [op.get(L.LINEAR_WEIGHT_TYPE), op.get(L.LINEAR_WEIGHTS_OFFSET)];
  const info = WEIGHT_TYPES.find(({ id }) => id === type);
  if (!info || !layoutHolds(layout, type) || type === Layouts.WEIGHT_FLOAT32 || rows * columns > 1 << 20) return false;
  const bytes = weightBytes(layout, rows, columns);
  if (offset + bytes > op.section.bytes.length) return false;
  const values = unpackWeights(layout, op.section.bytes.subarray(offset, offset + bytes), rows, columns);
  const [low, high] = info.range;
  op.section.bytes.set(
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
export function refill(op: OpRecord, layout: number, rows: number, columns: number, dice: Dice): boolean {
  if (rows * columns === 0 || rows * columns > 30000) return false;
  const append = (bytes: number) => {
    const old = op.section.bytes;
    const offset = align16(old.length);
    op.section.bytes = new Uint8Array(offset + bytes);
    op.section.bytes.set(old);
    return offset;
  };
  const appendFloats = (count: number, low: number, high: number) => {
    const offset = append(4 * count);
    for (let i = 0; i < count; i++) viewOf(op.section.bytes).setFloat32(offset + 4 * i, low + (high - low) * dice.float(), true);
    return offset;
  };
  if (!op.reshape(rows, columns)) return false;
  const types = WEIGHT_TYPES.filter(({ id }) => layoutHolds(layout, id));
  if (types.length === 0) return false;
  const type = dice.pick(types).id;
  const bytes = weightBytes(layout, rows, columns);
  op.set(L.LINEAR_WEIGHT_TYPE, type);
  op.set(L.LINEAR_LAYOUT, layout);
  op.set(L.LINEAR_WEIGHTS_BYTES, bytes);
  if (type === Layouts.WEIGHT_FLOAT32) op.set(L.LINEAR_WEIGHTS_OFFSET, appendFloats(bytes >> 2, -1, 1));
  else {
    op.set(L.LINEAR_WEIGHTS_OFFSET, append(bytes));
    const offset = op.get(L.LINEAR_WEIGHTS_OFFSET);
    for (let i = 0; i < bytes; i++) op.section.bytes[offset + i] = dice.int(256);
    repairCodes({ ...op, rows, columns });
  }
  op.set(L.LINEAR_SCALE_OFFSET, appendFloats(rows, 0.001, 0.02));
  for (const field of [L.LINEAR_BIAS_OFFSET, L.LINEAR_GAMMA_OFFSET, L.LINEAR_BETA_OFFSET]) op.set(field, appendFloats(rows, -1, 1));
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
  let [bufferBytes, scratchBytes, cache, outputs, macs] = [0, 0, 0, 0, 0];
  for (const section of sections.filter(isNetwork)) {
    const sampled = section.id === Id.SECTION_ROUTER && samples > 0;
    const ops = Array.from({ length: opCount(section.bytes) }, (_, i) => opOf(section, i));
    for (const [i, op] of ops.entries()) {
      const { rows, columns } = op;
      const layout = op.get(L.LINEAR_LAYOUT);
      const offset = (field: number) => bufferField(section, op.get(field), F.BUFFER_OFFSET);
      const inputEnd = offset(F.OP_INPUT) + L.linearInputBytes(layout, columns);
      bufferBytes = Math.max(bufferBytes, inputEnd, offset(F.OP_OUTPUT) + L.linearOutputBytes(layout, rows));
      scratchBytes = Math.max(scratchBytes, L.linearScratchBytes(layout, rows, columns));
      macs = Math.min(macs + rows * columns * (sampled && i > 0 ? samples : 1), 0x7fffffff);
      if (sampled && i === 0) cache = Math.max(cache, rows);
    }
    outputs = Math.max(outputs, ops.at(-1)?.rows ?? 0);
  }
  const input = sections.find(({ id }) => id === Id.SECTION_INPUT)?.bytes ?? new Uint8Array();
  const sound = sections.some(({ id }) => id === Id.SECTION_FRONT_END);
  const features =
    input.length < F.INPUT_VECTORS_BYTES ? view.getUint32(F.PLAN_FEATURES, true) : viewOf(input).getUint32(F.INPUT_FEATURES, true);
  const arena = arenaBytes(features, networkScratchBytes(bufferBytes, scratchBytes, cache, outputs), sound ? FRONT_END_SCRATCH_BYTES : 0);
  const fourBits = (input[F.INPUT_OPTIONS] & F.FRONT_END_CODES_4BIT) !== 0;
  const [ring, audio] = sound ? [fourBits ? RING_BYTES_4BIT : RING_BYTES, AUDIO_SAMPLES] : [0, 0];
  const experts = sections.filter(({ id }) => id === Id.SECTION_EXPERT).length;
  const fields: [number, number][] = [
    [F.PLAN_FEATURES, features],
    [F.PLAN_EXPERTS, experts],
    [F.PLAN_BUFFER_BYTES, bufferBytes],
    [F.PLAN_SCRATCH_BYTES, scratchBytes],
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
