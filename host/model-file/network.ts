// A network of a model file as values and as bytes: a list of ops over numbered buffers. Decoding expects what the core has accepted.

import * as F from "../../assembly/format/file.ts";
import { LINEAR, type PackedLinear } from "./ops/linear.ts";
import type { OpFields, OpKind } from "./ops/op.ts";
import { Tensors } from "./tensors.ts";

export type { PackedLinear } from "./ops/linear.ts";

/** Told apart by `kind`. */
export type PackedOp = PackedLinear;

export interface PackedBuffer {
  /** In the memory that all buffers share, a multiple of 16; buffers whose values are not needed at once may overlap. */
  offset: number;
  /** f32 values */
  values: number;
}

export interface PackedNetwork {
  /** At most 15 printable ASCII characters. */
  name: string;
  /** The first is the network's input, and lies at 0. */
  buffers: PackedBuffer[];
  /** In the order in which they run; the last one's output is the network's. */
  ops: PackedOp[];
}

/** All kinds of ops that the host knows. */
const KINDS: { [Kind in PackedOp["kind"]]: OpKind<Extract<PackedOp, { kind: Kind }>> } = { linear: LINEAR };

export const opKind = (op: PackedOp): OpKind<PackedOp> => KINDS[op.kind];

/** Ops with a weight matrix. */
export const linearOps = ({ ops }: PackedNetwork): PackedLinear[] => ops.filter((op) => op.kind === "linear");

export const inputsOf = ({ buffers }: PackedNetwork): number => buffers[0]!.values;
export const outputsOf = ({ buffers, ops }: PackedNetwork): number => buffers[ops.at(-1)!.output]!.values;

/** An op whose place in a network is still to be found. */
export type UnplacedOp = PackedOp extends infer Op ? (Op extends PackedOp ? Omit<Op, "input" | "output"> : never) : never;

/** Ops one behind the other, each on what the one before gives, all in the same memory. */
export function chain(name: string, unplaced: readonly UnplacedOp[]): PackedNetwork {
  const ops = unplaced.map((op, i) => ({ ...op, input: i, output: i + 1 }) as PackedOp);
  const values = ops.length > 0 ? [opKind(ops[0]!).inputs(ops[0]!), ...ops.map((op) => opKind(op).outputs(op))] : [];
  return { name, buffers: values.map((count) => ({ offset: 0, values: count })), ops };
}

/** What a network needs while it runs. */
export interface NetworkNeeds {
  /** Of the memory that its buffers share. */
  bufferBytes: number;
  scratchBytes: number;
  /** Of one pass. */
  macs: number;
  /** Of what a sampling router repeats: all ops but the first. */
  tailMacs: number;
}

export function needsOf({ buffers, ops }: PackedNetwork): NetworkNeeds {
  const needs = { bufferBytes: 0, scratchBytes: 0, macs: 0, tailMacs: 0 };
  ops.forEach((op, i) => {
    const kind = opKind(op);
    const reach = Math.max(buffers[op.input]!.offset + kind.inputBytes(op), buffers[op.output]!.offset + kind.outputBytes(op));
    needs.bufferBytes = Math.max(needs.bufferBytes, reach);
    needs.scratchBytes = Math.max(needs.scratchBytes, kind.scratchBytes(op));
    needs.macs += kind.macs(op);
    if (i > 0) needs.tailMacs += kind.macs(op);
  });
  return needs;
}

export function encodeNetwork({ name, buffers, ops }: PackedNetwork): Uint8Array {
  const bufferTable = F.NETWORK_BYTES + ops.length * F.OP_BYTES;
  const tensors = new Tensors(bufferTable + buffers.length * F.BUFFER_BYTES);
  const fields = ops.map((op) => opKind(op).encode(op, tensors));
  const { section, view } = tensors.finish();
  section.set(new TextEncoder().encode(name).subarray(0, F.NETWORK_NAME_BYTES - 1), F.NETWORK_NAME);
  view.setUint32(F.NETWORK_OPS, ops.length, true);
  view.setUint32(F.NETWORK_BUFFERS, buffers.length, true);
  ops.forEach((op, i) => {
    const at = F.NETWORK_BYTES + i * F.OP_BYTES;
    view.setUint32(at + F.OP_KIND, opKind(op).id, true);
    view.setUint32(at + F.OP_INPUT, op.input, true);
    view.setUint32(at + F.OP_OUTPUT, op.output, true);
    view.setFloat32(at + F.OP_DROPOUT, op.dropout, true);
    for (const [field, value] of fields[i]!) view.setUint32(at + field, value, true);
  });
  buffers.forEach(({ offset, values }, i) => {
    const at = bufferTable + i * F.BUFFER_BYTES;
    view.setUint32(at + F.BUFFER_OFFSET, offset, true);
    view.setUint32(at + F.BUFFER_VALUES, values, true);
  });
  return section;
}

export function decodeNetwork(section: Uint8Array): PackedNetwork {
  const view = new DataView(section.buffer, section.byteOffset, section.byteLength);
  const u32 = (at: number) => view.getUint32(at, true);
  const name = new TextDecoder().decode(section.subarray(F.NETWORK_NAME, F.NETWORK_NAME + F.NETWORK_NAME_BYTES)).replace(/\0.*$/s, "");
  const opCount = u32(F.NETWORK_OPS);
  const buffers = Array.from({ length: u32(F.NETWORK_BUFFERS) }, (_, i): PackedBuffer => {
    const at = F.NETWORK_BYTES + opCount * F.OP_BYTES + i * F.BUFFER_BYTES;
    return { offset: u32(at + F.BUFFER_OFFSET), values: u32(at + F.BUFFER_VALUES) };
  });
  const ops = Array.from({ length: opCount }, (_, i): PackedOp => {
    const at = F.NETWORK_BYTES + i * F.OP_BYTES;
    const common: OpFields = {
      input: u32(at + F.OP_INPUT),
      output: u32(at + F.OP_OUTPUT),
      dropout: view.getFloat32(at + F.OP_DROPOUT, true),
    };
    const kind = Object.values(KINDS).find(({ id }) => id === u32(at + F.OP_KIND))!;
    return kind.decode(common, buffers[common.input]!.values, buffers[common.output]!.values, (field) => u32(at + field), section);
  });
  return { name, buffers, ops };
}
