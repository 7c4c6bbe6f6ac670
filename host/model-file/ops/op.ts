// What the host must know of a kind of op; each kind has a file beside this one, and its device code in assembly/ops.

import type { Target } from "../pack.ts";
import type { Tensors } from "../tensors.ts";

export interface OpFields {
  /** Numbers of buffers; 0 is the network's input. */
  input: number;
  output: number;
  /** Share of outputs dropped when the router samples. */
  dropout: number;
}

/** What the weights of an op cost. */
export interface OpSize {
  /** "linear 640->128", "linear 640->128, norm, relu" … */
  layer: string;
  type: string;
  /** How the scalar and the SIMD build multiply. */
  kernel: string;
  simdKernel: string;
  weights: number;
  /** Packed codes in the layout of the file, row sums and padding included. */
  payloadBytes: number;
  /** What of it is row sums and padding. */
  paddingBytes: number;
  scaleBytes: number;
  /** Bias, gamma and beta. */
  otherBytes: number;
  /** (payload + scales) * 8 / weights */
  bitsPerWeight: number;
}

export interface OpKind<Op> {
  /** OP_* of assembly/format/<op>.ts */
  id: number;
  /** Values that it reads and writes. */
  inputs(op: Op): number;
  outputs(op: Op): number;
  /** Bytes of its buffers that it touches, the padding of kernels included. */
  inputBytes(op: Op): number;
  outputBytes(op: Op): number;
  scratchBytes(op: Op): number;
  /** Multiply-accumulates of one run. */
  macs(op: Op): number;
  /** Its own fields as [offset in the record, u32]; tensors go into `tensors`. */
  encode(op: Op, tensors: Tensors): [number, number][];
  /** The inverse; `field` reads a u32 of the record, `section` holds the tensors. The core has accepted both. */
  decode(common: OpFields, inputs: number, outputs: number, field: (at: number) => number, section: Uint8Array): Op;
  /** The same op as `target` reads it; itself when it is so already. */
  repack(op: Op, target: Target): Op;
  /** What a module needs code for: layouts, and constants of assembly/uses.ts. */
  uses(op: Op): { layouts: number[]; names: string[] };
  /** null for an op without weights. */
  size(op: Op): OpSize | null;
}
