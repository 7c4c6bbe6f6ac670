// Hostile model files: seeded mutations of sound models, checksums repaired afterwards, so that they reach the code behind the container.
// What a mutation did is one line of the log; (seed, case) gives the same bytes on every machine.

import * as F from "../../assembly/format/file.ts";
import * as Id from "../../assembly/format/ids.ts";
import * as Layouts from "../../assembly/format/layouts.ts";
import { columnBlock, padTo, rowSumOffset } from "../../assembly/format/layouts.ts";
import * as L from "../../assembly/format/linear.ts";
import { decodeContainer, encodeContainer, SECTION_NAMES, type Section } from "../../host/model-file/container.ts";
import type { Dice } from "./dice.ts";
import { isNetwork, type OpRecord, opCount, opOf, refill, repairCodes, repairHeader, replan, tableEnd, viewOf } from "./repair.ts";

export interface Mutant {
  file: Uint8Array;
  log: string[];
}

const WORDS = [0, 1, 2, 3, 7, 8, 15, 16, 17, 63, 64, 65, 255, 256, 1023, 1024, 1025, 8191, 8192, 8193, 65535, 65536, 1 << 24, 0x7ffffff0];
const EDGES = [0x7fffffff, 0x80000000, 0xfffffff0, 0xfffffffe, 0xffffffff];
const FINITE = [0, -0, 1, -1, 0.5, 0.9, 5, 64, 1e-45, 1e-38, -1e-38, 1e-30, 1e6, 1e19, 1e30, -1e30, 3.4e38, -3.4e38];
const NOT_FINITE = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
const WIDTHS = [1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 129, 300];
const LAYOUTS = Array.from({ length: Layouts.LAYOUT_PACKED_15 }, (_, i) => i + 1).filter((id) => columnBlock(id) > 0);

function hostileFloat(dice: Dice): number {
  return dice.chance(0.85) ? dice.pick(FINITE) : dice.pick(NOT_FINITE);
}

function hostileWord(dice: Dice, old: number): number {
  const bits = new DataView(new ArrayBuffer(4));
  bits.setFloat32(0, hostileFloat(dice));
  return dice.pick([
    () => dice.pick(dice.chance(0.7) ? WORDS : EDGES),
    () => bits.getUint32(0),
    () => old + dice.pick([-64, -48, -16, -4, -1, 1, 4, 16, 48, 64]),
    () => old ^ (1 << dice.int(32)),
    () => dice.int(20),
  ])();
}

// ---- mutations: change sections in place, return what they did, or null when there is nothing to change ----

type Mutation = (sections: Section[], dice: Dice) => string | null;

/** Bytes of the section that are fields rather than tensors or strings. */
function fieldBytes({ id, bytes }: Section): number {
  const known = [0, F.PLAN_BYTES, F.FRONT_END_BYTES, F.NORMALIZATION_BYTES, 0, 0, F.POLICY_BYTES, 0, 0, F.INPUT_BYTES][id];
  if (known) return Math.min(known, bytes.length);
  if (id === Id.SECTION_LABELS && bytes.length >= 4) return Math.min(bytes.length, 8 + 4 * viewOf(bytes).getUint32(0, true));
  return Math.min(tableEnd(bytes), bytes.length);
}

const field: Mutation = (sections, dice) => {
  const section = dice.pick(sections);
  const words = fieldBytes(section) >> 2;
  if (words === 0) return null;
  const at = 4 * dice.int(words);
  const view = viewOf(section.bytes);
  const [old, value] = [view.getUint32(at, true), hostileWord(dice, view.getUint32(at, true)) >>> 0];
  view.setUint32(at, value, true);
  return `${SECTION_NAMES[section.id]} field ${at}: ${old} -> ${value}`;
};

const byte: Mutation = (sections, dice) => {
  const { id, bytes } = dice.pick(sections);
  if (bytes.length === 0) return null;
  const at = dice.int(bytes.length);
  bytes[at] ^= 1 + dice.int(255);
  return `${SECTION_NAMES[id]} byte ${at} -> ${bytes[at]}`;
};

const policy: Mutation = (sections, dice) => {
  const section = sections.find(({ id, bytes }) => id === Id.SECTION_POLICY && bytes.length === F.POLICY_BYTES);
  if (!section) return null;
  const view = viewOf(section.bytes);
  const at = dice.pick([F.POLICY_SAMPLES, F.POLICY_ALPHA, F.POLICY_VARIANCE_SCALE, F.POLICY_ESCALATE + 4 * dice.int(24)]);
  if (at === F.POLICY_SAMPLES) view.setUint32(at, dice.int(Id.MAX_SAMPLES + 2), true);
  else view.setFloat32(at, at >= F.POLICY_ABSTAIN ? dice.float() : Math.abs(dice.pick(FINITE)), true);
  return `policy value ${at} -> ${at === F.POLICY_SAMPLES ? view.getUint32(at, true) : view.getFloat32(at, true)}`;
};

/** An op of a network, or null when there is none. */
function pickOp(sections: Section[], dice: Dice): OpRecord | null {
  const networks = sections.filter(isNetwork);
  const section = networks.length > 0 ? dice.pick(networks) : null;
  const count = section ? opCount(section.bytes) : 0;
  return section && count > 0 ? opOf(section, dice.int(count)) : null;
}

const floats: Mutation = (sections, dice) => {
  const op = pickOp(sections, dice);
  if (!op) return null;
  const tensors = [L.LINEAR_SCALE_OFFSET, L.LINEAR_BIAS_OFFSET, L.LINEAR_GAMMA_OFFSET, L.LINEAR_BETA_OFFSET, L.LINEAR_WEIGHTS_OFFSET];
  const tensor = dice.pick(tensors);
  const offset = op.get(tensor);
  if (tensor === L.LINEAR_WEIGHTS_OFFSET && op.get(L.LINEAR_WEIGHT_TYPE) !== Layouts.WEIGHT_FLOAT32) return null;
  return spoilFloats(op.section, offset, op.rows, tensor === L.LINEAR_SCALE_OFFSET, dice);
};

const normalization: Mutation = (sections, dice) => {
  const section = sections.find(({ id, bytes }) => id === Id.SECTION_NORMALIZATION && bytes.length >= F.NORMALIZATION_BYTES);
  if (!section) return null;
  const view = viewOf(section.bytes);
  const offset = view.getUint32(dice.pick([F.NORMALIZATION_MEAN_OFFSET, F.NORMALIZATION_INVERSE_STD_OFFSET]), true);
  return spoilFloats(section, offset, view.getUint32(F.NORMALIZATION_COUNT, true), false, dice);
};

/** One or all of the floats there. */
function spoilFloats({ id, bytes }: Section, offset: number, count: number, positive: boolean, dice: Dice): string | null {
  if (offset + 4 * count > bytes.length || count === 0) return null;
  const view = viewOf(bytes);
  const sign = positive && dice.chance(0.9) ? Math.abs : (x: number) => x;
  const value = sign(hostileFloat(dice));
  const [first, end] = dice.chance(0.5) ? [0, count] : ((at) => [at, at + 1])(dice.int(count));
  for (let i = first; i < end; i++) view.setFloat32(offset + 4 * i, value, true);
  return `${SECTION_NAMES[id]} floats ${first}..${end - 1} at ${offset} -> ${value}`;
}

const table: Mutation = (sections, dice) => {
  const section = sections.find(({ id, bytes }) => id === Id.SECTION_FRONT_END && bytes.length > F.FRONT_END_BYTES + 16);
  if (!section) return null;
  const { bytes } = section;
  const at = F.FRONT_END_BYTES + dice.int(bytes.length - F.FRONT_END_BYTES - 4);
  const run = Math.min(1 + dice.int(2000), bytes.length - at);
  const word = dice.chance(0.5) ? 1 - 2 * dice.float() : dice.pick([1, -1, 0]);
  if (dice.chance(0.5)) for (let i = at & ~3; i + 4 <= at + run; i += 4) viewOf(bytes).setFloat32(i, word, true);
  else for (let i = at; i < at + run; i++) bytes[i] = dice.int(256);
  return `front end table bytes ${at}..${at + run - 1}`;
};

/** An input spec that the format knows, or nearly so; the device says by name what it cannot do. */
const input: Mutation = (sections, dice) => {
  const section = sections.find(({ id, bytes }) => id === Id.SECTION_INPUT && bytes.length >= F.INPUT_VECTORS_BYTES);
  if (!section) return null;
  const [at, value] = dice.pick([
    () => [F.INPUT_SOURCE, dice.int(6)],
    () => [F.INPUT_FEATURE_SET, dice.int(3)],
    () => [F.INPUT_FEATURES, dice.pick([0, 1, 2, 36, 38, 8192, 8193])],
    () => [F.INPUT_CHANNELS, dice.int(4)],
    () => [F.INPUT_SAMPLE_RATE, dice.pick([49, 50, 8000, 44100, 96000, 96001])],
    () => [F.INPUT_WINDOW_SAMPLES, dice.pick([0, 400, 16000, 1 << 24])],
    () => [F.INPUT_FRONT_END, dice.int(3)],
  ])();
  if (at + 4 <= section.bytes.length) viewOf(section.bytes).setUint32(at, value, true);
  const bytes = dice.chance(0.8) ? section.bytes.length : dice.pick([F.INPUT_VECTORS_BYTES, F.INPUT_SAMPLES_BYTES, F.INPUT_BYTES]);
  const resized = new Uint8Array(bytes);
  resized.set(section.bytes.subarray(0, bytes));
  section.bytes = resized;
  return `input field ${at} -> ${value}, ${bytes} bytes`;
};

const codes: Mutation = (sections, dice) => {
  const op = pickOp(sections, dice);
  if (!op || op.get(L.LINEAR_WEIGHT_TYPE) === Layouts.WEIGHT_FLOAT32) return null;
  const [offset, bytes] = [op.get(L.LINEAR_WEIGHTS_OFFSET), op.get(L.LINEAR_WEIGHTS_BYTES)];
  if (offset + bytes > op.section.bytes.length) return null;
  for (let i = 0; i < bytes; i++) op.section.bytes[offset + i] = dice.int(256);
  const repaired = dice.chance(0.7) && repairCodes(op);
  return `${SECTION_NAMES[op.section.id]} op ${op.index}: random codes${repaired ? ", sums repaired" : ""}`;
};

const rowSum: Mutation = (sections, dice) => {
  const op = pickOp(sections, dice);
  if (!op) return null;
  const [layout, rows] = [op.get(L.LINEAR_LAYOUT), op.rows];
  const at = op.get(L.LINEAR_WEIGHTS_OFFSET) + rowSumOffset(layout, dice.int(rows), padTo(op.columns, columnBlock(layout)));
  if (rowSumOffset(layout, 0, 64) < 0 || !(at >= 0 && at + 4 <= op.section.bytes.length)) return null;
  const view = viewOf(op.section.bytes);
  view.setUint32(at, hostileWord(dice, view.getUint32(at, true)), true);
  return `${SECTION_NAMES[op.section.id]} op ${op.index}: row sum at ${at} -> ${view.getInt32(at, true)}`;
};

/** Another width, type or layout, with fresh tensors of the right size: such mutants pass most checks. */
const reshape: Mutation = (sections, dice) => {
  const op = pickOp(sections, dice);
  if (!op) return null;
  const { section } = op;
  const last = op.index === opCount(section.bytes) - 1;
  const rows = last ? op.rows : dice.pick(WIDTHS);
  const layout = dice.chance(0.5) ? op.get(L.LINEAR_LAYOUT) : dice.pick(LAYOUTS);
  if (!refill(op, layout, rows, op.columns, dice)) return null;
  const next = last ? null : opOf(section, op.index + 1);
  if (next) refill(next, next.get(L.LINEAR_LAYOUT), next.rows, rows, dice);
  return `${SECTION_NAMES[section.id]} op ${op.index}: ${rows} rows, layout ${layout}`;
};

const alias: Mutation = (sections, dice) => {
  const op = pickOp(sections, dice);
  if (!op) return null;
  const at = dice.pick([L.LINEAR_WEIGHTS_OFFSET, L.LINEAR_SCALE_OFFSET, L.LINEAR_BIAS_OFFSET, L.LINEAR_GAMMA_OFFSET, L.LINEAR_BETA_OFFSET]);
  const offset = 16 * dice.int((op.section.bytes.length >> 4) + 1);
  op.set(at, offset);
  return `${SECTION_NAMES[op.section.id]} op ${op.index}: tensor field ${at} -> ${offset}`;
};

/** Buffers elsewhere, other ones, or another order of them. */
const wiring: Mutation = (sections, dice) => {
  const op = pickOp(sections, dice);
  if (!op) return null;
  if (dice.chance(0.4)) {
    const buffer = op.get(dice.pick([F.OP_INPUT, F.OP_OUTPUT]));
    const offset = dice.chance(0.8) ? 16 * dice.int(200) : dice.pick([8, 32768, 32784, 0x7ffffff0, 0xfffffff0]);
    if (!op.moveBuffer(buffer, offset)) return null;
    return `${SECTION_NAMES[op.section.id]} buffer ${buffer} -> ${offset}`;
  }
  const [field, value] = [dice.pick([F.OP_INPUT, F.OP_OUTPUT]), dice.int(6)];
  op.set(field, value);
  return `${SECTION_NAMES[op.section.id]} op ${op.index}: field ${field} -> buffer ${value}`;
};

const order: Mutation = (sections, dice) => {
  const [i, j] = [dice.int(sections.length), dice.int(sections.length)];
  [sections[i], sections[j]] = [sections[j], sections[i]];
  return `sections ${i} and ${j} swapped`;
};

const duplicate: Mutation = (sections, dice) => {
  const section = dice.pick(sections);
  sections.splice(dice.int(sections.length + 1), 0, { id: section.id, bytes: section.bytes.slice() });
  return `${SECTION_NAMES[section.id]} twice`;
};

const drop: Mutation = (sections, dice) => {
  if (sections.length < 2) return null;
  const [{ id }] = sections.splice(dice.int(sections.length), 1);
  return `${SECTION_NAMES[id]} dropped`;
};

const rename: Mutation = (sections, dice) => {
  const section = dice.pick(sections);
  const old = section.id;
  section.id = dice.chance(0.8) ? 1 + dice.int(9) : dice.pick([0, 10, 31, 32, 33, 0x7fffffff, 0xffffffff]);
  return `${SECTION_NAMES[old]} becomes section ${section.id}`;
};

const resize: Mutation = (sections, dice) => {
  const section = dice.pick(sections);
  const bytes = new Uint8Array(dice.chance(0.5) ? dice.int(section.bytes.length + 1) : section.bytes.length + 1 + dice.int(64));
  bytes.set(section.bytes.subarray(0, bytes.length));
  section.bytes = bytes;
  return `${SECTION_NAMES[section.id]} resized to ${bytes.length}`;
};

const nested: Mutation = (sections, dice) => {
  const section = sections.find(({ id }) => id === Id.SECTION_PROVENANCE);
  if (!section) return null;
  const depth = dice.pick([1, 100, 20000]);
  section.bytes = new TextEncoder().encode("[".repeat(depth) + "]".repeat(depth));
  return `provenance nested ${depth} deep`;
};

/** Each as often as its number says. */
const MUTATIONS: readonly Mutation[] = (
  [
    [12, field],
    [4, byte],
    [8, policy],
    [8, floats],
    [4, normalization],
    [4, table],
    [3, input],
    [6, codes],
    [2, rowSum],
    [12, reshape],
    [4, alias],
    [6, wiring],
    [2, order],
    [1, duplicate],
    [1, drop],
    [1, rename],
    [2, resize],
    [1, nested],
  ] as const
).flatMap(([times, mutation]) => Array<Mutation>(times).fill(mutation));

// ---- a mutant ----

/** A field of the header or the section table, with the header's checksum repaired. */
function spoilContainer(file: Uint8Array, dice: Dice): string {
  const view = viewOf(file);
  const words = (F.HEADER_BYTES + F.ENTRY_SIZE * view.getUint32(F.HEADER_SECTIONS, true)) >> 2;
  const at = 4 * dice.int(words);
  const value = hostileWord(dice, view.getUint32(at, true)) >>> 0;
  view.setUint32(at, value, true);
  if (at !== F.HEADER_CRC) repairHeader(file);
  return `container field ${at} -> ${value}`;
}

/** One to three mutations of a sound file, all checksums repaired, the memory plan mostly too. */
export function mutate(file: Uint8Array, dice: Dice): Mutant {
  const sections = decodeContainer(file).map(({ id, bytes }) => ({ id, bytes: bytes.slice() }));
  const log: string[] = [];
  const wanted = dice.pick([1, 1, 2, 3]);
  while (log.length < wanted) {
    const done = dice.pick(MUTATIONS)(sections, dice);
    if (done) log.push(done);
  }
  if (dice.chance(0.85)) {
    replan(sections);
    log.push("plan repaired");
  }
  const mutant = encodeContainer(sections);
  if (dice.chance(0.05)) log.push(spoilContainer(mutant, dice));
  return { file: mutant, log };
}
